#include "probe/socket_options.h"

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>

#include "loop/unique_fd.h"

namespace holdfast::probe {

bool HasSameOrigin(const ProbeSpec& one, const ProbeSpec& other) {
  const bool has_same_source =
      one.bind_address.has_value() == other.bind_address.has_value() &&
      (!one.bind_address || one.bind_address->HasSameHost(*other.bind_address));
  return has_same_source && one.address.family() == other.address.family() &&
         one.fwmark == other.fwmark && one.bind_interface == other.bind_interface;
}

int SetOption(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

int ApplyMarkAndInterface(int fd, const ProbeSpec& spec) {
  if (spec.fwmark != 0) {
    const int error = SetOption(fd, SOL_SOCKET, SO_MARK, static_cast<int>(spec.fwmark));
    if (error != 0) return error;
  }
  if (!spec.has_interface()) return 0;
  const char* const name = spec.bind_interface.data();
  const auto length = static_cast<socklen_t>(strlen(name) + 1);
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, length) == 0 ? 0 : errno;
}

int CheckSource(const ProbeSpec& spec) {
  const UniqueFd fd(socket(spec.address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return errno;
  if (const int error = ApplyMarkAndInterface(fd.get(), spec); error != 0) return error;
  SocketAddress source = ScopedAddress(spec, *spec.bind_address);
  // sin_port and sin6_port lie at the same place.
  source.v4.sin_port = 0;
  return bind(fd.get(), &source.generic, source.length) == 0 ? 0 : errno;
}

int ExplainUnsent(const ProbeSpec& spec, int error_number) {
  const int error = spec.bind_address ? CheckSource(spec) : 0;
  return error == 0 ? error_number : error;
}

SocketAddress ScopedAddress(const ProbeSpec& spec, const SocketAddress& address) {
  SocketAddress scoped = address;
  if (spec.has_interface() && address.NeedsScope()) {
    scoped.v6.sin6_scope_id = if_nametoindex(spec.bind_interface.data());
  }
  return scoped;
}

}  // namespace holdfast::probe
