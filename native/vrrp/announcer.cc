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
  Cancel();
  addresses_ = std::move(addresses);
  rule_ = rule;
  last_burst_us_ = now_us;
  has_second_burst_ = rule.delay_us > 0;
  StartBurst(rule.repeat);
  SendChunk(now_us, std::clamp<size_t>(addresses_->size(), 1, FrameSink::kFramesMax));
}

void Announcer::ReplaceAddresses(std::shared_ptr<AddressSet> addresses) {
  addresses_ = std::move(addresses);
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
