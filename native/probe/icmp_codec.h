#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace holdfast::probe {

/**
 * ICMP echo, request and reply (RFC 792, RFC 4443 §4.1), with the payload of our own:
 *
 *    0                   1                   2                   3
 *   +---------------+---------------+-------------------------------+
 *   |     type      |   code = 0    |           checksum            |
 *   +---------------+---------------+-------------------------------+
 *   |          identifier           |     sequence = serial % 2^16  |
 *   +-------------------------------+-------------------------------+
 *   |                       cookie (8 octets)                       |
 *   |                       serial (8 octets)                       |
 *   +---------------------------------------------------------------+
 *
 * Network order. The cookie is the loop's secret, the serial the number of the probe: an answer
 * to another program, another loop or an older probe never matches.
 */
constexpr size_t kEchoBytes = 24;

struct Echo {
  uint16_t identifier = 0;
  uint64_t cookie = 0;
  uint64_t serial = 0;

  bool operator==(const Echo&) const = default;
};

/**
 * @param family AF_INET or AF_INET6; the checksum is filled in for IPv4, and left to the kernel,
 *   which knows the source address, for IPv6
 */
std::array<uint8_t, kEchoBytes> EncodeEchoRequest(int family, const Echo& echo);

/**
 * @param packet from the ICMP header on
 * @returns nothing for anything but an echo reply in our form; a longer payload is no echo of ours.
 *   The checksum is the kernel's business.
 */
std::optional<Echo> DecodeEchoReply(int family, std::span<const uint8_t> packet);

/**
 * Our own request as an ICMP error message quotes it.
 * @param packet from the quoted ICMP header on
 * @returns nothing when it is no request, or is cut off before the end of the serial
 */
std::optional<Echo> DecodeQuotedRequest(int family, std::span<const uint8_t> packet);

}  // namespace holdfast::probe
