#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

namespace holdfast::vrrp {

/** An IPv4 or IPv6 address in network order; trivially copyable, so that events can carry it. */
struct IpAddress {
  uint8_t family = AF_UNSPEC;
  std::array<uint8_t, 16> octets{};

  size_t size() const { return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0; }
  std::span<const uint8_t> bytes() const { return {octets.data(), size()}; }
  bool is_set() const { return family != AF_UNSPEC; }
  bool is_multicast() const {
    return family == AF_INET ? (octets[0] & 0xf0) == 0xe0 : octets[0] == 0xff;
  }

  bool operator==(const IpAddress& other) const = default;

  /** @param bytes 4 octets make an IPv4, 16 an IPv6 address; anything else none */
  static IpAddress FromBytes(std::span<const uint8_t> bytes) {
    IpAddress address;
    if (bytes.size() != 4 && bytes.size() != 16) return address;
    address.family = bytes.size() == 4 ? AF_INET : AF_INET6;
    std::copy(bytes.begin(), bytes.end(), address.octets.begin());
    return address;
  }

  static std::optional<IpAddress> Parse(int family, const std::string& text) {
    IpAddress address;
    if (family != AF_INET && family != AF_INET6) return std::nullopt;
    if (inet_pton(family, text.c_str(), address.octets.data()) != 1) return std::nullopt;
    address.family = static_cast<uint8_t>(family);
    return address;
  }

  std::string ToText() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!is_set()) return {};
    inet_ntop(family, octets.data(), text.data(), text.size());
    return text.data();
  }
};

/** -1, 0 or 1, as numbers in network order. @see RFC 9568 §6.4.3 */
inline int Compare(const IpAddress& left, const IpAddress& right) {
  const int order = memcmp(left.octets.data(), right.octets.data(), left.octets.size());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace holdfast::vrrp
