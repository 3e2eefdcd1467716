#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/icmp_socket.h"
#include "probe/target.h"

namespace holdfast::probe {

/** ICMP echo probes over a few shared sockets. Loop thread only. */
class IcmpProber {
 public:
  /** No value: the echo came back. Else an errno from an ICMP error message. */
  using OnAnswer = std::function<void(Target&, std::optional<int> error_number)>;
  using OnUnsent = IcmpSocket::OnUnsent;

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop, OnAnswer on_answer, OnUnsent on_unsent,
            std::function<void()> after_batch);

  /** Queues the request for Flush(). @returns the outcome when it is known at once */
  std::optional<Outcome> Begin(Target& target);
  /** Sends what Begin() queued. */
  void Flush();

  /** The probe has ended, one way or another: no answer is delivered for it any more. */
  void Release(Target& target);
  /** The target goes away. */
  void Forget(Target& target);

  void Collect();
  void Close();

 private:
  /** Sequence numbers are 16 bits wide. */
  static constexpr size_t kSequences = 65'536;

  IcmpSocket& SocketFor(Target& target);
  IcmpSocket* FindSocket(const void* owner) const;
  Target* FindInFlight(const Echo& echo);
  bool TakeSerial(Target& target);

  EpollSet ready_;
  OnAnswer on_answer_;
  OnUnsent on_unsent_;
  uint64_t cookie_ = 0;
  uint64_t last_serial_ = 0;
  std::vector<std::unique_ptr<IcmpSocket>> sockets_;
  /** By sequence number; made with the first ICMP target. */
  std::unique_ptr<Target*[]> in_flight_;
};

}  // namespace holdfast::probe
