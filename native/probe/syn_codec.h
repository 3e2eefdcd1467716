#pragma once

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace holdfast::probe {

/**
 * A TCP SYN and what answers it (RFC 9293 §3.1), with the maximum segment size as its one option:
 *
 *    0                   1                   2                   3
 *   +-------------------------------+-------------------------------+
 *   |          source port          |       destination port        |
 *   |                        sequence number                        |
 *   |                    acknowledgment number                      |
 *   | offset|       |  ACK RST SYN  |            window             |
 *   |           checksum            |        urgent pointer         |
 *   |    kind 2     |   length 4    |     maximum segment size      |
 *   +---------------------------------------------------------------+
 */
constexpr size_t kSynBytes = 24;

struct SynSegment {
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;

  bool operator==(const SynSegment&) const = default;
};

/** What a server says to a SYN. */
struct SynAnswer {
  /** The SYN that it acknowledges, as it was sent. */
  SynSegment syn;
  /** SYN and ACK; else RST and ACK. */
  bool is_accepted = false;

  bool operator==(const SynAnswer&) const = default;
};

/** The checksum stays zero: for IPv6 the kernel, which chooses the source address, fills it in. */
std::array<uint8_t, kSynBytes> EncodeSyn(int family, const SynSegment& syn);

/** Fills in the checksum of a SYN over IPv4. */
void SetSynChecksum(std::span<uint8_t, kSynBytes> segment, in_addr source, in_addr destination);

/**
 * @param segment from the TCP header on; of the checksum the match of the acknowledged number takes
 *   the place, since a raw socket also sees segments whose checksum was left to the network device
 * @returns nothing for anything but SYN-ACK and RST-ACK
 */
std::optional<SynAnswer> DecodeSynAnswer(std::span<const uint8_t> segment);

/**
 * A SYN as an ICMP error message quotes it.
 * @returns nothing when fewer than the 8 octets are there that every quotation has
 */
std::optional<SynSegment> DecodeQuotedSyn(std::span<const uint8_t> segment);

}  // namespace holdfast::probe
