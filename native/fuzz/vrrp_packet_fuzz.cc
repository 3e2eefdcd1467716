#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "vrrp/packet.h"

namespace {

using holdfast::vrrp::AdvertFilter;
using holdfast::vrrp::AdvertFormat;
using holdfast::vrrp::IpAddress;

AdvertFilter MakeFilter(int family, uint8_t version, bool is_unicast) {
  AdvertFormat format{.family = family,
                      .version = version,
                      .vrid = 51,
                      .advertised_interval = static_cast<uint16_t>(version == 2 ? 1 : 100),
                      .source = {},
                      .addresses = {},
                      .password = std::nullopt};
  const char* const address = family == AF_INET ? "192.168.1.100" : "fe80::100";
  format.addresses.push_back(*IpAddress::Parse(family, address));
  if (version == 2) format.password = holdfast::vrrp::Password{'1', '1', '1', '1'};
  return {.format = format, .is_unicast = is_unicast, .has_source_check = false, .peers = {}};
}

const std::vector<AdvertFilter>& Filters() {
  static const std::vector<AdvertFilter> filters = {
      MakeFilter(AF_INET, 2, false), MakeFilter(AF_INET, 3, false),  MakeFilter(AF_INET, 2, true),
      MakeFilter(AF_INET, 3, true),  MakeFilter(AF_INET6, 3, false), MakeFilter(AF_INET6, 2, false),
  };
  return filters;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const AdvertFilter& filter = Filters()[data[0] % Filters().size()];
  // A heap copy of the exact size: reading past it is then an ASan error.
  const std::vector<uint8_t> packet(data + 1, data + size);
  std::optional<holdfast::vrrp::Datagram> datagram;
  if (filter.format.family == AF_INET) {
    datagram = holdfast::vrrp::SplitIpv4(packet);
  } else {
    datagram = holdfast::vrrp::Datagram{.source = *IpAddress::Parse(AF_INET6, "fe80::1"),
                                        .destination = *IpAddress::Parse(AF_INET6, "ff02::12"),
                                        .ttl = 255,
                                        .received_bytes = packet.size(),
                                        .announced_bytes = packet.size(),
                                        .header_bytes = 0,
                                        .body = packet};
  }
  if (!datagram) return 0;
  const auto verdict = holdfast::vrrp::CheckAdvert(filter, *datagram, true);
  if (verdict.note_count > verdict.notes.size()) abort();
  if (!verdict.drop && !verdict.is_counted) abort();
  return 0;
}
