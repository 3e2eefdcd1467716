#include "crypto/md5.h"

#include <bit>

namespace holdfast::crypto {

namespace {

/** RFC 1321, 3.4: floor(2^32 * abs(sin(i + 1))). */
constexpr std::array<uint32_t, 64> kSines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

/** By round, then by step modulo 4. */
constexpr std::array<std::array<int, 4>, 4> kShifts{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

uint32_t Mix(size_t round, uint32_t b, uint32_t c, uint32_t d) {
  if (round == 0) return (b & c) | (~b & d);
  if (round == 1) return (b & d) | (c & ~d);
  if (round == 2) return b ^ c ^ d;
  return c ^ (b | ~d);
}

size_t WordOf(size_t round, size_t step) {
  constexpr std::array<size_t, 4> kFactor{1, 5, 3, 7};
  constexpr std::array<size_t, 4> kOffset{0, 1, 5, 0};
  return (kFactor[round] * step + kOffset[round]) % 16;
}

uint32_t LoadLittle(std::span<const uint8_t, 4> octets) {
  return octets[0] | (octets[1] << 8) | (octets[2] << 16) | (uint32_t{octets[3]} << 24);
}

}  // namespace

Md5::Digest Md5::Finish() {
  const uint64_t bits = length_bits();
  std::array<uint8_t, 8> length;
  for (size_t index = 0; index < length.size(); ++index) {
    length[index] = static_cast<uint8_t>(bits >> (8 * index));
  }
  Pad(length);
  Digest digest;
  for (size_t index = 0; index < digest.size(); ++index) {
    digest[index] = static_cast<uint8_t>(state_[index / 4] >> (8 * (index % 4)));
  }
  return digest;
}

void Md5::Transform(std::span<const uint8_t, kBlockBytes> block) {
  auto [a, b, c, d] = state_;
  for (size_t step = 0; step < 64; ++step) {
    const size_t round = step / 16;
    const size_t word = WordOf(round, step) * 4;
    const uint32_t input = LoadLittle(std::span<const uint8_t, 4>(block.data() + word, 4));
    const uint32_t sum = a + Mix(round, b, c, d) + kSines[step] + input;
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[round][step % 4]);
  }
  state_ = {state_[0] + a, state_[1] + b, state_[2] + c, state_[3] + d};
}

}  // namespace holdfast::crypto
