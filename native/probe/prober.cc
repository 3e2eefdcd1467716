#include "probe/prober.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "loop/clock.h"
#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

/** Some 4 ms of work; then answers and timeouts get their turn. */
constexpr size_t kStartsPerTurn = 256;

/** Half the ICMP sequence numbers, so that a free one is always near. */
constexpr size_t kMaxInFlight = 32'768;

void Add(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

size_t RaiseDescriptorLimit() {
  constexpr rlim_t kReserved = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kReserved;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur == RLIM_INFINITY) return kMaxInFlight;
  return std::max<rlim_t>(limit.rlim_cur, 2 * kReserved) - kReserved;
}

Prober::Prober(size_t max_in_flight, OnEvent on_event)
    : max_in_flight_(std::min(max_in_flight, kMaxInFlight)),
      on_event_(std::move(on_event)),
      wheel_(MonotonicUs()) {}

Prober::~Prober() {
  // The list nodes of the wheel and the queue must not outlive what they point at.
  for (auto& [id, target] : targets_) target.Unlink();
}

int Prober::Start(uv_loop_t* loop) {
  const auto on_answer = [this](Target& target, std::optional<int> error_number) {
    OnAnswer(target, error_number);
  };
  const auto after_batch = [this] {
    StartWaiting();
    ArmTimer();
  };
  const auto on_unsent = [this](Target& target, int error_number) {
    FinishUnsent(target, JudgeUnsent(error_number));
  };
  if (const int error = timer_.Start(loop, [this] { OnTick(); }); error != 0) return error;
  if (const int error = tcp_.Start(loop, on_answer, after_batch); error != 0) return error;
  if (const int error = icmp_.Start(loop, on_answer, on_unsent, after_batch); error != 0) {
    return error;
  }
  if (const int error = syn_.Start(loop, on_answer, on_unsent, after_batch); error != 0) {
    return error;
  }
  const auto on_udp_answer = [this](Target& target, UdpProber::Answer answer, int error_number) {
    OnUdpAnswer(target, answer, error_number);
  };
  if (const int error = udp_.Start(loop, on_udp_answer, after_batch); error != 0) return error;
  if (const int error = StartHttp(loop, after_batch); error != 0) return error;
  return StartSmtp(loop, after_batch);
}

int Prober::StartHttp(uv_loop_t* loop, std::function<void()> after_batch) {
  const auto on_connected = [this](Target& target) { OnStep(target); };
  const auto on_answer = [this](Target& target, HttpProber::Answer answer, int error_number) {
    OnHttpAnswer(target, answer, error_number);
  };
  return http_.Start(loop, on_connected, on_answer, std::move(after_batch));
}

int Prober::StartSmtp(uv_loop_t* loop, std::function<void()> after_batch) {
  const auto on_step = [this](Target& target) { OnStep(target); };
  const auto on_answer = [this](Target& target, SmtpProber::Answer answer, int error_number) {
    OnSmtpAnswer(target, answer, error_number);
  };
  return smtp_.Start(loop, on_step, on_answer, std::move(after_batch));
}

void Prober::Close() {
  timer_.Close();
  tcp_.Close();
  icmp_.Close();
  udp_.Close();
  syn_.Close();
  http_.Close();
  smtp_.Close();
}

void Prober::AddTarget(uint32_t id, const ProbeSpec& spec, const Schedule& schedule,
                       int64_t first_delay_us) {
  RemoveTarget(id);
  Target& target = targets_[id];
  target.id = id;
  target.spec = spec;
  target.schedule = schedule;
  Rest(target, MonotonicUs() + first_delay_us, first_delay_us);
  ArmTimer();
}

void Prober::SetSchedule(uint32_t id, const Schedule& schedule) {
  const auto found = targets_.find(id);
  if (found != targets_.end()) found->second.schedule = schedule;
}

void Prober::RemoveTarget(uint32_t id) {
  const auto found = targets_.find(id);
  if (found == targets_.end()) return;
  Target& target = found->second;
  const bool was_in_flight = target.phase == Target::Phase::kInFlight;
  target.Unlink();
  tcp_.Cancel(target);
  icmp_.Forget(target);
  syn_.Forget(target);
  targets_.erase(found);
  if (!was_in_flight) return;
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  StartWaiting();
  ArmTimer();
}

