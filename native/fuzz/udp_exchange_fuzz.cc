#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probe/udp_exchange.h"

using holdfast::probe::IsExpectedReply;
using holdfast::probe::ParseMaskedHex;
using holdfast::probe::UdpExchange;

/**
 * Answers to a DNS_CHECK, which is the mask `id 8x x0`: taken are those, and only those, that have
 * the id, QR set, OPCODE and RCODE 0 and room for a header. @see RFC 1035 §4.1.1
 */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const UdpExchange exchange = [] {
    const auto masked = ParseMaskedHex("12348xx0");
    UdpExchange made;
    made.requires_reply = true;
    made.reply = masked->value;
    made.reply_mask = masked->mask;
    made.min_reply_bytes = 12;
    made.max_reply_bytes = 65'535;
    return made;
  }();
  const bool is_right = size >= 12 && data[0] == 0x12 && data[1] == 0x34 &&
                        (data[2] & 0xf0) == 0x80 && (data[3] & 0x0f) == 0;
  if (IsExpectedReply(exchange, std::span(data, size)) != is_right) abort();
  return 0;
}
