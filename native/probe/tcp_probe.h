#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/target.h"

namespace holdfast::probe {

/**
 * TCP probes: a connection is tried and, once it stands, thrown away by RST, which leaves no
 * TIME_WAIT behind on either side. Sockets without special options serve again after a success:
 * connecting anew costs a third less than a new socket. Loop thread only.
 */
class TcpProber {
 public:
  using OnAnswer = std::function<void(Target&, std::optional<int> error_number)>;

  /**
   * @param on_answer the connection stands (no value), or ended with an errno
   * @param after_batch called after each batch of answers that the loop delivered
   * @returns 0, or a negative errno
   */
  int Start(uv_loop_t* loop, OnAnswer on_answer, std::function<void()> after_batch);

  /** @returns the outcome when it is known at once, else nothing */
  std::optional<Outcome> Begin(Target& target);

  /** Gives up the probe in flight; silent. */
  void Cancel(Target& target);

  /** Delivers the answers that are there now. */
  void Collect();

  void Close();

 private:
  /** Enough for some 10,000 probes a second at a round trip of 25 ms. */
  static constexpr size_t kMaxIdle = 256;

  /** @returns an unconnected socket that is in the epoll set, or a closed one */
  UniqueFd TakeIdle(const ProbeSpec& spec);
  /** Ends the connection; keeps the socket when it can serve again. */
  void Recycle(Target& target);
  std::vector<UniqueFd>& IdleOf(int family) { return family == AF_INET ? idle_v4_ : idle_v6_; }

  EpollSet ready_;
  OnAnswer on_answer_;
  std::vector<UniqueFd> idle_v4_;
  std::vector<UniqueFd> idle_v6_;
};

}  // namespace holdfast::probe
