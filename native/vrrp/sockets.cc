#include "vrrp/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "loop/datagram_batch.h"

namespace holdfast::vrrp {

namespace {

/** IP header with options, VRRP header, 255 IPv6 addresses; what is longer is cut and refused. */
constexpr size_t kPacketBytesMax =
    60 + kAhBytes + kVrrpHeaderBytes + 255 * 16 + kAuthBytes + kTrailerBytes;
constexpr size_t kBatch = 16;

using Error = std::optional<SyscallError>;

/** One option after another until one fails. */
class Options {
 public:
  explicit Options(int fd) : fd_(fd) {}

  template <typename Value>
  Options& Set(int level, int name, const Value& value) {
    if (!error_ && setsockopt(fd_, level, name, &value, sizeof value) != 0) {
      error_ = SyscallError{.syscall = "setsockopt", .error_number = errno};
    }
    return *this;
  }
  Error error() const { return error_; }

 private:
  int fd_;
  Error error_;
};

/** One per thread: the loop has one thread. */
using Batch = DatagramBatch<kPacketBytesMax, kBatch>;

IpAddress FromIn6(const in6_addr& address) {
  return IpAddress::FromBytes({address.s6_addr, sizeof address.s6_addr});
}

/** A raw IPv6 socket delivers the body; addresses and hop limit come beside it. */
Datagram DescribeIpv6(std::span<const uint8_t> body, const msghdr& message) {
  Datagram datagram;
  if (message.msg_namelen >= sizeof(sockaddr_in6)) {
    sockaddr_in6 source{};
    memcpy(&source, message.msg_name, sizeof source);
    datagram.source = FromIn6(source.sin6_addr);
  }
  msghdr walked = message;
  for (cmsghdr* control = CMSG_FIRSTHDR(&walked); control != nullptr;
       control = CMSG_NXTHDR(&walked, control)) {
    in6_pktinfo info{};
    int hop_limit = 0;
    if (ReadControl(*control, IPPROTO_IPV6, IPV6_PKTINFO, &info)) {
      datagram.destination = FromIn6(info.ipi6_addr);
    } else if (ReadControl(*control, IPPROTO_IPV6, IPV6_HOPLIMIT, &hop_limit)) {
      datagram.ttl = static_cast<uint8_t>(hop_limit);
    }
  }
  datagram.received_bytes = datagram.announced_bytes = body.size();
  datagram.body = body;
  return datagram;
}

socklen_t FillAddress(const IpAddress& address, int32_t ifindex, sockaddr_storage* storage) {
  *storage = {};
  if (address.family == AF_INET) {
    auto* const to = reinterpret_cast<sockaddr_in*>(storage);
    to->sin_family = AF_INET;
    memcpy(&to->sin_addr, address.octets.data(), sizeof to->sin_addr);
    return sizeof *to;
  }
  auto* const to = reinterpret_cast<sockaddr_in6*>(storage);
  to->sin6_family = AF_INET6;
  memcpy(&to->sin6_addr, address.octets.data(), sizeof to->sin6_addr);
  const bool is_link_scoped =
      IN6_IS_ADDR_LINKLOCAL(&to->sin6_addr) || IN6_IS_ADDR_MULTICAST(&to->sin6_addr);
  to->sin6_scope_id = is_link_scoped ? static_cast<uint32_t>(ifindex) : 0;
  return sizeof *to;
}

template <typename Value>
void AppendControl(msghdr* message, int type, const Value& value) {
  auto* const control = reinterpret_cast<cmsghdr*>(static_cast<uint8_t*>(message->msg_control) +
                                                   message->msg_controllen);
  control->cmsg_level = IPPROTO_IPV6;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof value);
  memcpy(CMSG_DATA(control), &value, sizeof value);
  message->msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace

Error AdvertSocket::Open(uv_loop_t* loop) {
  fd_.Reset(socket(key_.local.family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, key_.protocol));
  if (!fd_.is_open()) return SyscallError{.syscall = "socket", .error_number = errno};
  if (Error error = Configure()) return error;
  if (Error error = Bind()) return error;
  DiscardQueued();
  if (const int error = readable_.Start(loop, fd_.get(), [this] { Drain(); }); error != 0) {
    return SyscallError{.syscall = "epoll_ctl", .error_number = -error};
  }
  return std::nullopt;
}

Error AdvertSocket::Configure() {
  if (key_.ifindex != 0) {
    Options options(fd_.get());
    options.Set(SOL_SOCKET, SO_BINDTOIFINDEX, key_.ifindex);
    if (options.error()) return options.error();
  }
  return key_.local.family == AF_INET ? ConfigureIpv4() : ConfigureIpv6();
}

Error AdvertSocket::ConfigureIpv4() {
  Options options(fd_.get());
  options.Set(IPPROTO_IP, IP_HDRINCL, int{1}).Set(IPPROTO_IP, IP_FREEBIND, int{1});
  if (!key_.local.is_multicast()) return options.error();
  ip_mreqn membership{};
  memcpy(&membership.imr_multiaddr, key_.local.octets.data(), sizeof membership.imr_multiaddr);
  membership.imr_ifindex = key_.ifindex;
  ip_mreqn sender{};
  sender.imr_ifindex = key_.ifindex;
  return options.Set(IPPROTO_IP, IP_MULTICAST_ALL, int{0})
      .Set(IPPROTO_IP, IP_MULTICAST_LOOP, int{0})
      .Set(IPPROTO_IP, IP_MULTICAST_IF, sender)
      .Set(IPPROTO_IP, IP_ADD_MEMBERSHIP, membership)
      .error();
}

Error AdvertSocket::ConfigureIpv6() {
  Options options(fd_.get());
  options.Set(IPPROTO_IPV6, IPV6_FREEBIND, int{1})
      .Set(IPPROTO_IPV6, IPV6_TCLASS, int{kTrafficClass})
      .Set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, int{1})
      .Set(IPPROTO_IPV6, IPV6_RECVPKTINFO, int{1});
  if (!key_.local.is_multicast()) return options.error();
  ipv6_mreq membership{};
  memcpy(&membership.ipv6mr_multiaddr, key_.local.octets.data(),
         sizeof membership.ipv6mr_multiaddr);
  membership.ipv6mr_interface = static_cast<unsigned>(key_.ifindex);
  return options.Set(IPPROTO_IPV6, IPV6_MULTICAST_ALL, int{0})
      .Set(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, int{0})
      .Set(IPPROTO_IPV6, IPV6_MULTICAST_IF, int{key_.ifindex})
      .Set(IPPROTO_IPV6, IPV6_JOIN_GROUP, membership)
      .error();
}

Error AdvertSocket::Bind() {
  sockaddr_storage storage;
  const socklen_t length = FillAddress(key_.local, key_.ifindex, &storage);
  if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0) {
    return std::nullopt;
  }
  return SyscallError{.syscall = "bind", .error_number = errno};
}

