#include "probe/octets.h"

#include <cstddef>

namespace holdfast::probe {

namespace {

constexpr size_t kIpv4HeaderMin = 20;

}  // namespace

void PutOctets(std::span<uint8_t> at, uint64_t value) {
  for (size_t index = at.size(); index > 0; --index, value >>= 8) {
    at[index - 1] = static_cast<uint8_t>(value & 0xff);
  }
}

uint64_t GetOctets(std::span<const uint8_t> at) {
  uint64_t value = 0;
  for (const uint8_t octet : at) value = value << 8 | octet;
  return value;
}

uint16_t InternetChecksum(std::span<const uint8_t> packet, uint32_t sum) {
  for (size_t index = 0; index + 1 < packet.size(); index += 2) {
    sum += static_cast<uint32_t>(GetOctets(packet.subspan(index, 2)));
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum & 0xffff);
}

std::array<uint8_t, kIpv4HeaderBytes> EncodeIpv4Header(uint8_t protocol, in_addr source,
                                                       in_addr destination) {
  constexpr uint8_t kVersionAndLength = 0x45;
  constexpr uint8_t kDontFragment = 0x40;
  constexpr uint8_t kTimeToLive = 64;
  std::array<uint8_t, kIpv4HeaderBytes> header{};
  header[0] = kVersionAndLength;
  header[6] = kDontFragment;
  header[8] = kTimeToLive;
  header[9] = protocol;
  PutOctets(std::span(header).subspan(12, 4), ntohl(source.s_addr));
  PutOctets(std::span(header).subspan(16, 4), ntohl(destination.s_addr));
  return header;
}

std::span<const uint8_t> SkipIpv4Header(std::span<const uint8_t> packet, uint8_t protocol) {
  if (packet.size() < kIpv4HeaderMin || packet[0] >> 4 != 4) return {};
  const size_t header_bytes = static_cast<size_t>(packet[0] & 0xf) * 4;
  if (header_bytes < kIpv4HeaderMin || header_bytes > packet.size()) return {};
  // Fragment offset, or more fragments: the kernel reassembles, so this is no whole packet.
  if ((GetOctets(packet.subspan(6, 2)) & 0x3fff) != 0 || packet[9] != protocol) return {};
  return packet.subspan(header_bytes);
}

}  // namespace holdfast::probe