void Prober::OnTick() {
  const int64_t now_us = MonotonicUs();
  if (wake_us_ != TimingWheel::kNever) lateness_.Record(now_us - wake_us_);
  wake_us_ = TimingWheel::kNever;
  // Answers first: one that is there already must not lose against its own timeout.
  tcp_.Collect();
  icmp_.Collect();
  syn_.Collect();
  udp_.Collect();
  http_.Collect();
  smtp_.Collect();
  wheel_.Advance(now_us, [&](WheelEntry* entry) { OnWheel(*static_cast<Target*>(entry), now_us); });
  StartWaiting();
  ArmTimer();
}

void Prober::OnWheel(Target& target, int64_t now_us) {
  if (target.phase == Target::Phase::kInFlight) {
    if (Repeat(target, now_us)) return;
    if (const auto outcome = JudgeSource(target)) return Finish(target, *outcome);
    const bool may_be_silent = target.spec.kind == Kind::kUdp && !target.spec.udp->requires_reply;
    const auto judge = may_be_silent ? JudgeSilence : JudgeTimeout;
    return Finish(target, judge(now_us - target.stage_started_us, target.spec.timeout_us));
  }
  target.phase = Target::Phase::kWaiting;
  target.LinkBefore(&waiting_);
}

/** The timeout, or the next SYN. */
int64_t Prober::NextLookUs(const Target& target) const {
  const int64_t timeout_us = target.started_us + target.spec.timeout_us;
  if (target.spec.kind != Kind::kSyn) return timeout_us;
  return std::min(timeout_us, SynProber::RepeatAtUs(target));
}

void Prober::ArmLook(Target& target, int64_t now_us) {
  const int64_t at_us = NextLookUs(target);
  wheel_.Arm(&target, SharedWakeUs(at_us, at_us - now_us));
}

void Prober::Rest(Target& target, int64_t due_us, int64_t delay_us) {
  target.phase = Target::Phase::kResting;
  target.due_us = due_us;
  wheel_.Arm(&target, SharedWakeUs(due_us, delay_us));
}

/** @returns whether a SYN probe is not over yet: its SYN, or the answer, may have been lost */
bool Prober::Repeat(Target& target, int64_t now_us) {
  if (target.spec.kind != Kind::kSyn) return false;
  if (now_us >= target.started_us + target.spec.timeout_us) return false;
  const std::optional<Outcome> outcome = syn_.Repeat(target);
  if (outcome) {
    Finish(target, *outcome);
  } else {
    ArmLook(target, now_us);
  }
  return true;
}

/**
 * Of a probe without an answer that left by a raw socket, which lets an address leave that this
 * machine does not have any more.
 * @returns an outcome when the answer may have been sent elsewhere
 */
std::optional<Outcome> Prober::JudgeSource(Target& target) {
  const bool is_raw = target.spec.kind == Kind::kSyn || target.spec.kind == Kind::kIcmp;
  if (is_raw && target.spec.bind_address) {
    const int error = CheckSource(target.spec);
    return error == 0 ? std::nullopt : std::optional(JudgeBegin(error));
  }
  return target.spec.kind == Kind::kSyn ? syn_.JudgeSource(target) : std::nullopt;
}

void Prober::OnAnswer(Target& target, std::optional<int> error_number) {
  if (target.phase != Target::Phase::kInFlight) return;
  const int64_t elapsed_us = MonotonicUs() - target.stage_started_us;
  Finish(target, error_number ? JudgeError(*error_number)
                              : JudgeAnswer(elapsed_us, target.spec.timeout_us));
}

void Prober::OnUdpAnswer(Target& target, UdpProber::Answer answer, int error_number) {
  if (answer == UdpProber::Answer::kMismatch) return Finish(target, JudgeMismatch());
  OnAnswer(target,
           answer == UdpProber::Answer::kError ? std::optional<int>(error_number) : std::nullopt);
}

/** keepalived: connecting and each answer may take as long as the timeout. */
void Prober::OnStep(Target& target) {
  target.stage_started_us = MonotonicUs();
  target.Unlink();
  const int64_t timeout_us = target.spec.timeout_us;
  wheel_.Arm(&target, SharedWakeUs(target.stage_started_us + timeout_us, timeout_us));
}

