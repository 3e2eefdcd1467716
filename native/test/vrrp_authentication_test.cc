#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "vrrp/authentication.h"
#include "vrrp/packet.h"

namespace holdfast::vrrp {
namespace {

using Packet = std::vector<uint8_t>;

Packet FromHex(std::string_view hex) {
  Packet bytes;
  std::string digits;
  for (const char digit : hex) {
    if (digit != ' ') digits += digit;
  }
  for (size_t index = 0; index + 1 < digits.size(); index += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(index, 2), nullptr, 16)));
  }
  return bytes;
}

IpAddress Ip(const char* text) {
  return IpAddress::Parse(
             std::string_view(text).find(':') != std::string_view::npos ? AF_INET6 : AF_INET, text)
      .value();
}

// ---------------------------------------------------------------- Authentication Header

// The first advert of Debian's keepalived 2.2.7 with auth_type AH, auth_pass s3cret, priority 150;
// the kernel has filled in the checksum of the IP header.
constexpr std::string_view kKeepalivedAh =
    "45c00040 00010000 ff33190a c0a80105 e0000012"
    "70040000 c0a80105 00000001 6d6aa797 7c0e7e71 898c4e5f"
    "21339601 020184bd c0a80164 00000000 00000000";

AhSettings Secret() {
  constexpr Password kPassword{'s', '3', 'c', 'r', 'e', 't'};
  return {.mac = crypto::Hmac<crypto::Md5>(kPassword)};
}

AdvertFilter AhFilter(const char* source) {
  return {.format = {.version = 2,
                     .vrid = 51,
                     .advertised_interval = 1,
                     .source = Ip(source),
                     .addresses = {Ip("192.168.1.100")},
                     .password = std::nullopt,
                     .ah = std::make_shared<AhSettings>(Secret())},
          .peers = {}};
}

AdvertVerdict CheckAh(const Packet& packet, SequenceBook* book) {
  const auto datagram = SplitIpv4(packet);
  if (!datagram) return {.drop = AdvertNote{.reason = DropReason::kTooShort}};
  return CheckAdvert(AhFilter("192.168.1.6"), *datagram, true, {.sequences = book, .utc = 0});
}

void ExpectDrop(const AdvertVerdict& verdict, DropReason reason) {
  ASSERT_TRUE(verdict.drop.has_value());
  EXPECT_EQ(static_cast<int>(verdict.drop->reason), static_cast<int>(reason));
}

TEST(Ah, AnAdvertIsTheOneOfKeepalived) {
  AdvertEncoder encoder(AhFilter("192.168.1.5").format);
  const auto packet = encoder.Encode(150, Ip("224.0.0.18"), 255, {.ah_sequence = 1});
  Packet expected = FromHex(kKeepalivedAh);
  expected[10] = expected[11] = 0;
  EXPECT_EQ(Packet(packet.begin(), packet.end()), expected);
}

TEST(Ah, TakesAnAdvertOfKeepalivedOnce) {
  SequenceBook book;
  const AdvertVerdict verdict = CheckAh(FromHex(kKeepalivedAh), &book);
  EXPECT_FALSE(verdict.drop.has_value());
  EXPECT_EQ(verdict.facts.priority, 150);
  EXPECT_EQ(book.last_ah(), 1u);
  const AdvertVerdict again = CheckAh(FromHex(kKeepalivedAh), &book);
  ExpectDrop(again, DropReason::kAhReplay);
  EXPECT_EQ(again.drop->received, 1);
  EXPECT_EQ(again.drop->expected, 1);
}

TEST(Ah, DropsWhatWasChangedOnTheWayButNotWhatMayChange) {
  for (const size_t place : {1u, 6u, 10u}) {
    Packet packet = FromHex(kKeepalivedAh);
    packet[place] ^= 0x20;
    SequenceBook book;
    EXPECT_FALSE(CheckAh(packet, &book).drop.has_value()) << place;
  }
  for (const size_t place : {5u, 22u, 31u, 32u, 46u, 55u, 63u}) {
    Packet packet = FromHex(kKeepalivedAh);
    packet[place] ^= 0x01;
    SequenceBook book;
    ExpectDrop(CheckAh(packet, &book), DropReason::kIcv);
    EXPECT_EQ(book.last_ah(), 0u) << "a forgery moved the count";
  }
}

