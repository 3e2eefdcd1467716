#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "vrrp/relations.h"

namespace holdfast::vrrp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SyncGroups, AMemberThatChangesItsGroupLeavesTheOthersTogether) {
  SyncGroups groups;
  groups.Set({1, 2, 3});
  EXPECT_THAT(groups.MembersWith(2), ElementsAre(1, 2, 3));
  groups.Set({3, 4});
  EXPECT_THAT(groups.MembersWith(1), ElementsAre(1, 2));
  EXPECT_THAT(groups.MembersWith(4), ElementsAre(3, 4));
}

TEST(SyncGroups, OneAloneIsInNone) {
  SyncGroups groups;
  groups.Set({1, 2});
  groups.Set({2});
  EXPECT_THAT(groups.MembersWith(2), IsEmpty());
  EXPECT_THAT(groups.MembersWith(1), ElementsAre(1));
  groups.Leave(1);
  groups.Leave(9);
  EXPECT_THAT(groups.MembersWith(1), IsEmpty());
}

TEST(SessionFollowers, AreReplacedAndAskedBySession) {
  SessionFollowers followers;
  followers.Set(7, {1, 2});
  followers.Set(8, {2});
  followers.Set(7, {3});
  EXPECT_THAT(followers.Of(7), ElementsAre(3));
  EXPECT_THAT(followers.Of(9), IsEmpty());
  const auto is_lost = [](int32_t session) { return session == 8; };
  EXPECT_TRUE(followers.FollowsOne(2, is_lost));
  EXPECT_FALSE(followers.FollowsOne(3, is_lost));
}

}  // namespace
}  // namespace holdfast::vrrp
