#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrrp/packet.h"

namespace holdfast::vrrp {

inline std::vector<uint8_t> FromHex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  std::string digits;
  for (const char digit : hex) {
    if (digit != ' ') digits += digit;
  }
  for (size_t index = 0; index + 1 < digits.size(); index += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(index, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::vector<uint8_t> Copy(std::span<const uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

inline IpAddress Ip4(const char* text) { return IpAddress::Parse(AF_INET, text).value(); }
inline IpAddress Ip6(const char* text) { return IpAddress::Parse(AF_INET6, text).value(); }

inline const IpAddress kGroup4 = Ip4("224.0.0.18");

// 192.168.1.2 > 224.0.0.18, VRID 51, priority 100, 1 s, PASS "1111", 192.168.1.100
inline constexpr std::string_view kVersion2 =
    "45c0 0028 0001 0000 ff70 0000 c0a80102 e0000012"
    "2133 6401 0101 555b c0a80164 3131313100000000";
// 192.168.1.2 > 224.0.0.18, VRID 51, priority 100, 1 s, 192.168.1.100 and 10.0.0.1
inline constexpr std::string_view kVersion3 =
    "45c0 0024 0001 0000 ff70 0000 c0a80102 e0000012"
    "3133 6402 0064 fc1a c0a80164 0a000001";
// Body of fe80::1 > ff02::12, VRID 7, priority 150, 1 s, fe80::100
inline constexpr std::string_view kVersion3Ipv6 =
    "3107 9601 0064 3af3 fe800000000000000000000000000100";

inline AdvertFormat Version2() {
  return {.version = 2,
          .vrid = 51,
          .advertised_interval = 1,
          .source = Ip4("192.168.1.2"),
          .addresses = {Ip4("192.168.1.100")},
          .password = Password{'1', '1', '1', '1'}};
}

inline AdvertFormat Version3() {
  return {.version = 3,
          .vrid = 51,
          .advertised_interval = 100,
          .source = Ip4("192.168.1.2"),
          .addresses = {Ip4("192.168.1.100"), Ip4("10.0.0.1")},
          .password = std::nullopt};
}

inline AdvertFormat Version3Ipv6() {
  return {.family = AF_INET6,
          .version = 3,
          .vrid = 7,
          .advertised_interval = 100,
          .source = Ip6("fe80::1"),
          .addresses = {Ip6("fe80::100")},
          .password = std::nullopt};
}

// The body of kVersion3 by unicast: its checksum is the old one, since it was made for the group.
inline constexpr std::string_view kOldUnicast =
    "45c0 0024 0001 0000 ff70 0000 c0a80102 c0a80103"
    "3133 6402 0064 fc1a c0a80164 0a000001";
inline constexpr uint16_t kNewUnicastSum = 0x1a82;

inline AdvertFormat Unicast3(OldChecksum old_checksum) {
  AdvertFormat format = Version3();
  format.old_checksum = old_checksum;
  format.group = kGroup4;
  return format;
}

}  // namespace holdfast::vrrp
