#include "vrrp/instance.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace holdfast::vrrp {

namespace {

/** Later than this the loop was stalled, and what others sent meanwhile counts first. */
constexpr int64_t kStallUs = 20'000;

/** The way of a packet through a machine that has just woken up, with room to spare. */
constexpr int64_t kListenUs = 50'000;
/** More often a timer that is late each time is not put off: a machine may just be that slow. */
constexpr int kListenRounds = 2;

/** Keeps the cadence of a timer; after a stall it starts anew instead of catching up in a burst. */
int64_t NextDeadline(int64_t base_us, int64_t interval_us, int64_t now_us) {
  const int64_t next_us = base_us + interval_us;
  return next_us > now_us ? next_us : now_us + interval_us;
}

/** Adverts of instances with the same interval are sent at moments so far apart, or closer. */
constexpr int64_t kMomentUs = 3'125;
constexpr int64_t kMomentsMin = 32;

/**
 * Adverts of one moment cost one wake-up. The first one after an instance became active comes early
 * for it, by less than the distance of two moments; from then on the cadence stays there. The
 * moments are close, because those who wait for these adverts take over together as well.
 */
int64_t AtSharedMoment(int64_t deadline_us, int64_t interval_us) {
  const int64_t spacing_us = std::clamp<int64_t>(interval_us / kMomentsMin, 1, kMomentUs);
  return deadline_us - deadline_us % std::max<int64_t>(interval_us, 1) % spacing_us;
}

}  // namespace

/** When and why actions run. */
struct Instance::Moment {
  int64_t now_us;
  /** Deadline of the timer that fired, else now: intervals count from here. */
  int64_t base_us;
  const AdvertFacts* advert;
};

Instance::Instance(int32_t id, std::shared_ptr<Counters> counters, TimerHeap* timers,
                   InstanceHost* host)
    : id_(id), counters_(std::move(counters)), timers_(timers), host_(host) {}

Instance::~Instance() {
  timers_->Disarm(&adver_);
  timers_->Disarm(&active_down_);
  timers_->Disarm(&made_up_);
}

void Instance::Emit(int64_t now_us, auto body) {
  host_->Emit({.at_us = now_us, .instance = id_, .body = body});
}

void Instance::SetTransport(std::unique_ptr<Transport> transport) {
  if (transport_ != nullptr) transport->encoder.ContinueIds(transport_->encoder);
  const bool has_detected = transport_ != nullptr &&
                            transport_->filter.format.old_checksum == OldChecksum::kDetect &&
                            transport_->encoder.uses_old_checksum();
  transport_ = std::move(transport);
  if (has_detected && transport_->filter.format.old_checksum == OldChecksum::kDetect) {
    transport_->encoder.UseOldChecksum();
  }
  sequences_.Reserve(transport_->filter.peers.size());
}

AdvertStamp Instance::NextStamp() {
  const AdvertFormat& format = transport_->filter.format;
  if (format.ah != nullptr) return {.ah_sequence = sequences_.NextAh(host_->Utc())};
  if (!format.sends_trailer()) return {};
  return {.trailer_sequence = sequences_.NextTrailer(*format.trailer, host_->Utc())};
}

void Instance::Submit(Order order, int64_t now_us) {
  if (order.epoch != epoch_) {
    Emit(now_us, RefusedEvent{.order = order.order, .epoch = epoch_, .phase = phase_});
    return;
  }
  RunActions(order.actions, {.now_us = now_us, .base_us = now_us, .advert = nullptr});
  program_ = std::move(order.program);
  EnterPhase(program_->phase);
  Emit(now_us, AcceptedEvent{.order = order.order});
}

