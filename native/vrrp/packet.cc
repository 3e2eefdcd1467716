#include "vrrp/packet.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "vrrp/checksum.h"
#include "vrrp/packet_layout.h"

namespace holdfast::vrrp {

AdvertEncoder::AdvertEncoder(const AdvertFormat& format)
    : family_(format.family),
      version_(format.version),
      vrid_(format.vrid),
      is_checksum_as_v2_(format.is_checksum_as_v2),
      uses_old_checksum_(format.old_checksum == OldChecksum::kAlways),
      source_(format.source),
      group_(format.group),
      ah_(format.ah),
      trailer_(format.sends_trailer() ? format.trailer : nullptr),
      body_offset_((format.family == AF_INET ? kIpv4HeaderBytes : 0) +
                   (format.ah != nullptr ? kAhBytes : 0)) {
  const size_t count = std::min<size_t>(format.addresses.size(), 255);
  body_bytes_ = BodyBytes(family_, version_, count);
  bytes_.resize(body_offset_ + body_bytes_ + (trailer_ != nullptr ? kTrailerBytes : 0));
  WriteBody(format, std::span(bytes_).subspan(body_offset_, body_bytes_));
}

void AdvertEncoder::WriteBody(const AdvertFormat& format, std::span<uint8_t> octets) {
  const size_t count = std::min<size_t>(format.addresses.size(), 255);
  uint8_t* const body = octets.data();
  body[kVersionType] = static_cast<uint8_t>(version_ << 4 | kTypeAdvertisement);
  body[kVrid] = format.vrid;
  body[kAddressCount] = static_cast<uint8_t>(count);
  if (version_ == 2) {
    body[kAuthType] = OwnAuthType(format);
    body[kIntervalSec] = static_cast<uint8_t>(format.advertised_interval);
  } else {
    StoreBig16(body + kIntervalCs, format.advertised_interval & 0x0fff);
  }
  uint8_t* at = body + kVrrpHeaderBytes;
  for (size_t index = 0; index < count; ++index, at += AddressBytes(family_)) {
    memcpy(at, format.addresses[index].octets.data(), AddressBytes(family_));
  }
  if (version_ == 2 && family_ == AF_INET && format.password) {
    memcpy(at, format.password->data(), kAuthBytes);
  }
}

void AdvertEncoder::PatchIpv4Header(const IpAddress& destination, uint8_t ttl) {
  uint8_t* const header = bytes_.data();
  header[0] = 0x45;
  header[1] = kTrafficClass;
  StoreBig16(header + kIpTotalLength, static_cast<uint16_t>(bytes_.size()));
  if (++last_id_ == 0) last_id_ = 1;
  StoreBig16(header + kIpId, last_id_);
  header[kIpTtl] = ttl;
  header[kIpProtocol] = ah_ != nullptr ? kIpProtocolAh : kIpProtocolVrrp;
  memcpy(header + kIpSource, source_.octets.data(), 4);
  memcpy(header + kIpDestination, destination.octets.data(), 4);
}

void AdvertEncoder::Sign(UtcSequence sequence) {
  const TrailerSubject subject{
      .family = family_, .version = version_, .vrid = vrid_, .source = source_};
  const auto body = std::span(bytes_).subspan(body_offset_, body_bytes_);
  WriteTrailer(*trailer_, subject, body, sequence,
               std::span(bytes_).subspan(body_offset_ + body_bytes_).first<kTrailerBytes>());
}

/** keepalived: IPv6 sums the trailer up, IPv4 does not. */
void AdvertEncoder::SumUp(const IpAddress& destination) {
  const std::span<uint8_t> body = std::span(bytes_).subspan(body_offset_);
  const auto summed = family_ == AF_INET6 ? body : body.first(body_bytes_);
  StoreBig16(body.data() + kChecksum, 0);
  Checksum checksum;
  if (HasPseudoHeader(family_, version_, is_checksum_as_v2_)) {
    checksum.AddPseudoHeader(source_, uses_old_checksum_ ? group_ : destination, kIpProtocolVrrp,
                             summed.size());
  }
  checksum.Add(summed);
  StoreBig16(body.data() + kChecksum, checksum.Finish());
}

bool AdvertEncoder::UseOldChecksum() { return !std::exchange(uses_old_checksum_, true); }

std::span<const uint8_t> AdvertEncoder::Encode(uint8_t priority, const IpAddress& destination,
                                               uint8_t ttl, const AdvertStamp& stamp) {
  if (family_ == AF_INET) PatchIpv4Header(destination, ttl);
  bytes_[body_offset_ + kPriority] = priority;
  if (trailer_ != nullptr) Sign(stamp.trailer_sequence);
  SumUp(destination);
  if (ah_ != nullptr) {
    const auto all = std::span(bytes_);
    WriteAh(*ah_, all.first(kIpv4HeaderBytes), all.subspan(body_offset_), stamp.ah_sequence,
            !destination.is_multicast(), all.subspan(kIpv4HeaderBytes).first<kAhBytes>());
  }
  return bytes_;
}

}  // namespace holdfast::vrrp
