#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast::probe {

/** What a UDP probe sends, and what it takes for an answer. */
struct UdpExchange {
  std::vector<uint8_t> payload;
  /** Silence fails; else only an ICMP error does. */
  bool requires_reply = false;
  /** Empty takes any reply, of whatever length. */
  std::vector<uint8_t> reply;
  /** As long as `reply`; a bit that is clear does not matter. */
  std::vector<uint8_t> reply_mask;
  uint16_t min_reply_bytes = 0;
  uint16_t max_reply_bytes = 0;
};

/** Octets of hexadecimal digits. `x` is a digit that does not matter: zero in value and mask. */
struct MaskedOctets {
  std::vector<uint8_t> value;
  std::vector<uint8_t> mask;
};

/** @returns nothing for an odd number of digits, or for anything but digits and `x` */
std::optional<MaskedOctets> ParseMaskedHex(std::string_view digits);

/** Compares up to the end of the shorter one. */
bool IsExpectedReply(const UdpExchange& exchange, std::span<const uint8_t> reply);

}  // namespace holdfast::probe
