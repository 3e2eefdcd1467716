#include "probe/stream_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

int BindSource(int fd, const ProbeSpec& spec) {
  if (!spec.bind_address) return 0;
  const SocketAddress source = ScopedAddress(spec, *spec.bind_address);
  // sin_port and sin6_port lie at the same place.
  const bool has_port = source.v4.sin_port != 0;
  SetOption(fd, has_port ? SOL_SOCKET : IPPROTO_IP,
            has_port ? SO_REUSEADDR : IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(fd, &source.generic, source.length) == 0 ? 0 : errno;
}

StreamSocket Failed(int error_number) { return {UniqueFd(), error_number}; }

}  // namespace

StreamSocket ConnectStream(const ProbeSpec& spec, FirstWord first_word) {
  UniqueFd fd(socket(spec.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return Failed(errno);
  if (const int error = ApplyMarkAndInterface(fd.get(), spec); error != 0) return Failed(error);
  if (const int error = BindSource(fd.get(), spec); error != 0) return Failed(error);
  SetOption(fd.get(), SOL_SOCKET, SO_RCVBUF, kAnswerBufferBytes);
  // The ACK that completes the handshake then goes with the request.
  if (first_word == FirstWord::kOurs) SetOption(fd.get(), IPPROTO_TCP, TCP_QUICKACK, 0);
  const SocketAddress peer = ScopedAddress(spec, spec.address);
  if (connect(fd.get(), &peer.generic, peer.length) != 0 && errno != EINPROGRESS) {
    return Failed(errno);
  }
  return {std::move(fd), 0};
}

int PendingError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace holdfast::probe
