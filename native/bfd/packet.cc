#include "bfd/packet.h"

namespace holdfast::bfd {

namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kPoll = 0x20;
constexpr uint8_t kFinal = 0x10;
constexpr uint8_t kAuthentication = 0x04;
constexpr uint8_t kDemand = 0x02;
constexpr uint8_t kMultipoint = 0x01;

uint32_t Read32(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 |
         uint32_t{bytes[at + 3]};
}

void Write32(std::span<uint8_t> bytes, size_t at, uint32_t value) {
  for (size_t index = 0; index < 4; ++index) {
    bytes[at + index] = static_cast<uint8_t>(value >> (24 - 8 * index));
  }
}

Decoded Drop(DropReason reason, int64_t received = 0, int64_t expected = 0) {
  return {.drop = reason, .received = received, .expected = expected, .packet = {}};
}

/** @returns why the fixed part is not to be used */
std::optional<Decoded> Refuse(std::span<const uint8_t> payload) {
  const auto size = static_cast<int64_t>(payload.size());
  if (payload.size() < kControlBytes) return Drop(DropReason::kTooShort, size, kControlBytes);
  const uint8_t version = payload[0] >> 5;
  if (version != kVersion) return Drop(DropReason::kVersion, version, kVersion);
  const uint8_t length = payload[3];
  if (length < kControlBytes) return Drop(DropReason::kLength, length, kControlBytes);
  if (length > payload.size()) return Drop(DropReason::kLength, length, size);
  if (payload[2] == 0) return Drop(DropReason::kDetectMult, 0, 1);
  if ((payload[1] & kMultipoint) != 0) return Drop(DropReason::kMultipoint);
  // keepalived: no authentication, so whoever uses it is not understood.
  if ((payload[1] & kAuthentication) != 0) return Drop(DropReason::kAuthentication);
  return std::nullopt;
}

}  // namespace

std::array<uint8_t, kControlBytes> Encode(const ControlPacket& packet) {
  std::array<uint8_t, kControlBytes> bytes{};
  bytes[0] = static_cast<uint8_t>(kVersion << 5 | (packet.diagnostic & 0x1f));
  bytes[1] =
      static_cast<uint8_t>(static_cast<uint8_t>(packet.state) << 6 | (packet.is_poll ? kPoll : 0) |
                           (packet.is_final ? kFinal : 0) | (packet.is_demand ? kDemand : 0));
  bytes[2] = packet.detect_mult;
  bytes[3] = kControlBytes;
  Write32(bytes, 4, packet.my_discr);
  Write32(bytes, 8, packet.your_discr);
  Write32(bytes, 12, packet.desired_min_tx_us);
  Write32(bytes, 16, packet.required_min_rx_us);
  Write32(bytes, 20, packet.required_min_echo_rx_us);
  return bytes;
}

Decoded Decode(std::span<const uint8_t> payload) {
  if (const auto refused = Refuse(payload)) return *refused;
  const ControlPacket packet{.diagnostic = static_cast<uint8_t>(payload[0] & 0x1f),
                             .state = static_cast<SessionState>(payload[1] >> 6),
                             .is_poll = (payload[1] & kPoll) != 0,
                             .is_final = (payload[1] & kFinal) != 0,
                             .is_demand = (payload[1] & kDemand) != 0,
                             .detect_mult = payload[2],
                             .my_discr = Read32(payload, 4),
                             .your_discr = Read32(payload, 8),
                             .desired_min_tx_us = Read32(payload, 12),
                             .required_min_rx_us = Read32(payload, 16),
                             .required_min_echo_rx_us = Read32(payload, 20)};
  if (packet.my_discr == 0) return Drop(DropReason::kMyDiscr);
  const bool is_down =
      packet.state == SessionState::kDown || packet.state == SessionState::kAdminDown;
  if (packet.your_discr == 0 && !is_down) return Drop(DropReason::kYourDiscr);
  return {.drop = std::nullopt, .received = 0, .expected = 0, .packet = packet};
}

}  // namespace holdfast::bfd
