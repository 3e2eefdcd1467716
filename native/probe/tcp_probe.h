#pragma once

#include <functional>
#include <optional>

#include "probe/epoll_set.h"
#include "probe/stream_pool.h"
#include "probe/target.h"

namespace holdfast::probe {

/**
 * TCP probes: a connection is tried and, once it stands, thrown away by RST. Loop thread only.
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
  EpollSet ready_;
  OnAnswer on_answer_;
  StreamPool streams_{&ready_};
};

}  // namespace holdfast::probe
