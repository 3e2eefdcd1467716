#include <errno.h>
#include <gtest/gtest.h>

#include "probe/schedule.h"

namespace holdfast::probe {
namespace {

constexpr Schedule kUp{Expected::kSuccess, 6'000'000, 1'000'000};
constexpr Schedule kDown{Expected::kFailure, 6'000'000, 1'000'000};
constexpr Schedule kUnknown{Expected::kNone, 6'000'000, 1'000'000};

constexpr Outcome kRefused{Outcome::Kind::kVerdict, Result::kFailure, Reason::kRefused,
                           ECONNREFUSED};

TEST(ProbeSchedule, OnlyTheExpectedResultWaitsForTheInterval) {
  EXPECT_EQ(DelayAfterUs(kUp, Success()), 6'000'000);
  EXPECT_EQ(DelayAfterUs(kUp, kRefused), 1'000'000);
  EXPECT_EQ(DelayAfterUs(kDown, kRefused), 6'000'000);
  EXPECT_EQ(DelayAfterUs(kDown, Success()), 1'000'000);
  EXPECT_EQ(DelayAfterUs(kUnknown, Success()), 1'000'000);
  EXPECT_EQ(DelayAfterUs(kUnknown, kRefused), 1'000'000);
}

TEST(ProbeSchedule, WhatFailedLocallyIsRetriedButNotAtOnce) {
  const Schedule hasty{Expected::kSuccess, 1'000, 1'000};
  EXPECT_EQ(DelayAfterUs(hasty, JudgeBegin(EMFILE)), 100'000);
  EXPECT_EQ(DelayAfterUs(kUp, JudgeBegin(EMFILE)), 1'000'000);
}

TEST(ProbeSchedule, WhatWasLateIsRetriedWithinASecond) {
  const Schedule lazy{Expected::kSuccess, 60'000'000, 60'000'000};
  const Outcome late = JudgeTimeout(9'000'000, 1'000'000);
  EXPECT_EQ(DelayAfterUs(lazy, late), 1'000'000);
  EXPECT_EQ(DelayAfterUs(lazy, JudgeBegin(EMFILE)), 60'000'000);
  EXPECT_EQ(DelayAfterUs({Expected::kSuccess, 1'000, 1'000}, late), 100'000);
}

TEST(ProbeJudge, ACallThatFailsSaysNothingOfTheServer) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, ENODEV, EPERM,
                          EACCES, EINVAL, EAGAIN}) {
    const Outcome outcome = JudgeBegin(error);
    EXPECT_EQ(outcome.kind, Outcome::Kind::kLocal) << error;
    EXPECT_EQ(outcome.error_number, error);
  }
}

TEST(ProbeJudge, ARefusalWithinTheCallIsAnAnswer) { EXPECT_EQ(JudgeBegin(ECONNREFUSED), kRefused); }

TEST(ProbeJudge, NoWayToTheServerIsAFailure) {
  for (const int error : {ENETUNREACH, EHOSTUNREACH, ENETDOWN}) {
    EXPECT_EQ(JudgeBegin(error).kind, Outcome::Kind::kVerdict) << error;
    EXPECT_EQ(JudgeUnsent(error).reason, Reason::kUnreachable) << error;
  }
  for (const int error : {EPERM, EACCES, EINVAL}) {
    EXPECT_EQ(JudgeUnsent(error).reason, Reason::kUnreachable) << error;
  }
  EXPECT_EQ(JudgeUnsent(ENOBUFS).kind, Outcome::Kind::kLocal);
}

TEST(ProbeJudge, ErrorsFromTheNetworkHaveReasons) {
  EXPECT_EQ(JudgeError(ECONNREFUSED).reason, Reason::kRefused);
  EXPECT_EQ(JudgeError(ETIMEDOUT).reason, Reason::kTimeout);
  EXPECT_EQ(JudgeError(EHOSTUNREACH).reason, Reason::kUnreachable);
  EXPECT_EQ(JudgeError(ENETUNREACH).reason, Reason::kUnreachable);
  EXPECT_EQ(JudgeError(EACCES).reason, Reason::kUnreachable);
  EXPECT_EQ(JudgeError(ECONNRESET).reason, Reason::kReset);
  EXPECT_EQ(JudgeError(EPROTO).reason, Reason::kOther);
  EXPECT_EQ(JudgeError(EHOSTUNREACH).kind, Outcome::Kind::kVerdict);
  EXPECT_EQ(JudgeError(ENETDOWN).kind, Outcome::Kind::kLocal);
}

TEST(ProbeJudge, AStandstillOfOurOwnIsLateNotDown) {
  EXPECT_EQ(JudgeTimeout(1'004'000, 1'000'000).kind, Outcome::Kind::kVerdict);
  EXPECT_EQ(JudgeTimeout(1'004'000, 1'000'000).reason, Reason::kTimeout);
  EXPECT_EQ(JudgeTimeout(1'250'000, 1'000'000).kind, Outcome::Kind::kVerdict);
  EXPECT_EQ(JudgeTimeout(1'250'001, 1'000'000).kind, Outcome::Kind::kLate);
  // For short timeouts the margin is 50 ms.
  EXPECT_EQ(JudgeTimeout(60'000, 10'000).kind, Outcome::Kind::kVerdict);
  EXPECT_EQ(JudgeTimeout(60'001, 10'000).kind, Outcome::Kind::kLate);
}

TEST(ProbeJudge, AnAnswerReadMuchTooLateIsLateToo) {
  EXPECT_EQ(JudgeAnswer(400, 1'000'000), Success());
  EXPECT_EQ(JudgeAnswer(1'100'000, 1'000'000), Success());
  EXPECT_EQ(JudgeAnswer(3'000'000, 1'000'000).kind, Outcome::Kind::kLate);
}

TEST(ProbeSchedule, ALateStartDoesNotDelayTheNextOne) {
  EXPECT_EQ(NextDueUs(5'000'000, 1'000'000, 0), 6'000'000);
  EXPECT_EQ(NextDueUs(5'000'000, 1'000'000, 12'000), 5'988'000);
  // A start ahead of its time asks for nothing back.
  EXPECT_EQ(NextDueUs(5'000'000, 1'000'000, -3), 6'000'000);
}

TEST(ProbeSchedule, AfterALongStallMostOfThePauseRemains) {
  EXPECT_EQ(NextDueUs(5'000'000, 1'000'000, 900'000), 5'750'000);
}

TEST(ProbeSchedule, LongDeadlinesMeetOnAGrid) {
  EXPECT_EQ(SharedWakeUs(1'000'001, 1'000'000), 1'008'000);
  EXPECT_EQ(SharedWakeUs(1'008'000, 1'000'000), 1'008'000);
  // What 16 ms would be too much of stays as it is.
  EXPECT_EQ(SharedWakeUs(100'001, 100'000), 100'001);
}

}  // namespace
}  // namespace holdfast::probe
