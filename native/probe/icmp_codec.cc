#include "probe/icmp_codec.h"

#include <sys/socket.h>

#include <algorithm>

namespace holdfast::probe {

namespace {

constexpr uint8_t kEchoRequestV4 = 8;
constexpr uint8_t kEchoReplyV4 = 0;
constexpr uint8_t kEchoRequestV6 = 128;
constexpr uint8_t kEchoReplyV6 = 129;
constexpr uint8_t kProtocolIcmp = 1;
constexpr size_t kIpv4HeaderMin = 20;

void Put(std::span<uint8_t> at, uint64_t value) {
  for (size_t index = at.size(); index > 0; --index, value >>= 8) {
    at[index - 1] = static_cast<uint8_t>(value & 0xff);
  }
}

uint64_t Get(std::span<const uint8_t> at) {
  uint64_t value = 0;
  for (const uint8_t octet : at) value = value << 8 | octet;
  return value;
}

/** @see RFC 1071; `packet` has an even length */
uint16_t InternetChecksum(std::span<const uint8_t> packet) {
  uint32_t sum = 0;
  for (size_t index = 0; index + 1 < packet.size(); index += 2) {
    sum += static_cast<uint32_t>(Get(packet.subspan(index, 2)));
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum & 0xffff);
}

std::optional<Echo> DecodeEcho(uint8_t type, std::span<const uint8_t> packet) {
  if (packet.size() < kEchoBytes || packet[0] != type || packet[1] != 0) return std::nullopt;
  Echo echo;
  echo.identifier = static_cast<uint16_t>(Get(packet.subspan(4, 2)));
  echo.cookie = Get(packet.subspan(8, 8));
  echo.serial = Get(packet.subspan(16, 8));
  if ((echo.serial & 0xffff) != Get(packet.subspan(6, 2))) return std::nullopt;
  return echo;
}

}  // namespace

std::array<uint8_t, kEchoBytes> EncodeEchoRequest(int family, const Echo& echo) {
  std::array<uint8_t, kEchoBytes> packet{};
  const std::span<uint8_t> octets(packet);
  packet[0] = family == AF_INET ? kEchoRequestV4 : kEchoRequestV6;
  Put(octets.subspan(4, 2), echo.identifier);
  Put(octets.subspan(6, 2), echo.serial);
  Put(octets.subspan(8, 8), echo.cookie);
  Put(octets.subspan(16, 8), echo.serial);
  if (family == AF_INET) Put(octets.subspan(2, 2), InternetChecksum(packet));
  return packet;
}

std::optional<Echo> DecodeEchoReply(int family, std::span<const uint8_t> packet) {
  if (packet.size() != kEchoBytes) return std::nullopt;
  return DecodeEcho(family == AF_INET ? kEchoReplyV4 : kEchoReplyV6, packet);
}

std::optional<Echo> DecodeQuotedRequest(int family, std::span<const uint8_t> packet) {
  return DecodeEcho(family == AF_INET ? kEchoRequestV4 : kEchoRequestV6, packet);
}

std::span<const uint8_t> SkipIpv4Header(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv4HeaderMin || packet[0] >> 4 != 4) return {};
  const size_t header_bytes = static_cast<size_t>(packet[0] & 0xf) * 4;
  if (header_bytes < kIpv4HeaderMin || header_bytes > packet.size()) return {};
  // Fragment offset, or more fragments: the kernel reassembles, so this is no whole packet.
  if ((Get(packet.subspan(6, 2)) & 0x3fff) != 0 || packet[9] != kProtocolIcmp) return {};
  return packet.subspan(header_bytes);
}

}  // namespace holdfast::probe
