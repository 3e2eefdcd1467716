#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "vrrp/ip_address.h"

namespace holdfast::vrrp {

/** The internet checksum as a running sum. An odd octet may only end the last part. @see RFC 1071
 */
class Checksum {
 public:
  void Add(std::span<const uint8_t> bytes) {
    size_t index = 0;
    for (; index + 1 < bytes.size(); index += 2) {
      sum_ += static_cast<uint32_t>(bytes[index]) << 8 | bytes[index + 1];
    }
    if (index < bytes.size()) sum_ += static_cast<uint32_t>(bytes[index]) << 8;
  }

  /** The IPv4 or IPv6 pseudo header; both sum up alike. @see RFC 9568 §5.2.8, RFC 8200 §8.1 */
  void AddPseudoHeader(const IpAddress& source, const IpAddress& destination, uint8_t protocol,
                       size_t length) {
    Add(source.bytes());
    Add(destination.bytes());
    sum_ += protocol;
    sum_ += static_cast<uint32_t>(length);
  }

  /** Host order; 0 when what was summed up includes a right checksum. */
  uint16_t Finish() const {
    uint64_t sum = sum_;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
  }

 private:
  uint64_t sum_ = 0;
};

inline void StoreBig16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

inline uint16_t LoadBig16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

}  // namespace holdfast::vrrp
