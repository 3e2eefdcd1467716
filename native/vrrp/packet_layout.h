#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "vrrp/packet.h"

/** Where what lies in a packet; for those who write and those who check adverts. */
namespace holdfast::vrrp {

// Offsets in the IPv4 header. @see RFC 791 §3.1
inline constexpr size_t kIpTotalLength = 2;
inline constexpr size_t kIpId = 4;
inline constexpr size_t kIpTtl = 8;
inline constexpr size_t kIpProtocol = 9;
inline constexpr size_t kIpSource = 12;
inline constexpr size_t kIpDestination = 16;

// Offsets in the VRRP header.
inline constexpr size_t kVersionType = 0;
inline constexpr size_t kVrid = 1;
inline constexpr size_t kPriority = 2;
inline constexpr size_t kAddressCount = 3;
inline constexpr size_t kAuthType = 4;
inline constexpr size_t kIntervalSec = 5;
inline constexpr size_t kIntervalCs = 4;
inline constexpr size_t kChecksum = 6;

inline constexpr uint8_t kAuthNone = 0;
inline constexpr uint8_t kAuthPass = 1;
inline constexpr uint8_t kAuthAh = 2;
inline constexpr uint8_t kAuthMax = kAuthAh;

inline size_t AddressBytes(int family) { return family == AF_INET ? 4 : 16; }

inline size_t BodyBytes(int family, uint8_t version, size_t address_count) {
  const size_t auth_bytes = version == 2 && family == AF_INET ? kAuthBytes : 0;
  return kVrrpHeaderBytes + address_count * AddressBytes(family) + auth_bytes;
}

inline bool HasPseudoHeader(int family, uint8_t version, bool is_checksum_as_v2) {
  return family == AF_INET6 || (version == 3 && !is_checksum_as_v2);
}

inline uint8_t OwnAuthType(const AdvertFormat& format) {
  if (format.ah != nullptr) return kAuthAh;
  return format.password ? kAuthPass : kAuthNone;
}

}  // namespace holdfast::vrrp
