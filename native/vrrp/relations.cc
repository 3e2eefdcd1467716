#include "vrrp/relations.h"

#include <utility>

namespace holdfast::vrrp {

void SyncGroups::Set(std::vector<int32_t> members) {
  for (const int32_t id : members) Leave(id);
  if (members.size() < 2) return;
  const auto shared = std::make_shared<std::vector<int32_t>>(std::move(members));
  for (const int32_t id : *shared) groups_[id] = shared;
}

void SyncGroups::Leave(int32_t instance) {
  const auto group = groups_.find(instance);
  if (group == groups_.end()) return;
  std::erase(*group->second, instance);
  groups_.erase(group);
}

std::span<const int32_t> SyncGroups::MembersWith(int32_t instance) const {
  const auto group = groups_.find(instance);
  if (group == groups_.end()) return {};
  return *group->second;
}

void SessionFollowers::Set(int32_t session, std::vector<int32_t> instances) {
  followers_[session] = std::move(instances);
}

std::span<const int32_t> SessionFollowers::Of(int32_t session) const {
  const auto followers = followers_.find(session);
  if (followers == followers_.end()) return {};
  return followers->second;
}

}  // namespace holdfast::vrrp
