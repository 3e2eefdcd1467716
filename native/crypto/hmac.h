#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace holdfast::crypto {

using Octets = std::span<const uint8_t>;

/**
 * HMAC (RFC 2104) with one key. The key is worked in once, so that a sum costs two blocks less;
 * a sum allocates nothing.
 */
template <typename Hash>
class Hmac {
 public:
  explicit Hmac(Octets key) {
    std::array<uint8_t, Hash::kBlockBytes> block{};
    if (key.size() > block.size()) {
      Hash shortened;
      shortened.Update(key);
      std::ranges::copy(shortened.Finish(), block.begin());
    } else {
      std::ranges::copy(key, block.begin());
    }
    Absorb(block, 0x36, &inner_);
    Absorb(block, 0x5c, &outer_);
  }

  /** Of the parts one after another. */
  typename Hash::Digest Sum(std::initializer_list<Octets> parts) const {
    Hash inner = inner_;
    for (const Octets part : parts) inner.Update(part);
    Hash outer = outer_;
    outer.Update(inner.Finish());
    return outer.Finish();
  }

 private:
  static void Absorb(std::array<uint8_t, Hash::kBlockBytes> block, uint8_t pad, Hash* hash) {
    for (uint8_t& octet : block) octet ^= pad;
    hash->Update(block);
  }

  Hash inner_;
  Hash outer_;
};

/** In a time that does not tell where they differ. Sizes are no secret. */
inline bool IsSameSecret(Octets left, Octets right) {
  if (left.size() != right.size()) return false;
  uint8_t difference = 0;
  for (size_t index = 0; index < left.size(); ++index) difference |= left[index] ^ right[index];
  return difference == 0;
}

}  // namespace holdfast::crypto
