#include "probe/syn_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "probe/message_batch.h"
#include "probe/reserved_ports.h"

namespace holdfast::probe {

namespace {

constexpr int kReceiveBufferBytes = 4 << 20;
constexpr int kChecksumOffset = 16;
/** Longest IPv4 header and a TCP header. */
constexpr uint32_t kFilteredBytes = 80;

int Disconnect(int fd) {
  const sockaddr nowhere{AF_UNSPEC, {}};
  return connect(fd, &nowhere, sizeof nowhere) == 0 ? 0 : errno;
}

}  // namespace

int SynSocket::Open(uint16_t first_port) {
  if (fd_.is_open()) return 0;
  fd_.Reset(socket(family(), SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  const int error = fd_.is_open() ? Configure(first_port) : errno;
  if (error != 0) Close();
  return error;
}

void SynSocket::Close() {
  fd_.Reset();
  route_fd_.Reset();
}

int SynSocket::Configure(uint16_t first_port) {
  if (const int error = AttachFilter(first_port); error != 0) return error;
  if (const int error = ApplyMarkAndInterface(fd_.get(), like_); error != 0) return error;
  SetOption(fd_.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes);
  if (family() == AF_INET) {
    SetOption(fd_.get(), IPPROTO_IP, IP_RECVERR, 1);
    if (brings_ip_header()) {
      const int error = SetOption(fd_.get(), IPPROTO_IP, IP_HDRINCL, 1);
      if (error != 0) return error;
    }
    route_fd_.Reset(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return route_fd_.is_open() ? ApplyMarkAndInterface(route_fd_.get(), like_) : errno;
  }
  SetOption(fd_.get(), IPPROTO_IPV6, IPV6_RECVERR, 1);
  if (like_.bind_address) {
    const SocketAddress source = ScopedAddress(like_, *like_.bind_address);
    if (bind(fd_.get(), &source.generic, source.length) != 0) return errno;
  }
  return SetOption(fd_.get(), IPPROTO_IPV6, IPV6_CHECKSUM, kChecksumOffset);
}

/** SYN-ACK and RST-ACK to our ports; the rest of the machine's TCP costs no wake-up and no copy. */
int SynSocket::AttachFilter(uint16_t first_port) const {
  constexpr uint32_t kPortMask = 0xffff & ~(ReservedPorts::kCount - 1U);
  constexpr uint32_t kAck = 0x10;
  constexpr uint32_t kSynOrRst = 0x06;
  std::array<sock_filter, 9> program{{
      // IPv4 raw sockets see the IP header, so X becomes its length.
      family() == AF_INET ? sock_filter BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
                          : sock_filter BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kPortMask),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first_port, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kAck, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSynOrRst, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kFilteredBytes),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0
             ? 0
             : errno;
}

int SynSocket::FindSource(Target& target) {
  if (family() != AF_INET) return 0;
  if (like_.bind_address) {
    target.syn.source = like_.bind_address->v4.sin_addr;
    return 0;
  }
  // A datagram socket keeps the source of its last connection.
  Disconnect(route_fd_.get());
  const SocketAddress& peer = target.spec.address;
  if (connect(route_fd_.get(), &peer.generic, peer.length) != 0) return errno;
  sockaddr_in source{};
  socklen_t length = sizeof source;
  auto* const generic = reinterpret_cast<sockaddr*>(&source);
  if (getsockname(route_fd_.get(), generic, &length) != 0) return errno;
  target.syn.source = source.sin_addr;
  return 0;
}

void SynSocket::Append(Target& target) {
  const size_t index = pending_count_++;
  // sin_port and sin6_port lie at the same place.
  const uint16_t peer_port = ntohs(target.spec.address.v4.sin_port);
  pending_[index] = &target;
  Packet& packet = packets_[index];
  packet.segment = EncodeSyn(family(), {target.syn.port, peer_port, target.syn.sequence});
  peers_[index] = ScopedAddress(target.spec, target.spec.address);
  // Of a raw IPv6 socket the kernel wants a port of 0.
  peers_[index].v4.sin_port = 0;
  if (family() != AF_INET) return;
  const in_addr destination = target.spec.address.v4.sin_addr;
  SetSynChecksum(packet.segment, target.syn.source, destination);
  packet.ip_header = EncodeIpv4Header(IPPROTO_TCP, target.syn.source, destination);
  auto* const header = reinterpret_cast<cmsghdr*>(sources_[index].octets.data());
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  const in_pktinfo info{0, target.syn.source, {}};
  memcpy(CMSG_DATA(header), &info, sizeof info);
}

void SynSocket::Withdraw(const Target& target) {
  for (size_t index = 0; index < pending_count_; ++index) {
    if (pending_[index] == &target) pending_[index] = nullptr;
  }
}

void SynSocket::Flush(const OnUnsent& on_unsent) {
  if (pending_count_ == 0) return;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  const size_t count = std::exchange(pending_count_, 0);
  for (size_t index = 0; index < count; ++index) {
    msghdr& header = messages[index].msg_hdr;
    Packet& packet = packets_[index];
    parts[index] = brings_ip_header() ? iovec{&packet, sizeof packet}
                                      : iovec{packet.segment.data(), packet.segment.size()};
    header.msg_iov = &parts[index];
    header.msg_iovlen = 1;
    header.msg_name = &peers_[index].generic;
    header.msg_namelen = peers_[index].length;
    if (family() != AF_INET) continue;
    header.msg_control = sources_[index].octets.data();
    header.msg_controllen = sources_[index].octets.size();
  }
  bool is_stale = false;
  SendMessages(fd_.get(), std::span(messages).first(count), [&](size_t index, int error_number) {
    is_stale = is_stale || IsSocketStale(error_number);
    if (pending_[index] != nullptr) on_unsent(*pending_[index], ExplainUnsent(like_, error_number));
  });
  if (is_stale) Close();
}

void SynSocket::Receive(const OnAnswer& on_answer, const OnError& on_error) {
  if (!fd_.is_open()) return;
  ReceiveQuotedErrors(
      fd_.get(), [&](std::span<const uint8_t> quoted, const SocketAddress& peer, int error_number) {
        // The kernel quotes the header to a socket that brought it.
        const auto syn =
            DecodeQuotedSyn(brings_ip_header() ? SkipIpv4Header(quoted, IPPROTO_TCP) : quoted);
        if (syn) on_error(*syn, peer, error_number);
      });
  ReceiveDatagrams(fd_.get(), [&](std::span<const uint8_t> octets, const SocketAddress& peer) {
    const auto answer =
        DecodeSynAnswer(family() == AF_INET ? SkipIpv4Header(octets, IPPROTO_TCP) : octets);
    if (answer) on_answer(*answer, peer);
  });
}

}  // namespace holdfast::probe
