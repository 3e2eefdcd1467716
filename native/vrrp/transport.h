#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "vrrp/address_set.h"
#include "vrrp/frames.h"
#include "vrrp/ip_address.h"
#include "vrrp/packet.h"

namespace holdfast::vrrp {

/** contract.ts `VrrpTransport`, prepared: everything that can be encoded before it is needed. */
struct Transport {
  Transport(int32_t ifindex_, AdvertFilter filter_, std::shared_ptr<AddressSet> addresses_)
      : ifindex(ifindex_),
        filter(std::move(filter_)),
        encoder(filter.format),
        addresses(std::move(addresses_)) {}

  int32_t ifindex;
  /** Format, peers and source of the adverts. */
  AdvertFilter filter;
  AdvertEncoder encoder;
  std::shared_ptr<AddressSet> addresses;
  /** Announces the source of the adverts. */
  AnnounceFrame source_frame;
  /** Where adverts go when there are no peers. */
  IpAddress group;
  /** Nothing: the kernel's, over IPv6. */
  std::optional<uint8_t> unicast_ttl;
  bool skips_address_check = false;
  /** SO_PRIORITY */
  int socket_priority = 0;
  /** What this instance adds to the receive buffer of its socket; 0: nothing is asked for. */
  int64_t receive_buffer_bytes = 0;

  const IpAddress& source() const { return filter.format.source; }
};

}  // namespace holdfast::vrrp
