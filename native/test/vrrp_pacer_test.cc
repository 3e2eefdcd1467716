#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <span>
#include <vector>

#include "vrrp/announcer.h"
#include "vrrp/pacer.h"

namespace holdfast::vrrp {
namespace {

TEST(Pacer, SharesTheMomentsOfAGroupAndKeepsTheKindsApart) {
  Pacer pacer;
  pacer.Set({{.interfaces = {2, 3}, .garp_interval_us = 100, .gna_interval_us = 0}});
  EXPECT_EQ(pacer.Reserve(2, AF_INET, 1'000), 1'000);
  EXPECT_EQ(pacer.Reserve(3, AF_INET, 1'000), 1'100);
  EXPECT_EQ(pacer.Reserve(2, AF_INET, 5'000), 5'000);
  EXPECT_TRUE(pacer.IsPaced(3, AF_INET));
  EXPECT_FALSE(pacer.IsPaced(3, AF_INET6));
  EXPECT_FALSE(pacer.IsPaced(4, AF_INET));
  pacer.Set({});
  EXPECT_FALSE(pacer.IsPaced(2, AF_INET));
}

struct CountingSink final : FrameSink {
  Result SendFrames(std::span<const OutgoingFrame> frames) override {
    for (const OutgoingFrame& frame : frames) ifindexes.push_back(frame.ifindex);
    return {.sent = frames.size(), .error = std::nullopt};
  }
  std::vector<int32_t> ifindexes;
};

struct Listener final : Announcer::Listener {
  void OnAnnounced(size_t) override {}
  void OnAnnounceFailed(const SyscallError&, const IpAddress&, int64_t) override {}
  bool CanAnnounceOn(int32_t) override { return true; }
  void OnLaterBurst(uint32_t rounds, int64_t now_us) override {
    later.emplace_back(rounds, now_us);
  }
  std::vector<std::pair<uint32_t, int64_t>> later;
};

std::shared_ptr<AddressSet> Addresses(const std::vector<int32_t>& ifindexes) {
  std::vector<VirtualAddress> addresses;
  for (const int32_t ifindex : ifindexes) {
    VirtualAddress& address = addresses.emplace_back();
    address.record.family = AF_INET;
    address.record.ifindex = ifindex;
    address.record.prefix_length = 32;
    address.record.address = {10, 0, 0, static_cast<uint8_t>(addresses.size())};
  }
  return std::make_shared<AddressSet>(addresses);
}

class PacedAnnouncerTest : public testing::Test {
 protected:
  PacedAnnouncerTest() { timers_.Reserve(8); }

  void RunUntil(int64_t until_us) {
    while (timers_.earliest() != nullptr && timers_.earliest()->at_us() <= until_us) {
      timers_.RunDue(timers_.earliest()->at_us(), 1);
    }
  }

  TimerHeap timers_;
  CountingSink sink_;
  Listener listener_;
  Pacer pacer_;
};

TEST_F(PacedAnnouncerTest, SendsOneFramePerInterval) {
  pacer_.Set({{.interfaces = {2}, .garp_interval_us = 100, .gna_interval_us = 0}});
  Announcer announcer(&timers_, &sink_, &listener_, &pacer_);
  announcer.Start(Addresses({2, 2}), {.repeat = 2}, 1'000);
  EXPECT_EQ(sink_.ifindexes.size(), 1u);
  RunUntil(1'099);
  EXPECT_EQ(sink_.ifindexes.size(), 1u);
  RunUntil(1'200);
  EXPECT_EQ(sink_.ifindexes.size(), 3u);
  RunUntil(10'000);
  EXPECT_EQ(sink_.ifindexes.size(), 4u);
  EXPECT_FALSE(announcer.is_active());
}

TEST_F(PacedAnnouncerTest, TwoInstancesOnOneInterfaceTakeTurns) {
  pacer_.Set({{.interfaces = {2, 3}, .garp_interval_us = 100, .gna_interval_us = 0}});
  Announcer first(&timers_, &sink_, &listener_, &pacer_);
  Announcer second(&timers_, &sink_, &listener_, &pacer_);
  first.Start(Addresses({2}), {.repeat = 3}, 0);
  second.Start(Addresses({3}), {.repeat = 3}, 0);
  RunUntil(10'000);
  EXPECT_EQ(sink_.ifindexes, (std::vector<int32_t>{2, 3, 2, 3, 2, 3}));
}

TEST_F(PacedAnnouncerTest, OtherInterfacesAreNotPaced) {
  pacer_.Set({{.interfaces = {2}, .garp_interval_us = 100, .gna_interval_us = 0}});
  Announcer announcer(&timers_, &sink_, &listener_, &pacer_);
  announcer.Start(Addresses({3, 3, 3}), {.repeat = 5}, 0);
  RunUntil(1);
  EXPECT_EQ(sink_.ifindexes.size(), 15u);
}

TEST_F(PacedAnnouncerTest, TellsOfTheBurstsAfterTheFirst) {
  Announcer announcer(&timers_, &sink_, &listener_, &pacer_);
  announcer.Start(Addresses({2}),
                  {.repeat = 5, .delay_us = 1'000, .refresh_us = 2'000, .refresh_repeat = 1}, 0);
  EXPECT_TRUE(listener_.later.empty());
  RunUntil(5'000);
  const std::vector<std::pair<uint32_t, int64_t>> expected = {{5, 1'000}, {1, 3'000}, {1, 5'000}};
  EXPECT_EQ(listener_.later, expected);
}

}  // namespace
}  // namespace holdfast::vrrp
