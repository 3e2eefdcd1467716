#include "vrrp/event_outlet.h"

#include <utility>

namespace holdfast::vrrp {

namespace {

constexpr int64_t kRetryUs = 100'000;

Event Overrun(int64_t at_us) { return {.at_us = at_us, .instance = 0, .body = OverrunEvent{}}; }

}  // namespace

EventOutlet::EventOutlet(TimerHeap* timers, OnEvent on_event)
    : timers_(timers), on_event_(std::move(on_event)) {}

void EventOutlet::Emit(const Event& event) {
  if (is_overrun_ && on_event_(Overrun(event.at_us))) {
    is_overrun_ = false;
    timers_->Disarm(&retry_);
  }
  if (on_event_(event)) return;
  is_overrun_ = true;
  timers_->Arm(&retry_, MonotonicUs() + kRetryUs);
}

void EventOutlet::Fail(int32_t instance, FailedAction action, const SyscallError& error,
                       const IpAddress& address) {
  Emit({.at_us = MonotonicUs(),
        .instance = instance,
        .body = FailedEvent{.action = action,
                            .failure = MakeFailure(error.syscall, error.error_number),
                            .address = address}});
}

void EventOutlet::OnTimer(TimerNode&, int64_t now_us) {
  if (std::exchange(is_overrun_, false)) Emit(Overrun(now_us));
}

}  // namespace holdfast::vrrp
