#include "vrrp/monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace holdfast::vrrp {

namespace {

constexpr int kDatagramsPerTurn = 64;
constexpr netlink::ReceiveBuffer kReceiveBuffer{.bytes = 8 << 20, .is_forced = true};
constexpr uint32_t kObjectGroups =
    RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE | 1u << (RTNLGRP_IPV6_RULE - 1);
/** RTPROT_KEEPALIVED: routes of others may come by the hundred thousand. */
constexpr uint8_t kOwnProtocol = 18;
constexpr uint32_t kUsable = IFF_UP | IFF_RUNNING;

/**
 * Of routes and rules only removals count, and of routes only our own. The kernel drops the rest
 * for this socket, so that a router with a full table neither wakes the loop nor overruns it. A
 * notification of a route holds one message. Without the filter all of them are read and ignored.
 */
void FilterOthersRoutes(int fd) {
  // BPF loads are big-endian, netlink's words are the host's.
  constexpr auto word = [](uint16_t value) -> uint32_t { return htons(value); };
  std::array<sock_filter, 8> program{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word(RTM_NEWROUTE), 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word(RTM_NEWRULE), 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word(RTM_DELROUTE), 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(rtmsg, rtm_protocol)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kOwnProtocol, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

bool IsUsable(uint32_t flags) { return (flags & kUsable) == kUsable; }

}  // namespace

std::optional<SyscallError> Monitor::Open(uv_loop_t* loop) {
  const netlink::SocketOptions options{
      .groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | kObjectGroups,
      .receive_buffer = kReceiveBuffer};
  if (const int error = events_.Open(NETLINK_ROUTE, options); error != 0) {
    return SyscallError{.syscall = "socket", .error_number = -error};
  }
  FilterOthersRoutes(events_.fd());
  // The table after the subscription: nothing can fall between them.
  ReadTable();
  if (const int error = readable_.Start(loop, events_.fd(), [this] { OnReadable(); }); error != 0) {
    return SyscallError{.syscall = "epoll_ctl", .error_number = -error};
  }
  return std::nullopt;
}

void Monitor::Close() {
  readable_.Close();
  events_.Close();
}

void Monitor::SetReceiveBuffer(const std::optional<netlink::ReceiveBuffer>& buffer) {
  events_.SetReceiveBuffer(buffer.value_or(kReceiveBuffer));
}

std::optional<uint32_t> Monitor::FlagsOf(int32_t ifindex) const {
  const auto found = flags_.find(ifindex);
  if (found == flags_.end()) return std::nullopt;
  return found->second;
}

void Monitor::OnReadable() {
  for (int datagrams = 0; datagrams < kDatagramsPerTurn; ++datagrams) {
    netlink::Bytes datagram;
    const int received = events_.Receive(&datagram);
    if (received == 0) return;
    if (received > 0) {
      Take(datagram);
    } else if (received == -ENOBUFS) {
      listener_->OnMonitorOverrun();
      ReadTable();
    } else {
      return;
    }
  }
}

void Monitor::Take(netlink::Bytes datagram) {
  netlink::MessageReader reader(datagram);
  netlink::Message message;
  while (reader.Next(&message)) {
    const uint16_t type = message.header.nlmsg_type;
    netlink::LinkRecord link;
    netlink::AddressRecord address;
    netlink::ObjectRecord object;
    if (netlink::DecodeLink(message, &link)) {
      listener_->OnLink(link, type == RTM_DELLINK);
      Update(link, type == RTM_DELLINK);
    } else if (netlink::DecodeAddress(message, &address)) {
      listener_->OnAddress(address, type == RTM_DELADDR);
    } else if (netlink::DecodeRemovedObject(message, &object)) {
      if (object.protocol == kOwnProtocol) listener_->OnObjectRemoved(object);
    }
  }
}

void Monitor::Update(const netlink::LinkRecord& link, bool is_deleted) {
  const auto known = flags_.find(link.ifindex);
  const bool was_usable = known == flags_.end() || IsUsable(known->second);
  if (is_deleted) {
    flags_.erase(link.ifindex);
  } else {
    flags_[link.ifindex] = link.flags;
  }
  if (was_usable && (is_deleted || !IsUsable(link.flags))) listener_->OnLinkLost(link.ifindex);
}

/** Links that went away unseen are lost too. */
void Monitor::ReadTable() {
  std::unordered_map<int32_t, netlink::LinkRecord> current;
  netlink::MessageBuilder request(64);
  netlink::EncodeLinkDump(&request);
  const int error = requests_->Query(request.bytes(), [&current](const netlink::Message& message) {
    netlink::LinkRecord link;
    if (netlink::DecodeLink(message, &link)) current[link.ifindex] = link;
  });
  if (error != 0) return;
  const auto before = flags_;
  for (const auto& [ifindex, flags] : before) {
    if (!current.contains(ifindex)) Update({.ifindex = ifindex, .flags = flags}, true);
  }
  for (const auto& [ifindex, link] : current) Update(link, false);
}

}  // namespace holdfast::vrrp
