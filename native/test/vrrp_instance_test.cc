#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "test/vrrp_instance_fixture.h"
#include "vrrp/instance.h"
#include "vrrp/packet.h"

namespace holdfast::vrrp {
namespace {

/** What a timer is put off that is late by more than an interval. */
constexpr int64_t kListenUs = 50'000;

TEST_F(InstanceTest, TakesOverInOrderWhenTheActiveDownTimerEnds) {
  Install(0);
  EXPECT_EQ(instance_.active_down_timer().at_us(), kActiveDownUs);
  timers_.RunDue(kActiveDownUs - 1, 10);
  EXPECT_TRUE(host_.done.empty());
  timers_.RunDue(kActiveDownUs, 10);
  EXPECT_EQ(host_.done, (std::vector<std::string>{"advert 100", "add", "announce 5"}));
  EXPECT_EQ(instance_.phase(), Phase::kActive);
  ASSERT_NE(host_.Last<RanEvent>(), nullptr);
  EXPECT_EQ(host_.Last<RanEvent>()->epoch, 1);
  EXPECT_EQ(host_.events.back().instance, 7);
}

TEST_F(InstanceTest, AdvertsKeepTheirCadence) {
  Install(0);
  timers_.RunDue(kActiveDownUs, 10);
  int64_t deadline_us = kActiveDownUs + kIntervalUs;
  for (const int64_t late_us : {300, 0, 15'000, 70}) {
    EXPECT_EQ(instance_.adver_timer().at_us(), deadline_us);
    timers_.RunDue(deadline_us + late_us, 10);
    deadline_us += kIntervalUs;
  }
  EXPECT_EQ(instance_.adver_timer().at_us(), deadline_us);
}

TEST_F(InstanceTest, TheFirstAdvertComesEarlyToAMomentThatAllShare) {
  Install(15'624);
  timers_.RunDue(kActiveDownUs + 15'624, 10);
  // Moments are 3,125 us apart; kActiveDownUs is one.
  int64_t deadline_us = kActiveDownUs + 12'500 + kIntervalUs;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(instance_.adver_timer().at_us(), deadline_us);
    timers_.RunDue(deadline_us + 70, 10);
    deadline_us += kIntervalUs;
  }
}

TEST_F(InstanceTest, AfterAStallOneAdvertIsSentAndNotABurst) {
  Install(0);
  timers_.RunDue(kActiveDownUs, 10);
  host_.done.clear();
  const int64_t due_us = instance_.adver_timer().at_us();
  const int64_t now_us = kActiveDownUs + 10 * kIntervalUs + 123;
  timers_.RunDue(now_us, 10);
  EXPECT_TRUE(host_.done.empty()) << "it listens first";
  timers_.RunDue(now_us + kListenUs, 10);
  EXPECT_EQ(host_.done, (std::vector<std::string>{"advert 100"}));
  EXPECT_EQ(host_.deadlines_us.back(), due_us) << "all of its lateness counts";
  EXPECT_EQ(instance_.adver_timer().at_us(), kActiveDownUs + 11 * kIntervalUs + kListenUs)
      << "a shared moment";
}

TEST_F(InstanceTest, AMasterThatWakesUpHearsWhatArrivesWithItAndSaysNothing) {
  Install(0);
  timers_.RunDue(kActiveDownUs, 10);
  host_.done.clear();
  const int64_t now_us = kActiveDownUs + 9 * kIntervalUs;
  timers_.RunDue(now_us, 10);
  Receive(150, "192.168.1.9", now_us + 700);
  timers_.RunDue(now_us + kListenUs, 10);
  EXPECT_EQ(host_.done, (std::vector<std::string>{"cancel", "remove"}));
}

TEST_F(InstanceTest, ABackupThatWakesUpHearsWhatArrivesWithIt) {
  Install(0);
  const int64_t now_us = kActiveDownUs + 9 * kIntervalUs;
  timers_.RunDue(now_us, 10);
  Receive(150, "192.168.1.9", now_us + 700);
  EXPECT_EQ(instance_.active_down_timer().at_us(), now_us + 700 + kActiveDownUs);
  timers_.RunDue(now_us + kListenUs, 10);
  EXPECT_TRUE(host_.done.empty());
}

TEST_F(InstanceTest, ABackupThatWakesUpInSilenceTakesOverAfterAMoment) {
  Install(0);
  const int64_t now_us = kActiveDownUs + 9 * kIntervalUs;
  timers_.RunDue(now_us, 10);
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
  timers_.RunDue(now_us + kListenUs, 10);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
}

TEST_F(InstanceTest, ASecondPauseGetsAMomentToo) {
  Install(0);
  timers_.RunDue(kActiveDownUs + 9 * kIntervalUs, 10);
  const int64_t now_us = kActiveDownUs + 20 * kIntervalUs;
  timers_.RunDue(now_us, 10);
  Receive(150, "192.168.1.9", now_us + 700);
  timers_.RunDue(now_us + kListenUs, 10);
  EXPECT_TRUE(host_.done.empty());
}

TEST_F(InstanceTest, ABackupThatIsAlwaysLateDoesNotWaitForEver) {
  Install(0);
  int64_t now_us = kActiveDownUs;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(instance_.phase(), Phase::kBackup);
    now_us += 3 * kIntervalUs;
    timers_.RunDue(now_us, 10);
  }
  EXPECT_EQ(instance_.phase(), Phase::kActive);
}

TEST_F(InstanceTest, ALatenessOfLessThanAnIntervalCostsNoMore) {
  Install(0);
  timers_.RunDue(kActiveDownUs + kIntervalUs, 10);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
}

TEST_F(InstanceTest, AnAdvertThatWaitsInTheSocketPreventsTheTakeover) {
  Install(0);
  const int64_t now_us = kActiveDownUs + 5;
  host_.on_drain = [&] { Receive(150, "192.168.1.9", now_us); };
  timers_.RunDue(now_us, 10);
  EXPECT_TRUE(host_.done.empty());
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
  EXPECT_EQ(instance_.active_down_timer().at_us(), now_us + kActiveDownUs);
}

TEST_F(InstanceTest, TheIntervalOfTheAdvertCountsAndIsRemembered) {
  Install(0);
  Receive(150, "192.168.1.9", 1'000, 200);
  // 3 * 2 s + 156 / 256 * 2 s
  EXPECT_EQ(instance_.active_down_timer().at_us(), 1'000 + 7'218'750);
  Receive(0, "192.168.1.9", 2'000, 200);
  EXPECT_EQ(instance_.active_down_timer().at_us(), 2'000 + 1'218'750);
}

TEST_F(InstanceTest, HeardIsSaidOnlyWhenTheFactsDiffer) {
  Install(0);
  Receive(150, "192.168.1.9", 1);
  Receive(150, "192.168.1.9", 2);
  ASSERT_EQ(host_.events.size(), 1u);
  ASSERT_NE(host_.Last<HeardEvent>(), nullptr);
  EXPECT_EQ(host_.Last<HeardEvent>()->advert.priority, 150);
  Receive(151, "192.168.1.9", 3);
  EXPECT_EQ(host_.events.size(), 2u);
  EXPECT_EQ(counters_->adverts_received, 3u);
}

TEST_F(InstanceTest, ALowerAdvertIsIgnoredAndLeavesTheTimer) {
  Install(0);
  Receive(99, "192.168.1.9", 1'000);
  EXPECT_TRUE(host_.events.empty());
  EXPECT_EQ(instance_.active_down_timer().at_us(), kActiveDownUs);
}

TEST_F(InstanceTest, EqualPrioritiesAreSortedByAddressAndToldWithoutAPlan) {
  Install(0);
  Receive(100, "192.168.1.3", 1);
  ASSERT_NE(host_.Last<HappenedEvent>(), nullptr);
  EXPECT_EQ(host_.Last<HappenedEvent>()->trigger, Trigger::kEqualPriorityHigherAddress);
  Receive(100, "192.168.1.1", 2);
  EXPECT_EQ(host_.Last<HappenedEvent>()->trigger, Trigger::kEqualPriorityLowerAddress);
  Receive(100, "192.168.1.2", 3);
  EXPECT_EQ(host_.Last<HappenedEvent>()->trigger, Trigger::kEqualPriorityOwnAddress);
}

TEST_F(InstanceTest, YieldsToAHigherAdvert) {
  Install(0);
  timers_.RunDue(kActiveDownUs, 10);
  host_.done.clear();
  Receive(150, "192.168.1.9", 5'000'000);
  EXPECT_EQ(host_.done, (std::vector<std::string>{"cancel", "remove"}));
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
  EXPECT_FALSE(instance_.adver_timer().is_armed());
  ASSERT_NE(host_.Last<RanEvent>(), nullptr);
  EXPECT_EQ(host_.Last<RanEvent>()->epoch, 2);
  EXPECT_TRUE(host_.Last<RanEvent>()->has_advert);
}

TEST_F(InstanceTest, AnOrderOfAnOlderEpochIsRefusedAsAWhole) {
  Install(0);
  timers_.RunDue(kActiveDownUs, 10);
  host_.done.clear();
  instance_.Submit({.order = 2, .epoch = 0, .actions = {SendAdvert{0}}, .program = MakeProgram()},
                   5'000'000);
  ASSERT_NE(host_.Last<RefusedEvent>(), nullptr);
  EXPECT_EQ(host_.Last<RefusedEvent>()->order, 2);
  EXPECT_EQ(host_.Last<RefusedEvent>()->epoch, 1);
  EXPECT_EQ(host_.Last<RefusedEvent>()->phase, Phase::kActive);
  EXPECT_TRUE(host_.done.empty());
  EXPECT_EQ(instance_.phase(), Phase::kActive);
}

TEST_F(InstanceTest, EachDropReasonIsSaidOncePerPhaseAndAlwaysCounted) {
  Install(0);
  ttl_ = 64;
  Receive(150, "192.168.1.9", 1);
  Receive(150, "192.168.1.9", 2);
  ASSERT_EQ(host_.events.size(), 1u);
  const auto* const dropped = host_.Last<DroppedEvent>();
  ASSERT_NE(dropped, nullptr);
  EXPECT_EQ(dropped->reason, DropReason::kTtl);
  EXPECT_EQ(dropped->received, 64);
  EXPECT_EQ(dropped->expected, 255);
  EXPECT_EQ(counters_->dropped[static_cast<size_t>(DropReason::kTtl)], 2u);
  EXPECT_EQ(counters_->adverts_received, 0u);
  EXPECT_EQ(instance_.active_down_timer().at_us(), kActiveDownUs) << "forged: nothing moves";
  timers_.RunDue(kActiveDownUs, 10);
  Receive(150, "192.168.1.9", 5'000'000);
  EXPECT_NE(host_.Last<DroppedEvent>(), nullptr) << "again in the new phase";
}

TEST_F(InstanceTest, AMemberThatHasToWaitForItsGroupPullsNobody) {
  Program program = MakeProgram();
  const std::vector<Action> wait = {ActiveDown(ActiveDownRule::From::kLast)};
  program.AwaitGroup(Phase::kBackup, Trigger::kActiveDown, wait);
  program.Pull(Phase::kBackup, Trigger::kActiveDown, Trigger::kGroupActive);
  instance_.Submit({.order = 1,
                    .epoch = 0,
                    .actions = {ActiveDown(ActiveDownRule::From::kRule)},
                    .program = program},
                   0);
  host_.events.clear();
  host_.do_others_wish = false;
  timers_.RunDue(kActiveDownUs, 10);
  EXPECT_TRUE(instance_.wishes_active());
  EXPECT_TRUE(host_.done.empty());
  EXPECT_TRUE(host_.events.empty());
  EXPECT_TRUE(host_.pulled.empty());
  EXPECT_EQ(instance_.active_down_timer().at_us(), 2 * kActiveDownUs);
  Receive(150, "192.168.1.9", kActiveDownUs + 1);
  EXPECT_FALSE(instance_.wishes_active()) << "a better advert ends the wish";
  host_.do_others_wish = true;
  timers_.RunDue(2 * kActiveDownUs + 1, 10);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
  EXPECT_EQ(host_.pulled, (std::vector<Trigger>{Trigger::kGroupActive}));
}

TEST_F(InstanceTest, AMemberThatIsPulledPullsNobody) {
  Program program = MakeProgram();
  program.AddPlan(Phase::kBackup, Trigger::kGroupActive, {}, Phase::kActive, true);
  program.Pull(Phase::kBackup, Trigger::kGroupActive, Trigger::kGroupActive);
  instance_.Submit({.order = 1, .epoch = 0, .actions = {}, .program = program}, 0);
  instance_.OnTrigger(Trigger::kGroupActive, 1);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
  EXPECT_TRUE(host_.pulled.empty());
}

TEST_F(InstanceTest, ShiftMovesAnArmedTimerOnly) {
  Install(0);
  const auto submit = [this](std::vector<Action> actions) {
    instance_.Submit(
        {.order = 2, .epoch = 0, .actions = std::move(actions), .program = MakeProgram()}, 1'000);
  };
  submit({ShiftActiveDown{.skew_numerator = -10, .skew_base_us = std::nullopt}});
  EXPECT_EQ(instance_.active_down_timer().at_us(), kActiveDownUs - 39'062);
  submit({ShiftActiveDown{.skew_numerator = -65'536, .skew_base_us = 1'000'000}});
  EXPECT_EQ(instance_.active_down_timer().at_us(), 1'000) << "never into the past";
  submit({DisarmActiveDown{}, ShiftActiveDown{.skew_numerator = 10, .skew_base_us = 1}});
  EXPECT_FALSE(instance_.active_down_timer().is_armed());
}

TEST_F(InstanceTest, TriggersWithoutAProgramOrAPlanChangeNothing) {
  instance_.OnTrigger(Trigger::kLinkLost, 1);
  EXPECT_TRUE(host_.events.empty());
  Install(0);
  instance_.OnTrigger(Trigger::kLinkLost, 2);
  ASSERT_NE(host_.Last<HappenedEvent>(), nullptr);
  EXPECT_EQ(instance_.phase(), Phase::kBackup);
  EXPECT_EQ(instance_.epoch(), 0);
}

/** Three intervals and the skew of priority 254. */
constexpr int64_t kStalledAfterUs = 3'007'812;

class StallTest : public InstanceTest {
 protected:
  /** Active since an advert at 0. */
  StallTest() {
    Program program = MakeProgram();
    program.stalled_after_us = kStalledAfterUs;
    const std::vector<Action> yield = {DisarmAdver{}, RemoveAddresses{},
                                       ActiveDown(ActiveDownRule::From::kRule)};
    program.AddPlan(Phase::kActive, Trigger::kStalled, yield, Phase::kBackup, true);
    program.phase = Phase::kActive;
    instance_.Submit({.order = 1,
                      .epoch = 0,
                      .actions = {SendAdvert{100}, ArmAdver{kIntervalUs}},
                      .program = std::move(program)},
                     0);
    host_.done.clear();
    host_.events.clear();
  }

  void ExpectStoodDown(int64_t late_us) {
    EXPECT_EQ(instance_.phase(), Phase::kBackup);
    EXPECT_EQ(host_.done, (std::vector<std::string>{"remove"})) << "it has said nothing";
    ASSERT_GE(host_.events.size(), 2u);
    const auto* const stalled = std::get_if<StalledEvent>(&host_.events[0].body);
    ASSERT_NE(stalled, nullptr);
    EXPECT_EQ(stalled->late_us, late_us);
    const auto* const ran = std::get_if<RanEvent>(&host_.events[1].body);
    ASSERT_NE(ran, nullptr);
    EXPECT_EQ(ran->trigger, Trigger::kStalled);
  }
};

TEST_F(StallTest, AnAdvertThatWaitedIsHeardAsABackup) {
  Receive(50, "192.168.1.9", kStalledAfterUs);
  ExpectStoodDown(kStalledAfterUs - kIntervalUs);
}

TEST_F(StallTest, TheTimerOfTheAdvertFindsItStalled) {
  timers_.RunDue(kStalledAfterUs + 5, 10);
  ExpectStoodDown(kStalledAfterUs + 5 - kIntervalUs);
}

TEST_F(StallTest, AShorterStallDoesNotMatter) {
  timers_.RunDue(kStalledAfterUs - 1, 10);
  timers_.RunDue(kStalledAfterUs - 1 + kListenUs, 10);
  EXPECT_EQ(instance_.phase(), Phase::kActive);
  EXPECT_EQ(host_.done, (std::vector<std::string>{"advert 100"}));
}

TEST_F(InstanceTest, AnOldUnicastChecksumIsUsedFromTheFirstOneOn) {
  const auto reopen = [this](OldChecksum old_checksum) {
    AdvertFilter filter{.format = FormatOf("192.168.1.2"), .is_unicast = true, .peers = {}};
    filter.format.old_checksum = old_checksum;
    filter.format.group = Ip("224.0.0.18");
    instance_.SetTransport(std::make_unique<Transport>(
        2, filter, std::make_shared<AddressSet>(std::span<const VirtualAddress>{})));
    return instance_.transport()->encoder.uses_old_checksum();
  };
  EXPECT_FALSE(reopen(OldChecksum::kDetect));
  Install(0);
  AdvertFormat format = FormatOf("192.168.1.9");
  format.old_checksum = OldChecksum::kAlways;
  format.group = Ip("224.0.0.18");
  AdvertEncoder peer(format);
  instance_.OnDatagram(*SplitIpv4(peer.Encode(150, Ip("192.168.1.2"), 255)), 1);
  EXPECT_EQ(counters_->adverts_received, 1u);
  ASSERT_EQ(host_.events.size(), 2u);
  const auto* const noted = std::get_if<DroppedEvent>(&host_.events.front().body);
  ASSERT_NE(noted, nullptr);
  EXPECT_EQ(noted->reason, DropReason::kOldChecksumNoted);
  EXPECT_TRUE(instance_.transport()->encoder.uses_old_checksum());
  instance_.OnDatagram(*SplitIpv4(peer.Encode(150, Ip("192.168.1.2"), 255)), 2);
  EXPECT_EQ(host_.events.size(), 2u) << "said once";
  EXPECT_TRUE(reopen(OldChecksum::kDetect)) << "kept with new sockets";
  EXPECT_FALSE(reopen(OldChecksum::kNever));
}

TEST_F(InstanceTest, ThePacketsOfNewSocketsAreCountedOn) {
  const auto next_id = [this] {
    const auto packet = instance_.transport()->encoder.Encode(100, Ip("224.0.0.18"), 255);
    return packet[4] << 8 | packet[5];
  };
  EXPECT_EQ(next_id(), 1);
  EXPECT_EQ(next_id(), 2);
  const AdvertFilter filter{.format = FormatOf("192.168.1.3"), .peers = {}};
  instance_.SetTransport(std::make_unique<Transport>(
      2, filter, std::make_shared<AddressSet>(std::span<const VirtualAddress>{})));
  EXPECT_EQ(next_id(), 3);
}

TEST_F(InstanceTest, TheAddressCheckMayBeSkippedForTheKnownSenderInBackupOnly) {
  AdvertFilter filter{.format = FormatOf("192.168.1.2"), .peers = {}};
  filter.format.addresses = {Ip("192.168.1.101")};
  auto transport = std::make_unique<Transport>(
      2, filter, std::make_shared<AddressSet>(std::span<const VirtualAddress>{}));
  transport->skips_address_check = true;
  instance_.SetTransport(std::move(transport));
  Install(0);
  const auto& noted = counters_->dropped[static_cast<size_t>(DropReason::kAddressList)];
  Receive(150, "192.168.1.9", 1);
  EXPECT_EQ(noted, 1u);
  Receive(150, "192.168.1.9", 2);
  EXPECT_EQ(noted, 1u);
  Receive(150, "192.168.1.8", 3);
  EXPECT_EQ(noted, 2u);
}

}  // namespace
}  // namespace holdfast::vrrp
