#include "probe/icmp_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <unistd.h>

#include <span>
#include <utility>

#include "probe/message_batch.h"

namespace holdfast::probe {

namespace {

constexpr int kReceiveBufferBytes = 1 << 20;

}  // namespace

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
  return brings_ip_header() ? SetOption(fd_.get(), IPPROTO_IP, IP_HDRINCL, 1) : 0;
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
  packets_[index].echo = EncodeEchoRequest(family(), {identifier_, cookie, target.icmp_serial});
  peers_[index] = ScopedAddress(target.spec, target.spec.address);
  if (!brings_ip_header()) return;
  packets_[index].ip_header =
      EncodeIpv4Header(IPPROTO_ICMP, in_addr{INADDR_ANY}, peers_[index].v4.sin_addr);
}

void IcmpSocket::Flush(const OnUnsent& on_unsent) {
  if (pending_count_ == 0) return;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  const size_t count = std::exchange(pending_count_, 0);
  for (size_t index = 0; index < count; ++index) {
    Packet& packet = packets_[index];
    parts[index] = brings_ip_header() ? iovec{&packet, sizeof packet}
                                      : iovec{packet.echo.data(), packet.echo.size()};
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
    messages[index].msg_hdr.msg_name = &peers_[index].generic;
    messages[index].msg_hdr.msg_namelen = peers_[index].length;
  }
  bool is_stale = false;
  SendMessages(fd_.get(), std::span(messages).first(count), [&](size_t index, int error_number) {
    is_stale = is_stale || IsSocketStale(error_number);
    on_unsent(*pending_[index], ExplainUnsent(like_, error_number));
  });
  if (is_stale) fd_.Reset();
}

void IcmpSocket::Receive(const OnReply& on_reply, const OnError& on_error) {
  if (!fd_.is_open()) return;
  ReceiveQuotedErrors(fd_.get(),
                      [&](std::span<const uint8_t> quoted, const SocketAddress&, int error_number) {
                        const auto echo = DecodeQuote(quoted);
                        if (echo && echo->identifier == identifier_) on_error(*echo, error_number);
                      });
  ReceiveDatagrams(fd_.get(), [&](std::span<const uint8_t> packet, const SocketAddress& source) {
    const auto echo = DecodeReply(packet);
    if (echo) on_reply(*echo, source);
  });
}

/** The kernel quotes the header to a socket that brought it. */
std::optional<Echo> IcmpSocket::DecodeQuote(std::span<const uint8_t> quoted) const {
  return DecodeQuotedRequest(family(),
                             brings_ip_header() ? SkipIpv4Header(quoted, IPPROTO_ICMP) : quoted);
}

std::optional<Echo> IcmpSocket::DecodeReply(std::span<const uint8_t> packet) const {
  const auto echo =
      DecodeEchoReply(family(), has_ip_header() ? SkipIpv4Header(packet, IPPROTO_ICMP) : packet);
  if (!echo || echo->identifier != identifier_) return std::nullopt;
  return echo;
}

}  // namespace holdfast::probe
