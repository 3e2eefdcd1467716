#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "vrrp/model.h"

namespace holdfast::vrrp {

/** contract.ts `VrrpCounters`: written by the loop, read by anyone at any time. */
struct Counters {
  std::atomic<uint64_t> adverts_sent{0};
  std::atomic<uint64_t> adverts_received{0};
  std::atomic<uint64_t> priority_zero_sent{0};
  std::atomic<uint64_t> priority_zero_received{0};
  std::atomic<uint64_t> announcements_sent{0};
  std::array<std::atomic<uint64_t>, kDropReasons> dropped{};

  static void Add(std::atomic<uint64_t>* counter, uint64_t amount = 1) {
    counter->fetch_add(amount, std::memory_order_relaxed);
  }
};

}  // namespace holdfast::vrrp
