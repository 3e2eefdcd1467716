#include "vrrp/loop_timers.h"

#include <algorithm>

#include "loop/clock.h"

namespace holdfast::vrrp {

namespace {

/** Timers per turn; the sockets are looked at in between. */
constexpr size_t kTimersPerTurn = 256;

}  // namespace

int LoopTimers::Start(uv_loop_t* loop) {
  uv_prepare_init(loop, &before_wait_);
  before_wait_.data = this;
  uv_prepare_start(&before_wait_, [](uv_prepare_t* prepare) {
    static_cast<LoopTimers*>(prepare->data)->ArmTimerFd();
  });
  return deadline_.Start(loop, [this] { OnDeadline(); });
}

void LoopTimers::Close() {
  deadline_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&before_wait_), nullptr);
}

/** 0: there is no timer. */
int64_t LoopTimers::EarliestUs() const {
  int64_t at_us = 0;
  for (const TimerHeap* const heap : {&protocols_, &bulk_}) {
    const TimerNode* const earliest = heap->earliest();
    if (earliest == nullptr) continue;
    const int64_t own_us = std::max<int64_t>(earliest->at_us(), 1);
    at_us = at_us == 0 ? own_us : std::min(at_us, own_us);
  }
  return at_us;
}

void LoopTimers::ArmTimerFd() {
  const int64_t wanted_us = EarliestUs();
  if (wanted_us == deadline_us_) return;
  deadline_us_ = wanted_us;
  if (wanted_us == 0) {
    deadline_.Clear();
  } else {
    deadline_.SetAt(wanted_us);
  }
}

void LoopTimers::OnDeadline() {
  deadline_us_ = 0;
  protocols_.RunDue(MonotonicUs(), kTimersPerTurn);
  bulk_.RunDue(MonotonicUs(), 1);
  ArmTimerFd();
}

}  // namespace holdfast::vrrp
