#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "bfd/model.h"
#include "vrrp/model.h"
#include "vrrp/packet.h"

namespace holdfast::binding {

/** Names of contract.ts in the order of the enums in vrrp/model.h. */
inline constexpr std::array<const char*, vrrp::kPhases> kPhaseNames = {"idle", "adopting", "backup",
                                                                       "held", "active"};
inline constexpr std::array<const char*, vrrp::kTriggers> kTriggerNames = {
    "active-down",
    "adver",
    "priority-zero",
    "higher-priority",
    "equal-priority-higher-address",
    "equal-priority-lower-address",
    "equal-priority-own-address",
    "lower-priority",
    "link-lost",
    "lease-lapsed",
    "session-lost",
    "stalled",
    "group-active",
    "group-backup",
    "group-fault",
    "group-announce",
};
inline constexpr std::array<const char*, vrrp::kDropReasons> kDropReasonNames = {
    "too-short",
    "wrong-length",
    "ttl",
    "version",
    "vrid",
    "type",
    "authentication-type",
    "authentication-mismatch",
    "password",
    "spi",
    "icv",
    "ah-replay",
    "trailer-missing",
    "trailer-malformed",
    "unknown-key",
    "hmac",
    "stale",
    "replay",
    "interval",
    "checksum",
    "unicast-expected",
    "multicast-expected",
    "unknown-source",
    "unicast-ttl",
    "address-count",
    "address-list",
    "interval-noted",
    "clock-skew-noted",
    "old-checksum-noted",
};
/** In the order of vrrp::OldChecksum. */
inline constexpr std::array<const char*, vrrp::kOldChecksums> kOldChecksumNames = {
    "never", "detect", "always"};
/** In the order of vrrp::FailedAction. */
inline constexpr std::array<const char*, 6> kFailedActionNames = {
    "send-advert", "add-addresses", "remove-addresses", "announce", "open", "receive"};

/** Names of contract.ts in the order of the enums in bfd/model.h. */
inline constexpr std::array<const char*, bfd::kStates> kSessionStateNames = {"admin-down", "down",
                                                                             "init", "up"};
inline constexpr std::array<const char*, bfd::kTriggers> kSessionTriggerNames = {
    "remote-admin-down", "remote-down", "remote-init", "remote-up", "detection-expired"};
inline constexpr std::array<const char*, bfd::kDropReasons> kSessionDropReasonNames = {
    "too-short", "version",        "length",     "detect-mult",     "multipoint",
    "my-discr",  "authentication", "your-discr", "unknown-session", "ttl",
};
/** In the order of bfd::FailedAction. */
inline constexpr std::array<const char*, 3> kSessionActionNames = {"open", "send", "receive"};

template <typename Enum, size_t kSize>
const char* NameOf(const std::array<const char*, kSize>& names, Enum value) {
  return names[static_cast<size_t>(value)];
}

template <typename Enum, size_t kSize>
std::optional<Enum> ValueOf(const std::array<const char*, kSize>& names, std::string_view name) {
  const auto found =
      std::ranges::find(names, name, [](const char* n) { return std::string_view(n); });
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace holdfast::binding
