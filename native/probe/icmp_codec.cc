#include "probe/icmp_codec.h"

#include <sys/socket.h>

#include "probe/octets.h"

namespace holdfast::probe {

namespace {

constexpr uint8_t kEchoRequestV4 = 8;
constexpr uint8_t kEchoReplyV4 = 0;
constexpr uint8_t kEchoRequestV6 = 128;
constexpr uint8_t kEchoReplyV6 = 129;

std::optional<Echo> DecodeEcho(uint8_t type, std::span<const uint8_t> packet) {
  if (packet.size() < kEchoBytes || packet[0] != type || packet[1] != 0) return std::nullopt;
  Echo echo;
  echo.identifier = static_cast<uint16_t>(GetOctets(packet.subspan(4, 2)));
  echo.cookie = GetOctets(packet.subspan(8, 8));
  echo.serial = GetOctets(packet.subspan(16, 8));
  if ((echo.serial & 0xffff) != GetOctets(packet.subspan(6, 2))) return std::nullopt;
  return echo;
}

}  // namespace

std::array<uint8_t, kEchoBytes> EncodeEchoRequest(int family, const Echo& echo) {
  std::array<uint8_t, kEchoBytes> packet{};
  const std::span<uint8_t> octets(packet);
  packet[0] = family == AF_INET ? kEchoRequestV4 : kEchoRequestV6;
  PutOctets(octets.subspan(4, 2), echo.identifier);
  PutOctets(octets.subspan(6, 2), echo.serial);
  PutOctets(octets.subspan(8, 8), echo.cookie);
  PutOctets(octets.subspan(16, 8), echo.serial);
  if (family == AF_INET) PutOctets(octets.subspan(2, 2), InternetChecksum(packet));
  return packet;
}

std::optional<Echo> DecodeEchoReply(int family, std::span<const uint8_t> packet) {
  if (packet.size() != kEchoBytes) return std::nullopt;
  return DecodeEcho(family == AF_INET ? kEchoReplyV4 : kEchoReplyV6, packet);
}

std::optional<Echo> DecodeQuotedRequest(int family, std::span<const uint8_t> packet) {
  return DecodeEcho(family == AF_INET ? kEchoRequestV4 : kEchoRequestV6, packet);
}

}  // namespace holdfast::probe