TEST(Ah, DropsAForeignSpiAndOtherHeaders) {
  Packet packet = FromHex(kKeepalivedAh);
  packet[27] = 9;
  SequenceBook book;
  ExpectDrop(CheckAh(packet, &book), DropReason::kSpi);
  packet = FromHex(kKeepalivedAh);
  packet[20] = 17;
  EXPECT_FALSE(SplitIpv4(packet).has_value());
  packet = FromHex(kKeepalivedAh);
  packet[21] = 5;
  EXPECT_FALSE(SplitIpv4(packet).has_value());
  packet.resize(30);
  EXPECT_FALSE(SplitIpv4(packet).has_value());
}

TEST(Ah, DropsAnAdvertWithoutTheHeader) {
  AdvertFormat plain = AhFilter("192.168.1.5").format;
  plain.ah = nullptr;
  AdvertEncoder encoder(plain);
  const auto packet = encoder.Encode(150, Ip("224.0.0.18"), 255);
  SequenceBook book;
  ExpectDrop(CheckAh({packet.begin(), packet.end()}, &book), DropReason::kAuthenticationMismatch);
}

TEST(Ah, UnicastMayLoseTtlOnTheWay) {
  AdvertFilter filter = AhFilter("192.168.1.6");
  filter.is_unicast = true;
  AdvertEncoder encoder(AhFilter("192.168.1.5").format);
  const auto sent = encoder.Encode(150, Ip("192.168.1.6"), 64, {.ah_sequence = 7});
  Packet packet(sent.begin(), sent.end());
  packet[8] = 60;
  SequenceBook book;
  const auto verdict = CheckAdvert(filter, *SplitIpv4(packet), true, {.sequences = &book});
  EXPECT_FALSE(verdict.drop.has_value());
}

