#include "probe/message_batch.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

namespace holdfast::probe {

namespace {

constexpr size_t kBatch = 64;
constexpr size_t kBatchesPerTurn = 16;
constexpr size_t kErrorsPerTurn = 256;

/** @returns the errno that an ICMP error stands for, 0 when there is none */
int ExtendedErrorOf(msghdr* message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr;
       header = CMSG_NXTHDR(message, header)) {
    const bool is_error = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
                          (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
    if (!is_error || header->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    sock_extended_err error;
    memcpy(&error, CMSG_DATA(header), sizeof error);
    if (error.ee_errno != 0) return static_cast<int>(error.ee_errno);
  }
  return 0;
}

}  // namespace

bool IsSocketStale(int error_number) { return error_number == ENODEV || error_number == ENXIO; }

void SendMessages(int fd, std::span<mmsghdr> messages, const OnUnsentMessage& on_unsent) {
  size_t done = 0;
  bool is_repeated = false;
  while (done < messages.size()) {
    const auto rest = messages.subspan(done);
    const int sent = sendmmsg(fd, rest.data(), static_cast<unsigned>(rest.size()), MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<size_t>(sent);
      is_repeated = false;
    } else if (!is_repeated) {
      // The error may be an older one, kept by the socket for its next call.
      is_repeated = true;
    } else {
      on_unsent(done++, errno);
      is_repeated = false;
    }
  }
}

void ReceiveDatagrams(int fd, const OnDatagram& on_datagram) {
  std::array<std::array<uint8_t, kDatagramBytes>, kBatch> buffers;
  std::array<SocketAddress, kBatch> sources;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  for (size_t batch = 0; batch < kBatchesPerTurn; ++batch) {
    for (size_t index = 0; index < kBatch; ++index) {
      parts[index] = {buffers[index].data(), kDatagramBytes};
      messages[index].msg_hdr.msg_iov = &parts[index];
      messages[index].msg_hdr.msg_iovlen = 1;
      messages[index].msg_hdr.msg_name = &sources[index].generic;
      messages[index].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    }
    const int count = recvmmsg(fd, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0 && errno == EAGAIN) return;
    for (int index = 0; index < count; ++index) {
      const auto at = static_cast<size_t>(index);
      on_datagram(std::span(buffers[at]).first(messages[at].msg_len), sources[at]);
    }
    if (count >= 0 && static_cast<size_t>(count) < kBatch) return;
  }
}

void ReceiveQuotedErrors(int fd, const OnQuotedError& on_error) {
  for (size_t count = 0; count < kErrorsPerTurn; ++count) {
    std::array<uint8_t, kDatagramBytes> quoted;
    alignas(cmsghdr) std::array<uint8_t, 512> control;
    SocketAddress peer;
    iovec part{quoted.data(), quoted.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &peer.generic;
    message.msg_namelen = sizeof(sockaddr_in6);
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t bytes = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (bytes < 0) return;
    const int error_number = ExtendedErrorOf(&message);
    if (error_number == 0) continue;
    on_error(std::span(quoted).first(static_cast<size_t>(bytes)), peer, error_number);
  }
}

}  // namespace holdfast::probe
