#pragma once

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast::probe {

/** Writes `value` in network order, as wide as `at`. */
void PutOctets(std::span<uint8_t> at, uint64_t value);

/** Reads up to 8 octets in network order. */
uint64_t GetOctets(std::span<const uint8_t> at);

/**
 * @param packet of an even length
 * @param sum of 16-bit words that count too, for example of a pseudo header
 * @see RFC 1071
 */
uint16_t InternetChecksum(std::span<const uint8_t> packet, uint32_t sum = 0);

constexpr size_t kIpv4HeaderBytes = 20;

/**
 * An IPv4 header for a raw socket with IP_HDRINCL, which spares the kernel the assembly of a
 * datagram. It fills in total length, identification, checksum and, when `source` is zero, the
 * source. Both addresses in network order.
 */
std::array<uint8_t, kIpv4HeaderBytes> EncodeIpv4Header(uint8_t protocol, in_addr source,
                                                       in_addr destination);

/**
 * What follows the IPv4 header that raw sockets put in front.
 * @returns an empty span for a packet that is too short, fragmented or of another protocol
 */
std::span<const uint8_t> SkipIpv4Header(std::span<const uint8_t> packet, uint8_t protocol);

}  // namespace holdfast::probe
