#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "probe/timing_wheel.h"

namespace holdfast::probe {
namespace {

constexpr int64_t kTickUs = TimingWheel::kTickUs;
constexpr int64_t kRevolutionUs = kTickUs * static_cast<int64_t>(TimingWheel::kSlots);

std::vector<WheelEntry*> DueAt(TimingWheel& wheel, int64_t now_us) {
  std::vector<WheelEntry*> due;
  wheel.Advance(now_us, [&due](WheelEntry* entry) { due.push_back(entry); });
  return due;
}

TEST(TimingWheel, IsNeverEarlyAndAtMostOneTickLate) {
  TimingWheel wheel(1'000'000);
  WheelEntry entry;
  wheel.Arm(&entry, 1'000'000 + 10 * kTickUs + 1);
  EXPECT_TRUE(DueAt(wheel, 1'000'000 + 10 * kTickUs).empty());
  EXPECT_EQ(DueAt(wheel, 1'000'000 + 11 * kTickUs), std::vector<WheelEntry*>{&entry});
  EXPECT_TRUE(DueAt(wheel, 1'000'000 + 20 * kTickUs).empty());
}

TEST(TimingWheel, APastDeadlineIsDueWithTheNextTick) {
  TimingWheel wheel(1'000'000);
  WheelEntry entry;
  wheel.Arm(&entry, 5);
  EXPECT_TRUE(DueAt(wheel, 1'000'000).empty());
  EXPECT_EQ(wheel.NextWakeUs(), 1'000'000 + kTickUs);
  EXPECT_EQ(DueAt(wheel, 1'000'000 + kTickUs).size(), 1u);
}

TEST(TimingWheel, SleepsWhenNothingIsArmed) {
  TimingWheel wheel(0);
  EXPECT_EQ(wheel.NextWakeUs(), TimingWheel::kNever);
  WheelEntry entry;
  wheel.Arm(&entry, 100 * kTickUs);
  EXPECT_EQ(wheel.NextWakeUs(), 100 * kTickUs);
  DueAt(wheel, 100 * kTickUs);
  EXPECT_EQ(wheel.NextWakeUs(), TimingWheel::kNever);
}

TEST(TimingWheel, FarDeadlinesWaitForTheirRevolution) {
  TimingWheel wheel(0);
  WheelEntry near;
  WheelEntry far;
  wheel.Arm(&near, 7 * kTickUs);
  wheel.Arm(&far, 3 * kRevolutionUs + 7 * kTickUs);
  EXPECT_EQ(DueAt(wheel, 7 * kTickUs), std::vector<WheelEntry*>{&near});
  EXPECT_TRUE(DueAt(wheel, kRevolutionUs + 7 * kTickUs).empty());
  EXPECT_TRUE(DueAt(wheel, 3 * kRevolutionUs + 6 * kTickUs).empty());
  EXPECT_EQ(DueAt(wheel, 3 * kRevolutionUs + 7 * kTickUs), std::vector<WheelEntry*>{&far});
}

TEST(TimingWheel, AJumpOverSeveralRevolutionsFindsEverything) {
  TimingWheel wheel(0);
  std::vector<std::unique_ptr<WheelEntry>> entries;
  for (int64_t index = 1; index <= 100; ++index) {
    entries.push_back(std::make_unique<WheelEntry>());
    wheel.Arm(entries.back().get(), index * 1'000'003);
  }
  EXPECT_EQ(DueAt(wheel, 10 * kRevolutionUs).size(), 100u);
  EXPECT_EQ(wheel.NextWakeUs(), TimingWheel::kNever);
}

TEST(TimingWheel, RearmingReplacesAndDisarmingForgets) {
  TimingWheel wheel(0);
  WheelEntry moved;
  WheelEntry dropped;
  wheel.Arm(&moved, 5 * kTickUs);
  wheel.Arm(&moved, 9 * kTickUs);
  wheel.Arm(&dropped, 9 * kTickUs);
  wheel.Disarm(&dropped);
  EXPECT_TRUE(DueAt(wheel, 8 * kTickUs).empty());
  EXPECT_EQ(DueAt(wheel, 9 * kTickUs), std::vector<WheelEntry*>{&moved});
}

TEST(TimingWheel, CallbacksMayArmAndDisarmOthersThatAreDue) {
  TimingWheel wheel(0);
  WheelEntry first;
  WheelEntry second;
  wheel.Arm(&first, 5 * kTickUs);
  wheel.Arm(&second, 5 * kTickUs);
  std::vector<WheelEntry*> due;
  wheel.Advance(5 * kTickUs, [&](WheelEntry* entry) {
    due.push_back(entry);
    wheel.Disarm(&second);
    wheel.Arm(&first, 0);
  });
  EXPECT_EQ(due, std::vector<WheelEntry*>{&first});
  EXPECT_EQ(DueAt(wheel, 6 * kTickUs), std::vector<WheelEntry*>{&first});
}

TEST(TimingWheel, NextWakeNeverPassesADeadline) {
  constexpr size_t kEntries = 2'000;
  std::mt19937_64 random(42);
  TimingWheel wheel(0);
  std::vector<std::unique_ptr<WheelEntry>> entries;
  std::vector<int64_t> deadlines_us(kEntries);
  for (size_t index = 0; index < kEntries; ++index) {
    entries.push_back(std::make_unique<WheelEntry>());
    deadlines_us[index] = static_cast<int64_t>(random() % (3 * kRevolutionUs)) + 1;
    wheel.Arm(entries[index].get(), deadlines_us[index]);
  }
  size_t fired = 0;
  for (int64_t now_us = wheel.NextWakeUs(); now_us != TimingWheel::kNever;
       now_us = wheel.NextWakeUs()) {
    wheel.Advance(now_us, [&](WheelEntry* entry) {
      ++fired;
      for (size_t index = 0; index < kEntries; ++index) {
        if (entries[index].get() != entry) continue;
        EXPECT_GE(now_us, deadlines_us[index]);
        EXPECT_LT(now_us - deadlines_us[index], kTickUs);
      }
    });
  }
  EXPECT_EQ(fired, kEntries);
}

}  // namespace
}  // namespace holdfast::probe
