#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "test/vrrp_packet_fixture.h"
#include "vrrp/checksum.h"
#include "vrrp/packet.h"

namespace holdfast::vrrp {
namespace {

AdvertVerdict Check(const AdvertFilter& filter, const std::vector<uint8_t>& packet) {
  const auto datagram = SplitIpv4(packet);
  EXPECT_TRUE(datagram.has_value());
  return CheckAdvert(filter, *datagram, true);
}

/** Sums the body up anew after a change. */
std::vector<uint8_t> Resummed(std::vector<uint8_t> packet) {
  const auto body = std::span(packet).subspan(20);
  StoreBig16(body.data() + 6, 0);
  Checksum checksum;
  if (body[0] >> 4 == 3) {
    checksum.AddPseudoHeader(IpAddress::FromBytes(std::span(packet).subspan(12, 4)),
                             IpAddress::FromBytes(std::span(packet).subspan(16, 4)), 112,
                             body.size());
  }
  checksum.Add(body);
  StoreBig16(body.data() + 6, checksum.Finish());
  return packet;
}

void ExpectDrop(const AdvertVerdict& verdict, DropReason reason, int64_t received,
                int64_t expected) {
  ASSERT_TRUE(verdict.drop.has_value());
  EXPECT_EQ(static_cast<int>(verdict.drop->reason), static_cast<int>(reason));
  EXPECT_EQ(verdict.drop->received, received);
  EXPECT_EQ(verdict.drop->expected, expected);
}

TEST(CheckAdvert, TheOldUnicastChecksumIsTakenAsConfigured) {
  const auto check = [](OldChecksum old_checksum, uint16_t sum) {
    const AdvertFilter filter{.format = Unicast3(old_checksum), .is_unicast = true, .peers = {}};
    auto packet = FromHex(kOldUnicast);
    StoreBig16(packet.data() + 26, sum);
    return Check(filter, packet);
  };
  ExpectDrop(check(OldChecksum::kNever, 0xfc1a), DropReason::kChecksum, 0xfc1a, 0);
  EXPECT_FALSE(check(OldChecksum::kNever, kNewUnicastSum).drop.has_value());
  ExpectDrop(check(OldChecksum::kAlways, kNewUnicastSum), DropReason::kChecksum, kNewUnicastSum, 0);
  EXPECT_FALSE(check(OldChecksum::kAlways, 0xfc1a).drop.has_value());
  EXPECT_FALSE(check(OldChecksum::kAlways, 0xfc1a).has_old_checksum) << "nothing to find out";
  EXPECT_FALSE(check(OldChecksum::kDetect, kNewUnicastSum).has_old_checksum);
  EXPECT_TRUE(check(OldChecksum::kDetect, 0xfc1a).has_old_checksum);
  EXPECT_FALSE(check(OldChecksum::kDetect, 0xfc1a).drop.has_value());
  ExpectDrop(check(OldChecksum::kDetect, 0x1234), DropReason::kChecksum, 0x1234, 0);
}

TEST(CheckAdvert, AcceptsBothVersions) {
  const AdvertVerdict two = Check({.format = Version2(), .peers = {}}, FromHex(kVersion2));
  EXPECT_FALSE(two.drop.has_value());
  EXPECT_TRUE(two.is_counted);
  EXPECT_EQ(two.note_count, 0u);
  EXPECT_EQ(two.facts.priority, 100);
  EXPECT_EQ(two.facts.interval_us, 1'000'000);
  EXPECT_EQ(two.facts.source, Ip4("192.168.1.2"));
  const AdvertVerdict three = Check({.format = Version3(), .peers = {}}, FromHex(kVersion3));
  EXPECT_FALSE(three.drop.has_value());
  EXPECT_EQ(three.facts.interval_us, 1'000'000);
}

TEST(CheckAdvert, AcceptsIpv6) {
  const auto body = FromHex(kVersion3Ipv6);
  const Datagram datagram{.source = Ip6("fe80::1"),
                          .destination = Ip6("ff02::12"),
                          .ttl = 255,
                          .received_bytes = body.size(),
                          .announced_bytes = body.size(),
                          .header_bytes = 0,
                          .body = body};
  const AdvertFilter filter{.format = Version3Ipv6(), .peers = {}};
  const AdvertVerdict verdict = CheckAdvert(filter, datagram, true);
  EXPECT_FALSE(verdict.drop.has_value());
  EXPECT_EQ(verdict.facts.priority, 150);
  Datagram forged = datagram;
  forged.source = Ip6("fe80::2");
  EXPECT_TRUE(CheckAdvert(filter, forged, true).drop.has_value());
}

TEST(CheckAdvert, EveryTruncationIsTooShort) {
  for (const auto& [format, hex] :
       {std::pair(Version2(), kVersion2), std::pair(Version3(), kVersion3)}) {
    const auto packet = FromHex(hex);
    for (size_t length = 20; length < packet.size(); ++length) {
      const std::vector<uint8_t> cut(packet.begin(), packet.begin() + static_cast<long>(length));
      const AdvertVerdict verdict = Check({.format = format, .peers = {}}, cut);
      ASSERT_TRUE(verdict.drop.has_value());
      EXPECT_EQ(verdict.drop->reason, DropReason::kTooShort);
      EXPECT_EQ(verdict.drop->received, static_cast<int64_t>(length));
      EXPECT_FALSE(verdict.is_counted);
    }
  }
}

TEST(CheckAdvert, LongerThanItsAddressCountIsWrongLength) {
  auto packet = FromHex(kVersion2);
  packet.resize(48);
  ExpectDrop(Check({.format = Version2(), .peers = {}}, packet), DropReason::kWrongLength, 48, 40);
}

TEST(CheckAdvert, EthernetPaddingIsNotPartOfTheAdvert) {
  auto packet = FromHex(kVersion2);
  packet.resize(46);
  EXPECT_FALSE(Check({.format = Version2(), .peers = {}}, packet).drop.has_value());
}

TEST(CheckAdvert, TheIpHeadersLengthMustFit) {
  auto packet = FromHex(kVersion2);
  packet[3] = 44;
  ExpectDrop(Check({.format = Version2(), .peers = {}}, packet), DropReason::kWrongLength, 44, 40);
}

TEST(CheckAdvert, MulticastNeedsTtl255) {
  auto packet = FromHex(kVersion2);
  packet[8] = 254;
  ExpectDrop(Check({.format = Version2(), .peers = {}}, packet), DropReason::kTtl, 254, 255);
}

TEST(CheckAdvert, TheOtherVersionIsNamed) {
  ExpectDrop(Check({.format = Version2(), .peers = {}}, FromHex(kVersion3)), DropReason::kVersion,
             3, 2);
  ExpectDrop(Check({.format = Version3(), .peers = {}}, FromHex(kVersion2)), DropReason::kVersion,
             2, 3);
  auto packet = FromHex(kVersion2);
  packet[20] = 0xf1;
  ExpectDrop(Check({.format = Version2(), .peers = {}}, packet), DropReason::kVersion, 15, 2);
}

TEST(CheckAdvert, AnotherVridIsRefused) {
  auto packet = FromHex(kVersion2);
  packet[21] = 52;
  ExpectDrop(Check({.format = Version2(), .peers = {}}, packet), DropReason::kVrid, 52, 51);
}

TEST(CheckAdvert, AuthenticationIsComparedByTypeThenPassword) {
  const AdvertFilter filter{.format = Version2(), .peers = {}};
  auto packet = FromHex(kVersion2);
  packet[24] = 3;
  ExpectDrop(Check(filter, packet), DropReason::kAuthenticationType, 3, 1);
  packet[24] = 0;
  ExpectDrop(Check(filter, packet), DropReason::kAuthenticationMismatch, 0, 1);
  packet = FromHex(kVersion2);
  packet[39] = 1;
  ExpectDrop(Check(filter, packet), DropReason::kPassword, 0, 0);
}

TEST(CheckAdvert, Version2NeedsTheSameInterval) {
  auto packet = FromHex(kVersion2);
  packet[25] = 2;
  ExpectDrop(Check({.format = Version2(), .peers = {}}, Resummed(packet)), DropReason::kInterval, 2,
             1);
}

TEST(CheckAdvert, Version3NotesAnotherInterval) {
  auto packet = FromHex(kVersion3);
  packet[25] = 50;
  const AdvertVerdict verdict = Check({.format = Version3(), .peers = {}}, Resummed(packet));
  EXPECT_FALSE(verdict.drop.has_value());
  EXPECT_EQ(verdict.facts.interval_us, 500'000);
  ASSERT_EQ(verdict.note_count, 1u);
  EXPECT_EQ(verdict.notes[0].reason, DropReason::kIntervalNoted);
  EXPECT_EQ(verdict.notes[0].received, 50);
  EXPECT_EQ(verdict.notes[0].expected, 100);
}

TEST(CheckAdvert, Version3IgnoresReservedBits) {
  auto packet = FromHex(kVersion3);
  packet[24] |= 0xf0;
  const AdvertVerdict verdict = Check({.format = Version3(), .peers = {}}, Resummed(packet));
  EXPECT_FALSE(verdict.drop.has_value());
  EXPECT_EQ(verdict.facts.interval_us, 1'000'000);
  EXPECT_EQ(verdict.note_count, 0u);
}

TEST(CheckAdvert, Version3RefusesAnIntervalOfZero) {
  auto packet = FromHex(kVersion3);
  packet[25] = 0;
  ExpectDrop(Check({.format = Version3(), .peers = {}}, Resummed(packet)), DropReason::kInterval, 0,
             100);
}

TEST(CheckAdvert, AnotherTypeIsRefused) {
  auto packet = FromHex(kVersion3);
  packet[20] = 0x32;
  ExpectDrop(Check({.format = Version3(), .peers = {}}, packet), DropReason::kType, 2, 1);
}

TEST(CheckAdvert, AnyFlippedOctetBreaksTheChecksum) {
  for (size_t index = 28; index < 36; ++index) {
    auto packet = FromHex(kVersion3);
    packet[index] ^= 0x01;
    const AdvertVerdict verdict = Check({.format = Version3(), .peers = {}}, packet);
    ASSERT_TRUE(verdict.drop.has_value());
    EXPECT_EQ(verdict.drop->reason, DropReason::kChecksum);
  }
}

TEST(CheckAdvert, OtherAddressesAreNotedAndUsed) {
  AdvertFilter filter{.format = Version3(), .peers = {}};
  filter.format.addresses = {Ip4("10.0.0.1"), Ip4("192.168.1.100")};
  EXPECT_EQ(Check(filter, FromHex(kVersion3)).note_count, 0u) << "order does not matter";
  filter.format.addresses = {Ip4("192.168.1.100"), Ip4("10.0.0.2")};
  AdvertVerdict verdict = Check(filter, FromHex(kVersion3));
  EXPECT_FALSE(verdict.drop.has_value());
  ASSERT_EQ(verdict.note_count, 1u);
  EXPECT_EQ(verdict.notes[0].reason, DropReason::kAddressList);
  EXPECT_EQ(verdict.notes[0].expected, 1);
  filter.format.addresses.pop_back();
  verdict = Check(filter, FromHex(kVersion3));
  ASSERT_EQ(verdict.note_count, 1u);
  EXPECT_EQ(verdict.notes[0].reason, DropReason::kAddressCount);
  EXPECT_EQ(verdict.notes[0].received, 2);
  EXPECT_EQ(verdict.notes[0].expected, 1);
  EXPECT_EQ(CheckAdvert(filter, *SplitIpv4(FromHex(kVersion3)), false).note_count, 0u);
}

TEST(CheckAdvert, MulticastAndUnicastAreNotMixed) {
  AdvertFilter filter{.format = Version3(), .is_unicast = true, .peers = {}};
  ExpectDrop(Check(filter, FromHex(kVersion3)), DropReason::kUnicastExpected, 1, 0);
  auto packet = FromHex(kVersion3);
  packet[16] = 192;
  filter.is_unicast = false;
  ExpectDrop(Check(filter, Resummed(packet)), DropReason::kMulticastExpected, 0, 1);
}

TEST(CheckAdvert, UnicastSourcesAndTheirTtlAreChecked) {
  auto packet = FromHex(kVersion3);
  packet[16] = 192;
  packet[8] = 60;
  packet = Resummed(packet);
  AdvertFilter filter{.format = Version3(),
                      .is_unicast = true,
                      .has_source_check = true,
                      .peers = {{.address = Ip4("192.168.1.9")}}};
  AdvertVerdict verdict = Check(filter, packet);
  ExpectDrop(verdict, DropReason::kUnknownSource, 0, 0);
  EXPECT_TRUE(verdict.is_counted) << "it was an advert of ours";
  filter.has_source_check = false;
  EXPECT_FALSE(Check(filter, packet).drop.has_value());
  filter.peers.push_back({.address = Ip4("192.168.1.2"), .min_ttl = 64, .max_ttl = 64});
  ExpectDrop(Check(filter, packet), DropReason::kUnicastTtl, 60, 64);
  filter.peers.back().min_ttl = 60;
  EXPECT_FALSE(Check(filter, packet).drop.has_value());
}

TEST(SplitIpv4, SkipsOptionsAndRefusesBrokenHeaders) {
  auto packet = FromHex(kVersion2);
  packet[0] = 0x46;
  packet.insert(packet.begin() + 20, 4, 0);
  packet[3] = 44;
  EXPECT_FALSE(Check({.format = Version2(), .peers = {}}, packet).drop.has_value());
  packet[0] = 0x44;
  EXPECT_FALSE(SplitIpv4(packet).has_value());
  packet[0] = 0x65;
  EXPECT_FALSE(SplitIpv4(packet).has_value());
  packet[0] = 0x4f;
  EXPECT_FALSE(SplitIpv4(std::span(packet).first(30)).has_value());
  EXPECT_FALSE(SplitIpv4(std::span(packet).first(19)).has_value());
}

}  // namespace
}  // namespace holdfast::vrrp
