#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "crypto/hmac.h"
#include "crypto/md5.h"
#include "crypto/sha256.h"
#include "vrrp/ip_address.h"

namespace holdfast::vrrp {

/*
 * Authentication Header of VRRPv2 over IPv4        Trailer of `auth_hmac`, after the advert
 *  (RFC 2338 §5.3.6.3, RFC 4302 §2)                 (keepalived 2.4.3)
 *  0        1        2                              0        1        2
 * +--------+--------+-----------------+            +--------+--------+-----------------+
 * |Next 112| Len 4  |    Reserved     |            | Type 1 | Key id |   Reserved, 0   |
 * +--------+--------+-----------------+            +--------+--------+-----------------+
 * |        SPI: source address        |            |            UTC seconds            |
 * +-----------------------------------+            +-----------------+-----------------+
 * |          Sequence number          |            |   1/65536 s     |     Counter     |
 * +-----------------------------------+            +-----------------+-----------------+
 * |  12 octets of HMAC-MD5 (ICV)      |            |  16 octets of HMAC-SHA256         |
 * +-----------------------------------+            +-----------------------------------+
 */
inline constexpr uint8_t kIpProtocolAh = 51;
inline constexpr size_t kAhBytes = 24;
inline constexpr size_t kTrailerBytes = 28;

/** Seconds since 1970 in the upper half, then 1/65536 s, then 16 bits to count with. */
using UtcSequence = uint64_t;

/** CLOCK_REALTIME */
UtcSequence ReadUtcSequence();

/** `auth_type AH` */
struct AhSettings {
  crypto::Hmac<crypto::Md5> mac;
};

enum class TrailerMode : uint8_t { kEnforce, kPermissive, kReceiveOnly };

struct TrailerKey {
  uint8_t id = 0;
  crypto::Hmac<crypto::Sha256> mac;
};

/** `auth_hmac` */
struct TrailerSettings {
  std::vector<TrailerKey> keys;
  uint8_t active_key = 0;
  /** Seconds; the clocks of two routers may differ by so much. */
  int32_t window_sec = 0;
  /** False: only the order of sequence numbers counts (`anti_replay monotonic`). */
  bool has_window = true;
  TrailerMode mode = TrailerMode::kEnforce;

  bool is_sent() const { return mode != TrailerMode::kReceiveOnly; }
  /** Null when there is none. */
  const TrailerKey* FindKey(uint8_t id) const;
};

/** Sequence numbers for one advert, the same for all peers. */
struct AdvertStamp {
  uint32_t ah_sequence = 0;
  UtcSequence trailer_sequence = 0;
};

/**
 * The sequence numbers of one virtual router, sent and heard. They outlive a change of
 * configuration. Only Reserve allocates.
 */
class SequenceBook {
 public:
  /** @param senders to be told apart, at least four are */
  void Reserve(size_t senders);

  /**
   * AH: above what was sent and heard, and not below the clock, so that a router that was started
   * again is believed at once.
   */
  uint32_t NextAh(UtcSequence utc);
  /** AH has one count for all routers. @returns false for one that is used up */
  bool AcceptAh(uint32_t sequence);
  uint32_t last_ah() const { return last_ah_; }

  UtcSequence NextTrailer(const TrailerSettings& settings, UtcSequence utc);
  /** @returns false when the sender was heard with this or a later one */
  bool AcceptTrailer(const TrailerSettings& settings, const IpAddress& sender, UtcSequence sequence,
                     UtcSequence utc);

 private:
  struct Sender {
    IpAddress address;
    UtcSequence last = 0;
    /** Rank in the order of use; 0 is free. */
    uint64_t used = 0;
  };

  Sender* SlotOf(const IpAddress& sender);

  uint32_t last_ah_ = 0;
  UtcSequence last_sent_ = 0;
  uint64_t uses_ = 0;
  std::vector<Sender> senders_;
};

/** What is signed besides the advert itself. */
struct TrailerSubject {
  int family = AF_INET;
  uint8_t version = 3;
  uint8_t vrid = 0;
  IpAddress source;
};

/** Writes the header, ICV included. @param ip_header at most 60 octets; @param is_unicast TTLs
 * change on the way */
void WriteAh(const AhSettings& settings, std::span<const uint8_t> ip_header,
             std::span<const uint8_t> body, uint32_t sequence, bool is_unicast,
             std::span<uint8_t, kAhBytes> header);
/** Next header, length and nothing else: what it takes to find the advert. */
bool IsAhForVrrp(std::span<const uint8_t> header);
uint32_t AhSpi(std::span<const uint8_t, kAhBytes> header);
uint32_t AhSequence(std::span<const uint8_t, kAhBytes> header);
bool IsAhGenuine(const AhSettings& settings, std::span<const uint8_t> ip_header,
                 std::span<const uint8_t, kAhBytes> header, std::span<const uint8_t> body,
                 bool is_unicast);

/** Writes the trailer. @param advert at least a VRRP header; its checksum counts as zero */
void WriteTrailer(const TrailerSettings& settings, const TrailerSubject& subject,
                  std::span<const uint8_t> advert, UtcSequence sequence,
                  std::span<uint8_t, kTrailerBytes> trailer);

enum class TrailerFault : uint8_t { kMalformed, kStale, kUnknownKey, kForged };

/** What a trailer says; to be believed only without a fault. */
struct TrailerFinding {
  std::optional<TrailerFault> fault;
  UtcSequence sequence = 0;
  uint8_t key_id = 0;
  /** Own clock minus the sender's. */
  int64_t skew_sec = 0;
};

/** In this order: form, age, key, sum. Whether it was heard before is for the SequenceBook. */
TrailerFinding CheckTrailer(const TrailerSettings& settings, const TrailerSubject& subject,
                            std::span<const uint8_t> advert,
                            std::span<const uint8_t, kTrailerBytes> trailer, UtcSequence utc);

}  // namespace holdfast::vrrp
