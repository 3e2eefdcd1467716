#include "probe/stream_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fstream>
#include <utility>

#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

/** The kernel's own six SYN repetitions last 127 s; only longer timeouts need more. */
constexpr int64_t kUsualSynTimeUs = 120'000'000;
constexpr int kManySyns = 12;

/** Below it the kernel gives a port to nobody who does not ask for it. */
uint16_t FirstGivenPort() {
  uint16_t port = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> port;
  return port;
}

int BindSource(int fd, const ProbeSpec& spec) {
  if (!spec.bind_address) return 0;
  const SocketAddress source = ScopedAddress(spec, *spec.bind_address);
  // sin_port and sin6_port lie at the same place.
  const bool has_port = source.v4.sin_port != 0;
  // Without one it is chosen by connect(2), per destination, instead of being taken from all.
  SetOption(fd, has_port ? SOL_SOCKET : IPPROTO_IP,
            has_port ? SO_REUSEADDR : IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(fd, &source.generic, source.length) == 0 ? 0 : errno;
}

int PrepareSocket(int fd, const ProbeSpec& spec) {
  if (NeedsManySyns(spec)) SetOption(fd, IPPROTO_TCP, TCP_SYNCNT, kManySyns);
  SetOption(fd, SOL_SOCKET, SO_RCVBUF, kAnswerBufferBytes);
  if (const int error = ApplyMarkAndInterface(fd, spec); error != 0) return error;
  return BindSource(fd, spec);
}

StreamSocket Failed(int error_number) { return {UniqueFd(), error_number}; }

}  // namespace

StreamSocket ConnectStream(const ProbeSpec& spec, FirstWord first_word) {
  UniqueFd fd(socket(spec.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return Failed(errno);
  if (const int error = PrepareSocket(fd.get(), spec); error != 0) return Failed(error);
  if (const int error = BeginConnect(fd.get(), spec, first_word); error != 0) return Failed(error);
  return {std::move(fd), 0};
}

int BeginConnect(int fd, const ProbeSpec& spec, FirstWord first_word) {
  // The ACK that completes the handshake then goes with the request, or an RST makes it needless.
  if (first_word == FirstWord::kOurs) SetOption(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  const SocketAddress peer = ScopedAddress(spec, spec.address);
  const bool is_begun = connect(fd, &peer.generic, peer.length) == 0 || errno == EINPROGRESS;
  return is_begun ? 0 : errno;
}

bool NeedsManySyns(const ProbeSpec& spec) { return spec.timeout_us > kUsualSynTimeUs; }

bool IsConnectedToItself(int fd, const ProbeSpec& spec) {
  const SocketAddress& peer = spec.address;
  // sin_port and sin6_port lie at the same place.
  static const uint16_t first_given_port = FirstGivenPort();
  const bool asks_for_port = spec.bind_address && spec.bind_address->v4.sin_port != 0;
  if (!asks_for_port && ntohs(peer.v4.sin_port) < first_given_port) return false;
  SocketAddress own;
  socklen_t length = sizeof(sockaddr_in6);
  return getsockname(fd, &own.generic, &length) == 0 && own.v4.sin_port == peer.v4.sin_port &&
         own.HasSameHost(peer);
}

int PendingError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace holdfast::probe
