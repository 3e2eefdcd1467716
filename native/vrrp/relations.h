#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace holdfast::vrrp {

/** Which instances move together. An instance is in one sync group at most. Keeps ids alone. */
class SyncGroups {
 public:
  /** Members leave the groups that they were in; one alone makes no group. */
  void Set(std::vector<int32_t> members);
  void Leave(int32_t instance);

  /** With the instance itself. Empty without a group; good until the next change. */
  std::span<const int32_t> MembersWith(int32_t instance) const;

 private:
  /** The members of a group share the list. */
  std::unordered_map<int32_t, std::shared_ptr<std::vector<int32_t>>> groups_;
};

/** Which instances a lost BFD session triggers. Keeps ids alone. */
class SessionFollowers {
 public:
  void Set(int32_t session, std::vector<int32_t> instances);

  /** Good until the next change. */
  std::span<const int32_t> Of(int32_t session) const;

  /** Whether the instance follows a session of which `is_so(session)` is true. */
  template <typename Predicate>
  bool FollowsOne(int32_t instance, const Predicate& is_so) const {
    return std::ranges::any_of(followers_, [&](const auto& entry) {
      const auto& [session, instances] = entry;
      return std::ranges::find(instances, instance) != instances.end() && is_so(session);
    });
  }

 private:
  std::unordered_map<int32_t, std::vector<int32_t>> followers_;
};

}  // namespace holdfast::vrrp
