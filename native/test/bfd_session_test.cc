#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "bfd/session.h"

namespace holdfast::bfd {
namespace {

constexpr uint32_t kOwnDiscr = 77;
constexpr uint32_t kPeerDiscr = 88;
constexpr uint32_t kIdleUs = 1'000'000;
constexpr uint32_t kFastUs = 10'000;

Reaction Become(SessionState next, uint8_t diag = 0) {
  Reaction reaction;
  reaction.next = next;
  reaction.local_diag = diag;
  reaction.sends = true;
  return reaction;
}

Reaction Up() {
  Reaction reaction = Become(SessionState::kUp);
  reaction.polls = true;
  reaction.tells_up = true;
  return reaction;
}

Reaction Lost(uint8_t diag) {
  Reaction reaction = Become(SessionState::kDown, diag);
  reaction.tells_up = false;
  return reaction;
}

Reaction Stay(SessionState state) {
  Reaction reaction;
  reaction.next = state;
  return reaction;
}

/** §6.8.1: a Detection Time without a packet. */
Reaction Forget(Reaction reaction) {
  reaction.forgets_peer = true;
  return reaction;
}

/** RFC 5880 §6.8.6 as a table. */
Program MakeProgram(uint32_t min_tx_us) {
  Program program;
  program.desired_min_tx_us = {0, kIdleUs, kIdleUs, min_tx_us};
  constexpr auto kDown = SessionState::kDown, kInit = SessionState::kInit, kUp = SessionState::kUp;
  program.reactions[1] = {Stay(kDown), Become(kInit), Up(), Stay(kDown), Forget(Stay(kDown))};
  program.reactions[2] = {Become(kDown, 3), Stay(kInit), Up(), Up(), Forget(Become(kDown, 1))};
  program.reactions[3] = {Become(kDown, 3), Lost(3), Stay(kUp), Stay(kUp), Forget(Lost(1))};
  return program;
}

Settings MakeSettings() {
  Settings settings;
  settings.detect_mult = 5;
  settings.required_min_rx_us = kFastUs;
  settings.program = MakeProgram(kFastUs);
  return settings;
}

/** A session on a clock of its own, with everything that it does written down. */
class BfdSession : public testing::Test, public SessionHost {
 protected:
  void Transmit(Session&, const std::array<uint8_t, kControlBytes>& packet) override {
    sent.push_back(Decode(packet).packet);
    sent_at_us.push_back(now_us);
  }
  void DrainSockets() override {
    ++drains;
    if (waiting) session->OnPacket(*waiting, now_us);
    waiting.reset();
  }
  void RecordDeadline(int64_t) override {}
  void Tell(const Session&, const Report& report, int64_t) override { reports.push_back(report); }
  void OnLost(const Session&, int64_t) override { ++losses; }
  uint32_t Random() override { return random; }

  void Start(const Settings& settings = MakeSettings()) {
    session.emplace(1, kOwnDiscr, settings, std::make_shared<Status>(), &timers, this);
    session->Start(now_us);
  }
  ControlPacket Packet(SessionState state) const {
    return {.diagnostic = 0,
            .state = state,
            .is_poll = false,
            .is_final = false,
            .is_demand = false,
            .detect_mult = 3,
            .my_discr = kPeerDiscr,
            .your_discr = kOwnDiscr,
            .desired_min_tx_us = 20'000,
            .required_min_rx_us = 30'000,
            .required_min_echo_rx_us = 0};
  }
  void Hear(SessionState state) { session->OnPacket(Packet(state), now_us); }
  void HearFinal() {
    ControlPacket packet = Packet(SessionState::kUp);
    packet.is_final = true;
    session->OnPacket(packet, now_us);
  }
  void BringUp() {
    Start();
    Hear(SessionState::kDown);
    Hear(SessionState::kUp);
  }
  /** Runs timers until then. */
  void RunUntil(int64_t until_us) {
    while (timers.earliest() != nullptr && timers.earliest()->at_us() <= until_us) {
      now_us = timers.earliest()->at_us();
      timers.RunDue(now_us, 100);
    }
    now_us = until_us;
  }

