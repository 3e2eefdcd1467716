#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "probe/udp_exchange.h"

namespace holdfast::probe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

UdpExchange Wanting(const char* digits, uint16_t min_bytes, uint16_t max_bytes) {
  const MaskedOctets octets = *ParseMaskedHex(digits);
  return {{}, true, octets.value, octets.mask, min_bytes, max_bytes};
}

bool Takes(const UdpExchange& exchange, const std::vector<uint8_t>& reply) {
  return IsExpectedReply(exchange, reply);
}

TEST(UdpExchangeTest, DigitsBecomeOctetsAndMask) {
  const auto octets = ParseMaskedHex("0aFx");
  ASSERT_TRUE(octets);
  EXPECT_THAT(octets->value, ElementsAre(0x0a, 0xf0));
  EXPECT_THAT(octets->mask, ElementsAre(0xff, 0xf0));
  EXPECT_THAT(ParseMaskedHex("")->value, IsEmpty());
}

TEST(UdpExchangeTest, OddOrForeignDigitsAreRefused) {
  for (const char* digits : {"0", "0g", "0 ", "-1", "0x0"}) {
    EXPECT_FALSE(ParseMaskedHex(digits).has_value()) << digits;
  }
}

TEST(UdpExchangeTest, WithoutWantedOctetsAnyReplyPasses) {
  const UdpExchange exchange = Wanting("", 5, 6);
  EXPECT_TRUE(Takes(exchange, {}));
  EXPECT_TRUE(Takes(exchange, std::vector<uint8_t>(300)));
}

TEST(UdpExchangeTest, OctetsAreComparedUnderTheMaskUpToTheShorterEnd) {
  const UdpExchange exchange = Wanting("01x2", 0, 255);
  EXPECT_TRUE(Takes(exchange, {0x01, 0x72}));
  EXPECT_TRUE(Takes(exchange, {0x01}));
  EXPECT_TRUE(Takes(exchange, {0x01, 0x02, 0xff}));
  EXPECT_FALSE(Takes(exchange, {0x01, 0x73}));
  EXPECT_FALSE(Takes(exchange, {0x00, 0x72}));
}

TEST(UdpExchangeTest, LengthsCountBothEndsIncluded) {
  const UdpExchange exchange = Wanting("01", 2, 3);
  EXPECT_FALSE(Takes(exchange, {0x01}));
  EXPECT_TRUE(Takes(exchange, {0x01, 0}));
  EXPECT_TRUE(Takes(exchange, {0x01, 0, 0}));
  EXPECT_FALSE(Takes(exchange, {0x01, 0, 0, 0}));
}

}  // namespace
}  // namespace holdfast::probe
