#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "vrrp/checksum.h"
#include "vrrp/packet.h"
#include "vrrp/packet_layout.h"

namespace holdfast::vrrp {

namespace {

/** An Ethernet frame holds at least this much. */
constexpr size_t kEthernetMinBytes = 46;

using Failure = std::optional<AdvertNote>;

Failure Fail(DropReason reason, int64_t received, int64_t expected) {
  return AdvertNote{.reason = reason, .received = received, .expected = expected};
}

bool IsEthernetPadding(size_t received, size_t expected) {
  return expected < kEthernetMinBytes && received <= kEthernetMinBytes &&
         (received - expected) % 4 == 2;
}

/** Octets of the trailer that the packet has, if one is understood. */
size_t TrailerBytesOf(const AdvertFormat& format, const Datagram& datagram, size_t body_bytes) {
  if (format.trailer == nullptr) return 0;
  const size_t whole = datagram.header_bytes + body_bytes + kTrailerBytes;
  return datagram.announced_bytes == whole && datagram.received_bytes >= whole ? kTrailerBytes : 0;
}

Failure CheckLength(const AdvertFilter& filter, const Datagram& datagram) {
  const auto received = datagram.received_bytes;
  const auto shortest = datagram.header_bytes + kVrrpHeaderBytes;
  if (datagram.body.size() < kVrrpHeaderBytes) {
    return Fail(DropReason::kTooShort, static_cast<int64_t>(received),
                static_cast<int64_t>(shortest));
  }
  const uint8_t version = datagram.body[kVersionType] >> 4;
  if (version != 2 && version != 3) return std::nullopt;
  const size_t body_bytes = BodyBytes(filter.format.family, version, datagram.body[kAddressCount]);
  const size_t expected =
      datagram.header_bytes + body_bytes + TrailerBytesOf(filter.format, datagram, body_bytes);
  if (received < expected) {
    return Fail(DropReason::kTooShort, static_cast<int64_t>(received),
                static_cast<int64_t>(expected));
  }
  if (received > expected && !IsEthernetPadding(received, expected)) {
    return Fail(DropReason::kWrongLength, static_cast<int64_t>(received),
                static_cast<int64_t>(expected));
  }
  return std::nullopt;
}

Failure CheckAh(const AdvertFilter& filter, const Datagram& datagram,
                const AdvertHistory& history) {
  if (datagram.authentication_header.size() != kAhBytes) {
    return Fail(DropReason::kAuthenticationMismatch, kAuthNone, kAuthAh);
  }
  const auto header = datagram.authentication_header.first<kAhBytes>();
  const auto body = datagram.body.first(BodyBytes(AF_INET, 2, datagram.body[kAddressCount]));
  if (!std::ranges::equal(header.subspan(4, 4), datagram.source.bytes())) {
    const auto source = datagram.source.octets;
    return Fail(DropReason::kSpi, AhSpi(header),
                int64_t{LoadBig16(source.data())} << 16 | LoadBig16(source.data() + 2));
  }
  const bool is_unicast = !datagram.destination.is_multicast();
  if (!IsAhGenuine(*filter.format.ah, datagram.ip_header, header, body, is_unicast)) {
    return Fail(DropReason::kIcv, 0, 0);
  }
  SequenceBook* const sequences = history.sequences;
  if (sequences == nullptr || sequences->AcceptAh(AhSequence(header))) return std::nullopt;
  return Fail(DropReason::kAhReplay, AhSequence(header), sequences->last_ah());
}

Failure TrailerFailure(const TrailerSettings& settings, const TrailerFinding& finding) {
  switch (*finding.fault) {
    case TrailerFault::kMalformed:
      return Fail(DropReason::kTrailerMalformed, 0, 0);
    case TrailerFault::kStale:
      return Fail(DropReason::kStale, finding.skew_sec, settings.window_sec);
    case TrailerFault::kUnknownKey:
      return Fail(DropReason::kUnknownKey, finding.key_id, settings.active_key);
    case TrailerFault::kForged:
      break;
  }
  return Fail(DropReason::kHmac, finding.key_id, finding.key_id);
}

/** @param note where a clock begins to go astray */
Failure CheckTrailerOf(const AdvertFilter& filter, const Datagram& datagram,
                       const AdvertHistory& history, Failure* note) {
  const AdvertFormat& format = filter.format;
  if (format.trailer == nullptr) return std::nullopt;
  const TrailerSettings& settings = *format.trailer;
  const size_t body_bytes = BodyBytes(format.family, format.version, datagram.body[kAddressCount]);
  if (TrailerBytesOf(format, datagram, body_bytes) == 0) {
    if (settings.mode != TrailerMode::kEnforce) return std::nullopt;
    return Fail(DropReason::kTrailerMissing, 0, 0);
  }
  const TrailerSubject subject{.family = format.family,
                               .version = format.version,
                               .vrid = format.vrid,
                               .source = datagram.source};
  const TrailerFinding finding =
      CheckTrailer(settings, subject, datagram.body.first(body_bytes),
                   datagram.body.subspan(body_bytes).first<kTrailerBytes>(), history.utc);
  if (finding.fault) return TrailerFailure(settings, finding);
  if (history.sequences != nullptr &&
      !history.sequences->AcceptTrailer(settings, datagram.source, finding.sequence, history.utc)) {
    return Fail(DropReason::kReplay, finding.skew_sec, 0);
  }
  if (settings.has_window && std::abs(finding.skew_sec) * 2 > settings.window_sec) {
    *note = Fail(DropReason::kClockSkewNoted, finding.skew_sec, settings.window_sec);
  }
  return std::nullopt;
}

Failure CheckAuthentication(const AdvertFilter& filter, const Datagram& datagram,
                            const AdvertHistory& history) {
  const AdvertFormat& format = filter.format;
  const std::span<const uint8_t> body = datagram.body;
  const uint8_t received = body[kAuthType];
  const uint8_t expected = OwnAuthType(format);
  if (received > kAuthMax) return Fail(DropReason::kAuthenticationType, received, expected);
  if (received != expected) return Fail(DropReason::kAuthenticationMismatch, received, expected);
  if (format.ah != nullptr) return CheckAh(filter, datagram, history);
  if (!format.password || format.family != AF_INET) return std::nullopt;
  const size_t offset = BodyBytes(AF_INET, 2, body[kAddressCount]) - kAuthBytes;
  if (memcmp(body.data() + offset, format.password->data(), kAuthBytes) != 0) {
    return Fail(DropReason::kPassword, 0, 0);
  }
  return std::nullopt;
}

Failure CheckVersion2(const AdvertFilter& filter, const Datagram& datagram,
                      const AdvertHistory& history) {
  const AdvertFormat& format = filter.format;
  const std::span<const uint8_t> body = datagram.body;
  if (Failure failure = CheckAuthentication(filter, datagram, history)) return failure;
  if (body[kIntervalSec] != format.advertised_interval) {
    return Fail(DropReason::kInterval, body[kIntervalSec], format.advertised_interval);
  }
  return std::nullopt;
}

uint16_t ReceivedIntervalCs(std::span<const uint8_t> body) {
  return LoadBig16(body.data() + kIntervalCs) & 0x0fff;
}

bool IsSumRight(const AdvertFormat& format, const Datagram& datagram, const IpAddress& destination,
                size_t summed_bytes) {
  Checksum checksum;
  if (HasPseudoHeader(format.family, format.version, format.is_checksum_as_v2)) {
    checksum.AddPseudoHeader(datagram.source, destination, kIpProtocolVrrp, summed_bytes);
  }
  checksum.Add(datagram.body.first(summed_bytes));
  return checksum.Finish() == 0;
}

/** @param is_old set when only the old checksum fits, and that is to be found out */
Failure CheckChecksum(const AdvertFormat& format, const Datagram& datagram, size_t summed_bytes,
                      bool* is_old) {
  const bool takes_new = format.old_checksum != OldChecksum::kAlways;
  if (takes_new && IsSumRight(format, datagram, datagram.destination, summed_bytes)) {
    return std::nullopt;
  }
  const bool takes_old = format.old_checksum != OldChecksum::kNever;
  if (takes_old && IsSumRight(format, datagram, format.group, summed_bytes)) {
    *is_old = takes_new;
    return std::nullopt;
  }
  return Fail(DropReason::kChecksum, LoadBig16(datagram.body.data() + kChecksum), 0);
}

Failure CheckCast(const AdvertFilter& filter, const Datagram& datagram) {
  const bool is_multicast = datagram.destination.is_multicast();
  if (filter.is_unicast && is_multicast) return Fail(DropReason::kUnicastExpected, 1, 0);
  if (!filter.is_unicast && !is_multicast) return Fail(DropReason::kMulticastExpected, 0, 1);
  return std::nullopt;
}

Failure CheckSource(const AdvertFilter& filter, const Datagram& datagram) {
  if (!filter.is_unicast) return std::nullopt;
  const auto peer = std::ranges::find(filter.peers, datagram.source, &UnicastPeer::address);
  if (peer == filter.peers.end()) {
    return filter.has_source_check ? Fail(DropReason::kUnknownSource, 0, 0) : std::nullopt;
  }
  if (datagram.ttl < peer->min_ttl) {
    return Fail(DropReason::kUnicastTtl, datagram.ttl, peer->min_ttl);
  }
  if (datagram.ttl > peer->max_ttl) {
    return Fail(DropReason::kUnicastTtl, datagram.ttl, peer->max_ttl);
  }
  return std::nullopt;
}

/** Whether the advert lists each of our addresses, in any order. */
Failure CompareAddresses(const AdvertFormat& format, std::span<const uint8_t> body) {
  const size_t count = body[kAddressCount];
  if (count != format.addresses.size()) {
    return Fail(DropReason::kAddressCount, static_cast<int64_t>(count),
                static_cast<int64_t>(format.addresses.size()));
  }
  const size_t width = AddressBytes(format.family);
  const uint8_t* const listed = body.data() + kVrrpHeaderBytes;
  for (size_t index = 0; index < count; ++index) {
    const uint8_t* const own = format.addresses[index].octets.data();
    // Both sides are configured alike as a rule: look at the same place first.
    bool is_listed = memcmp(listed + index * width, own, width) == 0;
    for (size_t other = 0; other < count && !is_listed; ++other) {
      is_listed = memcmp(listed + other * width, own, width) == 0;
    }
    if (!is_listed) return Fail(DropReason::kAddressList, -1, static_cast<int64_t>(index));
  }
  return std::nullopt;
}

Failure CheckType(std::span<const uint8_t> body) {
  const uint8_t type = body[kVersionType] & 0x0f;
  if (type == kTypeAdvertisement) return std::nullopt;
  return Fail(DropReason::kType, type, kTypeAdvertisement);
}

Failure CheckFormat(const AdvertFilter& filter, const Datagram& datagram,
                    const AdvertHistory& history, Failure* note) {
  const AdvertFormat& format = filter.format;
  const std::span<const uint8_t> body = datagram.body;
  if (Failure failure = CheckLength(filter, datagram)) return failure;
  if (!filter.is_unicast && datagram.destination.is_multicast() && datagram.ttl != kMulticastTtl) {
    return Fail(DropReason::kTtl, datagram.ttl, kMulticastTtl);
  }
  const uint8_t version = body[kVersionType] >> 4;
  if (version != format.version) return Fail(DropReason::kVersion, version, format.version);
  if (body[kVrid] != format.vrid) return Fail(DropReason::kVrid, body[kVrid], format.vrid);
  if (Failure failure = CheckTrailerOf(filter, datagram, history, note)) return failure;
  if (version == 2) {
    if (Failure failure = CheckVersion2(filter, datagram, history)) return failure;
  }
  return CheckType(body);
}

int64_t IntervalUs(const AdvertFormat& format, std::span<const uint8_t> body) {
  if (format.version == 2) return int64_t{body[kIntervalSec]} * 1'000'000;
  return int64_t{ReceivedIntervalCs(body)} * 10'000;
}

void AddNote(AdvertVerdict* verdict, const Failure& note) {
  if (note) verdict->notes[verdict->note_count++] = *note;
}

}  // namespace

std::optional<Datagram> SplitIpv4(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv4HeaderBytes || packet[0] >> 4 != 4) return std::nullopt;
  const size_t header_bytes = static_cast<size_t>(packet[0] & 0x0f) * 4;
  if (header_bytes < kIpv4HeaderBytes || header_bytes > packet.size()) return std::nullopt;
  Datagram datagram;
  datagram.source = IpAddress::FromBytes(packet.subspan(kIpSource, 4));
  datagram.destination = IpAddress::FromBytes(packet.subspan(kIpDestination, 4));
  datagram.ttl = packet[kIpTtl];
  datagram.received_bytes = packet.size();
  datagram.announced_bytes = LoadBig16(packet.data() + kIpTotalLength);
  datagram.header_bytes = header_bytes;
  datagram.ip_header = packet.first(header_bytes);
  datagram.body = packet.subspan(header_bytes);
  if (packet[kIpProtocol] != kIpProtocolAh) return datagram;
  if (!IsAhForVrrp(datagram.body)) return std::nullopt;
  datagram.authentication_header = datagram.body.first(kAhBytes);
  datagram.header_bytes += kAhBytes;
  datagram.body = datagram.body.subspan(kAhBytes);
  return datagram;
}

