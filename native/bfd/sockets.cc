#include "bfd/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

#include "loop/datagram_batch.h"

namespace holdfast::bfd {

namespace {

using Error = std::optional<SyscallError>;

constexpr size_t kBatch = 16;
constexpr int kBatchesPerTurn = 4;
/** Longer than any packet without authentication; what is longer is cut, and refused by its length.
 */
constexpr size_t kBufferBytes = 128;
/** Internet control, as for routing protocols. */
constexpr int kTrafficClass = 0xc0;

Error Failed(const char* syscall) {
  return SyscallError{.syscall = syscall, .error_number = errno};
}

template <typename Value>
bool Set(int fd, int level, int name, const Value& value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/** @param scope interface of a link-local address, 0 for none */
socklen_t FillAddress(uint8_t family, const IpAddress& address, uint16_t port, uint32_t scope,
                      sockaddr_storage* storage) {
  *storage = {};
  if (family == AF_INET) {
    auto* const to = reinterpret_cast<sockaddr_in*>(storage);
    to->sin_family = AF_INET;
    to->sin_port = htons(port);
    memcpy(&to->sin_addr, address.octets.data(), sizeof to->sin_addr);
    return sizeof *to;
  }
  auto* const to = reinterpret_cast<sockaddr_in6*>(storage);
  to->sin6_family = AF_INET6;
  to->sin6_port = htons(port);
  to->sin6_scope_id = scope;
  memcpy(&to->sin6_addr, address.octets.data(), sizeof to->sin6_addr);
  return sizeof *to;
}

IpAddress AddressOf(uint8_t family, const void* octets) {
  const size_t size = family == AF_INET ? 4 : 16;
  return IpAddress::FromBytes({static_cast<const uint8_t*>(octets), size});
}

/** One per thread: the loop has one thread. */
using Batch = DatagramBatch<kBufferBytes, kBatch>;

Datagram Describe(uint8_t family, std::span<const uint8_t> payload, const msghdr& message) {
  Datagram datagram{.payload = payload, .source = {}, .destination = {}, .ifindex = 0, .ttl = 0};
  if (family == AF_INET && message.msg_namelen >= sizeof(sockaddr_in)) {
    datagram.source =
        AddressOf(family, &static_cast<const sockaddr_in*>(message.msg_name)->sin_addr);
  } else if (family == AF_INET6 && message.msg_namelen >= sizeof(sockaddr_in6)) {
    datagram.source =
        AddressOf(family, &static_cast<const sockaddr_in6*>(message.msg_name)->sin6_addr);
  }
  msghdr walked = message;
  for (cmsghdr* control = CMSG_FIRSTHDR(&walked); control != nullptr;
       control = CMSG_NXTHDR(&walked, control)) {
    in_pktinfo info{};
    in6_pktinfo info6{};
    int ttl = 0;
    if (ReadControl(*control, IPPROTO_IP, IP_PKTINFO, &info)) {
      datagram.destination = AddressOf(AF_INET, &info.ipi_addr);
    } else if (ReadControl(*control, IPPROTO_IPV6, IPV6_PKTINFO, &info6)) {
      datagram.destination = AddressOf(AF_INET6, &info6.ipi6_addr);
      datagram.ifindex = info6.ipi6_ifindex;
    } else if (ReadControl(*control, IPPROTO_IP, IP_TTL, &ttl) ||
               ReadControl(*control, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl)) {
      datagram.ttl = ttl;
    }
  }
  return datagram;
}

}  // namespace

Error ReceiveSocket::Open(uv_loop_t* loop) {
  fd_.Reset(socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.is_open()) return Failed("socket");
  if (const Error error = Configure()) return error;
  sockaddr_storage any;
  const socklen_t length = FillAddress(family_, {}, port_, 0, &any);
  if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&any), length) != 0) return Failed("bind");
  const int error = readable_.Start(loop, fd_.get(), [this] { Drain(kBatchesPerTurn); });
  if (error != 0) return SyscallError{.syscall = "epoll_ctl", .error_number = -error};
  return std::nullopt;
}

