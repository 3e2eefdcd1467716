#include "vrrp/authentication.h"

#include <time.h>

#include <algorithm>
#include <cstring>

#include "vrrp/checksum.h"

namespace holdfast::vrrp {

namespace {

constexpr size_t kIpHeaderMax = 60;
// Offsets in the IPv4 header of what may change on the way. @see RFC 4302 §3.3.3.1.1.1
constexpr size_t kIpTos = 1;
constexpr size_t kIpFragment = 6;
constexpr size_t kIpTtl = 8;
constexpr size_t kIpChecksum = 10;
constexpr size_t kIpSource = 12;

// Offsets in the Authentication Header.
constexpr size_t kAhNext = 0;
constexpr size_t kAhLength = 1;
constexpr size_t kAhSpiAt = 4;
constexpr size_t kAhSequenceAt = 8;
constexpr size_t kAhIcv = 12;
constexpr uint8_t kNextVrrp = 112;
/** In words of 32 bits, minus two. */
constexpr uint8_t kAhWords = kAhBytes / 4 - 2;

// Offsets in the trailer.
constexpr size_t kTrailerType = 0;
constexpr size_t kTrailerKeyId = 1;
constexpr size_t kTrailerReserved = 2;
constexpr size_t kTrailerSequence = 4;
constexpr size_t kTrailerMac = 12;
constexpr uint8_t kTypeSha256 = 1;
constexpr size_t kPseudoBytes = 20;
constexpr size_t kAdvertChecksum = 6;

constexpr size_t kSendersMin = 4;

uint32_t LoadBig32(const uint8_t* at) { return uint32_t{LoadBig16(at)} << 16 | LoadBig16(at + 2); }

void StoreBig32(uint8_t* at, uint32_t value) {
  StoreBig16(at, static_cast<uint16_t>(value >> 16));
  StoreBig16(at + 2, static_cast<uint16_t>(value));
}

uint32_t SecondsOf(UtcSequence sequence) { return static_cast<uint32_t>(sequence >> 32); }

/** Of counters that may wrap around. @see RFC 1982 */
int64_t SecondsBetween(UtcSequence from, UtcSequence to) {
  return static_cast<int32_t>(SecondsOf(to) - SecondsOf(from));
}

bool IsLater(UtcSequence one, UtcSequence other) { return static_cast<int64_t>(one - other) > 0; }

bool IsOutside(const TrailerSettings& settings, int64_t skew_sec) {
  return settings.has_window && (skew_sec > settings.window_sec || skew_sec < -settings.window_sec);
}

crypto::Md5::Digest SumAh(const AhSettings& settings, std::span<const uint8_t> ip_header,
                          std::span<const uint8_t> header, std::span<const uint8_t> body,
                          bool is_unicast) {
  std::array<uint8_t, kIpHeaderMax> stable{};
  const size_t length = std::min(ip_header.size(), stable.size());
  std::copy_n(ip_header.begin(), length, stable.begin());
  stable[kIpTos] = 0;
  StoreBig16(stable.data() + kIpFragment, 0);
  StoreBig16(stable.data() + kIpChecksum, 0);
  if (is_unicast) stable[kIpTtl] = 0;
  constexpr std::array<uint8_t, kAhBytes - kAhIcv> kNoIcv{};
  return settings.mac.Sum({std::span(stable).first(length), header.first(kAhIcv), kNoIcv, body});
}

crypto::Sha256::Digest SumTrailer(const TrailerKey& key, const TrailerSubject& subject,
                                  std::span<const uint8_t> advert,
                                  std::span<const uint8_t> trailer_start) {
  std::array<uint8_t, kPseudoBytes> pseudo{};
  pseudo[0] = subject.family == AF_INET6 ? 6 : 4;
  pseudo[1] = subject.version;
  pseudo[2] = subject.vrid;
  std::ranges::copy(subject.source.bytes(), pseudo.begin() + 4);
  constexpr std::array<uint8_t, 2> kNoChecksum{};
  constexpr std::array<uint8_t, kTrailerBytes - kTrailerMac> kNoMac{};
  return key.mac.Sum({pseudo, advert.first(kAdvertChecksum), kNoChecksum,
                      advert.subspan(kAdvertChecksum + 2), trailer_start, kNoMac});
}

}  // namespace

UtcSequence ReadUtcSequence() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = static_cast<uint64_t>(static_cast<uint32_t>(now.tv_sec));
  const uint64_t fraction = (static_cast<uint64_t>(now.tv_nsec) << 16) / 1'000'000'000;
  return seconds << 32 | fraction << 16;
}

const TrailerKey* TrailerSettings::FindKey(uint8_t id) const {
  const auto found = std::ranges::find(keys, id, &TrailerKey::id);
  return found == keys.end() ? nullptr : &*found;
}

void SequenceBook::Reserve(size_t senders) {
  senders_.resize(std::max({senders_.size(), senders, kSendersMin}));
}

uint32_t SequenceBook::NextAh(UtcSequence utc) {
  last_ah_ = std::max(last_ah_ + 1, SecondsOf(utc));
  return last_ah_;
}

bool SequenceBook::AcceptAh(uint32_t sequence) {
  if (sequence <= last_ah_) return false;
  last_ah_ = sequence;
  return true;
}