/** Before anything is heard or said: what others do now is judged by what we are then. */
void Instance::NoticeStall(int64_t now_us) {
  if (phase_ != Phase::kActive || !program_->stalled_after_us) return;
  if (now_us - last_advert_us_ < *program_->stalled_after_us) return;
  const int64_t due_us = put_off_ ? put_off_->due_us : adver_.at_us();
  Emit(now_us, StalledEvent{.late_us = adver_.is_armed() ? now_us - due_us : 0});
  Fire(Trigger::kStalled, nullptr, now_us, now_us);
}

void Instance::OnDatagram(const Datagram& datagram, int64_t now_us) {
  if (!program_) return;
  NoticeStall(now_us);
  if (program_->IgnoresAdverts(phase_)) return;
  AdvertHistory history{.sequences = &sequences_};
  if (transport_->filter.format.trailer != nullptr) history.utc = host_->Utc();
  const AdvertVerdict verdict =
      CheckAdvert(transport_->filter, datagram, ShouldCompareAddresses(datagram.source), history);
  for (size_t index = 0; index < verdict.note_count; ++index) {
    Note(verdict.notes[index], datagram.source, now_us);
  }
  if (verdict.is_counted) {
    Counters::Add(&counters_->adverts_received);
    if (verdict.facts.priority == 0) Counters::Add(&counters_->priority_zero_received);
  }
  if (verdict.drop) {
    Note(*verdict.drop, datagram.source, now_us);
    return;
  }
  if (verdict.has_old_checksum && transport_->encoder.UseOldChecksum()) {
    Note({.reason = DropReason::kOldChecksumNoted}, datagram.source, now_us);
  }
  last_sender_ = datagram.source;
  const Trigger trigger = Classify(verdict.facts);
  if (!PutsOff(trigger, verdict.facts, now_us)) Fire(trigger, &verdict.facts, now_us, now_us);
}

/** One answer tells all who claim less the same. @returns true when this one has to wait */
bool Instance::PutsOff(Trigger trigger, const AdvertFacts& advert, int64_t now_us) {
  if (phase_ != Phase::kActive) return false;
  const Reaction& reaction = program_->ReactionTo(phase_, trigger);
  const bool is_answer = reaction.kind == Reaction::Kind::kRun && reaction.next == Phase::kActive &&
                         !reaction.is_reported;
  if (!is_answer || ration_.Take(now_us)) return false;
  unanswered_ = advert;
  timers_->Arm(&made_up_, ration_.ends_at_us());
  return true;
}

void Instance::Tell(Trigger trigger, const AdvertFacts& advert, int64_t now_us) {
  const HeardEvent heard{.trigger = trigger, .advert = advert};
  // Of an answer the ration was taken before.
  if (phase_ == Phase::kActive || ration_.Take(now_us)) {
    untold_.reset();
    told_ = advert;
    Emit(now_us, heard);
  } else {
    untold_ = heard;
    timers_->Arm(&made_up_, ration_.ends_at_us());
  }
}

/** What waited for the ration. */
void Instance::MakeUp(int64_t now_us) {
  if (const auto advert = std::exchange(unanswered_, std::nullopt)) {
    const Trigger trigger = Classify(*advert);
    if (!PutsOff(trigger, *advert, now_us)) Fire(trigger, &*advert, now_us, now_us);
  }
  if (const auto heard = std::exchange(untold_, std::nullopt)) {
    Tell(heard->trigger, heard->advert, now_us);
  }
}

void Instance::BeforeTimer(TimerNode& node, int64_t now_us) {
  const bool is_stalled = now_us - node.at_us() > kStallUs;
  // What was put off has been noticed, unless it is late once more.
  if (program_ && &node != &active_down_ && (!put_off_ || is_stalled)) NoticeStall(now_us);
  if (&node == &active_down_ || is_stalled) host_->DrainSocket(*this);
  if (&node != &made_up_) ListenFirst(&node, now_us);
}

/**
 * After a pause of the whole machine the sockets are empty as well: what others said meanwhile is
 * on its way from the network card. It gets a moment; a machine may be paused once more in it.
 */
