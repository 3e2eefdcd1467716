#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "bfd/packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A heap copy of the exact size: reading past it is then an ASan error.
  const std::vector<uint8_t> payload(data, data + size);
  const auto decoded = holdfast::bfd::Decode(payload);
  if (decoded.drop) return 0;
  // What is taken says the same when it is said again.
  const auto again = holdfast::bfd::Decode(holdfast::bfd::Encode(decoded.packet));
  if (again.drop || again.packet != decoded.packet) abort();
  return 0;
}
