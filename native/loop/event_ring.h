#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace holdfast {

/**
 * Bounded ring of fixed-size records from one producer thread (a native loop) to one consumer (the
 * thread that owns the JavaScript environment). Push never blocks and never allocates: what finds
 * the ring full is dropped and counted.
 */
template <typename Event>
class EventRing {
  static_assert(std::is_trivially_copyable_v<Event>);

 public:
  /** @param capacity a power of two */
  explicit EventRing(size_t capacity)
      : slots_(std::make_unique<Event[]>(capacity)), mask_(capacity - 1) {}

  bool Push(const Event& event) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) > mask_) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    slots_[tail & mask_] = event;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  bool Pop(Event* event) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    *event = slots_[head & mask_];
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<Event[]> slots_;
  const size_t mask_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
  std::atomic<uint64_t> lost_{0};
};

}  // namespace holdfast
