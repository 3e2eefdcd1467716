#pragma once

#include <uv.h>

#include <cstdint>

#include "loop/deadline_timer.h"
#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {

/**
 * The timers of the vrrp loop on one timerfd, which is set once per turn: moving a timer costs no
 * system call. Loop thread only.
 */
class LoopTimers {
 public:
  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop);
  /** The object must live until the loop has run the close callbacks. */
  void Close();

  /** Of the protocols: each runs before anything of `bulk`. */
  TimerHeap& protocols() { return protocols_; }
  /** Work on many addresses, piece by piece: one piece a turn. */
  TimerHeap& bulk() { return bulk_; }

 private:
  int64_t EarliestUs() const;
  void ArmTimerFd();
  void OnDeadline();

  uv_prepare_t before_wait_{};
  DeadlineTimer deadline_;
  /** What the timerfd is set to; 0 when it is not armed. */
  int64_t deadline_us_ = 0;
  TimerHeap protocols_;
  TimerHeap bulk_;
};

}  // namespace holdfast::vrrp
