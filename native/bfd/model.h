#pragma once

#include <net/if.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "vrrp/ip_address.h"
#include "vrrp/sockets.h"

namespace holdfast::bfd {

using vrrp::IpAddress;
using vrrp::SyscallError;

/** The wire's numbers. @see RFC 5880 §4.1 */
enum class SessionState : uint8_t { kAdminDown, kDown, kInit, kUp };
inline constexpr size_t kStates = 4;

/** contract.ts `BfdTrigger`, in its order: the peer's four states first, so that they can be cast.
 */
enum class Trigger : uint8_t {
  kRemoteAdminDown,
  kRemoteDown,
  kRemoteInit,
  kRemoteUp,
  kDetectionExpired,
};
inline constexpr size_t kTriggers = 5;

/** contract.ts `BfdDropReason`, in its order. */
enum class DropReason : uint8_t {
  kTooShort,
  kVersion,
  kLength,
  kDetectMult,
  kMultipoint,
  kMyDiscr,
  kAuthentication,
  kYourDiscr,
  kUnknownSession,
  kTtl,
};
inline constexpr size_t kDropReasons = 10;

/** contract.ts `BfdReaction` */
struct Reaction {
  SessionState next = SessionState::kDown;
  /** Unset: stays. */
  std::optional<uint8_t> local_diag;
  bool polls = false;
  bool forgets_peer = false;
  bool sends = false;
  /** Whether followers are told that the session is up or lost. */
  std::optional<bool> tells_up;
};

/** contract.ts `BfdProgram`: one look-up per packet. */
struct Program {
  std::array<uint32_t, kStates> desired_min_tx_us{};
  std::array<std::array<Reaction, kTriggers>, kStates> reactions{};

  uint32_t DesiredMinTxUs(SessionState state) const {
    return desired_min_tx_us[static_cast<size_t>(state)];
  }
  const Reaction& ReactionTo(SessionState state, Trigger trigger) const {
    return reactions[static_cast<size_t>(state)][static_cast<size_t>(trigger)];
  }
};

/** contract.ts `BfdSession` */
struct Settings {
  IpAddress neighbor;
  /** Unset: the kernel's choice. */
  IpAddress source;
  /** Of a link-local neighbour; empty for the routing table's choice. */
  std::array<char, IF_NAMESIZE> interface_name{};
  uint16_t port = 0;
  uint8_t ttl = 255;
  /** Of received packets. */
  uint8_t min_ttl = 255;
  uint8_t detect_mult = 1;
  uint32_t required_min_rx_us = 0;
  bool is_passive = false;
  Program program;
};

/** contract.ts `BfdStatus`: written by the loop, read by anyone at any time. */
struct Status {
  std::atomic<SessionState> state{SessionState::kDown};
  std::atomic<bool> is_told_up{false};
  std::atomic<uint64_t> packets_sent{0};
  std::atomic<uint64_t> packets_received{0};
  std::array<std::atomic<uint64_t>, kDropReasons> dropped{};

  static void Add(std::atomic<uint64_t>* counter) {
    counter->fetch_add(1, std::memory_order_relaxed);
  }
};

struct StateReport {
  SessionState from = SessionState::kDown;
  SessionState to = SessionState::kDown;
  uint8_t local_diag = 0;
  SessionState remote_state = SessionState::kDown;
  uint8_t remote_diag = 0;
  std::optional<bool> tells_up;
  int64_t detection_us = 0;
  /** Set when the Detection Time was over: how much later that was noticed. */
  std::optional<int64_t> overdue_us;
};
struct TimesReport {
  int64_t detection_us = 0;
  int64_t transmit_us = 0;
};
struct DropReport {
  DropReason reason = DropReason::kTooShort;
  IpAddress source;
  int64_t received = 0;
  int64_t expected = 0;
};
enum class FailedAction : uint8_t { kOpen, kSend, kReceive };
struct FailReport {
  FailedAction action = FailedAction::kOpen;
  SyscallError error;
};
using Report = std::variant<StateReport, TimesReport, DropReport, FailReport>;

}  // namespace holdfast::bfd
