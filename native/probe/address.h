#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::probe {

/** An IPv4 or IPv6 socket address. */
struct SocketAddress {
  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  socklen_t length = 0;

  SocketAddress() : v6{} {}

  int family() const { return generic.sa_family; }
  /** Same family and address; port and scope do not count. */
  bool HasSameHost(const SocketAddress& other) const;
  /** IPv6 link-local: only means something together with an interface. */
  bool NeedsScope() const;
};

/**
 * @param text IPv4 dotted quad, or IPv6 with an optional `%interface`
 * @returns nothing when the text is no address of that family or names an unknown interface
 */
std::optional<SocketAddress> ParseAddress(int family, const std::string& text, uint16_t port);

/** The wildcard address. */
SocketAddress AnyAddress(int family, uint16_t port);

}  // namespace holdfast::probe
