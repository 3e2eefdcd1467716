#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "loop/clock.h"
#include "loop/command_queue.h"
#include "loop/deadline_timer.h"
#include "loop/event_ring.h"
#include "loop/lateness.h"
#include "loop/loop_thread.h"
#include "loop/time_histogram.h"

namespace holdfast {
namespace {

TEST(EventRing, KeepsOrderAndCountsWhatDoesNotFit) {
  EventRing<int> ring(4);
  for (int event = 1; event <= 4; ++event) EXPECT_TRUE(ring.Push(event));
  EXPECT_FALSE(ring.Push(5));
  EXPECT_EQ(ring.lost(), 1u);
  int event = 0;
  for (int expected = 1; expected <= 4; ++expected) {
    ASSERT_TRUE(ring.Pop(&event));
    EXPECT_EQ(event, expected);
  }
  EXPECT_FALSE(ring.Pop(&event));
}

TEST(EventRing, CarriesEverythingBetweenTwoThreads) {
  constexpr int kEvents = 100'000;
  EventRing<int> ring(64);
  std::thread producer([&ring] {
    for (int event = 0; event < kEvents;) {
      if (ring.Push(event)) ++event;
    }
  });
  int event = 0;
  for (int expected = 0; expected < kEvents;) {
    if (!ring.Pop(&event)) continue;
    ASSERT_EQ(event, expected);
    ++expected;
  }
  producer.join();
}

TEST(CommandQueue, RunsInOrderAndDestroysWhatWasNotRun) {
  std::vector<int> ran;
  auto alive = std::make_shared<int>(0);
  {
    CommandQueue queue;
    for (int number = 1; number <= 3; ++number) {
      queue.Push(MakeCommand([&ran, number] { ran.push_back(number); }));
    }
    for (auto& command : queue.TakeAll()) command->Run();
    queue.Push(MakeCommand([alive] {}));
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(LoopThread, StopRunsWhatWasPostedBeforeAndIsIdempotent) {
  std::atomic<int> ran{0};
  LoopThread thread;
  ASSERT_EQ(thread.Start([&ran](uv_loop_t*) { ran += 100; }), 0);
  for (int command = 0; command < 10; ++command) {
    thread.PostCall([&ran] { ++ran; });
  }
  thread.Stop([&ran] { ran += 1'000; });
  thread.Stop([&ran] { ran += 1'000; });
  EXPECT_EQ(ran, 1'110);
  EXPECT_EQ(thread.commands(), 11u);
  EXPECT_GE(thread.heartbeats(), 1u);
  thread.PostCall([&ran] { ++ran; });
  EXPECT_EQ(ran, 1'110);
}

TEST(DeadlineTimer, FiresOnceAtOrAfterItsDeadline) {
  LoopThread thread;
  DeadlineTimer timer;
  std::atomic<int64_t> fired_at_us{0};
  const int64_t deadline_us = MonotonicUs() + 20'000;
  ASSERT_EQ(thread.Start([&](uv_loop_t* loop) {
    timer.Start(loop, [&fired_at_us] { fired_at_us = MonotonicUs(); });
    timer.SetAt(deadline_us);
  }),
            0);
  while (fired_at_us == 0) std::this_thread::yield();
  EXPECT_GE(fired_at_us, deadline_us);
  thread.Stop([&timer] { timer.Close(); });
}

TEST(LatenessHistogram, SummaryIsAtMostAnEighthTooHigh) {
  LatenessHistogram histogram;
  for (int us = 1; us <= 1'000; ++us) histogram.Record(us);
  const LatenessSummary summary = histogram.Summary();
  EXPECT_EQ(summary.count, 1'000u);
  EXPECT_EQ(summary.max_us, 1'000u);
  EXPECT_GE(summary.p50_us, 500u);
  EXPECT_LE(summary.p50_us, 563u);
  EXPECT_GE(summary.p99_us, 990u);
  EXPECT_LE(summary.p99_us, 1'114u);
}

TEST(LatenessHistogram, AnEarlyTimerCountsAsOnTime) {
  LatenessHistogram histogram;
  histogram.Record(-5);
  EXPECT_EQ(histogram.Summary().max_us, 0u);
}

TEST(TimeHistogram, ADurationIsInTheFirstBucketWhoseEndItDoesNotExceed) {
  TimeHistogram histogram;
  for (const int64_t us : {int64_t{-1}, int64_t{0}, int64_t{50}, int64_t{51}, int64_t{1'000},
                           int64_t{10'000'000}, int64_t{10'000'001}}) {
    histogram.Record(us);
  }
  EXPECT_EQ(histogram.bucket(0), 3u);
  EXPECT_EQ(histogram.bucket(1), 1u);
  EXPECT_EQ(histogram.bucket(4), 1u);
  EXPECT_EQ(histogram.bucket(TimeHistogram::kBuckets - 2), 1u);
  EXPECT_EQ(histogram.bucket(TimeHistogram::kBuckets - 1), 1u);
  EXPECT_EQ(histogram.sum_us(), 20'001'102u);
}

}  // namespace
}  // namespace holdfast
