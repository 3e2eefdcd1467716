#include "probe/schedule.h"

#include <errno.h>

#include <algorithm>

namespace holdfast::probe {

namespace {

/** Keeps a lack of ports, descriptors or routes from being met with a busy loop. */
constexpr int64_t kRetryFloorUs = 100'000;

/** A probe that was judged late is owed an answer soon. */
constexpr int64_t kLateRetryUs = 1'000'000;

/** Below this, being late changes nothing whatever the timeout is. */
constexpr int64_t kLateFloorUs = 50'000;

/** A multiple of the wheel's tick. */
constexpr int64_t kGridUs = 16'000;

/** Of a delay; what the grid adds is less than an operator would notice. */
constexpr int64_t kGridShare = 32;

bool IsTooLate(int64_t elapsed_us, int64_t timeout_us) {
  return elapsed_us - timeout_us > std::max(kLateFloorUs, timeout_us / 4);
}

Outcome Failure(Reason reason, int error_number) {
  return {Outcome::Kind::kVerdict, Result::kFailure, reason, error_number};
}

}  // namespace

bool IsExpected(const Schedule& schedule, Result result) {
  return schedule.expected ==
         (result == Result::kSuccess ? Expected::kSuccess : Expected::kFailure);
}

int64_t DelayAfterUs(const Schedule& schedule, const Outcome& outcome) {
  const int64_t retry_us = std::max(schedule.unexpected_interval_us, kRetryFloorUs);
  if (outcome.kind == Outcome::Kind::kLocal) return retry_us;
  if (outcome.kind == Outcome::Kind::kLate) return std::min(retry_us, kLateRetryUs);
  return IsExpected(schedule, outcome.result) ? schedule.interval_us
                                              : schedule.unexpected_interval_us;
}

int64_t NextDueUs(int64_t now_us, int64_t delay_us, int64_t lateness_us) {
  return now_us + delay_us - std::clamp<int64_t>(lateness_us, 0, delay_us / 4);
}

int64_t SharedWakeUs(int64_t due_us, int64_t delay_us) {
  if (delay_us < kGridShare * kGridUs) return due_us;
  return (due_us + kGridUs - 1) / kGridUs * kGridUs;
}

Outcome Success() { return {}; }

Outcome JudgeBegin(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return Failure(Reason::kRefused, error_number);
    // No way to the server is a failure, as with keepalived: what IPVS sends there finds none
    // either.
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
      return Failure(Reason::kUnreachable, error_number);
    default:
      return {Outcome::Kind::kLocal, Result::kFailure, Reason::kOther, error_number};
  }
}

Outcome JudgeUnsent(int error_number) {
  switch (error_number) {
    // A firewall of our own; a route that prohibits; one that swallows.
    case EPERM:
    case EACCES:
    case EINVAL:
      return Failure(Reason::kUnreachable, error_number);
    default:
      return JudgeBegin(error_number);
  }
}

Outcome JudgeError(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return Failure(Reason::kRefused, error_number);
    case ETIMEDOUT:
      return Failure(Reason::kTimeout, error_number);
    case ECONNRESET:
    case EPIPE:
      return Failure(Reason::kReset, error_number);
    // EACCES: ICMPv6 "administratively prohibited"; ENOPROTOOPT: ICMP "protocol unreachable".
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case EACCES:
    case ENOPROTOOPT:
      return Failure(Reason::kUnreachable, error_number);
    case ENETDOWN:
    case ENODEV:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return {Outcome::Kind::kLocal, Result::kFailure, Reason::kOther, error_number};
    default:
      return Failure(Reason::kOther, error_number);
  }
}

Outcome JudgeAnswer(int64_t elapsed_us, int64_t timeout_us) {
  if (!IsTooLate(elapsed_us, timeout_us)) return Success();
  return {Outcome::Kind::kLate, Result::kSuccess, Reason::kOk, 0};
}

Outcome JudgeMismatch() { return Failure(Reason::kMismatch, 0); }

Outcome JudgeSilence(int64_t elapsed_us, int64_t timeout_us) {
  return JudgeAnswer(elapsed_us, timeout_us);
}

Outcome JudgeTimeout(int64_t elapsed_us, int64_t timeout_us) {
  if (!IsTooLate(elapsed_us, timeout_us)) return Failure(Reason::kTimeout, 0);
  return {Outcome::Kind::kLate, Result::kFailure, Reason::kTimeout, 0};
}

}  // namespace holdfast::probe
