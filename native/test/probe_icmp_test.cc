#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "probe/icmp_codec.h"
#include "probe/octets.h"

namespace holdfast::probe {
namespace {

constexpr Echo kEcho{0x1234, 0x0102030405060708, 0x0000000000abcdef};

/** The reply to kEcho as it goes over the wire. */
constexpr std::array<uint8_t, kEchoBytes> kReplyV4{0x00, 0x00, 0x41, 0x2d, 0x12, 0x34, 0xcd, 0xef,
                                                   0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                                   0x00, 0x00, 0x00, 0x00, 0x00, 0xab, 0xcd, 0xef};

std::vector<uint8_t> WithIpHeader(std::span<const uint8_t> payload) {
  std::vector<uint8_t> packet{0x45, 0xc0, 0x00, 0x2c, 0x00, 0x01, 0x00, 0x00, 0x40, 0x01,
                              0x00, 0x00, 0x7f, 0x00, 0x00, 0x02, 0x7f, 0x00, 0x00, 0x01};
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

TEST(IcmpCodec, RequestV4IsLiteral) {
  const std::array<uint8_t, kEchoBytes> expected{0x08, 0x00, 0x39, 0x2d, 0x12, 0x34, 0xcd, 0xef,
                                                 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                                 0x00, 0x00, 0x00, 0x00, 0x00, 0xab, 0xcd, 0xef};
  EXPECT_EQ(EncodeEchoRequest(AF_INET, kEcho), expected);
}

TEST(IcmpCodec, RequestV6LeavesTheChecksumToTheKernel) {
  const auto packet = EncodeEchoRequest(AF_INET6, kEcho);
  EXPECT_EQ(packet[0], 128);
  EXPECT_EQ(packet[2], 0);
  EXPECT_EQ(packet[3], 0);
}

TEST(IcmpCodec, ReplyIsRead) {
  EXPECT_EQ(DecodeEchoReply(AF_INET, kReplyV4), kEcho);
  auto reply_v6 = kReplyV4;
  reply_v6[0] = 129;
  EXPECT_EQ(DecodeEchoReply(AF_INET6, reply_v6), kEcho);
  EXPECT_FALSE(DecodeEchoReply(AF_INET, reply_v6));
  EXPECT_FALSE(DecodeEchoReply(AF_INET6, kReplyV4));
}

TEST(IcmpCodec, OurOwnRequestIsNoReply) {
  EXPECT_FALSE(DecodeEchoReply(AF_INET, EncodeEchoRequest(AF_INET, kEcho)));
  EXPECT_EQ(DecodeQuotedRequest(AF_INET, EncodeEchoRequest(AF_INET, kEcho)), kEcho);
  EXPECT_EQ(DecodeQuotedRequest(AF_INET6, EncodeEchoRequest(AF_INET6, kEcho)), kEcho);
  EXPECT_FALSE(DecodeQuotedRequest(AF_INET, kReplyV4));
}

TEST(IcmpCodec, RepliesOfOtherShapeAreNotOurs) {
  for (size_t length = 0; length < kEchoBytes; ++length) {
    EXPECT_FALSE(DecodeEchoReply(AF_INET, std::span(kReplyV4).first(length))) << length;
  }
  std::vector<uint8_t> longer(kReplyV4.begin(), kReplyV4.end());
  longer.push_back(0);
  EXPECT_FALSE(DecodeEchoReply(AF_INET, longer));
  auto with_code = kReplyV4;
  with_code[1] = 1;
  EXPECT_FALSE(DecodeEchoReply(AF_INET, with_code));
  auto with_other_sequence = kReplyV4;
  with_other_sequence[7] ^= 1;
  EXPECT_FALSE(DecodeEchoReply(AF_INET, with_other_sequence));
}

TEST(IcmpCodec, Ipv4HeaderIsSkipped) {
  EXPECT_EQ(DecodeEchoReply(AF_INET, SkipIpv4Header(WithIpHeader(kReplyV4), IPPROTO_ICMP)), kEcho);
  auto with_options = WithIpHeader(kReplyV4);
  with_options[0] = 0x46;
  with_options.insert(with_options.begin() + 20, {1, 1, 1, 1});
  EXPECT_EQ(DecodeEchoReply(AF_INET, SkipIpv4Header(with_options, IPPROTO_ICMP)), kEcho);
}

TEST(IcmpCodec, BrokenIpv4HeadersAreRefused) {
  const auto packet = WithIpHeader(kReplyV4);
  const auto with = [&packet](size_t index, uint8_t octet) {
    auto changed = packet;
    changed[index] = octet;
    return changed;
  };
  EXPECT_TRUE(SkipIpv4Header(std::span(packet).first(19), IPPROTO_ICMP).empty());
  EXPECT_TRUE(SkipIpv4Header(with(0, 0x65), IPPROTO_ICMP).empty());
  EXPECT_TRUE(SkipIpv4Header(with(0, 0x44), IPPROTO_ICMP).empty());
  EXPECT_TRUE(SkipIpv4Header(with(0, 0x4f), IPPROTO_ICMP).empty());
  EXPECT_TRUE(SkipIpv4Header(with(6, 0x20), IPPROTO_ICMP).empty());
  EXPECT_TRUE(SkipIpv4Header(with(9, 17), IPPROTO_ICMP).empty());
}

TEST(IcmpCodec, Ipv4HeaderOfARawSocket) {
  const in_addr source{htonl(0xc0000201)};
  const in_addr destination{htonl(0xc6336407)};
  const std::array<uint8_t, 20> expected{0x45, 0, 0,   0, 0, 0, 0x40, 0,    64,   1,
                                         0,    0, 192, 0, 2, 1, 198,  0x33, 0x64, 7};
  EXPECT_EQ(EncodeIpv4Header(IPPROTO_ICMP, source, destination), expected);
}

}  // namespace
}  // namespace holdfast::probe
