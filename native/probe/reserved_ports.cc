#include "probe/reserved_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "probe/address.h"
#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

/** On a machine with half of its ports in use one range in 65,536 is free; with a tenth, one in 5.
 */
constexpr int kAttempts = 256;

/** @returns 0 and a socket bound to the port (0: any), or an errno */
int Hold(int family, uint16_t port, UniqueFd* holder) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return errno;
  if (family == AF_INET6) SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  const SocketAddress address = AnyAddress(family, port);
  if (bind(fd.get(), &address.generic, address.length) != 0) return errno;
  *holder = std::move(fd);
  return 0;
}

/** @returns the port, 0 when it can't be told */
uint16_t PortOf(const UniqueFd& holder) {
  SocketAddress address;
  socklen_t length = sizeof(sockaddr_in6);
  if (getsockname(holder.get(), &address.generic, &length) != 0) return 0;
  // sin_port and sin6_port lie at the same place.
  return ntohs(address.v4.sin_port);
}

}  // namespace

int ReservedPorts::Reserve(int family) {
  if (first_ != 0) return 0;
  int error = EADDRINUSE;
  for (int attempt = 0; attempt < kAttempts && error == EADDRINUSE; ++attempt) {
    error = TryRange(family);
  }
  if (error != 0) Release();
  return error;
}

int ReservedPorts::TryRange(int family) {
  UniqueFd any;
  if (const int error = Hold(family, 0, &any); error != 0) return error;
  const uint16_t port = PortOf(any);
  if (port < kCount) return EADDRINUSE;
  Release();
  const uint16_t first = port / kCount * kCount;
  holders_[port % kCount] = std::move(any);
  for (uint16_t index = 0; index < kCount; ++index) {
    if (index == port % kCount) continue;
    const int error = Hold(family, static_cast<uint16_t>(first + index), &holders_[index]);
    if (error != 0) return error;
  }
  first_ = first;
  return 0;
}

void ReservedPorts::Release() {
  for (UniqueFd& holder : holders_) holder.Reset();
  first_ = 0;
}

}  // namespace holdfast::probe
