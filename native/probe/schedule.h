#pragma once

#include <cstdint>

namespace holdfast::probe {

enum class Result : uint8_t { kSuccess, kFailure };
enum class Expected : uint8_t { kNone, kSuccess, kFailure };
enum class Reason : uint8_t { kOk, kRefused, kTimeout, kUnreachable, kReset, kMismatch, kOther };

/** contract.ts `ProbeSchedule` */
struct Schedule {
  Expected expected = Expected::kNone;
  int64_t interval_us = 0;
  int64_t unexpected_interval_us = 0;
};

/** How a probe ended. Only kVerdict says something about the server. */
struct Outcome {
  enum class Kind : uint8_t {
    kVerdict,
    /** Failed on this machine: no buffers, no port, no route out. */
    kLocal,
    /** The loop was too late to tell. */
    kLate,
  };
  Kind kind = Kind::kVerdict;
  Result result = Result::kSuccess;
  Reason reason = Reason::kOk;
  int error_number = 0;

  bool operator==(const Outcome&) const = default;
};

bool IsExpected(const Schedule& schedule, Result result);

/** From the end of a probe to the start of the next one. */
int64_t DelayAfterUs(const Schedule& schedule, const Outcome& outcome);

/**
 * When the next probe is due: `delay_us` after this one's end, less what the loop was late to begin
 * this one, so that lateness does not add up and probes that a stall bunched spread again. Of the
 * delay three quarters remain at least.
 */
int64_t NextDueUs(int64_t now_us, int64_t delay_us, int64_t lateness_us);

/**
 * The time at which a deadline `delay_us` away is looked at: long ones meet on a coarse grid, where
 * they share wake-ups and system calls. Never earlier than `due_us`, at most 1/32 of the delay
 * later.
 */
int64_t SharedWakeUs(int64_t due_us, int64_t delay_us);

Outcome Success();

/**
 * What a call that begins a probe (socket, bind, connect) failed with. Nothing has left this
 * machine then, so it is local. The exceptions are ECONNREFUSED, with which connect(2) passes on an
 * answer, and that there is no way to the server.
 */
Outcome JudgeBegin(int error_number);

/**
 * Why a datagram was not sent: as JudgeBegin, and what firewalls and routes forbid. keepalived: to
 * a check by TCP such a route says nothing.
 */
Outcome JudgeUnsent(int error_number);

/** An error that came after the probe had left: from SO_ERROR or an ICMP error message. */
Outcome JudgeError(int error_number);

/**
 * An answer: a success, unless it was read so long after the timeout that it may well have come
 * after it too.
 */
Outcome JudgeAnswer(int64_t elapsed_us, int64_t timeout_us);

/** An answer that is not the wanted one. */
Outcome JudgeMismatch();

/** As JudgeTimeout() where silence is a success. */
Outcome JudgeSilence(int64_t elapsed_us, int64_t timeout_us);

/**
 * No answer when the timeout was handled. A loop, or a machine, that stood still for long may not
 * have taken in an answer that was there in time.
 */
Outcome JudgeTimeout(int64_t elapsed_us, int64_t timeout_us);

}  // namespace holdfast::probe
