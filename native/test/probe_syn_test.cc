#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>

#include "probe/address.h"
#include "probe/octets.h"
#include "probe/reserved_ports.h"
#include "probe/syn_codec.h"

namespace holdfast::probe {
namespace {

constexpr SynSegment kSyn{0x1230, 0x0050, 0x01020304};

/** From 192.0.2.1 to 192.0.2.2. */
constexpr std::array<uint8_t, kSynBytes> kSynV4{0x12, 0x30, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04,
                                                0x00, 0x00, 0x00, 0x00, 0x60, 0x02, 0xff, 0xff,
                                                0xfd, 0x9c, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4};

constexpr std::array<uint8_t, 20> kSynAck{0x00, 0x50, 0x12, 0x30, 0xaa, 0xbb, 0xcc,
                                          0xdd, 0x01, 0x02, 0x03, 0x05, 0x50, 0x12,
                                          0xff, 0xff, 0x00, 0x00, 0x00, 0x00};

std::array<uint8_t, 20> WithFlags(uint8_t flags) {
  auto segment = kSynAck;
  segment[13] = flags;
  return segment;
}

TEST(SynCodec, SynV4IsLiteral) {
  auto segment = EncodeSyn(AF_INET, kSyn);
  SetSynChecksum(segment, {inet_addr("192.0.2.1")}, {inet_addr("192.0.2.2")});
  EXPECT_EQ(segment, kSynV4);
}

TEST(SynCodec, SynV6LeavesTheChecksumToTheKernel) {
  const auto segment = EncodeSyn(AF_INET6, kSyn);
  EXPECT_EQ(segment[16], 0);
  EXPECT_EQ(segment[17], 0);
  EXPECT_EQ(GetOctets(std::span(segment).subspan(22, 2)), 1'440u);
}

TEST(SynCodec, AnswersAreRead) {
  EXPECT_EQ(DecodeSynAnswer(kSynAck), (SynAnswer{kSyn, true}));
  EXPECT_EQ(DecodeSynAnswer(WithFlags(0x14)), (SynAnswer{kSyn, false}));
  // ECE, as servers with explicit congestion notification answer.
  EXPECT_EQ(DecodeSynAnswer(WithFlags(0x52)), (SynAnswer{kSyn, true}));
}

TEST(SynCodec, OtherSegmentsAreNoAnswers) {
  // SYN, RST without a number, ACK, FIN-ACK, SYN-RST-ACK
  for (const uint8_t flags : {0x02, 0x04, 0x10, 0x11, 0x16}) {
    EXPECT_FALSE(DecodeSynAnswer(WithFlags(flags))) << int{flags};
  }
  for (size_t length = 0; length < kSynAck.size(); ++length) {
    EXPECT_FALSE(DecodeSynAnswer(std::span(kSynAck).first(length))) << length;
  }
}

TEST(SynCodec, TheNumberBeforeZeroIsTheLargest) {
  auto segment = kSynAck;
  for (size_t index = 8; index < 12; ++index) segment[index] = 0;
  EXPECT_EQ(DecodeSynAnswer(segment)->syn.sequence, 0xffffffffu);
}

TEST(SynCodec, EightOctetsOfAQuotationAreEnough) {
  EXPECT_EQ(DecodeQuotedSyn(std::span(kSynV4).first(8)), kSyn);
  EXPECT_FALSE(DecodeQuotedSyn(std::span(kSynV4).first(7)));
}

TEST(ReservedPorts, NobodyElseGetsThemAndNobodyListens) {
  ReservedPorts ports;
  ASSERT_EQ(ports.Reserve(AF_INET), 0);
  EXPECT_EQ(ports.first() % ReservedPorts::kCount, 0);
  for (uint16_t index = 0; index < ReservedPorts::kCount; ++index) {
    const auto address =
        *ParseAddress(AF_INET, "127.0.0.1", static_cast<uint16_t>(ports.first() + index));
    const UniqueFd other(socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_NE(bind(other.get(), &address.generic, address.length), 0) << index;
    EXPECT_NE(connect(other.get(), &address.generic, address.length), 0) << index;
    EXPECT_EQ(errno, ECONNREFUSED) << index;
  }
  const uint16_t first = ports.first();
  EXPECT_EQ(ports.Reserve(AF_INET), 0);
  EXPECT_EQ(ports.first(), first);
  ports.Release();
  EXPECT_EQ(ports.first(), 0);
}

}  // namespace
}  // namespace holdfast::probe
