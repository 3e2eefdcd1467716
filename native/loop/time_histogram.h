#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace holdfast {

/** contract.ts `TimeHistogram`: counts of durations in buckets that never change. One writer, any
 * readers. */
class TimeHistogram {
 public:
  /** Inclusive upper ends; the last bucket, without an end, comes after them. */
  static constexpr std::array<int64_t, 17> kBoundsUs{
      50,     100,     250,     500,     1'000,     2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
  static constexpr size_t kBuckets = kBoundsUs.size() + 1;

  void Record(int64_t us) {
    us = std::max<int64_t>(us, 0);
    const auto bound = std::ranges::lower_bound(kBoundsUs, us);
    buckets_[static_cast<size_t>(bound - kBoundsUs.begin())].fetch_add(1,
                                                                       std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<uint64_t>(us), std::memory_order_relaxed);
  }

  uint64_t bucket(size_t index) const { return buckets_[index].load(std::memory_order_relaxed); }
  uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> sum_us_{0};
};

}  // namespace holdfast
