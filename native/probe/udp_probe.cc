#include "probe/udp_probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <span>
#include <utility>

#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

constexpr size_t kBatch = 256;
constexpr size_t kBatchesPerTurn = 8;
constexpr size_t kBufferBytes = 65'536;

/** Else the kernel keeps to itself that a host cannot be reached, and only tells of ports. */
void AskForErrors(int fd, const ProbeSpec& spec) {
  if (spec.address.family() == AF_INET6) {
    SetOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  } else {
    SetOption(fd, IPPROTO_IP, IP_RECVERR, 1);
  }
}

int BindSource(int fd, const ProbeSpec& spec) {
  if (!spec.bind_address) return 0;
  const SocketAddress source = ScopedAddress(spec, *spec.bind_address);
  // sin_port and sin6_port lie at the same place.
  if (source.v4.sin_port != 0) SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return bind(fd, &source.generic, source.length) == 0 ? 0 : errno;
}

/** Mark and source. @returns 0, or an errno */
int Prepare(int fd, const ProbeSpec& spec) {
  if (const int error = ApplyMarkAndInterface(fd, spec); error != 0) return error;
  return BindSource(fd, spec);
}

int Connect(int fd, const ProbeSpec& spec) {
  const SocketAddress peer = ScopedAddress(spec, spec.address);
  return connect(fd, &peer.generic, peer.length) == 0 ? 0 : errno;
}

}  // namespace

int UdpProber::Start(uv_loop_t* loop, OnAnswer on_answer, std::function<void()> after_batch) {
  on_answer_ = std::move(on_answer);
  buffer_.resize(kBufferBytes);
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

std::optional<Outcome> UdpProber::Begin(Target& target) {
  const ProbeSpec& spec = target.spec;
  UniqueFd fd(socket(spec.address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return JudgeBegin(errno);
  SetOption(fd.get(), SOL_SOCKET, SO_RCVBUF, kAnswerBufferBytes);
  AskForErrors(fd.get(), spec);
  if (const int error = Prepare(fd.get(), spec); error != 0) return JudgeBegin(error);
  if (const int error = Connect(fd.get(), spec); error != 0) return JudgeUnsent(error);
  const std::vector<uint8_t>& payload = spec.udp->payload;
  if (send(fd.get(), payload.data(), payload.size(), MSG_NOSIGNAL) < 0) return JudgeUnsent(errno);
  // An answer that is there already is told of all the same.
  if (const int error = ready_.Add(fd.get(), EPOLLIN, &target); error != 0) {
    return JudgeBegin(error);
  }
  target.connection = WatchedFd(std::move(fd), &ready_);
  return std::nullopt;
}

void UdpProber::Collect() {
  std::array<epoll_event, kBatch> buffer;
  for (size_t batch = 0; batch < kBatchesPerTurn; ++batch) {
    const auto events = ready_.Take(buffer);
    for (const epoll_event& event : events) Receive(*static_cast<Target*>(event.data.ptr));
    if (events.size() < kBatch) return;
  }
}

void UdpProber::Receive(Target& target) {
  const ssize_t length = recv(target.connection.get(), buffer_.data(), buffer_.size(), 0);
  if (length >= 0) {
    const std::span reply(buffer_.data(), static_cast<size_t>(length));
    const bool is_good = IsExpectedReply(*target.spec.udp, reply);
    return on_answer_(target, is_good ? Answer::kGood : Answer::kMismatch, 0);
  }
  // A datagram with a wrong checksum wakes the socket and is gone when it is read.
  if (errno == EAGAIN || errno == EINTR) return;
  on_answer_(target, Answer::kError, errno);
}

}  // namespace holdfast::probe
