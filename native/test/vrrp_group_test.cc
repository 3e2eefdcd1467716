#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "vrrp/instance.h"

namespace holdfast::vrrp {
namespace {

constexpr int64_t kFullUs = 3'000'000;

/** Lets a test say whether the rest of the group is ready, and counts what it is pulled by. */
struct GroupHost final : InstanceHost {
  void SendAdvert(Instance&, uint8_t, int64_t) override { ++adverts; }
  void ChangeAddresses(Instance&, AddressSet::Change, int64_t) override {}
  void StartAnnounce(Instance&, const AnnounceRule&, int64_t) override {}
  void CancelAnnounce(Instance&) override {}
  void DrainSocket(Instance&) override {}
  void RecordDeadline(int64_t) override {}
  void RecordAdvertDeadline(int64_t) override {}
  void Emit(const Event& event) override { events.push_back(event); }
  bool DoOthersWish(const Instance&) override { return do_others_wish; }
  void PullOthers(const Instance& instance, Trigger trigger, int64_t) override {
    phase_when_pulling = instance.phase();
    pulled.push_back(trigger);
  }

  int adverts = 0;
  bool do_others_wish = false;
  Phase phase_when_pulling = Phase::kIdle;
  std::vector<Trigger> pulled;
  std::vector<Event> events;
};

class GroupMemberTest : public testing::Test {
 protected:
  GroupMemberTest() {
    timers_.Reserve(4);
    Program& program = program_;
    program.phase = Phase::kBackup;
    const std::vector<Action> wait = {Wait()};
    const std::vector<Action> takeover = {SendAdvert{100}};
    program.AddPlan(Phase::kBackup, Trigger::kActiveDown, takeover, Phase::kActive, true);
    program.AwaitGroup(Phase::kBackup, Trigger::kActiveDown, wait);
    program.Pull(Phase::kBackup, Trigger::kActiveDown, Trigger::kGroupActive);
    program.AddPlan(Phase::kBackup, Trigger::kGroupActive, takeover, Phase::kActive, true);
    // Not what a program should say; pulling must end here all the same.
    program.Pull(Phase::kBackup, Trigger::kGroupActive, Trigger::kGroupActive);
    program.AddPlan(Phase::kActive, Trigger::kGroupBackup, wait, Phase::kBackup, true);
    instance_.Submit({.order = 1, .epoch = 0, .actions = wait, .program = program}, 0);
    host_.events.clear();
  }

  static ArmActiveDown Wait() {
    return {.rule = {.interval_us = 1'000'000,
                     .interval_from = ActiveDownRule::From::kRule,
                     .multiplier = 3,
                     .skew_numerator = 0,
                     .skew_base_us = std::nullopt}};
  }

  void RunUntil(int64_t until_us) {
    while (timers_.earliest() != nullptr && timers_.earliest()->at_us() <= until_us) {
      timers_.RunDue(timers_.earliest()->at_us(), 1);
    }
  }

  TimerHeap timers_;
  GroupHost host_;
  Program program_;
  Instance instance_{1, std::make_shared<Counters>(), &timers_, &host_};
};

TEST_F(GroupMemberTest, WaitsWithAFullTimerAndWishesUntilTheOthersDo) {
  RunUntil(kFullUs);
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
  EXPECT_TRUE(instance_.wishes_active());
  EXPECT_TRUE(host_.events.empty());
  EXPECT_EQ(instance_.active_down_timer().at_us(), 2 * kFullUs);
  host_.do_others_wish = true;
  RunUntil(2 * kFullUs);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
  EXPECT_EQ(host_.pulled, std::vector<Trigger>{Trigger::kGroupActive});
  EXPECT_EQ(host_.phase_when_pulling, Phase::kActive);
  EXPECT_EQ(instance_.epoch(), 1);
}

TEST_F(GroupMemberTest, PulledMembersMoveAndPullNobody) {
  instance_.OnTrigger(Trigger::kGroupActive, 1'000);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
  EXPECT_EQ(instance_.epoch(), 1);
  EXPECT_TRUE(host_.pulled.empty());
}

TEST_F(GroupMemberTest, TheWishEndsWhenTheTimerIsArmedForAnotherReason) {
  RunUntil(kFullUs);
  ASSERT_TRUE(instance_.wishes_active());
  instance_.Submit({.order = 2, .epoch = 0, .actions = {Wait()}, .program = program_}, kFullUs + 1);
  EXPECT_FALSE(instance_.wishes_active());
}

TEST_F(GroupMemberTest, TheWishEndsWithTheBackupPhase) {
  RunUntil(kFullUs);
  instance_.OnTrigger(Trigger::kGroupActive, kFullUs + 1);
  EXPECT_TRUE(instance_.wishes_active()) << "active counts as a wish";
  instance_.OnTrigger(Trigger::kGroupBackup, kFullUs + 2);
  EXPECT_FALSE(instance_.wishes_active());
}

}  // namespace
}  // namespace holdfast::vrrp