TEST(Ah, NumbersRiseAboveWhatWasHeardAndFollowTheClock) {
  SequenceBook book;
  EXPECT_EQ(book.NextAh(0), 1u);
  EXPECT_TRUE(book.AcceptAh(40));
  EXPECT_FALSE(book.AcceptAh(40));
  EXPECT_FALSE(book.AcceptAh(39));
  EXPECT_EQ(book.NextAh(0), 41u);
  EXPECT_EQ(book.NextAh(UtcSequence{1'000} << 32), 1'000u);
  EXPECT_EQ(book.NextAh(UtcSequence{1'000} << 32), 1'001u);
}

// ---------------------------------------------------------------- trailer

constexpr UtcSequence kStamp = 0x6800000080000000;
// Bodies of the appendix of the extension's draft: key 00..1f, VRID 51, priority 200.
constexpr std::string_view kTrailer4 =
    "3133c80100644402c0000264 010100006800000080000000 1b84bc4e8e43892dc6d98448f8ee2265";
constexpr std::string_view kTrailer6 =
    "3133c8010064a2e9 fe800000000000000000000000000100"
    "010100006800000080000000 c8c56146ebfd66ee10ec4d8186461b78";

TrailerKey KeyOf(uint8_t id, uint8_t first) {
  std::array<uint8_t, 32> octets;
  for (size_t index = 0; index < octets.size(); ++index) {
    octets[index] = static_cast<uint8_t>(first + index);
  }
  return {.id = id, .mac = crypto::Hmac<crypto::Sha256>(octets)};
}

TrailerSettings Keyed(TrailerMode mode = TrailerMode::kEnforce) {
  return {
      .keys = {KeyOf(1, 0)}, .active_key = 1, .window_sec = 5, .has_window = true, .mode = mode};
}

struct Appendix {
  TrailerSubject subject;
  Packet octets;
  std::span<const uint8_t> advert() const {
    return std::span(octets).first(octets.size() - kTrailerBytes);
  }
  std::span<const uint8_t, kTrailerBytes> trailer() const {
    return std::span(octets).last<kTrailerBytes>();
  }
};

Appendix Ipv4Appendix() {
  return {{.family = AF_INET, .version = 3, .vrid = 51, .source = Ip("198.51.100.10")},
          FromHex(kTrailer4)};
}

Appendix Ipv6Appendix() {
  return {{.family = AF_INET6, .version = 3, .vrid = 51, .source = Ip("fe80::10")},
          FromHex(kTrailer6)};
}

std::optional<TrailerFault> FaultOf(const Appendix& image, UtcSequence utc = kStamp) {
  return CheckTrailer(Keyed(), image.subject, image.advert(), image.trailer(), utc).fault;
}

TEST(Trailer, SignsAndBelievesTheImagesOfTheDraft) {
  for (const Appendix& image : {Ipv4Appendix(), Ipv6Appendix()}) {
    EXPECT_EQ(FaultOf(image), std::nullopt);
    std::array<uint8_t, kTrailerBytes> trailer{};
    WriteTrailer(Keyed(), image.subject, image.advert(), kStamp, trailer);
    EXPECT_TRUE(std::ranges::equal(trailer, image.trailer()));
  }
}

TEST(Trailer, EveryChangedOctetShowsButTheChecksum) {
  for (size_t place = 0; place < Ipv6Appendix().octets.size(); ++place) {
    Appendix image = Ipv6Appendix();
    image.octets[place] ^= 0x01;
    const bool is_checksum = place == 6 || place == 7;
    EXPECT_EQ(FaultOf(image).has_value(), !is_checksum) << place;
  }
  Appendix image = Ipv6Appendix();
  image.subject.vrid = 52;
  EXPECT_EQ(FaultOf(image), TrailerFault::kForged);
  image = Ipv6Appendix();
  image.subject.source = Ip("fe80::20");
  EXPECT_EQ(FaultOf(image), TrailerFault::kForged);
}

TEST(Trailer, NamesTheFault) {
  Appendix image = Ipv4Appendix();
  image.octets[12] = 2;
  EXPECT_EQ(FaultOf(image), TrailerFault::kMalformed);
  image = Ipv4Appendix();
  image.octets[15] = 1;
  EXPECT_EQ(FaultOf(image), TrailerFault::kMalformed);
  image = Ipv4Appendix();
  image.octets[13] = 9;
  EXPECT_EQ(FaultOf(image), TrailerFault::kUnknownKey);
  image = Ipv4Appendix();
  EXPECT_EQ(FaultOf(image, kStamp + (UtcSequence{6} << 32)), TrailerFault::kStale);
  EXPECT_EQ(FaultOf(image, kStamp - (UtcSequence{6} << 32)), TrailerFault::kStale);
  EXPECT_EQ(FaultOf(image, kStamp + (UtcSequence{5} << 32)), std::nullopt);
}

TEST(SequenceBook, GrowsWhileTheClockStandsAndFollowsIt) {
  SequenceBook book;
  const UtcSequence noon = UtcSequence{1'000} << 32;
  EXPECT_EQ(book.NextTrailer(Keyed(), noon), noon);
  EXPECT_EQ(book.NextTrailer(Keyed(), noon), noon + 1);
  EXPECT_EQ(book.NextTrailer(Keyed(), noon - (UtcSequence{3} << 32)), noon + 2);
  EXPECT_EQ(book.NextTrailer(Keyed(), noon + (UtcSequence{1} << 32)),
            noon + (UtcSequence{1} << 32));
}

TEST(SequenceBook, AClockThatWasSetBackIsFollowedOnlyWhereClocksCount) {
  const UtcSequence noon = UtcSequence{10'000} << 32;
  const UtcSequence before = UtcSequence{1'000} << 32;
  SequenceBook timed;
  timed.NextTrailer(Keyed(), noon);
  EXPECT_EQ(timed.NextTrailer(Keyed(), before), before);
  TrailerSettings monotonic = Keyed();
  monotonic.has_window = false;
  SequenceBook counted;
  counted.NextTrailer(monotonic, noon);
  EXPECT_EQ(counted.NextTrailer(monotonic, before), noon + 1);
}

TEST(SequenceBook, TellsReplaysBySender) {
  SequenceBook book;
  book.Reserve(0);
  const UtcSequence now = UtcSequence{1'000} << 32;
  EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip("10.0.0.1"), now, now));
  EXPECT_FALSE(book.AcceptTrailer(Keyed(), Ip("10.0.0.1"), now, now));
  EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip("10.0.0.2"), now, now));
  EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip("10.0.0.1"), now + 1, now));
  // The least recently used of four makes room.
  for (const char* sender : {"10.0.0.3", "10.0.0.4", "10.0.0.5"}) {
    EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip(sender), now, now));
  }
  EXPECT_FALSE(book.AcceptTrailer(Keyed(), Ip("10.0.0.1"), now + 1, now));
  EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip("10.0.0.2"), now, now));
}

TEST(SequenceBook, AMarkOutsideOfTheWindowBarsNobody) {
  SequenceBook book;
  book.Reserve(0);
  const UtcSequence late = UtcSequence{9'000} << 32;
  const UtcSequence now = UtcSequence{1'000} << 32;
  EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip("10.0.0.1"), late, late));
  EXPECT_TRUE(book.AcceptTrailer(Keyed(), Ip("10.0.0.1"), now, now));
}

