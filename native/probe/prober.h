#pragma once

#include <uv.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "loop/deadline_timer.h"
#include "loop/lateness.h"
#include "loop/time_histogram.h"
#include "probe/http_probe.h"
#include "probe/icmp_probe.h"
#include "probe/schedule.h"
#include "probe/smtp_probe.h"
#include "probe/syn_probe.h"
#include "probe/target.h"
#include "probe/tcp_probe.h"
#include "probe/timing_wheel.h"
#include "probe/udp_probe.h"

namespace holdfast::probe {

/** contract.ts `ProbeKindCounters` */
struct KindCounters {
  std::atomic<uint64_t> succeeded{0};
  std::atomic<uint64_t> failed{0};
  std::atomic<uint64_t> local{0};
  std::atomic<uint64_t> late{0};
  /** Of those that succeeded or failed. */
  TimeHistogram latency;
};

/** contract.ts `ProbeCounters`. Written by the loop thread, read by any. */
struct ProbeCounters {
  std::atomic<uint64_t> started{0};
  std::atomic<uint64_t> in_flight{0};
  std::array<KindCounters, kKinds> kinds;
};

/**
 * Runs the schedules of all targets. Everything but the counters and the histogram belongs to the
 * loop thread. Nothing is allocated per probe.
 */
class Prober {
 public:
  using OnEvent = std::function<void(const ProbeEvent&)>;

  Prober(size_t max_in_flight, OnEvent on_event);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober();

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop);
  /** Replaces a target of the same id. */
  void AddTarget(uint32_t id, const ProbeSpec& spec, const Schedule& schedule,
                 int64_t first_delay_us);
  void SetSchedule(uint32_t id, const Schedule& schedule);
  void RemoveTarget(uint32_t id);
  /** Closes all handles; the object must live until the loop has run their close callbacks. */
  void Close();

  const ProbeCounters& counters() const { return counters_; }
  const LatenessHistogram& lateness() const { return lateness_; }
  uint64_t TakeLateness() { return lateness_.TakeRecent(); }

 private:
  void OnTick();
  void OnWheel(Target& target, int64_t now_us);
  void OnAnswer(Target& target, std::optional<int> error_number);
  void OnUdpAnswer(Target& target, UdpProber::Answer answer, int error_number);
  int StartHttp(uv_loop_t* loop, std::function<void()> after_batch);
  int StartSmtp(uv_loop_t* loop, std::function<void()> after_batch);
  int64_t NextLookUs(const Target& target) const;
  void Rest(Target& target, int64_t due_us, int64_t delay_us);
  void ArmLook(Target& target, int64_t now_us);
  bool Repeat(Target& target, int64_t now_us);
  std::optional<Outcome> JudgeSource(Target& target);
  void OnStep(Target& target);
  void OnHttpAnswer(Target& target, HttpProber::Answer answer, int error_number);
  void OnSmtpAnswer(Target& target, SmtpProber::Answer answer, int error_number);
  std::optional<Outcome> BeginByKind(Target& target);
  void StartWaiting();
  void Begin(Target& target);
  void Finish(Target& target, const Outcome& outcome);
  void FinishUnsent(Target& target, const Outcome& outcome);
  void Settle(Target& target, const Outcome& outcome, int64_t now_us);
  void ArmTimer();

  const size_t max_in_flight_;
  OnEvent on_event_;
  TimingWheel wheel_;
  DeadlineTimer timer_;
  /** What the timer is set to; kNever when it isn't. */
  int64_t wake_us_ = TimingWheel::kNever;
  TcpProber tcp_;
  IcmpProber icmp_;
  UdpProber udp_;
  SynProber syn_;
  HttpProber http_;
  SmtpProber smtp_;
  /** By id; they stay where they are, so others may point at them. */
  std::unordered_map<uint32_t, Target> targets_;
  /** Targets whose time has come, first in first out. */
  ListNode waiting_;
  ProbeCounters counters_;
  LatenessHistogram lateness_;
};

/**
 * Raises the soft limit of open files to the hard one.
 * @returns how many probes may hold a descriptor at a time, leaving some to the rest of the process
 */
size_t RaiseDescriptorLimit();

}  // namespace holdfast::probe
