#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bfd/model.h"

namespace holdfast::bfd {

/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 * |                       My Discriminator                        |
 * |                      Your Discriminator                       |
 * |                    Desired Min TX Interval                    |
 * |                   Required Min RX Interval                    |
 * |                 Required Min Echo RX Interval                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
inline constexpr size_t kControlBytes = 24;

/** A Control packet without authentication; intervals in microseconds. @see RFC 5880 §4.1 */
struct ControlPacket {
  uint8_t diagnostic = 0;
  SessionState state = SessionState::kDown;
  bool is_poll = false;
  bool is_final = false;
  bool is_demand = false;
  uint8_t detect_mult = 1;
  uint32_t my_discr = 0;
  uint32_t your_discr = 0;
  uint32_t desired_min_tx_us = 0;
  uint32_t required_min_rx_us = 0;
  uint32_t required_min_echo_rx_us = 0;

  bool operator==(const ControlPacket& other) const = default;
};

std::array<uint8_t, kControlBytes> Encode(const ControlPacket& packet);

struct Decoded {
  /** Set: the packet must not be used. */
  std::optional<DropReason> drop;
  /** What was found and what was expected, where the reason has numbers. */
  int64_t received = 0;
  int64_t expected = 0;
  ControlPacket packet;
};

/**
 * Everything that RFC 5880 §6.8.6 asks of a packet before its session is looked up.
 * @param payload of the UDP datagram; what follows the packet's own length is ignored
 */
Decoded Decode(std::span<const uint8_t> payload);

}  // namespace holdfast::bfd
