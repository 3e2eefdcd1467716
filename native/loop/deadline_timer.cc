#include "loop/deadline_timer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "loop/clock.h"

namespace holdfast {

int DeadlineTimer::Start(uv_loop_t* loop, std::function<void()> on_deadline) {
  fd_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!fd_.is_open()) return -errno;
  on_deadline_ = std::move(on_deadline);
  if (const int error = uv_poll_init(loop, &poll_, fd_.get()); error != 0) return error;
  poll_.data = this;
  is_started_ = true;
  return uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
    static_cast<DeadlineTimer*>(poll->data)->OnReadable();
  });
}

/** Setting a timerfd makes it unreadable, so it is read only when nobody sets it. */
void DeadlineTimer::OnReadable() {
  // Set anew after it was found readable.
  if (at_us_ == kUnset || MonotonicUs() < at_us_) return;
  at_us_ = kUnset;
  on_deadline_();
  if (at_us_ != kUnset) return;
  uint64_t expirations = 0;
  (void)!read(fd_.get(), &expirations, sizeof expirations);
}

void DeadlineTimer::SetAt(int64_t at_us) {
  // Zero would disarm the timer.
  const int64_t at = std::max<int64_t>(at_us, 1);
  at_us_ = at;
  itimerspec when{};
  when.it_value.tv_sec = at / 1'000'000;
  when.it_value.tv_nsec = (at % 1'000'000) * 1'000;
  timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void DeadlineTimer::Clear() {
  at_us_ = kUnset;
  const itimerspec never{};
  timerfd_settime(fd_.get(), 0, &never, nullptr);
}

void DeadlineTimer::Close() {
  if (!std::exchange(is_started_, false)) return;
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
  fd_.Reset();
}

}  // namespace holdfast
