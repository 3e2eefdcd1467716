#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {

void TimerHeap::Arm(TimerNode* node, int64_t at_us) {
  node->at_us_ = at_us;
  node->is_announced_ = false;
  if (!node->is_armed()) {
    node->position_ = heap_.size();
    heap_.push_back(node);
  }
  SiftUp(node->position_);
  SiftDown(node->position_);
}

void TimerHeap::Disarm(TimerNode* node) {
  if (!node->is_armed()) return;
  const size_t hole = node->position_;
  TimerNode* const last = heap_.back();
  heap_.pop_back();
  node->position_ = TimerNode::kNone;
  if (last == node) return;
  Place(last, hole);
  SiftUp(hole);
  SiftDown(last->position_);
}

size_t TimerHeap::RunDue(int64_t now_us, size_t limit) {
  size_t ran = 0;
  while (ran < limit && !heap_.empty() && heap_.front()->at_us_ <= now_us) {
    TimerNode* const node = heap_.front();
    if (!node->is_announced_) {
      node->is_announced_ = true;
      node->owner_->BeforeTimer(*node, now_us);
      continue;
    }
    Disarm(node);
    node->owner_->OnTimer(*node, now_us);
    ++ran;
  }
  return ran;
}

void TimerHeap::Place(TimerNode* node, size_t position) {
  heap_[position] = node;
  node->position_ = position;
}

void TimerHeap::SiftUp(size_t position) {
  TimerNode* const node = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (heap_[parent]->at_us_ <= node->at_us_) break;
    Place(heap_[parent], position);
    position = parent;
  }
  Place(node, position);
}

void TimerHeap::SiftDown(size_t position) {
  TimerNode* const node = heap_[position];
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_us_ < heap_[child]->at_us_) ++child;
    if (node->at_us_ <= heap_[child]->at_us_) break;
    Place(heap_[child], position);
    position = child;
  }
  Place(node, position);
}

}  // namespace holdfast::vrrp
