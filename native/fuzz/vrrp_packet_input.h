#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vrrp/packet.h"

namespace holdfast::vrrp::fuzz {

inline AdvertFilter MakeFilter(int family, uint8_t version, bool is_unicast) {
  const bool is_ipv4 = family == AF_INET;
  AdvertFormat format{.family = family,
                      .version = version,
                      .vrid = 51,
                      .advertised_interval = static_cast<uint16_t>(version == 2 ? 1 : 100),
                      .source = *IpAddress::Parse(family, is_ipv4 ? "192.168.1.5" : "fe80::5"),
                      .addresses = {},
                      .password = std::nullopt};
  format.addresses.push_back(*IpAddress::Parse(family, is_ipv4 ? "192.168.1.100" : "fe80::100"));
  if (version == 2 && is_ipv4) format.password = Password{'1', '1', '1', '1'};
  AdvertFilter filter{
      .format = format, .is_unicast = is_unicast, .has_source_check = is_unicast, .peers = {}};
  if (is_unicast)
    filter.peers.push_back({.address = format.source, .min_ttl = 200, .max_ttl = 255});
  if (is_unicast && is_ipv4 && version == 3) {
    filter.format.old_checksum = OldChecksum::kDetect;
    filter.format.group = *IpAddress::Parse(AF_INET, "224.0.0.18");
  }
  return filter;
}

inline AdvertFilter WithAh(bool is_unicast) {
  AdvertFilter filter = MakeFilter(AF_INET, 2, is_unicast);
  const Password key = *filter.format.password;
  filter.format.password.reset();
  filter.format.ah =
      std::make_shared<AhSettings>(AhSettings{.mac = crypto::Hmac<crypto::Md5>(key)});
  return filter;
}

inline AdvertFilter WithTrailer(int family, TrailerMode mode) {
  AdvertFilter filter = MakeFilter(family, 3, false);
  const std::vector<uint8_t> key(32, 7);
  auto settings = std::make_shared<TrailerSettings>();
  settings->keys.push_back({.id = 1, .mac = crypto::Hmac<crypto::Sha256>(key)});
  settings->has_window = mode == TrailerMode::kEnforce;
  settings->window_sec = 5;
  settings->active_key = 1;
  settings->mode = mode;
  filter.format.trailer = std::move(settings);
  return filter;
}

inline const std::vector<AdvertFilter>& Filters() {
  static const std::vector<AdvertFilter> filters = {
      MakeFilter(AF_INET, 2, false),
      MakeFilter(AF_INET, 3, false),
      MakeFilter(AF_INET, 2, true),
      MakeFilter(AF_INET, 3, true),
      MakeFilter(AF_INET6, 3, false),
      MakeFilter(AF_INET6, 2, false),
      WithAh(false),
      WithAh(true),
      WithTrailer(AF_INET, TrailerMode::kEnforce),
      WithTrailer(AF_INET6, TrailerMode::kPermissive),
  };
  return filters;
}

/**
 * First octet: which filter. The rest: an IPv4 packet, or the body of an IPv6 one.
 * @returns nothing when the packet does not get as far as the check
 */
inline std::optional<AdvertVerdict> CheckInput(std::span<const uint8_t> input) {
  if (input.empty()) return std::nullopt;
  const AdvertFilter& filter = Filters()[input[0] % Filters().size()];
  // A heap copy of the exact size: reading past it is then an ASan error.
  const std::vector<uint8_t> packet(input.begin() + 1, input.end());
  std::optional<Datagram> datagram;
  if (filter.format.family == AF_INET) {
    datagram = SplitIpv4(packet);
  } else {
    datagram = Datagram{.source = *IpAddress::Parse(AF_INET6, "fe80::5"),
                        .destination = *IpAddress::Parse(AF_INET6, "ff02::12"),
                        .ttl = kMulticastTtl,
                        .received_bytes = packet.size(),
                        .announced_bytes = packet.size(),
                        .header_bytes = 0,
                        .body = packet};
  }
  if (!datagram) return std::nullopt;
  SequenceBook sequences;
  sequences.Reserve(0);
  const AdvertHistory history{.sequences = &sequences};
  AdvertVerdict verdict = CheckAdvert(filter, *datagram, true, history);
  // Every other packet comes a second time.
  if (!packet.empty() && packet.back() % 2 == 0)
    verdict = CheckAdvert(filter, *datagram, true, history);
  if (verdict.note_count > verdict.notes.size()) abort();
  if (!verdict.drop && !verdict.is_counted) abort();
  return verdict;
}

}  // namespace holdfast::vrrp::fuzz
