#include <errno.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

#include "vrrp/announcer.h"

namespace holdfast::vrrp {
namespace {

/** Takes frames until a budget is used up. */
struct FakeSink final : FrameSink {
  Result SendFrames(std::span<const OutgoingFrame> frames) override {
    ++calls;
    Result result;
    for (const OutgoingFrame& frame : frames) {
      if (budget == 0 || frame.ifindex == broken_ifindex) {
        result.error =
            SyscallError{.syscall = "sendmmsg", .error_number = budget == 0 ? ENOBUFS : ENETDOWN};
        return result;
      }
      --budget;
      ++result.sent;
      last_octets.push_back(frame.frame->view().back());
    }
    return result;
  }

  int calls = 0;
  int budget = 1'000'000;
  int32_t broken_ifindex = 0;
  std::vector<uint8_t> last_octets;
};

struct FakeListener final : Announcer::Listener {
  void OnAnnounced(size_t frames) override { announced += frames; }
  void OnAnnounceFailed(const SyscallError& error, const IpAddress& address, int64_t) override {
    failures.push_back(error.error_number);
    failed_address = address;
  }
  bool CanAnnounceOn(int32_t ifindex) override { return ifindex != silent_ifindex; }

  size_t announced = 0;
  std::vector<int> failures;
  IpAddress failed_address;
  int32_t silent_ifindex = 0;
};

class AnnouncerTest : public testing::Test {
 protected:
  /** @param extra_us the first of them is announced once in so long; 0: none is */
  static std::shared_ptr<AddressSet> Addresses(size_t count, int32_t ifindex = 1,
                                               int64_t extra_us = 0) {
    std::vector<VirtualAddress> addresses(count);
    for (size_t index = 0; index < count; ++index) {
      netlink::AddressRecord& record = addresses[index].record;
      record.family = AF_INET;
      record.ifindex = ifindex;
      record.prefix_length = 32;
      record.address = {10, 0, static_cast<uint8_t>(index >> 8), static_cast<uint8_t>(index)};
    }
    if (extra_us > 0) addresses.front().is_extra = true;
    return std::make_shared<AddressSet>(addresses, std::span<const PreparedObject>{}, extra_us);
  }

  void RunUntilIdle(int64_t now_us) {
    while (timers_.earliest() != nullptr && timers_.earliest()->at_us() <= now_us) {
      timers_.RunDue(timers_.earliest()->at_us(), 1);
    }
  }

