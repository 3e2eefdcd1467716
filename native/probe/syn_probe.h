#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/reserved_ports.h"
#include "probe/syn_socket.h"
#include "probe/target.h"

namespace holdfast::probe {

/**
 * Half-open TCP probes: a SYN leaves by a raw socket, SYN-ACK or RST is the answer. The kernel
 * knows of no connection, so it answers the SYN-ACK by RST, which ends it on the server. Loop
 * thread only.
 */
class SynProber {
 public:
  /** No value: a SYN-ACK came. Else ECONNREFUSED, or an errno from an ICMP error message. */
  using OnAnswer = std::function<void(Target&, std::optional<int> error_number)>;
  using OnUnsent = SynSocket::OnUnsent;

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop, OnAnswer on_answer, OnUnsent on_unsent,
            std::function<void()> after_batch);

  /** Queues the SYN for Flush(). @returns the outcome when it is known at once */
  std::optional<Outcome> Begin(Target& target);
  /** Queues the SYN of the probe in flight once more. @returns an outcome when that fails */
  std::optional<Outcome> Repeat(Target& target);
  /**
   * Of a probe that has found no answer in time.
   * @returns an outcome when its SYN came from an address that the kernel would not choose any
   * more, to which no answer may have found its way
   */
  std::optional<Outcome> JudgeSource(Target& target);
  /** When the SYN is due once more: like the kernel's own, 1 s, 3 s, 7 s, ... after the first. */
  static int64_t RepeatAtUs(const Target& target);
  /** Sends what Begin() and Repeat() queued. */
  void Flush();

  /**
   * The probe has ended, one way or another: no answer is delivered for it any more.
   * @param keeps_source false: the source address may be why it failed, so it is looked up anew
   */
  void Release(Target& target, bool keeps_source);
  /** The target goes away. */
  void Forget(Target& target);

  void Collect();
  void Close();

 private:
  /** Numbers that name a probe in flight; the other half of the sequence number is random. */
  static constexpr size_t kSlots = 65'536;

  SynSocket& SocketFor(Target& target);
  ReservedPorts& PortsOf(int family) { return family == AF_INET ? ports_v4_ : ports_v6_; }
  int OpenSocket(SynSocket& socket);
  int FindSource(Target& target, SynSocket& socket);
  bool TakeSequence(Target& target);
  uint16_t Random();
  SynSocket* FindSocket(const void* owner) const;
  Target* FindInFlight(const SynSegment& syn, const SocketAddress& peer);

  EpollSet ready_;
  OnAnswer on_answer_;
  OnUnsent on_unsent_;
  ReservedPorts ports_v4_;
  ReservedPorts ports_v6_;
  uint64_t random_state_ = 0;
  uint16_t last_slot_ = 0;
  std::vector<std::unique_ptr<SynSocket>> sockets_;
  /** By slot; made with the first target. */
  std::unique_ptr<Target*[]> in_flight_;
};

}  // namespace holdfast::probe
