#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/block_hash.h"

namespace holdfast::crypto {

/**
 * MD5 (RFC 1321) of a stream: to recognise a page, and for what RFC 2338 asks. Nothing new should
 * trust it.
 */
class Md5 : public BlockHash<Md5> {
 public:
  using Digest = std::array<uint8_t, 16>;

  /** The object is used up by this. */
  Digest Finish();

 private:
  friend BlockHash<Md5>;

  void Transform(std::span<const uint8_t, kBlockBytes> block);

  std::array<uint32_t, 4> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
};

}  // namespace holdfast::crypto
