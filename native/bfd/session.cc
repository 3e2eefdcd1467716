#include "bfd/session.h"

#include <algorithm>

namespace holdfast::bfd {

namespace {

/** RFC 5880 §4.1: Administratively Down */
constexpr uint8_t kDiagAdminDown = 7;
/** A peer that changes its mind with every packet must not fill the log. */
constexpr int64_t kTimesQuietUs = 1'000'000;
/** Each interval is shortened by 10 to 25 %: right for every Detect Mult, 1 included. §6.8.7 */
constexpr int64_t kJitterMinPermille = 100;
constexpr int64_t kJitterSpanPermille = 151;

}  // namespace

Session::Session(int32_t id, uint32_t local_discr, const Settings& settings,
                 std::shared_ptr<Status> status, vrrp::TimerHeap* timers, SessionHost* host)
    : id_(id),
      local_discr_(local_discr),
      settings_(settings),
      status_(std::move(status)),
      timers_(timers),
      host_(host),
      transmit_limit_us_(settings_.program.DesiredMinTxUs(SessionState::kDown)),
      receive_limit_us_(settings_.required_min_rx_us) {}

Session::~Session() {
  timers_->Disarm(&transmit_);
  timers_->Disarm(&detection_);
}

void Session::Start(int64_t now_us) {
  if (ShouldTransmit()) Send(false, now_us);
  ScheduleTransmit(now_us);
}

void Session::Replace(const Settings& settings, int64_t now_us) {
  const uint32_t sent_min_tx_us = settings_.program.DesiredMinTxUs(state_);
  const bool is_same = sent_min_tx_us == settings.program.DesiredMinTxUs(state_) &&
                       settings_.required_min_rx_us == settings.required_min_rx_us &&
                       settings_.detect_mult == settings.detect_mult;
  settings_ = settings;
  if (is_same) return;
  const uint32_t wanted_tx_us = settings_.program.DesiredMinTxUs(state_);
  if (state_ == SessionState::kUp) {
    // §6.8.3: slower sending and stricter detection wait until the peer knows.
    transmit_limit_us_ = std::min(transmit_limit_us_, wanted_tx_us);
    receive_limit_us_ = std::max(receive_limit_us_, settings_.required_min_rx_us);
    is_polling_ = true;
    Send(false, now_us);
  } else {
    transmit_limit_us_ = wanted_tx_us;
    receive_limit_us_ = settings_.required_min_rx_us;
  }
  ScheduleTransmit(now_us);
}

void Session::LearnFrom(const ControlPacket& packet) {
  remote_discr_ = packet.my_discr;
  remote_state_ = packet.state;
  remote_diag_ = packet.diagnostic;
  is_remote_demanding_ = packet.is_demand;
  remote_min_rx_us_ = packet.required_min_rx_us;
  remote_min_tx_us_ = packet.desired_min_tx_us;
  remote_detect_mult_ = packet.detect_mult;
  if (!packet.is_final || !is_polling_) return;
  is_polling_ = false;
  transmit_limit_us_ = settings_.program.DesiredMinTxUs(state_);
  receive_limit_us_ = settings_.required_min_rx_us;
}

void Session::OnPacket(const ControlPacket& packet, int64_t now_us) {
  Status::Add(&status_->packets_received);
  LearnFrom(packet);
  React(static_cast<Trigger>(packet.state), packet.is_poll, std::nullopt, now_us);
  timers_->Arm(&detection_, now_us + DetectionUs());
  ScheduleTransmit(now_us);
  TellTimes(now_us);
}

/** @param is_asked the peer polls, and gets its answer whatever the state does. §6.5 */
void Session::React(Trigger trigger, bool is_asked, std::optional<int64_t> overdue_us,
                    int64_t now_us) {
  const Reaction reaction = settings_.program.ReactionTo(state_, trigger);
  const SessionState before = state_;
  EnterState(reaction);
  if (is_asked || (reaction.sends && ShouldTransmit())) Send(is_asked, now_us);
  if (reaction.tells_up) status_->is_told_up.store(*reaction.tells_up);
  if (state_ != before) {
    told_detection_us_ = DetectionUs();
    host_->Tell(*this,
                StateReport{.from = before,
                            .to = state_,
                            .local_diag = local_diag_,
                            .remote_state = remote_state_,
                            .remote_diag = remote_diag_,
                            .tells_up = reaction.tells_up,
                            .detection_us = DetectionUs(),
                            .overdue_us = overdue_us},
                now_us);
  }
  // Last: the session's own report comes before those of whoever follows it.
  if (reaction.tells_up == false) host_->OnLost(*this, now_us);
}

void Session::EnterState(const Reaction& reaction) {
  if (reaction.local_diag) local_diag_ = *reaction.local_diag;
  if (reaction.forgets_peer) {
    remote_discr_ = 0;
    remote_state_ = SessionState::kDown;
    remote_min_rx_us_ = 1;
    is_remote_demanding_ = false;
  }
  if (reaction.next != state_) {
    state_ = reaction.next;
    status_->state.store(state_);
    said_reasons_ = 0;
    is_polling_ = false;
    transmit_limit_us_ = settings_.program.DesiredMinTxUs(state_);
    receive_limit_us_ = settings_.required_min_rx_us;
  }
  if (reaction.polls) is_polling_ = true;
}

void Session::Send(bool is_final, int64_t now_us) {
  host_->Transmit(*this, Encode({.diagnostic = local_diag_,
                                 .state = state_,
                                 // §6.5: never both at once.
                                 .is_poll = is_polling_ && !is_final,
                                 .is_final = is_final,
                                 .is_demand = false,
                                 .detect_mult = settings_.detect_mult,
                                 .my_discr = local_discr_,
                                 .your_discr = remote_discr_,
                                 .desired_min_tx_us = settings_.program.DesiredMinTxUs(state_),
                                 .required_min_rx_us = settings_.required_min_rx_us,
                                 .required_min_echo_rx_us = 0}));
  sent_at_us_ = now_us;
  armed_for_us_ = 0;
}

void Session::SayAdminDown(int64_t now_us) {
  if (!ShouldTransmit()) return;
  state_ = SessionState::kAdminDown;
  local_diag_ = kDiagAdminDown;
  is_polling_ = false;
  Send(false, now_us);
}

bool Session::NoteDrop(DropReason reason) {
  Status::Add(&status_->dropped[static_cast<size_t>(reason)]);
  const uint32_t bit = 1u << static_cast<uint32_t>(reason);
  const bool is_new = (said_reasons_ & bit) == 0;
  said_reasons_ |= bit;
  return is_new;
}

/** §6.8.4: the peer's multiplier, and the slower of what we take and what it sends. */
int64_t Session::DetectionUs() const {
  return int64_t{remote_detect_mult_} * std::max(receive_limit_us_, remote_min_tx_us_);
}

/** §6.8.2 */
int64_t Session::TransmitUs() const { return std::max(transmit_limit_us_, remote_min_rx_us_); }

/** §6.8.7 */
bool Session::ShouldTransmit() const { return !settings_.is_passive || remote_discr_ != 0; }

void Session::ScheduleTransmit(int64_t now_us) {
  const bool is_quiet = is_remote_demanding_ && !is_polling_ && state_ == SessionState::kUp &&
                        remote_state_ == SessionState::kUp;
  // §6.8.7: no periodic packets for a peer that asks for none, or demands to be left alone.
  if (!ShouldTransmit() || remote_min_rx_us_ == 0 || is_quiet) {
    timers_->Disarm(&transmit_);
  } else if (!transmit_.is_armed() || armed_for_us_ != TransmitUs()) {
    ArmTransmit(sent_at_us_, now_us);
  }
}

void Session::ArmTransmit(int64_t base_us, int64_t now_us) {
  armed_for_us_ = TransmitUs();
  const int64_t cut_permille = kJitterMinPermille + host_->Random() % kJitterSpanPermille;
  const int64_t interval_us = std::max<int64_t>(armed_for_us_ * (1000 - cut_permille) / 1000, 1);
  const int64_t next_us = base_us + interval_us;
  // After a stall it starts anew instead of catching up in a burst.
  timers_->Arm(&transmit_, next_us > now_us ? next_us : now_us + interval_us);
}

void Session::BeforeTimer(vrrp::TimerNode& node, int64_t) {
  // What the peer said while the loop was stalled counts first.
  if (&node == &detection_) host_->DrainSockets();
}

void Session::OnTimer(vrrp::TimerNode& node, int64_t now_us) {
  host_->RecordDeadline(node.at_us());
  if (&node == &transmit_) {
    const int64_t base_us = node.at_us();
    Send(false, now_us);
    ArmTransmit(base_us, now_us);
    return;
  }
  React(Trigger::kDetectionExpired, false, now_us - node.at_us(), now_us);
  ScheduleTransmit(now_us);
}

void Session::TellTimes(int64_t now_us) {
  const int64_t detection_us = DetectionUs();
  if (detection_us == told_detection_us_ || now_us - told_at_us_ < kTimesQuietUs) return;
  told_detection_us_ = detection_us;
  told_at_us_ = now_us;
  host_->Tell(*this, TimesReport{.detection_us = detection_us, .transmit_us = TransmitUs()},
              now_us);
}

}  // namespace holdfast::bfd
