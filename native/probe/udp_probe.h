#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/target.h"

namespace holdfast::probe {

/** UDP probes: one datagram from a connected socket, so that ICMP errors reach it. Loop thread
 * only. */
class UdpProber {
 public:
  /** How the exchange ended, and which errno did it if one did. */
  enum class Answer : uint8_t { kGood, kMismatch, kError };
  using OnAnswer = std::function<void(Target&, Answer, int error_number)>;

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop, OnAnswer on_answer, std::function<void()> after_batch);

  /** @returns the outcome when it is known at once, else nothing */
  std::optional<Outcome> Begin(Target& target);

  /** Delivers the answers that are there now. */
  void Collect();

  void Close() { ready_.Close(); }

 private:
  void Receive(Target& target);

  EpollSet ready_;
  OnAnswer on_answer_;
  /** The longest reply that can be asked for, and one octet to see that one is longer. */
  std::vector<uint8_t> buffer_;
};

}  // namespace holdfast::probe
