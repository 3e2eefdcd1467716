#include "probe/tcp_probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

constexpr size_t kBatch = 256;
constexpr size_t kBatchesPerTurn = 8;

/** The kernel's own six SYN repetitions last 127 s; only longer timeouts need more. */
constexpr int64_t kUsualSynTimeUs = 120'000'000;
constexpr int kManySyns = 12;

/** One shot: an idle socket, or one whose answer has been read, wakes nobody. */
constexpr uint32_t kAnswer = EPOLLOUT | EPOLLET | EPOLLONESHOT;

/** connect(2) binds the socket to the scope, or makes it an IPv4 socket, for good. */
bool LeavesTrace(const SocketAddress& address) {
  return address.family() == AF_INET6 &&
         (address.v6.sin6_scope_id != 0 || IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr));
}

/** Whether a socket for this target is like any other of its family. */
bool IsPlain(const ProbeSpec& spec) {
  return !spec.bind_address && !spec.has_interface() && spec.fwmark == 0 &&
         spec.timeout_us <= kUsualSynTimeUs && !LeavesTrace(spec.address);
}

int PrepareSocket(int fd, const ProbeSpec& spec) {
  if (spec.timeout_us > kUsualSynTimeUs) SetOption(fd, IPPROTO_TCP, TCP_SYNCNT, kManySyns);
  return ApplyMarkAndInterface(fd, spec);
}

/** Back to an unconnected socket; a connection that stands is reset. @returns 0, or an errno */
int Disconnect(int fd) {
  const sockaddr nowhere{AF_UNSPEC, {}};
  return connect(fd, &nowhere, sizeof nowhere) == 0 ? 0 : errno;
}

int BindSource(int fd, const ProbeSpec& spec) {
  if (!spec.bind_address) return 0;
  const SocketAddress source = ScopedAddress(spec, *spec.bind_address);
  // sin_port and sin6_port lie at the same place.
  if (source.v4.sin_port == 0) {
    // The port is chosen by connect(2), per destination, instead of being taken from all of them.
    SetOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  } else {
    SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  }
  return bind(fd, &source.generic, source.length) == 0 ? 0 : errno;
}

int PendingError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

int TcpProber::Start(uv_loop_t* loop, OnAnswer on_answer, std::function<void()> after_batch) {
  on_answer_ = std::move(on_answer);
  idle_v4_.reserve(kMaxIdle);
  idle_v6_.reserve(kMaxIdle);
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

UniqueFd TcpProber::TakeIdle(const ProbeSpec& spec) {
  std::vector<UniqueFd>& idle = IdleOf(spec.address.family());
  if (idle.empty() || !IsPlain(spec)) return UniqueFd();
  UniqueFd fd = std::move(idle.back());
  idle.pop_back();
  return fd;
}

std::optional<Outcome> TcpProber::Begin(Target& target) {
  const ProbeSpec& spec = target.spec;
  UniqueFd fd = TakeIdle(spec);
  const bool is_new = !fd.is_open();
  if (is_new) {
    fd.Reset(socket(spec.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return JudgeBegin(errno);
    if (const int error = PrepareSocket(fd.get(), spec); error != 0) return JudgeBegin(error);
    if (const int error = BindSource(fd.get(), spec); error != 0) return JudgeBegin(error);
  }
  // Holds back the ACK that completes the handshake; the RST then makes it superfluous.
  SetOption(fd.get(), IPPROTO_TCP, TCP_QUICKACK, 0);
  const SocketAddress peer = ScopedAddress(spec, spec.address);
  if (connect(fd.get(), &peer.generic, peer.length) != 0 && errno != EINPROGRESS) {
    return JudgeBegin(errno);
  }
  const int error =
      is_new ? ready_.Add(fd.get(), kAnswer, &target) : ready_.Change(fd.get(), kAnswer, &target);
  if (error != 0) return JudgeBegin(error);
  target.connection = std::move(fd);
  return std::nullopt;
}

void TcpProber::Cancel(Target& target) {
  if (!target.connection.is_open()) return;
  Disconnect(target.connection.get());
  target.connection.Reset();
}

void TcpProber::Recycle(Target& target) {
  UniqueFd fd = std::move(target.connection);
  const bool is_reset = Disconnect(fd.get()) == 0;
  std::vector<UniqueFd>& idle = IdleOf(target.spec.address.family());
  if (is_reset && IsPlain(target.spec) && idle.size() < kMaxIdle) idle.push_back(std::move(fd));
}

void TcpProber::Close() {
  ready_.Close();
  idle_v4_.clear();
  idle_v6_.clear();
}

void TcpProber::Collect() {
  std::array<epoll_event, kBatch> buffer;
  for (size_t batch = 0; batch < kBatchesPerTurn; ++batch) {
    const auto events = ready_.Take(buffer);
    for (const epoll_event& event : events) {
      auto& target = *static_cast<Target*>(event.data.ptr);
      // An error always shows as EPOLLERR or EPOLLHUP, so a success needs no SO_ERROR.
      const bool has_failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
      const int error = has_failed ? PendingError(target.connection.get()) : 0;
      if (error == 0) {
        Recycle(target);
      } else {
        target.connection.Reset();
      }
      on_answer_(target, error == 0 ? std::nullopt : std::optional<int>(error));
    }
    if (events.size() < kBatch) return;
  }
}

}  // namespace holdfast::probe
