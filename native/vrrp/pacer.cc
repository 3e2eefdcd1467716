#include "vrrp/pacer.h"

#include <sys/socket.h>

#include <algorithm>

namespace holdfast::vrrp {

void Pacer::Set(const std::vector<Pacing>& groups) {
  groups_.clear();
  group_of_.clear();
  for (const Pacing& pacing : groups) {
    for (const int32_t ifindex : pacing.interfaces) group_of_[ifindex] = groups_.size();
    groups_.push_back({.garp = {.interval_us = pacing.garp_interval_us},
                       .gna = {.interval_us = pacing.gna_interval_us}});
  }
}

bool Pacer::IsPaced(int32_t ifindex, uint8_t family) const {
  const auto found = group_of_.find(ifindex);
  if (found == group_of_.end()) return false;
  const Group& group = groups_[found->second];
  return (family == AF_INET ? group.garp : group.gna).interval_us > 0;
}

int64_t Pacer::Reserve(int32_t ifindex, uint8_t family, int64_t now_us) {
  const auto found = group_of_.find(ifindex);
  if (found == group_of_.end()) return now_us;
  Group& group = groups_[found->second];
  Lane& lane = family == AF_INET ? group.garp : group.gna;
  const int64_t at_us = std::max(lane.free_us, now_us);
  lane.free_us = at_us + lane.interval_us;
  return at_us;
}

}  // namespace holdfast::vrrp
