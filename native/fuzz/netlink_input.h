#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "netlink/message.h"

namespace holdfast::netlink {

/**
 * Makes well-formed attributes of arbitrary input, so that the fuzzer gets past the length checks:
 * one octet for the type, one for the length (mostly those of scalars and addresses), the value,
 * and so on.
 */
inline std::vector<uint8_t> ShapeAttributes(Bytes input) {
  constexpr uint8_t kTypes = 24;
  constexpr std::array<uint8_t, 8> kLengths{1, 2, 4, 8, 16, 0, 3, 30};
  MessageBuilder builder;
  while (input.size() >= 2) {
    const uint8_t type = input[0] % kTypes;
    const size_t length = std::min<size_t>(kLengths[input[1] % kLengths.size()], input.size() - 2);
    builder.Put(type, input.subspan(2, length));
    input = input.subspan(2 + length);
  }
  return {builder.bytes().begin(), builder.bytes().end()};
}

}  // namespace holdfast::netlink
