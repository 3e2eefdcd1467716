#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bfd/packet.h"

namespace holdfast::bfd {
namespace {

/** Version 1, diagnostic 1, state Up, Poll, Detect Mult 5, 24 octets. RFC 5880 §4.1 */
const std::vector<uint8_t> kUp = {0x21, 0xe0, 0x05, 0x18, 0x11, 0x22, 0x33, 0x44,
                                  0xaa, 0xbb, 0xcc, 0xdd, 0x00, 0x00, 0x27, 0x10,
                                  0x00, 0x0f, 0x42, 0x40, 0x00, 0x00, 0x00, 0x07};
const ControlPacket kUpPacket{.diagnostic = 1,
                              .state = SessionState::kUp,
                              .is_poll = true,
                              .is_final = false,
                              .is_demand = false,
                              .detect_mult = 5,
                              .my_discr = 0x11223344,
                              .your_discr = 0xaabbccdd,
                              .desired_min_tx_us = 10'000,
                              .required_min_rx_us = 1'000'000,
                              .required_min_echo_rx_us = 7};

std::optional<DropReason> DropOf(size_t at, uint8_t octet) {
  std::vector<uint8_t> packet = kUp;
  packet[at] = octet;
  return Decode(packet).drop;
}

TEST(BfdPacket, DecodesAndEncodesEveryField) {
  const Decoded decoded = Decode(kUp);
  ASSERT_FALSE(decoded.drop);
  EXPECT_EQ(decoded.packet, kUpPacket);
  const auto encoded = Encode(kUpPacket);
  EXPECT_EQ(std::vector<uint8_t>(encoded.begin(), encoded.end()), kUp);
}

TEST(BfdPacket, EncodesFinalAndDemand) {
  ControlPacket packet = kUpPacket;
  packet.is_poll = false;
  packet.is_final = packet.is_demand = true;
  packet.state = SessionState::kInit;
  EXPECT_EQ(Encode(packet)[1], 0x92);
}

TEST(BfdPacket, IgnoresWhatFollows) {
  std::vector<uint8_t> packet = kUp;
  packet.push_back(0xff);
  EXPECT_FALSE(Decode(packet).drop);
}

// RFC 5880 §6.8.6, in its order.
TEST(BfdPacket, IsDroppedForEachReason) {
  const auto shorter = std::span(kUp).first(kControlBytes - 1);
  EXPECT_EQ(Decode(shorter).drop, DropReason::kTooShort);
  EXPECT_EQ(Decode({}).drop, DropReason::kTooShort);
  EXPECT_EQ(DropOf(0, 0x01), DropReason::kVersion);
  EXPECT_EQ(DropOf(0, 0x41), DropReason::kVersion);
  EXPECT_EQ(DropOf(3, 23), DropReason::kLength);
  EXPECT_EQ(DropOf(3, 25), DropReason::kLength) << "longer than what was received";
  EXPECT_EQ(DropOf(2, 0), DropReason::kDetectMult);
  EXPECT_EQ(DropOf(1, 0xe1), DropReason::kMultipoint);
  EXPECT_EQ(DropOf(1, 0xe4), DropReason::kAuthentication);
  std::vector<uint8_t> packet = kUp;
  std::fill_n(packet.begin() + 4, 4, 0);
  EXPECT_EQ(Decode(packet).drop, DropReason::kMyDiscr);
}

TEST(BfdPacket, WithoutYourDiscriminatorOnlySaysThatItIsDown) {
  std::vector<uint8_t> packet = kUp;
  std::fill_n(packet.begin() + 8, 4, 0);
  EXPECT_EQ(Decode(packet).drop, DropReason::kYourDiscr) << "Up";
  packet[1] = 0x80;
  EXPECT_EQ(Decode(packet).drop, DropReason::kYourDiscr) << "Init";
  packet[1] = 0x40;
  EXPECT_FALSE(Decode(packet).drop) << "Down";
  packet[1] = 0x00;
  EXPECT_FALSE(Decode(packet).drop) << "AdminDown";
}

}  // namespace
}  // namespace holdfast::bfd
