#include <gtest/gtest.h>

#include <vector>

#include "test/vrrp_packet_fixture.h"
#include "vrrp/checksum.h"
#include "vrrp/packet.h"

namespace holdfast::vrrp {
namespace {

TEST(AdvertEncoder, Version2WithPasswordIsTheLiteralPacket) {
  AdvertEncoder encoder(Version2());
  EXPECT_EQ(Copy(encoder.Encode(100, kGroup4, 255)), FromHex(kVersion2));
}

TEST(AdvertEncoder, Version2WithoutPasswordEndsWithEightZeroOctets) {
  AdvertFormat format = Version2();
  format.password.reset();
  AdvertEncoder encoder(format);
  const auto packet = Copy(encoder.Encode(100, kGroup4, 255));
  ASSERT_EQ(packet.size(), 40u);
  EXPECT_EQ(packet[24], 0);
  EXPECT_EQ(std::vector<uint8_t>(packet.end() - 8, packet.end()), std::vector<uint8_t>(8, 0));
}

TEST(AdvertEncoder, Version3SumsUpThePseudoHeader) {
  AdvertEncoder encoder(Version3());
  EXPECT_EQ(Copy(encoder.Encode(100, kGroup4, 255)), FromHex(kVersion3));
}

TEST(AdvertEncoder, PriorityZeroAndUnicastDestinationChangeTheChecksum) {
  AdvertEncoder encoder(Version3());
  EXPECT_EQ(LoadBig16(encoder.Encode(0, kGroup4, 255).data() + 26), 0x601b);
  const auto unicast = encoder.Encode(100, Ip4("192.168.1.3"), 64);
  EXPECT_EQ(LoadBig16(unicast.data() + 26), 0x1a82);
  EXPECT_EQ(unicast[8], 64);
}

TEST(AdvertEncoder, ChecksumAsVersion2LeavesThePseudoHeaderOut) {
  AdvertFormat format = Version3();
  format.is_checksum_as_v2 = true;
  AdvertEncoder encoder(format);
  EXPECT_EQ(LoadBig16(encoder.Encode(100, kGroup4, 255).data() + 26), 0x9e58);
}

TEST(AdvertEncoder, TheOldUnicastChecksumTakesTheGroupForTheDestination) {
  AdvertEncoder always(Unicast3(OldChecksum::kAlways));
  EXPECT_EQ(Copy(always.Encode(100, Ip4("192.168.1.3"), 255)), FromHex(kOldUnicast));
  AdvertEncoder detecting(Unicast3(OldChecksum::kDetect));
  EXPECT_EQ(LoadBig16(detecting.Encode(100, Ip4("192.168.1.3"), 255).data() + 26), kNewUnicastSum);
  EXPECT_TRUE(detecting.UseOldChecksum());
  EXPECT_FALSE(detecting.UseOldChecksum());
  EXPECT_EQ(LoadBig16(detecting.Encode(100, Ip4("192.168.1.3"), 255).data() + 26), 0xfc1a);
}

TEST(AdvertEncoder, IdCountsUpFromOneAndSkipsZero) {
  AdvertEncoder encoder(Version3());
  for (int id = 1; id <= 0xffff; ++id) {
    ASSERT_EQ(LoadBig16(encoder.Encode(100, kGroup4, 255).data() + 4), id);
  }
  EXPECT_EQ(LoadBig16(encoder.Encode(100, kGroup4, 255).data() + 4), 1);
}

TEST(AdvertEncoder, Ipv6IsTheLiteralBody) {
  AdvertEncoder encoder(Version3Ipv6());
  EXPECT_EQ(Copy(encoder.Encode(150, Ip6("ff02::12"), 255)), FromHex(kVersion3Ipv6));
}

}  // namespace
}  // namespace holdfast::vrrp
