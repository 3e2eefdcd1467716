#include "probe/icmp_socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <utility>

#include "probe/socket_options.h"

namespace holdfast::probe {

namespace {

constexpr size_t kReplyBytes = 128;
constexpr size_t kBatchesPerTurn = 16;
constexpr size_t kErrorsPerTurn = 256;
constexpr int kReceiveBufferBytes = 1 << 20;

bool IsSameAddress(const std::optional<SocketAddress>& one,
                   const std::optional<SocketAddress>& other) {
  if (one.has_value() != other.has_value()) return false;
  return !one || one->HasSameHost(*other);
}

/** The socket's device is gone; only a new socket can find its successor. */
bool IsSocketStale(int error_number) { return error_number == ENODEV || error_number == ENXIO; }

}  // namespace

bool IcmpSocket::Serves(const ProbeSpec& spec) const {
  return like_.address.family() == spec.address.family() && like_.fwmark == spec.fwmark &&
         like_.bind_interface == spec.bind_interface &&
         IsSameAddress(like_.bind_address, spec.bind_address);
}

int IcmpSocket::Open() {
  if (fd_.is_open()) return 0;
  int error = OpenPing();
  if (error == EACCES || error == EPERM || error == EPROTONOSUPPORT) error = OpenRaw();
  if (error == 0) error = Configure();
  if (error != 0) fd_.Reset();
  return error;
}

int IcmpSocket::OpenPing() {
  const int protocol = family() == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  fd_.Reset(socket(family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd_.is_open()) return errno;
  is_raw_ = false;
  return 0;
}

int IcmpSocket::OpenRaw() {
  const int protocol = family() == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  fd_.Reset(socket(family(), SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd_.is_open()) return errno;
  is_raw_ = true;
  return 0;
}

int IcmpSocket::AttachFilter() const {
  if (family() == AF_INET) {
    icmp_filter filter{~(1U << ICMP_ECHOREPLY)};
    if (setsockopt(fd_.get(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter) != 0) return errno;
  } else {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    if (setsockopt(fd_.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) != 0) {
      return errno;
    }
  }
  // Only our identifier. IPv4 raw sockets see the IP header, so X becomes its length.
  std::array<sock_filter, 5> program{{
      family() == AF_INET ? sock_filter BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
                          : sock_filter BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier_, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0
             ? 0
             : errno;
}

int IcmpSocket::Configure() {
  if (const int error = ApplyMarkAndInterface(fd_.get(), like_); error != 0) return error;
  SocketAddress source = AnyAddress(family(), 0);
  if (like_.bind_address) {
    source = ScopedAddress(like_, *like_.bind_address);
    source.v4.sin_port = 0;
  }
  // A ping socket gets its identifier here, in place of a port.
  if (bind(fd_.get(), &source.generic, source.length) != 0) return errno;
  socklen_t length = source.length;
  if (getsockname(fd_.get(), &source.generic, &length) != 0) return errno;
  identifier_ =
      is_raw_ ? static_cast<uint16_t>(fd_.get() * 257 + getpid()) : ntohs(source.v4.sin_port);
  SetOption(fd_.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes);
  if (family() == AF_INET) {
    SetOption(fd_.get(), IPPROTO_IP, IP_RECVERR, 1);
  } else {
    SetOption(fd_.get(), IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
  return is_raw_ ? AttachFilter() : 0;
}

void IcmpSocket::Append(Target& target, uint64_t cookie) {
  const size_t index = pending_count_++;
  pending_[index] = &target;
  packets_[index] = EncodeEchoRequest(family(), {identifier_, cookie, target.icmp_serial});
  peers_[index] = ScopedAddress(target.spec, target.spec.address);
}

void IcmpSocket::Flush(const OnUnsent& on_unsent) {
  if (pending_count_ == 0) return;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  const size_t count = std::exchange(pending_count_, 0);
  for (size_t index = 0; index < count; ++index) {
    parts[index] = {packets_[index].data(), packets_[index].size()};
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
    messages[index].msg_hdr.msg_name = &peers_[index].generic;
    messages[index].msg_hdr.msg_namelen = peers_[index].length;
  }
  size_t done = 0;
  bool is_repeated = false;
  while (done < count) {
    const int sent =
        sendmmsg(fd_.get(), &messages[done], static_cast<unsigned>(count - done), MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<size_t>(sent);
      is_repeated = false;
    } else if (!is_repeated) {
      // The error may be an older one, kept by the socket for its next call.
      is_repeated = true;
    } else {
      const int error = errno;
      if (IsSocketStale(error)) fd_.Reset();
      on_unsent(*pending_[done++], error);
      is_repeated = false;
    }
  }
}

void IcmpSocket::Receive(const OnReply& on_reply, const OnError& on_error) {
  if (!fd_.is_open()) return;
  ReceiveErrors(on_error);
  ReceiveReplies(on_reply);
}

std::optional<Echo> IcmpSocket::DecodeReply(std::span<const uint8_t> packet) const {
  const bool has_ip_header = is_raw_ && family() == AF_INET;
  const auto echo = DecodeEchoReply(family(), has_ip_header ? SkipIpv4Header(packet) : packet);
  if (!echo || echo->identifier != identifier_) return std::nullopt;
  return echo;
}

void IcmpSocket::ReceiveReplies(const OnReply& on_reply) {
  std::array<std::array<uint8_t, kReplyBytes>, kBatch> buffers;
  std::array<SocketAddress, kBatch> sources;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  for (size_t batch = 0; batch < kBatchesPerTurn; ++batch) {
    for (size_t index = 0; index < kBatch; ++index) {
      parts[index] = {buffers[index].data(), kReplyBytes};
      messages[index].msg_hdr.msg_iov = &parts[index];
      messages[index].msg_hdr.msg_iovlen = 1;
      messages[index].msg_hdr.msg_name = &sources[index].generic;
      messages[index].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    }
    const int count = recvmmsg(fd_.get(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0 && errno == EAGAIN) return;
    for (int index = 0; index < count; ++index) {
      const auto at = static_cast<size_t>(index);
      const auto echo = DecodeReply(std::span(buffers[at]).first(messages[at].msg_len));
      if (echo) on_reply(*echo, sources[at]);
    }
    if (count >= 0 && static_cast<size_t>(count) < kBatch) return;
  }
}

void IcmpSocket::ReceiveErrors(const OnError& on_error) {
  for (size_t error_count = 0; error_count < kErrorsPerTurn; ++error_count) {
    std::array<uint8_t, kReplyBytes> quoted;
    alignas(cmsghdr) std::array<uint8_t, 512> control;
    iovec part{quoted.data(), quoted.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t bytes = recvmsg(fd_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (bytes < 0) return;
    const auto echo =
        DecodeQuotedRequest(family(), std::span(quoted).first(static_cast<size_t>(bytes)));
    if (!echo || echo->identifier != identifier_) continue;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      const bool is_error =
          (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
          (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
      if (!is_error || header->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
      sock_extended_err error;
      memcpy(&error, CMSG_DATA(header), sizeof error);
      if (error.ee_errno != 0) on_error(*echo, static_cast<int>(error.ee_errno));
    }
  }
}

}  // namespace holdfast::probe
