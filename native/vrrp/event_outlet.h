#pragma once

#include <cstdint>
#include <functional>

#include "loop/clock.h"
#include "vrrp/event.h"
#include "vrrp/sockets.h"
#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {

/**
 * Where events leave the loop. Those that were dropped are made up for by an overrun event, as soon
 * as there is room for one. Loop thread only.
 */
class EventOutlet final : private TimerOwner {
 public:
  /** @returns false when the event was dropped */
  using OnEvent = std::function<bool(const Event&)>;

  /** @param timers outlives this; one timer is used */
  EventOutlet(TimerHeap* timers, OnEvent on_event);

  void Emit(const Event& event);
  /** As above, of no instance and at this moment. */
  void EmitNow(auto body) { Emit({.at_us = MonotonicUs(), .instance = 0, .body = body}); }
  void Fail(int32_t instance, FailedAction action, const SyscallError& error,
            const IpAddress& address = {});
  /** Does not try again to tell of an overrun. */
  void Stop() { timers_->Disarm(&retry_); }

 private:
  void OnTimer(TimerNode& node, int64_t now_us) override;

  TimerHeap* const timers_;
  const OnEvent on_event_;
  TimerNode retry_{this};
  /** An event was dropped and nobody has been told. */
  bool is_overrun_ = false;
};

}  // namespace holdfast::vrrp
