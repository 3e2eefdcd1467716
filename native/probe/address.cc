#include "probe/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

namespace holdfast::probe {

bool SocketAddress::HasSameHost(const SocketAddress& other) const {
  if (family() != other.family()) return false;
  if (family() == AF_INET) return v4.sin_addr.s_addr == other.v4.sin_addr.s_addr;
  return memcmp(&v6.sin6_addr, &other.v6.sin6_addr, sizeof v6.sin6_addr) == 0;
}

bool SocketAddress::NeedsScope() const {
  return family() == AF_INET6 && v6.sin6_scope_id == 0 && IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

SocketAddress AnyAddress(int family, uint16_t port) {
  SocketAddress address;
  address.generic.sa_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    address.v4.sin_port = htons(port);
    address.length = sizeof address.v4;
  } else {
    address.v6.sin6_port = htons(port);
    address.length = sizeof address.v6;
  }
  return address;
}

std::optional<SocketAddress> ParseAddress(int family, const std::string& text, uint16_t port) {
  SocketAddress address = AnyAddress(family, port);
  if (family == AF_INET) {
    if (inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) != 1) return std::nullopt;
    return address;
  }
  const size_t percent = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, percent).c_str(), &address.v6.sin6_addr) != 1) {
    return std::nullopt;
  }
  if (percent != std::string::npos) {
    address.v6.sin6_scope_id = if_nametoindex(text.c_str() + percent + 1);
    if (address.v6.sin6_scope_id == 0) return std::nullopt;
  }
  return address;
}

}  // namespace holdfast::probe
