#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "test/vrrp_instance_fixture.h"
#include "vrrp/instance.h"
#include "vrrp/ration.h"

// Adverts by the thousand from others.
namespace holdfast::vrrp {
namespace {

constexpr int64_t kStepUs = 10;
/** Odd, so that the last one differs from the last one of the ration. */
constexpr int kStorm = 301;

class StormTest : public InstanceTest {
 protected:
  /** @param phase to begin in */
  void InstallIn(Phase phase) {
    Program program = MakeProgram();
    const std::vector<Action> answer = {SendAdvert{100}, ArmAdver{kIntervalUs}, Announce{}};
    program.AddPlan(Phase::kActive, Trigger::kLowerPriority, answer, Phase::kActive, false);
    program.phase = phase;
    instance_.Submit({.order = 1, .epoch = 0, .actions = {}, .program = std::move(program)}, 0);
    host_.events.clear();
  }

  /** @returns when the last one came */
  int64_t Storm(uint8_t priority, int64_t from_us) {
    for (int number = 0; number < kStorm; ++number) {
      Receive(static_cast<uint8_t>(priority + number % 2), "192.168.1.9", from_us);
      from_us += kStepUs;
      timers_.RunDue(from_us, 10);
    }
    return from_us;
  }

  size_t Answers() const {
    return static_cast<size_t>(std::ranges::count(host_.done, std::string("advert 100")));
  }

  std::vector<uint8_t> Heard() const {
    std::vector<uint8_t> priorities;
    for (const Event& event : host_.events) {
      const auto* const heard = std::get_if<HeardEvent>(&event.body);
      if (heard != nullptr) priorities.push_back(heard->advert.priority);
    }
    return priorities;
  }
};

TEST_F(StormTest, AFewLowerAdvertsAreAnsweredAtOnce) {
  InstallIn(Phase::kActive);
  for (size_t number = 1; number <= Ration::kAtOnce; ++number) {
    Receive(50, "192.168.1.9", static_cast<int64_t>(number));
    EXPECT_EQ(Answers(), number);
  }
}

TEST_F(StormTest, AStormHasNoMoreAnswersThanTheRation) {
  InstallIn(Phase::kActive);
  ASSERT_LT(Storm(50, 0), Ration::kSpanUs);
  EXPECT_EQ(Answers(), static_cast<size_t>(Ration::kAtOnce)) << "all of it within the first span";
  timers_.RunDue(Ration::kSpanUs - 1, 10);
  EXPECT_EQ(Answers(), static_cast<size_t>(Ration::kAtOnce));
}

TEST_F(StormTest, TheLastOneIsAnsweredInAnyCase) {
  InstallIn(Phase::kActive);
  Storm(50, 0);
  timers_.RunDue(Ration::kSpanUs, 10);
  EXPECT_EQ(Answers(), static_cast<size_t>(Ration::kAtOnce) + 1);
  EXPECT_EQ(Heard().back(), 50) << "the last one is the one that is told of";
  timers_.RunDue(kIntervalUs, 10);
  EXPECT_EQ(Answers(), static_cast<size_t>(Ration::kAtOnce) + 1) << "once";
}

TEST_F(StormTest, WhatWaitsIsNotAnsweredAfterAPause) {
  InstallIn(Phase::kActive);
  Storm(50, 0);
  host_.done.clear();
  const int64_t now_us = 9 * kIntervalUs;
  timers_.RunDue(now_us, 10);
  EXPECT_TRUE(host_.done.empty()) << "a better router may be there by now";
  Receive(150, "192.168.1.8", now_us + 700);
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
}

TEST_F(StormTest, ABetterRouterIsObeyedAtOnceAndNothingIsMadeUpFor) {
  InstallIn(Phase::kActive);
  const int64_t end_us = Storm(50, 0);
  host_.done.clear();
  Receive(150, "192.168.1.8", end_us);
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
  timers_.RunDue(2 * Ration::kSpanUs, 10);
  EXPECT_EQ(host_.done, (std::vector<std::string>{"cancel", "remove"})) << "no word of a backup";
}

TEST_F(StormTest, ABackupObeysAllAndTellsOfAFew) {
  InstallIn(Phase::kBackup);
  const int64_t end_us = Storm(150, 0);
  EXPECT_EQ(instance_.active_down_timer().at_us(), end_us - kStepUs + kActiveDownUs);
  EXPECT_EQ(Heard().size(), static_cast<size_t>(Ration::kAtOnce));
  timers_.RunDue(Ration::kSpanUs, 10);
  ASSERT_EQ(Heard().size(), static_cast<size_t>(Ration::kAtOnce) + 1);
  EXPECT_EQ(Heard().back(), 150) << "the last one";
  EXPECT_EQ(counters_->adverts_received, static_cast<uint64_t>(kStorm));
}

TEST_F(StormTest, WhatWasToldLastIsNotToldAgainAfterwards) {
  InstallIn(Phase::kBackup);
  Storm(150, 0);
  const uint8_t last = Heard().back();
  Receive(last, "192.168.1.9", 4'000);
  timers_.RunDue(Ration::kSpanUs, 10);
  EXPECT_EQ(Heard().size(), static_cast<size_t>(Ration::kAtOnce));
}

}  // namespace
}  // namespace holdfast::vrrp