/** An advert with a trailer as it goes over the wire, and the verdict of another router on it. */
struct Exchange {
  int family = AF_INET;
  uint8_t version = 3;
  std::optional<TrailerSettings> sender;
  std::optional<TrailerSettings> receiver;

  AdvertFormat Format(const char* source, const std::optional<TrailerSettings>& settings) const {
    return {.family = family,
            .version = version,
            .vrid = 51,
            .advertised_interval = static_cast<uint16_t>(version == 2 ? 1 : 100),
            .source = Ip(source),
            .addresses = {Ip(family == AF_INET ? "192.168.1.100" : "fe80::100")},
            .password = std::nullopt,
            .trailer = settings ? std::make_shared<TrailerSettings>(*settings) : nullptr};
  }

  AdvertVerdict Run() const {
    const bool is4 = family == AF_INET;
    AdvertEncoder encoder(Format(is4 ? "192.168.1.5" : "fe80::5", sender));
    const IpAddress group = Ip(is4 ? "224.0.0.18" : "ff02::12");
    const auto sent = encoder.Encode(150, group, 255, {.trailer_sequence = kStamp});
    const AdvertFilter filter{.format = Format(is4 ? "192.168.1.6" : "fe80::6", receiver),
                              .peers = {}};
    Datagram datagram{.source = Ip("fe80::5"),
                      .destination = group,
                      .ttl = 255,
                      .received_bytes = sent.size(),
                      .announced_bytes = sent.size(),
                      .body = sent};
    if (is4) datagram = *SplitIpv4(sent);
    return CheckAdvert(filter, datagram, true, {.sequences = nullptr, .utc = kStamp});
  }
};

TEST(Trailer, AdvertsOfBothVersionsAndFamiliesAreBelieved) {
  for (const int family : {AF_INET, AF_INET6}) {
    for (const uint8_t version : {2, 3}) {
      const Exchange exchange{
          .family = family, .version = version, .sender = Keyed(), .receiver = Keyed()};
      const auto verdict = exchange.Run();
      EXPECT_FALSE(verdict.drop.has_value()) << family << " " << int{version};
      EXPECT_EQ(verdict.note_count, 0u);
    }
  }
}

TEST(Trailer, RolloutModes) {
  using enum TrailerMode;
  const auto verdict = [](std::optional<TrailerSettings> from, std::optional<TrailerSettings> to) {
    return Exchange{.sender = std::move(from), .receiver = std::move(to)}.Run().drop;
  };
  const auto is_reason = [](const std::optional<AdvertNote>& note, DropReason reason) {
    return note && note->reason == reason;
  };
  EXPECT_FALSE(verdict(Keyed(kReceiveOnly), std::nullopt));
  EXPECT_FALSE(verdict(std::nullopt, Keyed(kReceiveOnly)));
  EXPECT_FALSE(verdict(std::nullopt, Keyed(kPermissive)));
  EXPECT_FALSE(verdict(Keyed(kPermissive), Keyed(kReceiveOnly)));
  EXPECT_FALSE(verdict(Keyed(kEnforce), Keyed(kPermissive)));
  EXPECT_TRUE(is_reason(verdict(std::nullopt, Keyed(kEnforce)), DropReason::kTrailerMissing));
  EXPECT_TRUE(
      is_reason(verdict(Keyed(kReceiveOnly), Keyed(kEnforce)), DropReason::kTrailerMissing));
  EXPECT_TRUE(is_reason(verdict(Keyed(kPermissive), std::nullopt), DropReason::kWrongLength));
}

TEST(Trailer, KeysRollOver) {
  TrailerSettings both = Keyed();
  both.keys.push_back(KeyOf(2, 100));
  TrailerSettings next = both;
  next.active_key = 2;
  EXPECT_FALSE((Exchange{.sender = next, .receiver = both}.Run().drop));
  EXPECT_FALSE((Exchange{.sender = both, .receiver = next}.Run().drop));
  const auto unknown = Exchange{.sender = next, .receiver = Keyed()}.Run().drop;
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(static_cast<int>(unknown->reason), static_cast<int>(DropReason::kUnknownKey));
  TrailerSettings other = Keyed();
  other.keys = {KeyOf(1, 1)};
  const auto forged = Exchange{.sender = other, .receiver = Keyed()}.Run().drop;
  ASSERT_TRUE(forged.has_value());
  EXPECT_EQ(static_cast<int>(forged->reason), static_cast<int>(DropReason::kHmac));
}

}  // namespace
}  // namespace holdfast::vrrp