void Instance::ListenFirst(TimerNode* node, int64_t now_us) {
  const bool has_moved = !node->is_armed() || node->at_us() > now_us;
  const int rounds = put_off_ ? put_off_->rounds : 0;
  if (has_moved || rounds == kListenRounds) return;
  const int64_t interval_us = node == &adver_ ? adver_interval_us_ : last_interval_us_.value_or(0);
  if (now_us - node->at_us() <= interval_us) return;
  put_off_ = {.due_us = put_off_ ? put_off_->due_us : node->at_us(), .rounds = rounds + 1};
  timers_->Arm(node, now_us + std::min(kListenUs, interval_us / 4));
}

void Instance::OnTimer(TimerNode& node, int64_t now_us) {
  if (&node == &made_up_) {
    // After a pause the regular advert decides whether there is still something to answer.
    if (now_us - node.at_us() > kStallUs) unanswered_.reset();
    return MakeUp(now_us);
  }
  const Trigger trigger = &node == &adver_ ? Trigger::kAdver : Trigger::kActiveDown;
  const int64_t due_us = put_off_ ? put_off_->due_us : node.at_us();
  if (trigger == Trigger::kAdver) {
    host_->RecordAdvertDeadline(due_us);
  } else {
    host_->RecordDeadline(due_us);
  }
  Fire(trigger, nullptr, node.at_us(), now_us);
}

void Instance::Fire(Trigger trigger, const AdvertFacts* advert, int64_t base_us, int64_t now_us) {
  if (!program_) return;
  const Reaction reaction = program_->ReactionTo(phase_, trigger);
  const Moment moment{.now_us = now_us, .base_us = base_us, .advert = advert};
  if (reaction.kind == Reaction::Kind::kIgnore) return;
  if (reaction.kind == Reaction::Kind::kTell) {
    const bool has_advert = advert != nullptr;
    Emit(now_us, HappenedEvent{.trigger = trigger,
                               .has_advert = has_advert,
                               .advert = has_advert ? *advert : AdvertFacts{}});
    if (has_advert) told_ = *advert;
  } else if (reaction.awaits_group && !host_->DoOthersWish(*this)) {
    RunActions(program_->WaitingActionsOf(reaction), moment);
    wishes_active_ = true;
  } else {
    RunPlan(trigger, reaction, moment);
  }
}

void Instance::RunPlan(Trigger trigger, const Reaction& reaction, const Moment& moment) {
  const bool has_advert = moment.advert != nullptr;
  const AdvertFacts facts = has_advert ? *moment.advert : AdvertFacts{};
  RunActions(program_->ActionsOf(reaction), moment);
  EnterPhase(reaction.next);
  if (reaction.is_reported) {
    ++epoch_;
    Emit(moment.now_us,
         RanEvent{.epoch = epoch_, .trigger = trigger, .has_advert = has_advert, .advert = facts});
    if (has_advert) told_ = facts;
    untold_.reset();
  } else if (has_advert && told_ != facts) {
    Tell(trigger, facts, moment.now_us);
  } else if (has_advert) {
    // What was heard in between is old.
    untold_.reset();
  }
  // Last: what the others do must find this one moved.
  if (reaction.pulls && trigger < Trigger::kGroupActive) {
    host_->PullOthers(*this, *reaction.pulls, moment.now_us);
  }
}

void Instance::RunActions(std::span<const Action> actions, const Moment& moment) {
  for (const Action& action : actions) {
    std::visit([this, &moment](const auto& concrete) { Run(concrete, moment); }, action);
  }
}

void Instance::Run(const SendAdvert& action, const Moment& moment) {
  last_advert_us_ = moment.now_us;
  host_->SendAdvert(*this, action.priority, moment.now_us);
}

void Instance::Run(const AddAddresses&, const Moment& moment) {
  host_->ChangeAddresses(*this, AddressSet::Change::kAdd, moment.now_us);
}

