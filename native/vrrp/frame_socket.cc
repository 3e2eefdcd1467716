#include "vrrp/frame_socket.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

namespace holdfast::vrrp {

namespace {

constexpr int kSendBufferBytes = 1 << 20;

}  // namespace

std::optional<SyscallError> FrameSocket::Open() {
  fd_.Reset(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.is_open()) return SyscallError{.syscall = "socket", .error_number = errno};
  // Without CAP_NET_ADMIN the default has to do.
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof kSendBufferBytes);
  return std::nullopt;
}

FrameSink::Result FrameSocket::SendFrames(std::span<const OutgoingFrame> frames) {
  std::array<mmsghdr, kFramesMax> messages{};
  std::array<iovec, kFramesMax> vectors{};
  std::array<sockaddr_ll, kFramesMax> ports{};
  for (size_t index = 0; index < frames.size(); ++index) {
    const auto bytes = frames[index].frame->view();
    vectors[index] = {.iov_base = const_cast<uint8_t*>(bytes.data()), .iov_len = bytes.size()};
    ports[index].sll_family = AF_PACKET;
    ports[index].sll_ifindex = frames[index].ifindex;
    ports[index].sll_halen = ETH_ALEN;
    msghdr& header = messages[index].msg_hdr;
    header.msg_name = &ports[index];
    header.msg_namelen = sizeof ports[index];
    header.msg_iov = &vectors[index];
    header.msg_iovlen = 1;
  }
  size_t sent = 0;
  while (sent < frames.size()) {
    const int count = sendmmsg(fd_.get(), &messages[sent],
                               static_cast<unsigned>(frames.size() - sent), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      return {.sent = sent, .error = SyscallError{.syscall = "sendmmsg", .error_number = errno}};
    }
    sent += static_cast<size_t>(count);
  }
  return {.sent = sent, .error = std::nullopt};
}

}  // namespace holdfast::vrrp
