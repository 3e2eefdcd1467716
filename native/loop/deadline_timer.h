#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>

#include "loop/unique_fd.h"

namespace holdfast {

/**
 * One timerfd (absolute, CLOCK_MONOTONIC) under uv_poll. `uv_timer` counts milliseconds and is late
 * by more than half of one; this is late by less than 0.1 ms. Loop thread only.
 */
class DeadlineTimer {
 public:
  DeadlineTimer() = default;
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop, std::function<void()> on_deadline);
  /** Replaces the deadline. A past one fires at once. */
  void SetAt(int64_t at_us);
  void Clear();
  /** Closes the handle; the object must live until the loop has run its close callbacks. */
  void Close();

 private:
  static constexpr int64_t kUnset = -1;

  void OnReadable();

  UniqueFd fd_;
  int64_t at_us_ = kUnset;
  uv_poll_t poll_{};
  std::function<void()> on_deadline_;
  bool is_started_ = false;
};

}  // namespace holdfast
