#include "probe/udp_exchange.h"

#include <algorithm>
#include <cstddef>

namespace holdfast::probe {

namespace {

/** @returns 0..15, or nothing */
std::optional<uint8_t> DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}

}  // namespace

std::optional<MaskedOctets> ParseMaskedHex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  MaskedOctets octets;
  for (size_t index = 0; index < digits.size(); ++index) {
    const bool is_any = digits[index] == 'x' || digits[index] == 'X';
    const auto value = is_any ? std::optional<uint8_t>(0) : DigitValue(digits[index]);
    if (!value) return std::nullopt;
    const int shift = index % 2 == 0 ? 4 : 0;
    if (shift == 4) {
      octets.value.push_back(0);
      octets.mask.push_back(0);
    }
    octets.value.back() |= static_cast<uint8_t>(*value << shift);
    octets.mask.back() |= static_cast<uint8_t>((is_any ? 0 : 0xf) << shift);
  }
  return octets;
}

bool IsExpectedReply(const UdpExchange& exchange, std::span<const uint8_t> reply) {
  if (exchange.reply.empty()) return true;
  if (reply.size() < exchange.min_reply_bytes || reply.size() > exchange.max_reply_bytes) {
    return false;
  }
  const size_t length = std::min(reply.size(), exchange.reply.size());
  for (size_t index = 0; index < length; ++index) {
    if (((reply[index] ^ exchange.reply[index]) & exchange.reply_mask[index]) != 0) return false;
  }
  return true;
}

}  // namespace holdfast::probe
