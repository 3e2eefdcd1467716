#include "vrrp/announcer.h"

#include <errno.h>

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::vrrp {

namespace {

/** Addresses looked at in a turn. */
constexpr size_t kLooksMax = 256;
/** Pause when the device's queue is full. */
constexpr int64_t kRetryUs = 1'000;

bool IsFull(int error_number) { return error_number == EAGAIN || error_number == ENOBUFS; }

}  // namespace

void Announcer::Start(std::shared_ptr<AddressSet> addresses, const AnnounceRule& rule,
                      int64_t now_us) {
  CancelBursts();
  is_on_ = true;
  addresses_ = std::move(addresses);
  rule_ = rule;
  last_burst_us_ = now_us;
  has_second_burst_ = rule.delay_us > 0;
  StartBurst(rule.repeat);
  SendChunk(now_us, std::clamp<size_t>(addresses_->size(), 1, FrameSink::kFramesMax));
  StartExtra(now_us);
}

void Announcer::Cancel() {
  is_on_ = false;
  CancelBursts();
  timers_->Disarm(&extra_timer_);
}

void Announcer::ReplaceAddresses(std::shared_ptr<AddressSet> addresses, int64_t now_us) {
  const bool is_same_pace =
      addresses_ != nullptr && addresses_->extra_interval_us() == addresses->extra_interval_us();
  addresses_ = std::move(addresses);
  if (!is_same_pace || !extra_timer_.is_armed() ||
      next_extra_ >= addresses_->extra_indexes().size()) {
    timers_->Disarm(&extra_timer_);
    if (is_on_) StartExtra(now_us);
  }
  if (next_address_ >= addresses_->size()) next_address_ = 0;
  if (addresses_->size() == 0) Cancel();
}

void Announcer::StartBurst(uint32_t rounds) {
  rounds_left_ = addresses_->size() == 0 ? 0 : rounds;
  next_address_ = 0;
  next_burst_rounds_ = 0;
  has_failed_ = false;
  has_turn_ = false;
}

void Announcer::OnTimer(TimerNode& node, int64_t now_us) {
  if (&node == &extra_timer_) {
    SendExtra(node, now_us);
    return;
  }
  if (next_burst_rounds_ != 0) {
    last_burst_us_ = node.at_us();
    listener_->OnLaterBurst(next_burst_rounds_, now_us);
    StartBurst(next_burst_rounds_);
  }
  SendChunk(now_us);
}

void Announcer::SendChunk(int64_t now_us, size_t frames_max) {
  std::array<OutgoingFrame, FrameSink::kFramesMax> storage;
  const size_t first = next_address_;
  const uint32_t rounds = rounds_left_;
  const auto room = std::span(storage).first(frames_max);
  const auto chunk = room.first(FillChunk(room, now_us));
  const FrameSink::Result result = sink_->SendFrames(chunk);
  if (result.error && IsFull(result.error->error_number)) {
    // Begin again behind what went out. Frames of other links between them go out twice at worst.
    next_address_ = first;
    rounds_left_ = rounds;
    FillChunk(std::span(storage).first(result.sent), now_us);
    listener_->OnAnnounced(result.sent);
    timers_->Arm(&timer_, now_us + kRetryUs);
    return;
  }
  Finish(result, chunk, now_us);
  if (is_burst_done()) {
    ScheduleNextBurst(now_us);
  } else {
    timers_->Arm(&timer_, has_turn_ ? turn_us_ : now_us + kNextTurnUs);
  }
}

/** Collects frames and moves on, round by round. */
size_t Announcer::FillChunk(std::span<OutgoingFrame> chunk, int64_t now_us) {
  size_t count = 0;
  // Bounded also where no link takes announcements.
  for (size_t looked = 0; looked < kLooksMax; ++looked) {
    if (count == chunk.size() || rounds_left_ == 0) break;
    const size_t index = next_address_;
    const int32_t ifindex = addresses_->ifindex(index);
    const bool is_silent = !listener_->CanAnnounceOn(ifindex);
    if (!is_silent && !TakeTurn(index, now_us)) break;
    Advance();
    if (is_silent) continue;
    chunk[count++] = {.frame = &addresses_->frame(index), .ifindex = ifindex};
    // The next moment is asked for in the next turn, when others have had theirs.
    if (IsPaced(index)) break;
  }
  return count;
}

/** A paced frame goes when its moment has come; the moment is taken once. */
bool Announcer::TakeTurn(size_t index, int64_t now_us) {
  if (!IsPaced(index)) return true;
  if (!has_turn_) {
    turn_us_ =
        pacer_->Reserve(addresses_->ifindex(index), addresses_->address(index).family, now_us);
  }
  has_turn_ = turn_us_ > now_us;
  return !has_turn_;
}

bool Announcer::IsPaced(size_t index) const {
  return pacer_ != nullptr &&
         pacer_->IsPaced(addresses_->ifindex(index), addresses_->address(index).family);
}

void Announcer::Advance() {
  if (++next_address_ < addresses_->size()) return;
  next_address_ = 0;
  --rounds_left_;
}

/** Steps over frames that fail; there is no use in repeating them. */
void Announcer::Finish(const FrameSink::Result& result, std::span<const OutgoingFrame> chunk,
                       int64_t now_us) {
  FrameSink::Result last = result;
  std::span<const OutgoingFrame> rest = chunk;
  for (;;) {
    listener_->OnAnnounced(last.sent);
    if (!last.error) return;
    const OutgoingFrame& failed = rest[last.sent];
    if (!std::exchange(has_failed_, true)) {
      for (size_t index = 0; index < addresses_->size(); ++index) {
        if (&addresses_->frame(index) != failed.frame) continue;
        listener_->OnAnnounceFailed(*last.error, addresses_->address(index), now_us);
      }
    }
    rest = rest.subspan(last.sent + 1);
    last = sink_->SendFrames(rest);
  }
}

/** An announcement that replaces another one does not put the extra ones off. */
void Announcer::StartExtra(int64_t now_us) {
  if (extra_timer_.is_armed()) return;
  next_extra_ = 0;
  has_extra_turn_ = false;
  if (addresses_->extra_interval_us() == 0 || addresses_->extra_indexes().empty()) return;
  timers_->Arm(&extra_timer_, now_us + addresses_->extra_interval_us());
}

void Announcer::SendExtra(const TimerNode& node, int64_t now_us) {
  if (next_extra_ == 0 && !has_extra_turn_) {
    extra_round_us_ = node.at_us();
    listener_->OnLaterBurst(0, now_us);
  }
  const auto extras = addresses_->extra_indexes();
  if (!TrySendExtra(extras[next_extra_], now_us)) return;
  if (++next_extra_ < extras.size()) {
    timers_->Arm(&extra_timer_, now_us + kNextTurnUs);
    return;
  }
  next_extra_ = 0;
  const int64_t interval_us = addresses_->extra_interval_us();
  const int64_t next_us = extra_round_us_ + interval_us;
  timers_->Arm(&extra_timer_, next_us > now_us ? next_us : now_us + interval_us);
}

/** @returns false when it is to be tried again, for which the timer is armed */
bool Announcer::TrySendExtra(size_t index, int64_t now_us) {
  const int32_t ifindex = addresses_->ifindex(index);
  if (!listener_->CanAnnounceOn(ifindex)) return true;
  if (!std::exchange(has_extra_turn_, false) && IsPaced(index)) {
    const int64_t at_us = pacer_->Reserve(ifindex, addresses_->address(index).family, now_us);
    has_extra_turn_ = at_us > now_us;
    if (has_extra_turn_) {
      timers_->Arm(&extra_timer_, at_us);
      return false;
    }
  }
  const OutgoingFrame frame{.frame = &addresses_->frame(index), .ifindex = ifindex};
  const FrameSink::Result result = sink_->SendFrames({&frame, 1});
  listener_->OnAnnounced(result.sent);
  if (!result.error) return true;
  if (!IsFull(result.error->error_number)) {
    listener_->OnAnnounceFailed(*result.error, addresses_->address(index), now_us);
    return true;
  }
  has_extra_turn_ = true;
  timers_->Arm(&extra_timer_, now_us + kRetryUs);
  return false;
}

void Announcer::ScheduleNextBurst(int64_t now_us) {
  int64_t after_us = 0;
  if (std::exchange(has_second_burst_, false)) {
    after_us = rule_.delay_us;
    next_burst_rounds_ = rule_.repeat;
  } else {
    after_us = rule_.refresh_us;
    next_burst_rounds_ = rule_.refresh_repeat;
  }
  if (after_us == 0) return;
  if (next_burst_rounds_ == 0 && rule_.refresh_us == 0) return;
  const int64_t next_us = last_burst_us_ + after_us;
  timers_->Arm(&timer_, next_us > now_us ? next_us : now_us + after_us);
}

}  // namespace holdfast::vrrp
