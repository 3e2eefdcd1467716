#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace holdfast::crypto {

/**
 * What MD5 and SHA-256 have in common: octets are gathered into blocks of 64, and the end is padded
 * to a whole block that closes with the length in bits. The function itself has Transform(block).
 */
template <typename Function>
class BlockHash {
 public:
  static constexpr size_t kBlockBytes = 64;

  void Update(std::span<const uint8_t> octets) {
    while (!octets.empty()) {
      const size_t used = length_ % kBlockBytes;
      const size_t taken = std::min(octets.size(), kBlockBytes - used);
      memcpy(pending_.data() + used, octets.data(), taken);
      length_ += taken;
      octets = octets.subspan(taken);
      if (length_ % kBlockBytes == 0) static_cast<Function*>(this)->Transform(pending_);
    }
  }

 protected:
  uint64_t length_bits() const { return length_ * 8; }

  /** @param length in the octet order of the function */
  void Pad(const std::array<uint8_t, 8>& length) {
    constexpr std::array<uint8_t, kBlockBytes> kPadding{0x80};
    const size_t used = length_ % kBlockBytes;
    Update(std::span(kPadding).first(used < 56 ? 56 - used : 120 - used));
    Update(length);
  }

 private:
  uint64_t length_ = 0;
  std::array<uint8_t, kBlockBytes> pending_{};
};

}  // namespace holdfast::crypto
