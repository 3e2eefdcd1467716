#include "netlink/socket.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <limits>

#include "loop/clock.h"

namespace holdfast::netlink {

namespace {

/** Larger than any datagram the kernel makes (dumps: at most 32 KiB). */
constexpr size_t kReceiveBytes = 64 << 10;
/** What a queued verdict costs of the receive buffer: socket buffer, header, words. */
constexpr size_t kAckCost = 1'280;
/** netlink refuses a datagram of more than the send buffer less 32; a batch need not be huge. */
constexpr size_t kChunkBytesMax = 128 << 10;

/** Sequence numbers wrap. */
int32_t SequenceDifference(uint32_t left, uint32_t right) {
  return static_cast<int32_t>(left - right);
}

/** The kernel's negative errno as a positive one. */
int ErrorNumber(int32_t error) {
  if (error >= 0) return 0;
  return error == std::numeric_limits<int32_t>::min() ? EPROTO : -error;
}

int BufferSize(int fd, int option) {
  int size = 0;
  socklen_t length = sizeof size;
  return getsockopt(fd, SOL_SOCKET, option, &size, &length) == 0 ? size : 0;
}

}  // namespace

/** What is being waited for: verdicts `next` up to but not including `end`. */
struct Socket::Collector {
  uint32_t next = 0;
  uint32_t end = 0;
  /** Index of the message `next` in the whole batch. */
  size_t index = 0;
  bool was_interrupted = false;
  const OnMessage* on_message = nullptr;
  const OnAck* on_ack = nullptr;

  bool is_done() const { return next == end; }

  void Settle(const Ack& ack) {
    ++next;
    (*on_ack)(index++, ack);
  }

  void Take(const Message& message) {
    const uint32_t sequence = message.header.nlmsg_seq;
    // Late answers to an exchange that was given up.
    if (SequenceDifference(sequence, next) < 0 || SequenceDifference(sequence, end) >= 0) return;
    if ((message.header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) was_interrupted = true;
    Ack ack;
    const bool is_verdict = DecodeAck(message, &ack);
    if (is_verdict || message.header.nlmsg_type >= NLMSG_MIN_TYPE) {
      while (next != sequence) Settle({ENOBUFS, "the kernel's answer was lost"});
    }
    if (is_verdict) {
      Settle(ack);
    } else if (message.header.nlmsg_type >= NLMSG_MIN_TYPE && on_message != nullptr) {
      (*on_message)(message);
    }
  }
};

int Socket::Open(int protocol, const SocketOptions& options) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd.is_open()) return -errno;
  const int on = 1;
  // Without these answers are only less telling, so failure is no error.
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = options.groups;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return -errno;
  }
  const auto send_bytes = static_cast<size_t>(BufferSize(fd.get(), SO_SNDBUF));
  chunk_bytes_ = std::clamp<size_t>(send_bytes / 2, 4'096, kChunkBytesMax);
  timeout_ms_ = options.timeout_ms;
  receive_buffer_.resize(kReceiveBytes);
  fd_ = std::move(fd);
  SetReceiveBuffer(options.receive_buffer);
  return 0;
}

void Socket::SetReceiveBuffer(const ReceiveBuffer& buffer) {
  const int fd = fd_.get();
  const int bytes = buffer.bytes;
  if (!buffer.is_forced || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  chunk_messages_ = std::max<size_t>(static_cast<size_t>(BufferSize(fd, SO_RCVBUF)) / kAckCost, 1);
}

int Socket::Send(Bytes messages) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  iovec part{const_cast<uint8_t*>(messages.data()), messages.size()};
  msghdr datagram{};
  datagram.msg_name = &kernel;
  datagram.msg_namelen = sizeof kernel;
  datagram.msg_iov = &part;
  datagram.msg_iovlen = 1;
  while (true) {
    const ssize_t sent = sendmsg(fd_.get(), &datagram, 0);
    if (sent == static_cast<ssize_t>(messages.size())) return 0;
    if (sent >= 0) return -EIO;
    if (errno != EINTR) return -errno;
  }
}

int Socket::Receive(Bytes* datagram) {
  while (true) {
    sockaddr_nl sender{};
    iovec part{receive_buffer_.data(), receive_buffer_.size()};
    msghdr received{};
    received.msg_name = &sender;
    received.msg_namelen = sizeof sender;
    received.msg_iov = &part;
    received.msg_iovlen = 1;
    const ssize_t length = recvmsg(fd_.get(), &received, MSG_DONTWAIT);
    if (length < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? 0 : -errno;
    }
    // Only the kernel's word counts; other processes can send to a netlink socket.
    if (received.msg_namelen != sizeof sender || sender.nl_pid != 0) continue;
    if ((received.msg_flags & MSG_TRUNC) != 0) return -ENOBUFS;
    *datagram = Bytes(receive_buffer_).first(static_cast<size_t>(length));
    return 1;
  }
}

