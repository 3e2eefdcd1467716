#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "vrrp/authentication.h"
#include "vrrp/ip_address.h"
#include "vrrp/model.h"

namespace holdfast::vrrp {

/*
 * VRRPv2 (RFC 3768 §5.1)                       VRRPv3 (RFC 9568 §5.1)
 *  0               1               2               3
 * +-------+-------+---------------+---------------+---------------+
 * |Version| Type  |     VRID      |   Priority    | Address count |
 * +-------+-------+---------------+---------------+---------------+
 * |   Auth type   | Interval (s)  |           Checksum            |  v2
 * |  0    | Interval (12 bit, cs) |           Checksum            |  v3
 * +---------------+---------------+---------------+---------------+
 * |               Addresses, 4 or 16 octets each                  |
 * +---------------+---------------+---------------+---------------+
 * |          Authentication data, 8 octets (v2 over IPv4)         |
 * +---------------+---------------+---------------+---------------+
 */
inline constexpr uint8_t kIpProtocolVrrp = 112;
inline constexpr size_t kIpv4HeaderBytes = 20;
inline constexpr size_t kVrrpHeaderBytes = 8;
inline constexpr size_t kAuthBytes = 8;
inline constexpr uint8_t kTypeAdvertisement = 1;
inline constexpr uint8_t kMulticastTtl = 255;
/** DiffServ CS6. */
inline constexpr uint8_t kTrafficClass = 0xc0;

using Password = std::array<uint8_t, kAuthBytes>;

/** contract.ts `VrrpTransport.oldUnicastChecksum`, in its order. */
enum class OldChecksum : uint8_t { kNever, kDetect, kAlways };
inline constexpr size_t kOldChecksums = 3;

/** What the adverts of one virtual router look like. */
struct AdvertFormat {
  int family = AF_INET;
  uint8_t version = 2;
  uint8_t vrid = 0;
  /** v2 seconds, v3 centiseconds */
  uint16_t advertised_interval = 0;
  IpAddress source;
  /** In advert order, at most 255. */
  std::vector<IpAddress> addresses;
  /** v2 only. */
  std::optional<Password> password;
  /** v2 over IPv4 only; null for none. Shared, since a format is copied. */
  std::shared_ptr<const AhSettings> ah = nullptr;
  std::shared_ptr<const TrailerSettings> trailer = nullptr;
  bool is_checksum_as_v2 = false;
  /** Other than never: VRRPv3 over IPv4 by unicast, and `group` is set. */
  OldChecksum old_checksum = OldChecksum::kNever;
  /** What the old checksum takes for the destination. */
  IpAddress group{};

  bool sends_trailer() const { return trailer != nullptr && trailer->is_sent(); }
};

struct UnicastPeer {
  IpAddress address;
  uint8_t min_ttl = 0;
  uint8_t max_ttl = 255;
};

/** What received adverts are compared with. */
struct AdvertFilter {
  AdvertFormat format;
  bool is_unicast = false;
  bool has_source_check = false;
  std::vector<UnicastPeer> peers;
};

/** Encodes the adverts of one virtual router into a buffer of its own; Encode allocates nothing. */
class AdvertEncoder {
 public:
  explicit AdvertEncoder(const AdvertFormat& format);

  /**
   * IPv4: with the IP header (20 octets, id counts up from 1 and skips 0, header checksum and
   * nothing else left to the kernel). IPv6: the body alone, checksum included. An Authentication
   * Header and a trailer come with it where the format has them.
   * @returns bytes that are good until the next call
   */
  std::span<const uint8_t> Encode(uint8_t priority, const IpAddress& destination, uint8_t ttl,
                                  const AdvertStamp& stamp = {});

  /** From now on sums up the multicast group. @returns false when it did before */
  bool UseOldChecksum();
  bool uses_old_checksum() const { return uses_old_checksum_; }
  /** IPv4: counts on where the encoder that this one replaces has ended. */
  void ContinueIds(const AdvertEncoder& before) { last_id_ = before.last_id_; }

 private:
  void WriteBody(const AdvertFormat& format, std::span<uint8_t> body);
  void PatchIpv4Header(const IpAddress& destination, uint8_t ttl);
  void Sign(UtcSequence sequence);
  void SumUp(const IpAddress& destination);

  int family_;
  uint8_t version_;
  uint8_t vrid_;
  bool is_checksum_as_v2_;
  bool uses_old_checksum_;
  IpAddress source_;
  IpAddress group_;
  std::shared_ptr<const AhSettings> ah_;
  /** Null unless it is sent. */
  std::shared_ptr<const TrailerSettings> trailer_;
  size_t body_offset_;
  /** Without the trailer. */
  size_t body_bytes_ = 0;
  uint16_t last_id_ = 0;
  std::vector<uint8_t> bytes_;
};

/** One received packet, taken apart as far as the IP layer; `body` points into the buffer. */
struct Datagram {
  IpAddress source;
  IpAddress destination;
  uint8_t ttl = 0;
  /** Octets of the whole packet as received (IPv6: of the body), and as its IP header says. */
  size_t received_bytes = 0;
  size_t announced_bytes = 0;
  size_t header_bytes = 0;
  /** IPv4 only. */
  std::span<const uint8_t> ip_header{};
  /** 24 octets, or empty; counted in `header_bytes`. */
  std::span<const uint8_t> authentication_header{};
  std::span<const uint8_t> body;

  std::optional<uint8_t> vrid() const {
    if (body.size() < 2) return std::nullopt;
    return body[1];
  }
};

/** What a raw IPv4 socket delivers: IP header (options allowed), Authentication Header, body. */
std::optional<Datagram> SplitIpv4(std::span<const uint8_t> packet);

struct AdvertNote {
  DropReason reason = DropReason::kTooShort;
  int64_t received = 0;
  int64_t expected = 0;
};

struct AdvertVerdict {
  /** Why the packet is to be dropped. */
  std::optional<AdvertNote> drop;
  /** Passed the checks that make it an advert of ours, even if its sender is then refused. */
  bool is_counted = false;
  AdvertFacts facts{};
  /** The checksum is not that of RFC 9568 but the old one, which is to be found out. */
  bool has_old_checksum = false;
  /** Worth a word, but the advert is used. */
  std::array<AdvertNote, 3> notes{};
  size_t note_count = 0;
};

/** What was sent and heard before, and what time it is; without it nothing counts as a replay. */
struct AdvertHistory {
  SequenceBook* sequences = nullptr;
  UtcSequence utc = 0;
};

/**
 * Checks in this order, the first failure wins: length, TTL, version, trailer, authentication,
 * v2 interval, type, IP length, (note: v3 interval), checksum, multicast or unicast as configured,
 * (note: addresses), unicast source and its TTL. `received` and `expected` of a note: octets, TTL,
 * version, type, authentication type, interval in wire units, checksum, address count, or (address
 * list) -1 and the index of the missing address.
 * A checksum of VRRPv3 by unicast may also be the old one, as the format says.
 * The length expected follows from the version and address count of the packet itself, so that the
 * other version is named as such. keepalived: an advert with other addresses is used.
 * @see RFC 9568 §7.1, RFC 3768 §7.1; errata 8301: an interval of zero is refused.
 */
AdvertVerdict CheckAdvert(const AdvertFilter& filter, const Datagram& datagram,
                          bool should_compare_addresses, const AdvertHistory& history = {});

}  // namespace holdfast::vrrp