  TimerHeap timers_;
  FakeSink sink_;
  FakeListener listener_;
  Announcer announcer_{&timers_, &sink_, &listener_};
};

TEST_F(AnnouncerTest, SendsRoundsThenASecondBurstThenRefreshes) {
  announcer_.Start(Addresses(2),
                   {.repeat = 5, .delay_us = 5'000, .refresh_us = 60'000, .refresh_repeat = 1},
                   1'000);
  EXPECT_EQ(sink_.last_octets, (std::vector<uint8_t>{0, 1})) << "others may want to take over too";
  RunUntilIdle(1'001);
  EXPECT_EQ(sink_.last_octets, (std::vector<uint8_t>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}));
  RunUntilIdle(5'999);
  EXPECT_EQ(listener_.announced, 10u);
  RunUntilIdle(6'000);
  EXPECT_EQ(listener_.announced, 20u);
  RunUntilIdle(65'999);
  EXPECT_EQ(listener_.announced, 20u);
  RunUntilIdle(66'000);
  EXPECT_EQ(listener_.announced, 22u);
  RunUntilIdle(126'010);
  EXPECT_EQ(listener_.announced, 24u);
  EXPECT_EQ(timers_.earliest()->at_us(), 186'000) << "refreshes keep their cadence";
}

TEST_F(AnnouncerTest, OneBurstEndsByItself) {
  announcer_.Start(Addresses(1), {.repeat = 3}, 0);
  RunUntilIdle(1);
  EXPECT_EQ(listener_.announced, 3u);
  EXPECT_FALSE(announcer_.is_active());
}

TEST_F(AnnouncerTest, ManyAddressesAreSentInChunksPerTurn) {
  announcer_.Start(Addresses(5'000), {.repeat = 5}, 0);
  EXPECT_EQ(listener_.announced, FrameSink::kFramesMax);
  EXPECT_TRUE(announcer_.is_active());
  timers_.RunDue(1, 100);
  EXPECT_EQ(listener_.announced, 2 * FrameSink::kFramesMax) << "one chunk a turn";
  RunUntilIdle(2'000);
  EXPECT_EQ(listener_.announced, 25'000u);
  EXPECT_FALSE(announcer_.is_active());
}

TEST_F(AnnouncerTest, AFullQueueIsTriedAgainFromWhereItStopped) {
  sink_.budget = 3;
  announcer_.Start(Addresses(2), {.repeat = 5}, 0);
  RunUntilIdle(1);
  EXPECT_EQ(listener_.announced, 3u);
  sink_.budget = 100;
  RunUntilIdle(1'000);
  EXPECT_EQ(listener_.announced, 3u);
  RunUntilIdle(1'001);
  EXPECT_EQ(sink_.last_octets, (std::vector<uint8_t>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_TRUE(listener_.failures.empty());
}

TEST_F(AnnouncerTest, AFailureIsToldOncePerBurstAndDoesNotStopTheRest) {
  sink_.broken_ifindex = 1;
  announcer_.Start(Addresses(3), {.repeat = 2}, 0);
  RunUntilIdle(1);
  EXPECT_EQ(listener_.failures, (std::vector<int>{ENETDOWN}));
  EXPECT_EQ(listener_.failed_address, *IpAddress::Parse(AF_INET, "10.0.0.0"));
  EXPECT_EQ(listener_.announced, 0u);
  EXPECT_FALSE(announcer_.is_active());
}

TEST_F(AnnouncerTest, LinksWithoutArpAreLeftOut) {
  listener_.silent_ifindex = 1;
  announcer_.Start(Addresses(300), {.repeat = 2, .delay_us = 10}, 0);
  RunUntilIdle(5);
  EXPECT_EQ(listener_.announced, 0u);
  EXPECT_EQ(timers_.earliest()->at_us(), 10);
  announcer_.Cancel();
}

TEST_F(AnnouncerTest, CancelAndStartReplaceWhatIsUnderWay) {
  announcer_.Start(Addresses(1), {.repeat = 1, .delay_us = 100}, 0);
  announcer_.Start(Addresses(1), {.repeat = 1, .delay_us = 200}, 50);
  EXPECT_EQ(timers_.size(), 1u);
  EXPECT_EQ(timers_.earliest()->at_us(), 250);
  announcer_.Cancel();
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(AnnouncerTest, OtherAddressesTakeTheirPlaceInWhatIsStillToCome) {
  announcer_.Start(Addresses(3), {.repeat = 1, .delay_us = 100}, 0);
  announcer_.ReplaceAddresses(Addresses(1), 0);
  RunUntilIdle(100);
  EXPECT_EQ(sink_.last_octets, (std::vector<uint8_t>{0, 1, 2, 0}));
  announcer_.Start(Addresses(5'000), {.repeat = 1}, 200);
  announcer_.ReplaceAddresses(Addresses(2), 0);
  RunUntilIdle(299);
  EXPECT_EQ(sink_.last_octets.size(), 4 + FrameSink::kFramesMax + 2);
  announcer_.Start(Addresses(1), {.repeat = 1, .delay_us = 100}, 300);
  announcer_.ReplaceAddresses(Addresses(0), 0);
  EXPECT_FALSE(announcer_.is_active());
}

TEST_F(AnnouncerTest, ExtraAddressesAreAnnouncedOnceEveryInterval) {
  announcer_.Start(Addresses(3, 1, 2'000), {.repeat = 1}, 1'000);
  RunUntilIdle(2'999);
  EXPECT_EQ(sink_.last_octets, (std::vector<uint8_t>{0, 1, 2}));
  announcer_.Start(Addresses(3, 1, 2'000), {.repeat = 1}, 2'999);
  RunUntilIdle(3'000);
  EXPECT_EQ(sink_.last_octets, (std::vector<uint8_t>{0, 1, 2, 0, 1, 2, 0})) << "not put off";
  RunUntilIdle(6'999);
  EXPECT_EQ(sink_.last_octets.size(), 8u);
  sink_.budget = 0;
  RunUntilIdle(7'000);
  EXPECT_EQ(sink_.last_octets.size(), 8u);
  sink_.budget = 10;
  RunUntilIdle(8'000);
  EXPECT_EQ(sink_.last_octets.size(), 9u) << "tried again when the queue has room";
  announcer_.Cancel();
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(AnnouncerTest, ExtraAddressesComeAndGoWithAReload) {
  announcer_.Start(Addresses(1), {.repeat = 1}, 0);
  EXPECT_EQ(timers_.size(), 0u);
  announcer_.ReplaceAddresses(Addresses(1, 1, 2'000), 100);
  RunUntilIdle(2'100);
  EXPECT_EQ(listener_.announced, 2u);
  announcer_.ReplaceAddresses(Addresses(1), 2'200);
  EXPECT_EQ(timers_.size(), 0u);
  announcer_.Cancel();
  announcer_.ReplaceAddresses(Addresses(1, 1, 2'000), 2'300);
  EXPECT_EQ(timers_.size(), 0u) << "not active";
}

TEST_F(AnnouncerTest, WithoutAddressesNothingIsSent) {
  announcer_.Start(Addresses(0), {.repeat = 5}, 0);
  EXPECT_EQ(listener_.announced, 0u);
  EXPECT_FALSE(announcer_.is_active());
}

}  // namespace
}  // namespace holdfast::vrrp
