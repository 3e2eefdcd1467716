#include "crypto/sha256.h"

#include <bit>

namespace holdfast::crypto {

namespace {

/** FIPS 180-4 §4.2.2: of the cube roots of the first 64 primes. */
constexpr std::array<uint32_t, 64> kRoots{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t LoadBig(const uint8_t* octets) {
  return uint32_t{octets[0]} << 24 | uint32_t{octets[1]} << 16 | uint32_t{octets[2]} << 8 |
         octets[3];
}

std::array<uint32_t, 64> Schedule(std::span<const uint8_t, Sha256::kBlockBytes> block) {
  std::array<uint32_t, 64> words;
  for (size_t index = 0; index < 16; ++index) words[index] = LoadBig(block.data() + 4 * index);
  for (size_t index = 16; index < words.size(); ++index) {
    const uint32_t early = words[index - 15];
    const uint32_t late = words[index - 2];
    const uint32_t small0 = std::rotr(early, 7) ^ std::rotr(early, 18) ^ (early >> 3);
    const uint32_t small1 = std::rotr(late, 17) ^ std::rotr(late, 19) ^ (late >> 10);
    words[index] = words[index - 16] + small0 + words[index - 7] + small1;
  }
  return words;
}

}  // namespace

Sha256::Digest Sha256::Finish() {
  const uint64_t bits = length_bits();
  std::array<uint8_t, 8> length;
  for (size_t index = 0; index < length.size(); ++index) {
    length[index] = static_cast<uint8_t>(bits >> (56 - 8 * index));
  }
  Pad(length);
  Digest digest;
  for (size_t index = 0; index < digest.size(); ++index) {
    digest[index] = static_cast<uint8_t>(state_[index / 4] >> (24 - 8 * (index % 4)));
  }
  return digest;
}

void Sha256::Transform(std::span<const uint8_t, kBlockBytes> block) {
  const std::array<uint32_t, 64> words = Schedule(block);
  auto [a, b, c, d, e, f, g, h] = state_;
  for (size_t round = 0; round < words.size(); ++round) {
    const uint32_t big1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const uint32_t chosen = (e & f) ^ (~e & g);
    const uint32_t first = h + big1 + chosen + kRoots[round] + words[round];
    const uint32_t big0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + big0 + majority;
  }
  const std::array<uint32_t, 8> change{a, b, c, d, e, f, g, h};
  for (size_t index = 0; index < state_.size(); ++index) state_[index] += change[index];
}

}  // namespace holdfast::crypto
