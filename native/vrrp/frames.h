#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vrrp/ip_address.h"

namespace holdfast::vrrp {

/** An Ethernet frame that tells the neighbours who has an address. */
struct AnnounceFrame {
  /** Ethernet (14), IPv6 (40), neighbour advertisement with one option (32). */
  static constexpr size_t kBytesMax = 86;

  std::array<uint8_t, kBytesMax> bytes{};
  uint8_t length = 0;

  std::span<const uint8_t> view() const { return {bytes.data(), length}; }
};

/**
 * Gratuitous ARP for IPv4, unsolicited neighbour advertisement for IPv6.
 * @param mac owner that is announced, also the frame's source
 */
AnnounceFrame EncodeAnnounceFrame(const IpAddress& address, std::span<const uint8_t, 6> mac);

}  // namespace holdfast::vrrp
