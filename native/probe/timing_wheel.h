#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace holdfast::probe {

/** A node of a circular list with a sentinel. A node alone points at itself. */
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool is_linked() const { return next_ != this; }
  ListNode* next() const { return next_; }
  void Unlink();
  /** Puts this node, which is in no list, in front of `node`: at the end of a sentinel's list. */
  void LinkBefore(ListNode* node);

 private:
  ListNode* previous_ = this;
  ListNode* next_ = this;
};

/** One deadline. While it is armed the wheel owns its links. */
struct WheelEntry : ListNode {
  uint64_t tick = 0;
};

/**
 * Hashed timing wheel: O(1) to arm and disarm, no allocation. Deadlines are rounded up to the next
 * tick; one beyond a revolution (16 s) is passed over once per revolution. Keeps no clock.
 */
class TimingWheel {
 public:
  static constexpr int64_t kTickUs = 4'000;
  static constexpr size_t kSlots = 4'096;
  static constexpr int64_t kNever = -1;

  explicit TimingWheel(int64_t now_us) : current_tick_(TickBefore(now_us)) {}
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  /** Replaces the entry's deadline. A past one is due with the next tick. */
  void Arm(WheelEntry* entry, int64_t at_us);
  void Disarm(WheelEntry* entry);

  /**
   * Disarms every entry that is due and calls `on_due(WheelEntry*)`, which may arm and disarm any.
   */
  template <typename OnDue>
  void Advance(int64_t now_us, OnDue on_due) {
    ListNode due;
    TakeDue(TickBefore(now_us), &due);
    while (due.is_linked()) {
      auto* const entry = static_cast<WheelEntry*>(due.next());
      entry->Unlink();
      on_due(entry);
    }
  }

  /** When to call Advance next, or kNever. At times earlier than the earliest deadline. */
  int64_t NextWakeUs() const;

 private:
  static uint64_t TickBefore(int64_t us) {
    return us > 0 ? static_cast<uint64_t>(us) / kTickUs : 0;
  }
  void TakeDue(uint64_t now_tick, ListNode* due);
  void TakeDueOfSlot(size_t slot, ListNode* due);
  /** @returns ticks from `tick` to the first slot that may hold entries, or kSlots when none does
   */
  uint64_t DistanceToOccupied(uint64_t tick) const;

  uint64_t current_tick_;
  std::array<ListNode, kSlots> slots_;
  /** A set bit may be stale (its slot emptied by Disarm); a clear one never is. */
  std::array<uint64_t, kSlots / 64> occupied_{};
};

}  // namespace holdfast::probe
