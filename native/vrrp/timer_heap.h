#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace holdfast::vrrp {

class TimerNode;

/** From now on, the soonest that is not part of the same turn of the loop. */
inline constexpr int64_t kNextTurnUs = 1;

/** Whoever has timers. */
class TimerOwner {
 public:
  /** The deadline has passed, but what is about to happen may still put it off. Called once. */
  virtual void BeforeTimer(TimerNode&, int64_t /*now_us*/) {}
  /** The timer is disarmed by now; `node.at_us()` still tells the deadline. */
  virtual void OnTimer(TimerNode& node, int64_t now_us) = 0;

 protected:
  ~TimerOwner() = default;
};

/** A timer inside its owner. Must be disarmed before it goes. */
class TimerNode {
 public:
  explicit TimerNode(TimerOwner* owner) : owner_(owner) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;

  bool is_armed() const { return position_ != kNone; }
  int64_t at_us() const { return at_us_; }

 private:
  friend class TimerHeap;
  static constexpr size_t kNone = static_cast<size_t>(-1);

  TimerOwner* owner_;
  int64_t at_us_ = 0;
  size_t position_ = kNone;
  bool is_announced_ = false;
};

/**
 * All timers of the loop: a binary heap whose nodes know their place, so that moving one is
 * O(log n). Allocates in Reserve() only, as long as no more timers are armed than reserved.
 */
class TimerHeap {
 public:
  void Reserve(size_t timers) { heap_.reserve(timers); }

  /** Arms or moves. */
  void Arm(TimerNode* node, int64_t at_us);
  void Disarm(TimerNode* node);

  /** Null when no timer is armed. */
  const TimerNode* earliest() const { return heap_.empty() ? nullptr : heap_.front(); }
  size_t size() const { return heap_.size(); }

  /**
   * Runs what is due at `now_us`, earliest first, at most `limit` timers. Work that goes on with
   * the next turn is armed for kNextTurnUs later, so that it ends here.
   * @returns how many ran
   */
  size_t RunDue(int64_t now_us, size_t limit);

 private:
  void Place(TimerNode* node, size_t position);
  void SiftUp(size_t position);
  void SiftDown(size_t position);

  std::vector<TimerNode*> heap_;
};

}  // namespace holdfast::vrrp
