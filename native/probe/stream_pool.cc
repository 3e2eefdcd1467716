#include "probe/stream_pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include <utility>

#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

/** connect(2) binds the socket to the scope, or makes it an IPv4 socket, for good. */
bool LeavesTrace(const SocketAddress& address) {
  return address.family() == AF_INET6 &&
         (address.v6.sin6_scope_id != 0 || IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr));
}

/** Whether a socket for this target is like any other of its family. */
bool IsPlain(const ProbeSpec& spec) {
  return !spec.bind_address && !spec.has_interface() && spec.fwmark == 0 && !NeedsManySyns(spec) &&
         !LeavesTrace(spec.address);
}

}  // namespace

StreamPool::StreamPool(EpollSet* ready) : ready_(ready) {
  idle_v4_.reserve(kMaxIdle);
  idle_v6_.reserve(kMaxIdle);
}

WatchedFd StreamPool::TakeIdle(const ProbeSpec& spec) {
  std::vector<WatchedFd>& idle = IdleOf(spec.address.family());
  if (idle.empty() || !IsPlain(spec)) return {};
  WatchedFd fd = std::move(idle.back());
  idle.pop_back();
  return fd;
}

int StreamPool::Connect(Target& target, uint32_t events, FirstWord first_word) {
  WatchedFd fd = TakeIdle(target.spec);
  if (!fd.is_open()) return ConnectNew(target, events, first_word);
  if (const int error = BeginConnect(fd.get(), target.spec, first_word); error != 0) return error;
  if (const int error = ready_->Change(fd.get(), events, &target); error != 0) return error;
  target.connection = std::move(fd);
  return 0;
}

int StreamPool::ConnectNew(Target& target, uint32_t events, FirstWord first_word) {
  StreamSocket stream = ConnectStream(target.spec, first_word);
  if (!stream.fd.is_open()) return stream.error_number;
  if (const int error = ready_->Add(stream.fd.get(), events, &target); error != 0) return error;
  target.connection = WatchedFd(std::move(stream.fd), ready_);
  return 0;
}

void StreamPool::Recycle(Target& target) {
  WatchedFd fd = std::move(target.connection);
  const bool is_reset = Disconnect(fd.get()) == 0;
  std::vector<WatchedFd>& idle = IdleOf(target.spec.address.family());
  if (is_reset && IsPlain(target.spec) && idle.size() < kMaxIdle) idle.push_back(std::move(fd));
}

void StreamPool::Clear() {
  idle_v4_.clear();
  idle_v6_.clear();
}

int Disconnect(int fd) {
  const sockaddr nowhere{AF_UNSPEC, {}};
  return connect(fd, &nowhere, sizeof nowhere) == 0 ? 0 : errno;
}

}  // namespace holdfast::probe
