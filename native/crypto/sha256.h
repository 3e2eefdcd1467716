#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/block_hash.h"

namespace holdfast::crypto {

/** SHA-256 (FIPS 180-4) of a stream. Allocates nothing. */
class Sha256 : public BlockHash<Sha256> {
 public:
  using Digest = std::array<uint8_t, 32>;

  /** The object is used up by this. */
  Digest Finish();

 private:
  friend BlockHash<Sha256>;

  void Transform(std::span<const uint8_t, kBlockBytes> block);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

}  // namespace holdfast::crypto
