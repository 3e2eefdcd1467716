#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace holdfast {

struct LatenessSummary {
  uint64_t count = 0;
  uint64_t p50_us = 0;
  uint64_t p99_us = 0;
  uint64_t max_us = 0;
};

/**
 * Histogram of how late a loop's timers fired, in steps of an eighth of a power of two (at most 12
 * % too high). One writer; readers on other threads see a slightly torn but sane picture.
 */
class LatenessHistogram {
 public:
  void Record(int64_t lateness_us) {
    const uint64_t us = lateness_us > 0 ? static_cast<uint64_t>(lateness_us) : 0;
    buckets_[BucketOf(us)].fetch_add(1, std::memory_order_relaxed);
    if (us > max_us_.load(std::memory_order_relaxed)) {
      max_us_.store(us, std::memory_order_relaxed);
    }
    if (us > recent_us_.load(std::memory_order_relaxed)) {
      recent_us_.store(us, std::memory_order_relaxed);
    }
  }

  /** @returns the largest lateness since the last call */
  uint64_t TakeRecent() { return recent_us_.exchange(0, std::memory_order_relaxed); }

  LatenessSummary Summary() const {
    LatenessSummary summary;
    summary.max_us = max_us_.load(std::memory_order_relaxed);
    for (const auto& bucket : buckets_) summary.count += bucket.load(std::memory_order_relaxed);
    summary.p50_us = Quantile(summary.count, 50);
    summary.p99_us = Quantile(summary.count, 99);
    return summary;
  }

 private:
  static constexpr size_t kStepsPerOctave = 8;
  static constexpr size_t kBuckets = 40 * kStepsPerOctave;

  static size_t BucketOf(uint64_t us) {
    if (us < kStepsPerOctave) return us;
    const size_t shift = static_cast<size_t>(std::bit_width(us)) - 4;
    const size_t bucket = (shift + 1) * kStepsPerOctave + ((us >> shift) - kStepsPerOctave);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }

  /** Largest value of a bucket. */
  static uint64_t UpperBound(size_t bucket) {
    if (bucket < kStepsPerOctave) return bucket;
    const size_t shift = bucket / kStepsPerOctave - 1;
    return ((bucket % kStepsPerOctave + kStepsPerOctave + 1) << shift) - 1;
  }

  uint64_t Quantile(uint64_t count, uint64_t percent) const {
    const uint64_t wanted = (count * percent + 99) / 100;
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < kBuckets && wanted > 0; ++bucket) {
      seen += buckets_[bucket].load(std::memory_order_relaxed);
      if (seen >= wanted) return UpperBound(bucket);
    }
    return 0;
  }

  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> max_us_{0};
  std::atomic<uint64_t> recent_us_{0};
};

}  // namespace holdfast
