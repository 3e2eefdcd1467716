/**
 * Good adverts with random faults against the decoder, the same for the same seed and with any
 * compiler. Usage: vrrp_packet_mutants [COUNT] [SEED] Says how often each reason was found; fails
 * when one that a packet can have was never found.
 */
#include <array>
#include <cinttypes>
#include <cstdio>
#include <random>

#include "vrrp/checksum.h"
#include "vrrp_packet_input.h"

namespace holdfast::vrrp::fuzz {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kDefaultCount = 100'000;
/** Room for a header with options and a body with 255 IPv6 addresses. */
constexpr size_t kLengthMax = 4'400;
constexpr size_t kChecksumOffset = 6;

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  Bytes Next() {
    const size_t index = Below(Filters().size());
    const AdvertFormat& format = Filters()[index].format;
    Bytes packet = GoodPacket(Filters()[index]);
    for (size_t left = Below(5); left > 0; --left) Mutate(&packet);
    // Faults behind the checksum are only reached by packets whose checksum is right again.
    if (Below(3) != 0) RepairChecksum(format, &packet);
    packet.insert(packet.begin(), static_cast<uint8_t>(index));
    return packet;
  }

 private:
  size_t Below(size_t limit) { return static_cast<size_t>(random_() % limit); }

  static IpAddress Destination(const AdvertFilter& filter) {
    if (filter.format.family == AF_INET6) return *IpAddress::Parse(AF_INET6, "ff02::12");
    return *IpAddress::Parse(AF_INET, filter.is_unicast ? "192.168.1.6" : "224.0.0.18");
  }

  Bytes GoodPacket(const AdvertFilter& filter) {
    AdvertEncoder encoder(filter.format);
    const AdvertStamp stamp{.ah_sequence = static_cast<uint32_t>(Below(4)),
                            .trailer_sequence = UtcSequence{Below(8)} << 32 | 1};
    const auto bytes =
        encoder.Encode(static_cast<uint8_t>(Below(256)), Destination(filter), 255, stamp);
    return {bytes.begin(), bytes.end()};
  }

  void Mutate(Bytes* packet) {
    static constexpr std::array<uint8_t, 8> kEdges = {0, 1, 2, 0x7f, 0x80, 0xf0, 0xfe, 0xff};
    const size_t size = packet->size();
    switch (Below(6)) {
      case 0:
        if (size > 0) (*packet)[Below(size)] ^= static_cast<uint8_t>(1u << Below(8));
        break;
      case 1:
        if (size > 0) (*packet)[Below(size)] = kEdges[Below(kEdges.size())];
        break;
      case 2:
        packet->resize(Below(size + 1));
        break;
      case 3:
        if (size < kLengthMax)
          packet->resize(size + Below(Below(64) == 0 ? kLengthMax - size : 48));
        break;
      case 4: {
        const size_t from = Below(size + 1);
        const Bytes part(packet->begin() + static_cast<ptrdiff_t>(from), packet->end());
        if (size + part.size() <= kLengthMax) {
          packet->insert(packet->begin() + static_cast<ptrdiff_t>(Below(size + 1)), part.begin(),
                         part.end());
        }
        break;
      }
      default:
        if (size > 0) (*packet)[Below(size)] = static_cast<uint8_t>(Below(256));
    }
  }

  void RepairChecksum(const AdvertFormat& format, Bytes* packet) {
    size_t offset = 0;
    Datagram datagram;
    if (format.family == AF_INET) {
      if (packet->size() >= 4)
        StoreBig16(packet->data() + 2, static_cast<uint16_t>(packet->size()));
      const auto split = SplitIpv4(*packet);
      if (!split) return;
      datagram = *split;
      offset = split->header_bytes;
    } else {
      datagram.source = *IpAddress::Parse(AF_INET6, "fe80::5");
      datagram.destination = *IpAddress::Parse(AF_INET6, "ff02::12");
    }
    if (packet->size() < offset + kVrrpHeaderBytes) return;
    const std::span<uint8_t> body = std::span(*packet).subspan(offset);
    StoreBig16(body.data() + kChecksumOffset, 0);
    // A trailer is in the sum of IPv6 only.
    const bool has_trailer = format.family == AF_INET && format.trailer != nullptr;
    const auto summed = has_trailer && body.size() >= kVrrpHeaderBytes + kTrailerBytes
                            ? body.first(body.size() - kTrailerBytes)
                            : body;
    Checksum checksum;
    if (format.family == AF_INET6 || format.version == 3) {
      const bool is_old = format.old_checksum == OldChecksum::kDetect && Below(2) == 0;
      checksum.AddPseudoHeader(datagram.source, is_old ? format.group : datagram.destination,
                               kIpProtocolVrrp, summed.size());
    }
    checksum.Add(summed);
    StoreBig16(body.data() + kChecksumOffset, checksum.Finish());
  }

  std::mt19937_64 random_;
};

struct Tally {
  uint64_t accepted = 0;
  uint64_t unreadable = 0;
  std::array<uint64_t, kDropReasons> reasons{};

  void Add(const std::optional<AdvertVerdict>& verdict) {
    if (!verdict) {
      ++unreadable;
      return;
    }
    if (!verdict->drop) ++accepted;
    if (verdict->has_old_checksum) {
      ++reasons[static_cast<size_t>(DropReason::kOldChecksumNoted)];
    }
    if (verdict->drop) ++reasons[static_cast<size_t>(verdict->drop->reason)];
    for (size_t index = 0; index < verdict->note_count; ++index) {
      ++reasons[static_cast<size_t>(verdict->notes[index].reason)];
    }
  }
};

int Run(uint64_t count, uint64_t seed) {
  Mutator mutator(seed);
  Tally tally;
  for (uint64_t done = 0; done < count; ++done) tally.Add(CheckInput(mutator.Next()));
  printf("%" PRIu64 " mutants (seed %" PRIu64 "): accepted %" PRIu64 ", no IPv4 packet %" PRIu64
         "\n",
         count, seed, tally.accepted, tally.unreadable);
  int missing = 0;
  for (size_t reason = 0; reason < kDropReasons; ++reason) {
    printf("reason %zu: %" PRIu64 "\n", reason, tally.reasons[reason]);
    if (tally.reasons[reason] == 0) ++missing;
  }
  return missing == 0 && tally.accepted > 0 ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::vrrp::fuzz

int main(int argc, char** argv) {
  const uint64_t count =
      argc > 1 ? strtoull(argv[1], nullptr, 10) : holdfast::vrrp::fuzz::kDefaultCount;
  const uint64_t seed = argc > 2 ? strtoull(argv[2], nullptr, 10) : 1;
  return holdfast::vrrp::fuzz::Run(count, seed);
}
