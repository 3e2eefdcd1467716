#include "probe/timing_wheel.h"

#include <algorithm>
#include <bit>

namespace holdfast::probe {

void ListNode::Unlink() {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = this;
}

void ListNode::LinkBefore(ListNode* node) {
  previous_ = node->previous_;
  next_ = node;
  previous_->next_ = this;
  node->previous_ = this;
}

void TimingWheel::Arm(WheelEntry* entry, int64_t at_us) {
  entry->Unlink();
  entry->tick = std::max(TickBefore(at_us + kTickUs - 1), current_tick_ + 1);
  const size_t slot = entry->tick % kSlots;
  entry->LinkBefore(&slots_[slot]);
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimingWheel::Disarm(WheelEntry* entry) { entry->Unlink(); }

int64_t TimingWheel::NextWakeUs() const {
  const uint64_t distance = DistanceToOccupied(current_tick_ + 1);
  if (distance == kSlots) return kNever;
  return static_cast<int64_t>(current_tick_ + 1 + distance) * kTickUs;
}

void TimingWheel::TakeDue(uint64_t now_tick, ListNode* due) {
  if (now_tick <= current_tick_) return;
  uint64_t left = std::min<uint64_t>(now_tick - current_tick_, kSlots);
  uint64_t tick = now_tick - left + 1;
  current_tick_ = now_tick;
  while (left > 0) {
    const uint64_t distance = DistanceToOccupied(tick);
    if (distance >= left) return;
    TakeDueOfSlot((tick + distance) % kSlots, due);
    tick += distance + 1;
    left -= distance + 1;
  }
}

void TimingWheel::TakeDueOfSlot(size_t slot, ListNode* due) {
  ListNode* const sentinel = &slots_[slot];
  for (ListNode* node = sentinel->next(); node != sentinel;) {
    auto* const entry = static_cast<WheelEntry*>(node);
    node = node->next();
    if (entry->tick > current_tick_) continue;
    entry->Unlink();
    entry->LinkBefore(due);
  }
  if (!sentinel->is_linked()) occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
}

uint64_t TimingWheel::DistanceToOccupied(uint64_t tick) const {
  constexpr size_t kWords = kSlots / 64;
  const size_t first = tick % kSlots;
  const size_t bit = first % 64;
  for (size_t step = 0; step <= kWords; ++step) {
    uint64_t word = occupied_[(first / 64 + step) % kWords];
    if (step == 0) word &= ~uint64_t{0} << bit;
    if (step == kWords) word &= ~(~uint64_t{0} << bit);
    if (word != 0) return step * 64 + static_cast<uint64_t>(std::countr_zero(word)) - bit;
  }
  return kSlots;
}

}  // namespace holdfast::probe
