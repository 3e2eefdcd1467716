#include "probe/syn_codec.h"

#include <sys/socket.h>

#include "probe/octets.h"

namespace holdfast::probe {

namespace {

constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kRst = 0x04;
constexpr uint8_t kAck = 0x10;
constexpr size_t kHeaderBytes = 20;
constexpr size_t kQuotedBytes = 8;
constexpr uint8_t kMaximumSegmentSize = 2;
constexpr uint16_t kSegmentBytesV4 = 1'460;
constexpr uint16_t kSegmentBytesV6 = 1'440;
/** Never used, but 0 would be a closed window. */
constexpr uint16_t kWindow = 0xffff;

uint32_t WordSum(in_addr address) {
  const uint32_t host_order = ntohl(address.s_addr);
  return (host_order >> 16) + (host_order & 0xffff);
}

}  // namespace

std::array<uint8_t, kSynBytes> EncodeSyn(int family, const SynSegment& syn) {
  std::array<uint8_t, kSynBytes> segment{};
  const std::span<uint8_t> octets(segment);
  PutOctets(octets.subspan(0, 2), syn.source_port);
  PutOctets(octets.subspan(2, 2), syn.destination_port);
  PutOctets(octets.subspan(4, 4), syn.sequence);
  segment[12] = kSynBytes / 4 << 4;
  segment[13] = kSyn;
  PutOctets(octets.subspan(14, 2), kWindow);
  segment[20] = kMaximumSegmentSize;
  segment[21] = 4;
  PutOctets(octets.subspan(22, 2), family == AF_INET ? kSegmentBytesV4 : kSegmentBytesV6);
  return segment;
}

void SetSynChecksum(std::span<uint8_t, kSynBytes> segment, in_addr source, in_addr destination) {
  const uint32_t pseudo_header =
      WordSum(source) + WordSum(destination) + IPPROTO_TCP + uint32_t{kSynBytes};
  PutOctets(segment.subspan(16, 2), 0);
  PutOctets(segment.subspan(16, 2), InternetChecksum(segment, pseudo_header));
}

std::optional<SynAnswer> DecodeSynAnswer(std::span<const uint8_t> segment) {
  if (segment.size() < kHeaderBytes) return std::nullopt;
  const bool is_accepted = (segment[13] & (kSyn | kRst | kAck)) == (kSyn | kAck);
  const bool is_refused = (segment[13] & (kSyn | kRst | kAck)) == (kRst | kAck);
  if (!is_accepted && !is_refused) return std::nullopt;
  SynAnswer answer;
  answer.syn.destination_port = static_cast<uint16_t>(GetOctets(segment.subspan(0, 2)));
  answer.syn.source_port = static_cast<uint16_t>(GetOctets(segment.subspan(2, 2)));
  answer.syn.sequence = static_cast<uint32_t>(GetOctets(segment.subspan(8, 4))) - 1;
  answer.is_accepted = is_accepted;
  return answer;
}

std::optional<SynSegment> DecodeQuotedSyn(std::span<const uint8_t> segment) {
  if (segment.size() < kQuotedBytes) return std::nullopt;
  SynSegment syn;
  syn.source_port = static_cast<uint16_t>(GetOctets(segment.subspan(0, 2)));
  syn.destination_port = static_cast<uint16_t>(GetOctets(segment.subspan(2, 2)));
  syn.sequence = static_cast<uint32_t>(GetOctets(segment.subspan(4, 4)));
  return syn;
}

}  // namespace holdfast::probe
