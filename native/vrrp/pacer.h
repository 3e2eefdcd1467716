#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace holdfast::vrrp {

/** contract.ts `AnnouncePacing` */
struct Pacing {
  std::vector<int32_t> interfaces;
  int64_t garp_interval_us = 0;
  int64_t gna_interval_us = 0;
};

/** Keeps announcements on an interface, or on a group of them, apart in time; all instances share
 * it. */
class Pacer {
 public:
  /** Replaces all; interfaces that are not listed are not paced. */
  void Set(const std::vector<Pacing>& groups);
  bool IsPaced(int32_t ifindex, uint8_t family) const;
  /**
   * Takes the next free moment.
   * @returns `now_us` or later
   */
  int64_t Reserve(int32_t ifindex, uint8_t family, int64_t now_us);

 private:
  struct Lane {
    int64_t interval_us = 0;
    int64_t free_us = 0;
  };
  struct Group {
    Lane garp;
    Lane gna;
  };

  std::vector<Group> groups_;
  std::unordered_map<int32_t, size_t> group_of_;
};

}  // namespace holdfast::vrrp
