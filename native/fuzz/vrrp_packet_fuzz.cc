#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
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

AdvertFilter WithAh(bool is_unicast) {
  AdvertFilter filter = MakeFilter(AF_INET, 2, is_unicast);
  const auto key = *filter.format.password;
  filter.format.password.reset();
  filter.format.ah = std::make_shared<holdfast::vrrp::AhSettings>(
      holdfast::vrrp::AhSettings{.mac = holdfast::crypto::Hmac<holdfast::crypto::Md5>(key)});
  return filter;
}

AdvertFilter WithTrailer(int family) {
  AdvertFilter filter = MakeFilter(family, 3, false);
  const std::vector<uint8_t> key(32, 7);
  auto settings = std::make_shared<holdfast::vrrp::TrailerSettings>();
  settings->keys.push_back({.id = 1, .mac = holdfast::crypto::Hmac<holdfast::crypto::Sha256>(key)});
  settings->has_window = false;
  settings->mode = holdfast::vrrp::TrailerMode::kPermissive;
  filter.format.trailer = std::move(settings);
  return filter;
}

const std::vector<AdvertFilter>& Filters() {
  static const std::vector<AdvertFilter> filters = {
      MakeFilter(AF_INET, 2, false),
      MakeFilter(AF_INET, 3, false),
      MakeFilter(AF_INET, 2, true),
      MakeFilter(AF_INET, 3, true),
      MakeFilter(AF_INET6, 3, false),
      MakeFilter(AF_INET6, 2, false),
      WithAh(false),
      WithAh(true),
      WithTrailer(AF_INET),
      WithTrailer(AF_INET6),
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
  static holdfast::vrrp::SequenceBook sequences;
  sequences.Reserve(0);
  const auto verdict =
      holdfast::vrrp::CheckAdvert(filter, *datagram, true, {.sequences = &sequences});
  if (verdict.note_count > verdict.notes.size()) abort();
  if (!verdict.drop && !verdict.is_counted) abort();
  return 0;
}