Error ReceiveSocket::Configure() {
  const int fd = fd_.get();
  const int on = 1;
  const bool is_set = family_ == AF_INET ? Set(fd, IPPROTO_IP, IP_RECVTTL, on) &&
                                               Set(fd, IPPROTO_IP, IP_PKTINFO, on)
                                         : Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, on) &&
                                               Set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, on) &&
                                               Set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, on);
  return is_set ? std::nullopt : Failed("setsockopt");
}

void ReceiveSocket::Drain(int batches) {
  static thread_local Batch batch;
  for (int round = 0; round < batches; ++round) {
    batch.Prepare();
    const int count = recvmmsg(fd_.get(), batch.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      listener_->OnReceiveError(*this, {.syscall = "recvmmsg", .error_number = errno});
      return;
    }
    for (size_t index = 0; index < static_cast<size_t>(count); ++index) {
      const mmsghdr& received = batch.messages[index];
      const auto payload = std::span(batch.packets[index]).first(received.msg_len);
      listener_->OnDatagram(*this, Describe(family_, payload, received.msg_hdr));
    }
    if (count < static_cast<int>(kBatch)) return;
  }
}

Error SendSocket::Open(const Settings& settings, uint16_t first_port) {
  const uint8_t family = settings.neighbor.family;
  const char* const interface_name = settings.interface_name.data();
  scope_ = *interface_name == '\0' ? 0 : if_nametoindex(interface_name);
  if (scope_ == 0 && *interface_name != '\0') return Failed("if_nametoindex");
  fd_.Reset(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.is_open()) return Failed("socket");
  // An address that comes later needs no second attempt.
  const bool is_set = family == AF_INET
                          ? Set(fd_.get(), IPPROTO_IP, IP_FREEBIND, int{1}) &&
                                Set(fd_.get(), IPPROTO_IP, IP_TOS, kTrafficClass)
                          : Set(fd_.get(), IPPROTO_IPV6, IPV6_V6ONLY, int{1}) &&
                                Set(fd_.get(), IPPROTO_IPV6, IPV6_FREEBIND, int{1}) &&
                                Set(fd_.get(), IPPROTO_IPV6, IPV6_TCLASS, kTrafficClass);
  Error error = is_set ? SetTtl(settings) : Failed("setsockopt");
  if (!error) error = Bind(settings, first_port);
  if (error) fd_.Reset();
  return error;
}

Error SendSocket::SetTtl(const Settings& settings) {
  const int ttl = settings.ttl;
  const bool is_set = settings.neighbor.family == AF_INET
                          ? Set(fd_.get(), IPPROTO_IP, IP_TTL, ttl)
                          : Set(fd_.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
  return is_set ? std::nullopt : Failed("setsockopt");
}

Error SendSocket::Bind(const Settings& settings, uint16_t first_port) {
  const uint32_t start = first_port - kFirstSourcePort;
  for (uint32_t step = 0; step < kSourcePorts; ++step) {
    const auto port = static_cast<uint16_t>(kFirstSourcePort + (start + step) % kSourcePorts);
    sockaddr_storage local;
    const socklen_t length =
        FillAddress(settings.neighbor.family, settings.source, port, scope_, &local);
    if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&local), length) == 0) {
      return std::nullopt;
    }
    if (errno != EADDRINUSE) break;
  }
  return Failed("bind");
}

Error SendSocket::Send(std::span<const uint8_t> packet, const Settings& settings) {
  if (!fd_.is_open()) return SyscallError{.syscall = "sendto", .error_number = EBADF};
  sockaddr_storage peer;
  const socklen_t length =
      FillAddress(settings.neighbor.family, settings.neighbor, settings.port, scope_, &peer);
  const ssize_t sent = sendto(fd_.get(), packet.data(), packet.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&peer), length);
  return sent >= 0 ? std::nullopt : Failed("sendto");
}

}  // namespace holdfast::bfd