int Socket::ReceiveWithin(Bytes* datagram, int64_t deadline_us) {
  while (true) {
    if (const int received = Receive(datagram); received != 0) return received;
    const int64_t left_us = deadline_us - MonotonicUs();
    if (left_us <= 0) return -ETIMEDOUT;
    pollfd readable{fd_.get(), POLLIN, 0};
    poll(&readable, 1, static_cast<int>(left_us / 1'000 + 1));
  }
}

int Socket::Collect(Collector* collector) {
  const int64_t timeout_us = static_cast<int64_t>(timeout_ms_) * 1'000;
  bool was_overrun = false;
  while (!collector->is_done()) {
    Bytes datagram;
    // After an overrun only what is queued already can be had.
    const int received = ReceiveWithin(&datagram, was_overrun ? 0 : MonotonicUs() + timeout_us);
    if (received == -ENOBUFS) {
      was_overrun = true;
      continue;
    }
    if (received < 0) return was_overrun ? -ENOBUFS : received;
    MessageReader reader(datagram);
    Message message;
    while (!collector->is_done() && reader.Next(&message)) collector->Take(message);
  }
  return was_overrun ? -ENOBUFS : 0;
}

size_t Socket::ChunkLength(Bytes messages, size_t* count) const {
  size_t length = 0;
  *count = 0;
  MessageReader reader(messages);
  Message message;
  while (*count < chunk_messages_ && reader.Next(&message)) {
    const size_t next = length + Aligned(message.header.nlmsg_len);
    if (*count > 0 && next > chunk_bytes_) break;
    length = next;
    ++*count;
  }
  return std::min(length, messages.size());
}

void Socket::Stamp(std::span<uint8_t> messages) {
  size_t offset = 0;
  while (offset < messages.size()) {
    uint32_t length = 0;
    memcpy(&length, &messages[offset + offsetof(nlmsghdr, nlmsg_len)], sizeof length);
    ++last_sequence_;
    memcpy(&messages[offset + offsetof(nlmsghdr, nlmsg_seq)], &last_sequence_,
           sizeof last_sequence_);
    offset += Aligned(length);
  }
}

int Socket::Transact(std::span<uint8_t> messages, const OnAck& on_ack) {
  Collector collector;
  collector.on_ack = &on_ack;
  int error = 0;
  while (!messages.empty()) {
    size_t count = 0;
    const auto chunk = messages.first(ChunkLength(messages, &count));
    if (count == 0) return -EINVAL;
    collector.next = last_sequence_ + 1;
    Stamp(chunk);
    collector.end = last_sequence_ + 1;
    // Lost verdicts do not hold up the commands after them; a broken socket does.
    const bool may_go_on = error == 0 || error == -ENOBUFS;
    if (may_go_on) error = Send(chunk);
    if (error == 0) error = Collect(&collector);
    while (!collector.is_done()) collector.Settle({-error, {}});
    messages = messages.subspan(chunk.size());
  }
  return error;
}

int Socket::Query(std::span<uint8_t> request, const OnMessage& on_message) {
  size_t count = 0;
  if (ChunkLength(request, &count) != request.size() || count != 1) return -EINVAL;
  int verdict = 0;
  const OnAck on_ack = [&verdict](size_t, const Ack& ack) { verdict = -ack.error_number; };
  Collector collector;
  collector.on_ack = &on_ack;
  collector.on_message = &on_message;
  Stamp(request);
  collector.next = last_sequence_;
  collector.end = last_sequence_ + 1;
  if (const int error = Send(request); error != 0) return error;
  if (const int error = Collect(&collector); error != 0) return error;
  return verdict == 0 && collector.was_interrupted ? -EINTR : verdict;
}

bool DecodeAck(const Message& message, Ack* ack) {
  const uint16_t type = message.header.nlmsg_type;
  if (type != NLMSG_ERROR && type != NLMSG_DONE) return false;
  Bytes rest = message.payload;
  int32_t error = 0;
  *ack = Ack{};
  if (!TakeHeader(&rest, &error)) return type == NLMSG_DONE;
  ack->error_number = ErrorNumber(error);
  if ((message.header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return true;
  if (type == NLMSG_ERROR) {
    nlmsghdr echoed{};
    Bytes echo = rest;
    if (!TakeHeader(&rest, &echoed)) return true;
    // The payload of the request follows unless the answer is capped.
    if ((message.header.nlmsg_flags & NLM_F_CAPPED) == 0) {
      const size_t length = Aligned(echoed.nlmsg_len);
      if (length < sizeof echoed || length > echo.size()) return true;
      rest = echo.subspan(length);
    }
  }
  AttributeTable<NLMSGERR_ATTR_MSG> attributes;
  if (attributes.Parse(rest)) ack->message = ReadText(attributes.Get(NLMSGERR_ATTR_MSG));
  return true;
}

int ResolveGenericFamily(Socket* socket, std::string_view name, uint16_t* type) {
  MessageBuilder request;
  genlmsghdr header{};
  header.cmd = CTRL_CMD_GETFAMILY;
  header.version = 1;
  request.Begin(GENL_ID_CTRL, NLM_F_ACK, header);
  request.PutString(CTRL_ATTR_FAMILY_NAME, name);
  request.End();
  bool was_found = false;
  const int error = socket->Query(request.bytes(), [&](const Message& message) {
    Bytes rest = message.payload;
    genlmsghdr answer{};
    AttributeTable<CTRL_ATTR_FAMILY_NAME> attributes;
    if (!TakeHeader(&rest, &answer) || !attributes.Parse(rest)) return;
    if (attributes.Read(CTRL_ATTR_FAMILY_ID, type)) was_found = true;
  });
  if (error != 0) return error;
  return was_found ? 0 : -ENOENT;
}

}  // namespace holdfast::netlink
