#include <gtest/gtest.h>

#include <array>

#include "vrrp/program.h"

namespace holdfast::vrrp {
namespace {

TEST(Program, KeepsTheActionsOfEachPhaseAndTriggerApart) {
  Program program;
  const std::array<Action, 2> takeover = {SendAdvert{.priority = 100}, AddAddresses{}};
  const std::array<Action, 1> advert = {SendAdvert{.priority = 99}};
  EXPECT_TRUE(
      program.AddPlan(Phase::kBackup, Trigger::kActiveDown, takeover, Phase::kActive, true));
  EXPECT_TRUE(program.AddPlan(Phase::kActive, Trigger::kAdver, advert, Phase::kActive, false));
  const Reaction& first = program.ReactionTo(Phase::kBackup, Trigger::kActiveDown);
  EXPECT_EQ(first.kind, Reaction::Kind::kRun);
  EXPECT_EQ(first.next, Phase::kActive);
  EXPECT_TRUE(first.is_reported);
  ASSERT_EQ(program.ActionsOf(first).size(), 2u);
  EXPECT_EQ(std::get<SendAdvert>(program.ActionsOf(first)[0]).priority, 100);
  const Reaction& second = program.ReactionTo(Phase::kActive, Trigger::kAdver);
  ASSERT_EQ(program.ActionsOf(second).size(), 1u);
  EXPECT_EQ(std::get<SendAdvert>(program.ActionsOf(second)[0]).priority, 99);
  EXPECT_EQ(program.ReactionTo(Phase::kBackup, Trigger::kAdver).kind, Reaction::Kind::kTell);
}

TEST(Program, ASecondPlanForATriggerIsRefused) {
  Program program;
  EXPECT_TRUE(program.AddPlan(Phase::kIdle, Trigger::kAdver, {}, Phase::kIdle, false));
  EXPECT_FALSE(program.AddPlan(Phase::kIdle, Trigger::kAdver, {}, Phase::kActive, false));
}

TEST(Program, IgnoringAllAdvertsIsSeenAsSuch) {
  Program program;
  for (size_t trigger = 2; trigger <= 7; ++trigger) {
    EXPECT_FALSE(program.IgnoresAdverts(Phase::kIdle));
    program.Ignore(Phase::kIdle, static_cast<Trigger>(trigger));
  }
  EXPECT_TRUE(program.IgnoresAdverts(Phase::kIdle));
  EXPECT_FALSE(program.IgnoresAdverts(Phase::kBackup));
}

}  // namespace
}  // namespace holdfast::vrrp