void Instance::Run(const RemoveAddresses&, const Moment& moment) {
  host_->ChangeAddresses(*this, AddressSet::Change::kRemove, moment.now_us);
}

void Instance::Run(const Announce& action, const Moment& moment) {
  host_->StartAnnounce(*this, action.rule, moment.now_us);
}

void Instance::Run(const CancelAnnounce&, const Moment&) { host_->CancelAnnounce(*this); }

void Instance::Run(const AnnounceSource&, const Moment&) { host_->AnnounceSource(*this); }

void Instance::Run(const ArmAdver& action, const Moment& moment) {
  adver_interval_us_ = action.interval_us;
  put_off_.reset();
  const int64_t next_us = NextDeadline(moment.base_us, action.interval_us, moment.now_us);
  timers_->Arm(&adver_, AtSharedMoment(next_us, action.interval_us));
}

void Instance::Run(const DisarmAdver&, const Moment&) { timers_->Disarm(&adver_); }

void Instance::Run(const ArmActiveDown& action, const Moment& moment) {
  const ActiveDownRule& rule = action.rule;
  int64_t interval_us = rule.interval_us;
  if (rule.interval_from == ActiveDownRule::From::kAdvert && moment.advert != nullptr) {
    interval_us = moment.advert->interval_us;
  } else if (rule.interval_from == ActiveDownRule::From::kLast) {
    interval_us = last_interval_us_.value_or(rule.interval_us);
  }
  last_interval_us_ = interval_us;
  wishes_active_ = false;
  put_off_.reset();
  const int64_t skew_us = rule.skew_numerator * rule.skew_base_us.value_or(interval_us) / 256;
  timers_->Arm(&active_down_, NextDeadline(moment.base_us, rule.multiplier * interval_us + skew_us,
                                           moment.now_us));
}

void Instance::Run(const ShiftActiveDown& action, const Moment& moment) {
  if (!active_down_.is_armed()) return;
  const int64_t base_us = action.skew_base_us.value_or(last_interval_us_.value_or(0));
  const int64_t shifted_us = active_down_.at_us() + action.skew_numerator * base_us / 256;
  timers_->Arm(&active_down_, std::max(shifted_us, moment.now_us));
}

void Instance::Run(const DisarmActiveDown&, const Moment&) { timers_->Disarm(&active_down_); }

void Instance::EnterPhase(Phase next) {
  if (next == phase_) return;
  phase_ = next;
  if (next != Phase::kBackup && next != Phase::kHeld) wishes_active_ = false;
  said_reasons_ = 0;
  told_.reset();
  untold_.reset();
  unanswered_.reset();
  timers_->Disarm(&made_up_);
}

bool Instance::ShouldCompareAddresses(const IpAddress& source) const {
  if (phase_ == Phase::kActive || !transport_->skips_address_check) return true;
  return source != last_sender_;
}

Trigger Instance::Classify(const AdvertFacts& advert) const {
  if (advert.priority == 0) return Trigger::kPriorityZero;
  if (advert.priority > program_->own_priority) return Trigger::kHigherPriority;
  if (advert.priority < program_->own_priority) return Trigger::kLowerPriority;
  const int order = Compare(advert.source, transport_->source());
  if (order > 0) return Trigger::kEqualPriorityHigherAddress;
  if (order < 0) return Trigger::kEqualPriorityLowerAddress;
  return Trigger::kEqualPriorityOwnAddress;
}

void Instance::Note(const AdvertNote& note, const IpAddress& source, int64_t now_us) {
  const auto reason = static_cast<size_t>(note.reason);
  Counters::Add(&counters_->dropped[reason]);
  const uint32_t bit = 1u << reason;
  if ((said_reasons_ & bit) != 0) return;
  said_reasons_ |= bit;
  Emit(now_us, DroppedEvent{.reason = note.reason,
                            .source = source,
                            .ifindex = transport_->ifindex,
                            .received = note.received,
                            .expected = note.expected});
}

}  // namespace holdfast::vrrp
