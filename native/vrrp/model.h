#pragma once

#include <cstddef>
#include <cstdint>

#include "vrrp/ip_address.h"

namespace holdfast::vrrp {

/** contract.ts `VrrpPhaseName`, in its order. */
enum class Phase : uint8_t { kIdle, kAdopting, kBackup, kHeld, kActive };
inline constexpr size_t kPhases = 5;

/** contract.ts `VrrpTrigger`, in its order. */
enum class Trigger : uint8_t {
  kActiveDown,
  kAdver,
  kPriorityZero,
  kHigherPriority,
  kEqualPriorityHigherAddress,
  kEqualPriorityLowerAddress,
  kEqualPriorityOwnAddress,
  kLowerPriority,
  kLinkLost,
  kLeaseLapsed,
  kSessionLost,
  kStalled,
  kGroupActive,
  kGroupBackup,
  kGroupFault,
  kGroupAnnounce,
};
inline constexpr size_t kTriggers = 16;

/** contract.ts `AdvertDropReason`, in its order. */
enum class DropReason : uint8_t {
  kTooShort,
  kWrongLength,
  kTtl,
  kVersion,
  kVrid,
  kType,
  kAuthenticationType,
  kAuthenticationMismatch,
  kPassword,
  kSpi,
  kIcv,
  kAhReplay,
  kTrailerMissing,
  kTrailerMalformed,
  kUnknownKey,
  kHmac,
  kStale,
  kReplay,
  kInterval,
  kChecksum,
  kUnicastExpected,
  kMulticastExpected,
  kUnknownSource,
  kUnicastTtl,
  kAddressCount,
  kAddressList,
  kIntervalNoted,
  kClockSkewNoted,
  kOldChecksumNoted,
};
inline constexpr size_t kDropReasons = 29;

/** contract.ts `AdvertFacts` */
struct AdvertFacts {
  IpAddress source;
  uint8_t priority = 0;
  int64_t interval_us = 0;

  bool operator==(const AdvertFacts& other) const = default;
};

}  // namespace holdfast::vrrp