  vrrp::TimerHeap timers;
  std::optional<Session> session;
  int64_t now_us = 5'000'000;
  uint32_t random = 0;
  std::optional<ControlPacket> waiting;
  std::vector<ControlPacket> sent;
  std::vector<int64_t> sent_at_us;
  std::vector<Report> reports;
  int drains = 0;
  int losses = 0;
};

TEST_F(BfdSession, SaysAtOnceThatItIsDownAtTheIdleRate) {
  Start();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].state, SessionState::kDown);
  EXPECT_EQ(sent[0].my_discr, kOwnDiscr);
  EXPECT_EQ(sent[0].your_discr, 0u);
  EXPECT_EQ(sent[0].desired_min_tx_us, kIdleUs);
  EXPECT_EQ(sent[0].required_min_rx_us, kFastUs);
  EXPECT_EQ(sent[0].detect_mult, 5);
  EXPECT_FALSE(session->detection_timer().is_armed());
}

// §6.8.7: 75 to 90 % of the interval
TEST_F(BfdSession, ShortensEveryIntervalByTenToTwentyFivePercent) {
  Start();
  EXPECT_EQ(session->transmit_timer().at_us() - now_us, 900'000);
  random = 150;
  RunUntil(now_us + 900'000);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(session->transmit_timer().at_us() - now_us, 750'000);
  random = 151;
  RunUntil(now_us + 750'000);
  EXPECT_EQ(session->transmit_timer().at_us() - now_us, 900'000) << "never more than 25 %";
}

// §6.8.2, §6.8.3
TEST_F(BfdSession, PollsWhenItGoesUpAndSendsNoFasterThanThePeerTakes) {
  BringUp();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1].state, SessionState::kInit);
  EXPECT_EQ(sent[1].your_discr, kPeerDiscr);
  EXPECT_EQ(sent[2].state, SessionState::kUp);
  EXPECT_TRUE(sent[2].is_poll);
  EXPECT_EQ(sent[2].desired_min_tx_us, kFastUs);
  EXPECT_EQ(session->transmit_timer().at_us() - now_us, 27'000) << "90 % of the peer's 30 ms";
  HearFinal();
  RunUntil(now_us + 27'000);
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_FALSE(sent[3].is_poll);
}

// §6.5: the answer does not wait, and carries no Poll of its own.
TEST_F(BfdSession, AnswersAPollWithFinalAtOnce) {
  BringUp();
  ControlPacket poll = Packet(SessionState::kUp);
  poll.is_poll = true;
  session->OnPacket(poll, now_us);
  EXPECT_TRUE(sent.back().is_final);
  EXPECT_FALSE(sent.back().is_poll);
  RunUntil(now_us + 27'000);
  EXPECT_TRUE(sent.back().is_poll) << "its own poll goes on";
}

// §6.8.4: 3 * max(10 ms, 20 ms)
TEST_F(BfdSession, IsLostWhenThePeerIsSilentForItsDetectionTime) {
  BringUp();
  reports.clear();
  RunUntil(now_us + 59'999);
  EXPECT_EQ(session->state(), SessionState::kUp);
  const int64_t due_us = now_us + 1;
  RunUntil(due_us);
  EXPECT_EQ(session->state(), SessionState::kDown);
  EXPECT_EQ(losses, 1);
  EXPECT_EQ(sent.back().state, SessionState::kDown);
  EXPECT_EQ(sent.back().diagnostic, 1);
  EXPECT_EQ(sent.back().your_discr, 0u) << "§6.8.1: forgotten after one Detection Time";
  ASSERT_EQ(reports.size(), 1u);
  const auto& report = std::get<StateReport>(reports[0]);
  EXPECT_EQ(report.from, SessionState::kUp);
  EXPECT_EQ(report.to, SessionState::kDown);
  EXPECT_EQ(report.tells_up, false);
  EXPECT_EQ(report.detection_us, 60'000);
  EXPECT_EQ(report.overdue_us, 0);
  RunUntil(due_us + 2'000'000);
  EXPECT_EQ(sent.back().your_discr, 0u);
  EXPECT_EQ(losses, 1);
}

// §6.8.1
TEST_F(BfdSession, IsSilentAgainWhilePassiveOnceThePeerIsForgotten) {
  Settings settings = MakeSettings();
  settings.is_passive = true;
  Start(settings);
  Hear(SessionState::kInit);
  ASSERT_EQ(session->state(), SessionState::kUp);
  RunUntil(now_us + 60'000);
  ASSERT_EQ(session->state(), SessionState::kDown);
  const size_t before = sent.size();
  RunUntil(now_us + 10'000'000);
  EXPECT_EQ(sent.size(), before);
  Hear(SessionState::kDown);
  EXPECT_EQ(session->state(), SessionState::kInit);
  EXPECT_EQ(sent.back().your_discr, kPeerDiscr);
}

TEST_F(BfdSession, HearsWhatWaitedWhileTheLoopWasStalledBeforeItIsLost) {
  BringUp();
  waiting = Packet(SessionState::kUp);
  now_us += 3'000'000;
  timers.RunDue(now_us, 100);
  EXPECT_EQ(session->state(), SessionState::kUp);
  EXPECT_EQ(losses, 0);
  EXPECT_EQ(drains, 1);
}

TEST_F(BfdSession, IsLostWhenThePeerSaysDownAndTellsNobodyOfAnAdministrator) {
  BringUp();
  Hear(SessionState::kDown);
  EXPECT_EQ(losses, 1);
  EXPECT_EQ(sent.back().diagnostic, 3);
  Hear(SessionState::kInit);
  ASSERT_EQ(session->state(), SessionState::kUp);
  Hear(SessionState::kAdminDown);
  EXPECT_EQ(session->state(), SessionState::kDown);
  EXPECT_EQ(losses, 1);
}

// §6.8.1
TEST_F(BfdSession, IsSilentWhilePassiveUntilThePeerSpeaks) {
  Settings settings = MakeSettings();
  settings.is_passive = true;
  Start(settings);
  RunUntil(now_us + 10'000'000);
  EXPECT_TRUE(sent.empty());
  Hear(SessionState::kDown);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].state, SessionState::kInit);
  EXPECT_TRUE(session->transmit_timer().is_armed());
}

// §6.8.7
TEST_F(BfdSession, IsQuietForAPeerThatTakesNoneOrDemandsIt) {
  BringUp();
  HearFinal();
  ControlPacket quiet = Packet(SessionState::kUp);
  quiet.required_min_rx_us = 0;
  session->OnPacket(quiet, now_us);
  EXPECT_FALSE(session->transmit_timer().is_armed());
  Hear(SessionState::kUp);
  EXPECT_TRUE(session->transmit_timer().is_armed());
  ControlPacket demand = Packet(SessionState::kUp);
  demand.is_demand = true;
  session->OnPacket(demand, now_us);
  EXPECT_FALSE(session->transmit_timer().is_armed());
}

// §6.8.3: slower sending and faster detection wait for the peer's Final, the rest does not.
TEST_F(BfdSession, PollsForOtherIntervalsWhileItStaysUp) {
  BringUp();
  HearFinal();
  Settings slower = MakeSettings();
  slower.required_min_rx_us = 50'000;
  slower.program = MakeProgram(40'000);
  session->Replace(slower, now_us);
  EXPECT_EQ(session->state(), SessionState::kUp);
  EXPECT_TRUE(sent.back().is_poll);
  EXPECT_EQ(sent.back().desired_min_tx_us, 40'000u);
  EXPECT_EQ(session->transmit_timer().at_us() - now_us, 27'000) << "the old pace until Final";
  Hear(SessionState::kUp);
  EXPECT_EQ(session->detection_timer().at_us() - now_us, 150'000) << "3 * 50 ms at once";
  HearFinal();
  EXPECT_EQ(session->transmit_timer().at_us() - now_us, 36'000);
}

TEST_F(BfdSession, IsNotDisturbedByTheSameSettings) {
  BringUp();
  HearFinal();
  const size_t before = sent.size();
  session->Replace(MakeSettings(), now_us);
  EXPECT_EQ(sent.size(), before);
  EXPECT_EQ(session->state(), SessionState::kUp);
}

TEST_F(BfdSession, SaysAdminDownWhenItEnds) {
  BringUp();
  session->SayAdminDown(now_us);
  EXPECT_EQ(sent.back().state, SessionState::kAdminDown);
  EXPECT_EQ(sent.back().diagnostic, 7);
  EXPECT_FALSE(sent.back().is_poll);
}

TEST_F(BfdSession, TellsAReasonOnceUntilTheStateChanges) {
  Start();
  EXPECT_TRUE(session->NoteDrop(DropReason::kTtl));
  EXPECT_FALSE(session->NoteDrop(DropReason::kTtl));
  Hear(SessionState::kDown);
  EXPECT_TRUE(session->NoteDrop(DropReason::kTtl));
  EXPECT_EQ(session->status().dropped[static_cast<size_t>(DropReason::kTtl)].load(), 3u);
}

}  // namespace
}  // namespace holdfast::bfd
