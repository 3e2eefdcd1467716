#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "vrrp/event_outlet.h"

namespace holdfast::vrrp {
namespace {

constexpr int64_t kLater = int64_t{1} << 60;

/** What came through, one letter each: `e` an event, `o` an overrun. */
class EventOutletTest : public testing::Test {
 protected:
  bool Take(const Event& event) {
    if (room_ == 0) return false;
    --room_;
    told_ += std::holds_alternative<OverrunEvent>(event.body) ? 'o' : 'e';
    return true;
  }
  void Emit() { outlet_.EmitNow(AcceptedEvent{}); }

  int room_ = 0;
  std::string told_;
  TimerHeap timers_;
  EventOutlet outlet_{&timers_, [this](const Event& event) { return Take(event); }};
};

TEST_F(EventOutletTest, TheNextEventComesAfterWordOfTheLostOnes) {
  Emit();
  Emit();
  room_ = 5;
  Emit();
  Emit();
  EXPECT_EQ(told_, "oee");
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(EventOutletTest, WithoutANextEventTheWordComesByItself) {
  Emit();
  timers_.RunDue(kLater, 1);
  EXPECT_EQ(told_, "");
  room_ = 1;
  timers_.RunDue(kLater, 1);
  EXPECT_EQ(told_, "o");
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(EventOutletTest, StoppedItTriesNoMore) {
  Emit();
  outlet_.Stop();
  EXPECT_EQ(timers_.size(), 0u);
}

}  // namespace
}  // namespace holdfast::vrrp
