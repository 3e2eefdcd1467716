#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "vrrp/timer_heap.h"

namespace holdfast::vrrp {
namespace {

struct Recorder final : TimerOwner {
  void BeforeTimer(TimerNode& node, int64_t now_us) override {
    if (before) before(node, now_us);
  }
  void OnTimer(TimerNode& node, int64_t now_us) override {
    fired.push_back(node.at_us());
    if (on_timer) on_timer(node, now_us);
  }

  std::vector<int64_t> fired;
  std::function<void(TimerNode&, int64_t)> before;
  std::function<void(TimerNode&, int64_t)> on_timer;
};

TEST(TimerHeap, RunsWhatIsDueEarliestFirst) {
  Recorder recorder;
  TimerHeap heap;
  TimerNode first(&recorder), second(&recorder), third(&recorder);
  heap.Arm(&third, 300);
  heap.Arm(&first, 100);
  heap.Arm(&second, 200);
  EXPECT_EQ(heap.RunDue(99, 10), 0u);
  EXPECT_EQ(heap.RunDue(200, 10), 2u);
  EXPECT_EQ(recorder.fired, (std::vector<int64_t>{100, 200}));
  EXPECT_EQ(heap.earliest(), &third);
  EXPECT_FALSE(first.is_armed());
  heap.Disarm(&third);
  heap.Disarm(&third);
  EXPECT_EQ(heap.earliest(), nullptr);
}

TEST(TimerHeap, RunsAtMostTheLimit) {
  Recorder recorder;
  TimerHeap heap;
  TimerNode first(&recorder), second(&recorder);
  heap.Arm(&first, 1);
  heap.Arm(&second, 2);
  EXPECT_EQ(heap.RunDue(10, 1), 1u);
  EXPECT_EQ(heap.RunDue(10, 1), 1u);
}

TEST(TimerHeap, ATimerThatIsPutOffBeforehandDoesNotFire) {
  Recorder recorder;
  TimerHeap heap;
  TimerNode node(&recorder);
  int asked = 0;
  recorder.before = [&](TimerNode& due, int64_t now_us) {
    if (++asked == 1) heap.Arm(&due, now_us + 50);
  };
  heap.Arm(&node, 100);
  EXPECT_EQ(heap.RunDue(100, 10), 0u);
  EXPECT_EQ(heap.RunDue(150, 10), 1u);
  EXPECT_EQ(recorder.fired, (std::vector<int64_t>{150}));
  EXPECT_EQ(asked, 2);
}

TEST(TimerHeap, ATimerThatIsDisarmedBeforehandDoesNotFire) {
  Recorder recorder;
  TimerHeap heap;
  TimerNode node(&recorder);
  recorder.before = [&](TimerNode& due, int64_t) { heap.Disarm(&due); };
  heap.Arm(&node, 100);
  EXPECT_EQ(heap.RunDue(100, 10), 0u);
  EXPECT_FALSE(node.is_armed());
}

TEST(TimerHeap, AnOwnerMayArmItsTimerAgainForAtOnceWithoutHoldingTheLoop) {
  Recorder recorder;
  TimerHeap heap;
  TimerNode node(&recorder);
  recorder.on_timer = [&](TimerNode& due, int64_t now_us) { heap.Arm(&due, now_us); };
  heap.Arm(&node, 5);
  EXPECT_EQ(heap.RunDue(10, 3), 3u);
  heap.Disarm(&node);
}

TEST(TimerHeap, AgreesWithAnOrderedSetOverManyChanges) {
  Recorder recorder;
  TimerHeap heap;
  std::mt19937 random(7);
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int count = 0; count < 50; ++count) nodes.push_back(std::make_unique<TimerNode>(&recorder));
  std::set<std::pair<int64_t, TimerNode*>> model;
  for (int change = 0; change < 20'000; ++change) {
    TimerNode* const node = nodes[random() % nodes.size()].get();
    if (node->is_armed()) model.erase({node->at_us(), node});
    if (random() % 3 == 0) {
      heap.Disarm(node);
    } else {
      heap.Arm(node, static_cast<int64_t>(random() % 1'000));
      model.insert({node->at_us(), node});
    }
    ASSERT_EQ(heap.size(), model.size());
    if (model.empty()) continue;
    ASSERT_EQ(heap.earliest()->at_us(), model.begin()->first);
  }
  for (const auto& node : nodes) heap.Disarm(node.get());
}

}  // namespace
}  // namespace holdfast::vrrp
