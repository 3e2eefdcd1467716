#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"
#include "vrrp/frames.h"
#include "vrrp/ip_address.h"

namespace holdfast::vrrp {

using MacAddress = std::array<uint8_t, 6>;

struct VirtualAddress {
  netlink::AddressRecord record;
  MacAddress mac{};
};

/**
 * The virtual addresses of one transport in their order, with the netlink messages that add and
 * remove them and the frames that announce them, all encoded beforehand.
 */
class AddressSet {
 public:
  enum class Change : uint8_t { kAdd, kRemove };

  explicit AddressSet(std::span<const VirtualAddress> addresses);

  size_t size() const { return frames_.size(); }
  const IpAddress& address(size_t index) const { return addresses_[index]; }
  /** Interface the address belongs to; it may differ from that of the adverts. */
  int32_t ifindex(size_t index) const { return ifindexes_[index]; }
  const AnnounceFrame& frame(size_t index) const { return frames_[index]; }

  /** Messages of the addresses [first, first + count); writable, since the socket numbers them. */
  std::span<uint8_t> Messages(Change change, size_t first, size_t count);

 private:
  struct Batch {
    std::vector<uint8_t> bytes;
    /** Where each message starts, and the end. */
    std::vector<size_t> offsets{0};
  };

  std::vector<IpAddress> addresses_;
  std::vector<int32_t> ifindexes_;
  std::vector<AnnounceFrame> frames_;
  Batch add_;
  Batch remove_;
};

}  // namespace holdfast::vrrp