/** Until it was bound the socket took packets of all interfaces and destinations. */
void AdvertSocket::DiscardQueued() {
  uint8_t octet = 0;
  while (recv(fd_.get(), &octet, sizeof octet, MSG_TRUNC) >= 0) {
  }
}

Error AdvertSocket::Send(std::span<const uint8_t> packet, const AdvertRoute& route) {
  if (std::exchange(priority_, route.priority) != route.priority) {
    // Only a hint to queues on the way out; above 6 it needs CAP_NET_ADMIN.
    setsockopt(fd_.get(), SOL_SOCKET, SO_PRIORITY, &route.priority, sizeof route.priority);
  }
  sockaddr_storage destination;
  iovec vector{.iov_base = const_cast<uint8_t*>(packet.data()), .iov_len = packet.size()};
  alignas(cmsghdr) std::array<uint8_t, 128> controls{};
  msghdr message{};
  message.msg_name = &destination;
  message.msg_namelen = FillAddress(route.destination, key_.ifindex, &destination);
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (route.source.family == AF_INET6) {
    message.msg_control = controls.data();
    in6_pktinfo info{};
    memcpy(&info.ipi6_addr, route.source.octets.data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = static_cast<unsigned>(key_.ifindex);
    AppendControl(&message, IPV6_PKTINFO, info);
    if (route.hop_limit) AppendControl(&message, IPV6_HOPLIMIT, int{*route.hop_limit});
  }
  const int flags = MSG_NOSIGNAL | (route.destination.is_multicast() ? MSG_DONTROUTE : 0);
  if (sendmsg(fd_.get(), &message, flags) >= 0) return std::nullopt;
  return SyscallError{.syscall = "sendmsg", .error_number = errno};
}

void AdvertSocket::Drain(int batches) {
  static thread_local Batch batch;
  for (int round = 0; round < batches; ++round) {
    batch.Prepare();
    const int count = recvmmsg(fd_.get(), batch.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0) {
      const int error_number = errno;
      if (error_number == EAGAIN || error_number == EINTR) return;
      listener_->OnReceiveError(*this, {.syscall = "recvmmsg", .error_number = error_number});
      return;
    }
    for (int index = 0; index < count; ++index) {
      const mmsghdr& received = batch.messages[static_cast<size_t>(index)];
      const auto& packet = batch.packets[static_cast<size_t>(index)];
      Deliver(std::span(packet).first(received.msg_len), received.msg_hdr);
    }
    if (count < static_cast<int>(kBatch)) return;
  }
}

void AdvertSocket::Deliver(std::span<const uint8_t> packet, const msghdr& message) {
  if (key_.local.family == AF_INET6) {
    listener_->OnPacket(*this, DescribeIpv6(packet, message));
  } else if (const auto datagram = SplitIpv4(packet)) {
    listener_->OnPacket(*this, *datagram);
  }
}

void AdvertSocket::GrowReceiveBuffer(int64_t bytes) {
  if (bytes == 0) return;
  receive_bytes_ += bytes;
  if (usual_receive_bytes_ == 0) {
    socklen_t length = sizeof usual_receive_bytes_;
    getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &usual_receive_bytes_, &length);
    // The kernel tells twice what it was given. @see socket(7)
    usual_receive_bytes_ /= 2;
  }
  const int64_t wanted = receive_bytes_ > 0 ? receive_bytes_ : usual_receive_bytes_;
  const int size = static_cast<int>(std::min<int64_t>(wanted, std::numeric_limits<int>::max()));
  // Above net.core.rmem_max it gets that much.
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void AdvertSocket::Attach(uint8_t vrid, Instance* instance) { by_vrid_[vrid].push_back(instance); }

void AdvertSocket::Detach(Instance* instance) {
  for (auto& instances : by_vrid_) std::erase(instances, instance);
}

bool AdvertSocket::has_instances() const {
  return std::ranges::any_of(by_vrid_, [](const auto& instances) { return !instances.empty(); });
}

}  // namespace holdfast::vrrp
