#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "loop/loop_thread.h"
#include "probe/prober.h"

namespace holdfast::probe {

/** The probe loop: a Prober on a thread of its own. All methods are for the owner's thread. */
class ProbeLoop {
 public:
  ProbeLoop(size_t max_in_flight, Prober::OnEvent on_event)
      : prober_(max_in_flight, std::move(on_event)) {}
  ~ProbeLoop() { Close(); }

  /** @returns 0, or a negative errno */
  int Start();
  void AddTarget(uint32_t id, const ProbeSpec& spec, const Schedule& schedule,
                 int64_t first_delay_us);
  void SetSchedule(uint32_t id, const Schedule& schedule);
  void RemoveTarget(uint32_t id);
  /** Stops and joins the thread; no event comes after it. Idempotent. */
  void Close();

  const ProbeCounters& counters() const { return prober_.counters(); }
  LatenessSummary lateness() const { return prober_.lateness().Summary(); }
  uint64_t TakeLateness() { return prober_.TakeLateness(); }
  const LoopThread& thread() const { return thread_; }

 private:
  Prober prober_;
  LoopThread thread_;
};

}  // namespace holdfast::probe
