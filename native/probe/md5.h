#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast::probe {

/** MD5 (RFC 1321) of a stream. To recognise a page, not to protect anything. */
class Md5 {
 public:
  using Digest = std::array<uint8_t, 16>;

  void Update(std::span<const uint8_t> octets);
  /** The object is used up by this. */
  Digest Finish();

 private:
  static constexpr size_t kBlockBytes = 64;

  void Transform(std::span<const uint8_t, kBlockBytes> block);

  std::array<uint32_t, 4> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  uint64_t length_ = 0;
  std::array<uint8_t, kBlockBytes> pending_{};
};

}  // namespace holdfast::probe