void Prober::OnHttpAnswer(Target& target, HttpProber::Answer answer, int error_number) {
  if (answer == HttpProber::Answer::kMismatch) return Finish(target, JudgeMismatch());
  OnAnswer(target,
           answer == HttpProber::Answer::kError ? std::optional<int>(error_number) : std::nullopt);
}

void Prober::OnSmtpAnswer(Target& target, SmtpProber::Answer answer, int error_number) {
  if (answer == SmtpProber::Answer::kMismatch) return Finish(target, JudgeMismatch());
  OnAnswer(target,
           answer == SmtpProber::Answer::kError ? std::optional<int>(error_number) : std::nullopt);
}

std::optional<Outcome> Prober::BeginByKind(Target& target) {
  switch (target.spec.kind) {
    case Kind::kTcp:
      return tcp_.Begin(target);
    case Kind::kIcmp:
      return icmp_.Begin(target);
    case Kind::kSyn:
      return syn_.Begin(target);
    case Kind::kUdp:
      return udp_.Begin(target);
    case Kind::kHttp:
      return http_.Begin(target);
    case Kind::kSmtp:
      return smtp_.Begin(target);
  }
  return std::nullopt;
}

void Prober::StartWaiting() {
  for (size_t count = 0; count < kStartsPerTurn && waiting_.is_linked(); ++count) {
    if (counters_.in_flight.load(std::memory_order_relaxed) >= max_in_flight_) break;
    auto* const target = static_cast<Target*>(waiting_.next());
    target->Unlink();
    Begin(*target);
  }
  icmp_.Flush();
  syn_.Flush();
}

void Prober::Begin(Target& target) {
  target.phase = Target::Phase::kInFlight;
  target.started_us = MonotonicUs();
  target.stage_started_us = target.started_us;
  target.stage = Stage::kConnect;
  Add(counters_.started);
  Add(counters_.in_flight);
  const std::optional<Outcome> outcome = BeginByKind(target);
  if (outcome) return FinishUnsent(target, *outcome);
  ArmLook(target, target.started_us);
}

/** Nothing has left; what the kernel says of the way is not what an answer from the network says.
 */
void Prober::FinishUnsent(Target& target, const Outcome& outcome) {
  if (outcome.reason == Reason::kUnreachable) target.stage = Stage::kRoute;
  Finish(target, outcome);
}

void Prober::Finish(Target& target, const Outcome& outcome) {
  const int64_t now_us = MonotonicUs();
  tcp_.Cancel(target);
  icmp_.Release(target);
  syn_.Release(target, outcome == Success());
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  const int64_t delay_us = DelayAfterUs(target.schedule, outcome);
  Rest(target, NextDueUs(now_us, delay_us, target.started_us - target.due_us), delay_us);
  Settle(target, outcome, now_us);
}

void Prober::Settle(Target& target, const Outcome& outcome, int64_t now_us) {
  KindCounters& counters = counters_.kinds[static_cast<size_t>(target.spec.kind)];
  if (outcome.kind == Outcome::Kind::kLocal) return Add(counters.local);
  if (outcome.kind == Outcome::Kind::kLate) return Add(counters.late);
  Add(outcome.result == Result::kSuccess ? counters.succeeded : counters.failed);
  counters.latency.Record(now_us - target.started_us);
  if (IsExpected(target.schedule, outcome.result)) return;
  on_event_({target.id, outcome.result, outcome.reason, target.stage, outcome.error_number,
             now_us - target.started_us, now_us});
}

void Prober::ArmTimer() {
  const bool has_more =
      waiting_.is_linked() && counters_.in_flight.load(std::memory_order_relaxed) < max_in_flight_;
  const int64_t next_us = has_more ? MonotonicUs() : wheel_.NextWakeUs();
  if (next_us == TimingWheel::kNever) return;
  if (wake_us_ != TimingWheel::kNever && wake_us_ <= next_us) return;
  wake_us_ = next_us;
  timer_.SetAt(next_us);
}

}  // namespace holdfast::probe