UtcSequence SequenceBook::NextTrailer(const TrailerSettings& settings, UtcSequence utc) {
  // A clock that was set back leaves the last number where nobody would believe it any more.
  const bool is_stranded = IsOutside(settings, SecondsBetween(last_sent_, utc));
  const bool is_first = last_sent_ == 0;
  last_sent_ = is_first || is_stranded || IsLater(utc, last_sent_) ? utc : last_sent_ + 1;
  return last_sent_;
}

SequenceBook::Sender* SequenceBook::SlotOf(const IpAddress& sender) {
  const auto known = std::ranges::find(senders_, sender, &Sender::address);
  if (known != senders_.end()) return &*known;
  const auto oldest = std::ranges::min_element(senders_, {}, &Sender::used);
  *oldest = {.address = sender};
  return &*oldest;
}

bool SequenceBook::AcceptTrailer(const TrailerSettings& settings, const IpAddress& sender,
                                 UtcSequence sequence, UtcSequence utc) {
  if (senders_.empty()) return true;
  Sender* const slot = SlotOf(sender);
  // Outside of the window it only bars what the window bars anyway, and a clock that was set back.
  const bool has_mark = slot->used != 0 && !IsOutside(settings, SecondsBetween(slot->last, utc));
  slot->used = ++uses_;
  if (has_mark && !IsLater(sequence, slot->last)) return false;
  slot->last = sequence;
  return true;
}

void WriteAh(const AhSettings& settings, std::span<const uint8_t> ip_header,
             std::span<const uint8_t> body, uint32_t sequence, bool is_unicast,
             std::span<uint8_t, kAhBytes> header) {
  std::ranges::fill(header, 0);
  header[kAhNext] = kNextVrrp;
  header[kAhLength] = kAhWords;
  std::copy_n(ip_header.begin() + kIpSource, 4, header.begin() + kAhSpiAt);
  StoreBig32(header.data() + kAhSequenceAt, sequence);
  const auto sum = SumAh(settings, ip_header, header, body, is_unicast);
  std::copy_n(sum.begin(), kAhBytes - kAhIcv, header.begin() + kAhIcv);
}

bool IsAhForVrrp(std::span<const uint8_t> header) {
  return header.size() >= kAhBytes && header[kAhNext] == kNextVrrp && header[kAhLength] == kAhWords;
}

uint32_t AhSpi(std::span<const uint8_t, kAhBytes> header) {
  return LoadBig32(header.data() + kAhSpiAt);
}

uint32_t AhSequence(std::span<const uint8_t, kAhBytes> header) {
  return LoadBig32(header.data() + kAhSequenceAt);
}

bool IsAhGenuine(const AhSettings& settings, std::span<const uint8_t> ip_header,
                 std::span<const uint8_t, kAhBytes> header, std::span<const uint8_t> body,
                 bool is_unicast) {
  const auto sum = SumAh(settings, ip_header, header, body, is_unicast);
  return crypto::IsSameSecret(header.subspan<kAhIcv>(), std::span(sum).first(kAhBytes - kAhIcv));
}

void WriteTrailer(const TrailerSettings& settings, const TrailerSubject& subject,
                  std::span<const uint8_t> advert, UtcSequence sequence,
                  std::span<uint8_t, kTrailerBytes> trailer) {
  std::ranges::fill(trailer, 0);
  trailer[kTrailerType] = kTypeSha256;
  trailer[kTrailerKeyId] = settings.active_key;
  StoreBig32(trailer.data() + kTrailerSequence, SecondsOf(sequence));
  StoreBig32(trailer.data() + kTrailerSequence + 4, static_cast<uint32_t>(sequence));
  const TrailerKey* const key = settings.FindKey(settings.active_key);
  if (key == nullptr) return;
  const auto sum = SumTrailer(*key, subject, advert, trailer.first(kTrailerMac));
  std::copy_n(sum.begin(), kTrailerBytes - kTrailerMac, trailer.begin() + kTrailerMac);
}

TrailerFinding CheckTrailer(const TrailerSettings& settings, const TrailerSubject& subject,
                            std::span<const uint8_t> advert,
                            std::span<const uint8_t, kTrailerBytes> trailer, UtcSequence utc) {
  TrailerFinding finding;
  finding.key_id = trailer[kTrailerKeyId];
  finding.sequence = UtcSequence{LoadBig32(trailer.data() + kTrailerSequence)} << 32 |
                     LoadBig32(trailer.data() + kTrailerSequence + 4);
  finding.skew_sec = SecondsBetween(finding.sequence, utc);
  if (trailer[kTrailerType] != kTypeSha256 || LoadBig16(trailer.data() + kTrailerReserved) != 0) {
    finding.fault = TrailerFault::kMalformed;
    return finding;
  }
  // Before the sum, so that a storm of old adverts costs little.
  if (IsOutside(settings, finding.skew_sec)) {
    finding.fault = TrailerFault::kStale;
    return finding;
  }
  const TrailerKey* const key = settings.FindKey(finding.key_id);
  if (key == nullptr) {
    finding.fault = TrailerFault::kUnknownKey;
    return finding;
  }
  const auto sum = SumTrailer(*key, subject, advert, trailer.first<kTrailerMac>());
  const auto expected = std::span(sum).first(kTrailerBytes - kTrailerMac);
  if (!crypto::IsSameSecret(trailer.subspan<kTrailerMac>(), expected)) {
    finding.fault = TrailerFault::kForged;
  }
  return finding;
}

}  // namespace holdfast::vrrp