AdvertVerdict CheckAdvert(const AdvertFilter& filter, const Datagram& datagram,
                          bool should_compare_addresses, const AdvertHistory& history) {
  const AdvertFormat& format = filter.format;
  AdvertVerdict verdict;
  const auto failed = [&verdict](Failure failure) {
    verdict.drop = failure;
    return verdict.drop.has_value();
  };
  Failure skew_note;
  if (failed(CheckFormat(filter, datagram, history, &skew_note))) return verdict;

  const std::span<const uint8_t> body = datagram.body;
  const size_t body_bytes = BodyBytes(format.family, format.version, body[kAddressCount]);
  const size_t trailer_bytes = TrailerBytesOf(format, datagram, body_bytes);
  const size_t expected_bytes = datagram.header_bytes + body_bytes + trailer_bytes;
  if (datagram.announced_bytes != expected_bytes) {
    verdict.drop = Fail(DropReason::kWrongLength, static_cast<int64_t>(datagram.announced_bytes),
                        static_cast<int64_t>(expected_bytes));
    return verdict;
  }
  Failure interval_note;
  if (format.version == 3 && ReceivedIntervalCs(body) != format.advertised_interval) {
    interval_note =
        Fail(DropReason::kIntervalNoted, ReceivedIntervalCs(body), format.advertised_interval);
  }
  const size_t summed_bytes = body_bytes + (format.family == AF_INET6 ? trailer_bytes : 0);
  if (failed(CheckChecksum(format, datagram, summed_bytes, &verdict.has_old_checksum))) {
    return verdict;
  }
  if (failed(CheckCast(filter, datagram))) return verdict;
  verdict.facts = {.source = datagram.source,
                   .priority = body[kPriority],
                   .interval_us = IntervalUs(format, body)};
  if (verdict.facts.interval_us == 0) {
    verdict.drop = Fail(DropReason::kInterval, 0, format.advertised_interval);
    return verdict;
  }
  verdict.is_counted = true;
  AddNote(&verdict, skew_note);
  AddNote(&verdict, interval_note);
  if (should_compare_addresses) AddNote(&verdict, CompareAddresses(format, body));
  failed(CheckSource(filter, datagram));
  return verdict;
}

}  // namespace holdfast::vrrp
