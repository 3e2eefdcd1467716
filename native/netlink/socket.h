#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "loop/unique_fd.h"
#include "netlink/message.h"

namespace holdfast::netlink {

/** SO_RCVBUF. */
struct ReceiveBuffer {
  int bytes = 4 << 20;
  /** Beyond net.core.rmem_max, where CAP_NET_ADMIN allows it. */
  bool is_forced = true;
};

struct SocketOptions {
  /** RTMGRP_* to listen to. A socket with groups is for Receive() only. */
  uint32_t groups = 0;
  ReceiveBuffer receive_buffer = {};
  /** Longest wait for one answer. The kernel answers while it runs sendmsg, so this is a net. */
  int timeout_ms = 5'000;
};

/** The kernel's verdict on one message. */
struct Ack {
  /** 0, or a positive errno. */
  int error_number = 0;
  /** The kernel's words (extended ACK), often empty. Valid during the call only. */
  std::string_view message;
};

/** @param index of the message in the batch; called in order, once per message */
using OnAck = std::function<void(size_t index, const Ack& ack)>;
using OnMessage = std::function<void(const Message& message)>;

/**
 * A netlink socket. Open() allocates; after that nothing does (small callables apart), so that it
 * can be used on the vrrp loop. One thread at a time.
 */
class Socket {
 public:
  /**
   * @param protocol NETLINK_ROUTE or NETLINK_GENERIC
   * @returns 0, or a negative errno
   */
  int Open(int protocol, const SocketOptions& options = {});
  void Close() { fd_.Reset(); }
  bool is_open() const { return fd_.is_open(); }
  int fd() const { return fd_.get(); }
  /** How many verdicts may be waited for at once follows from it. */
  void SetReceiveBuffer(const ReceiveBuffer& buffer);

  /**
   * Sends a batch (each message with NLM_F_ACK), as many messages per sendmsg as buffers allow,
   * and gives the verdict on each. Stamps sequence numbers into `messages`.
   * @returns 0, or a negative errno when the exchange broke off: the rest is given that errno.
   *     -ENOBUFS: verdicts were lost, commands may have been carried out.
   */
  int Transact(std::span<uint8_t> messages, const OnAck& on_ack);

  /**
   * Sends one request, dump or not (then with NLM_F_ACK), and hands over the messages of the
   * answer.
   * @returns 0 or a negative errno, also that of the verdict; -EINTR: the table changed
   *     during a dump, which should be repeated.
   */
  int Query(std::span<uint8_t> request, const OnMessage& on_message);

  /**
   * One datagram of events, without waiting. It points into the socket's own buffer.
   * @returns 1, 0 when there is none, or a negative errno. -ENOBUFS: events were lost, dump anew.
   */
  int Receive(Bytes* datagram);

 private:
  struct Collector;

  int Send(Bytes messages);
  int ReceiveWithin(Bytes* datagram, int64_t deadline_us);
  int Collect(Collector* collector);
  size_t ChunkLength(Bytes messages, size_t* count) const;
  void Stamp(std::span<uint8_t> messages);

  UniqueFd fd_;
  uint32_t last_sequence_ = 0;
  int timeout_ms_ = 0;
  /** What one sendmsg may carry: octets, and messages so that all verdicts fit the receive buffer.
   */
  size_t chunk_bytes_ = 0;
  size_t chunk_messages_ = 0;
  std::vector<uint8_t> receive_buffer_;
};

/**
 * Reads NLMSG_ERROR and NLMSG_DONE.
 * @returns false for other messages and for ones that are too short
 */
bool DecodeAck(const Message& message, Ack* ack);

/**
 * Asks for the message type of a generic netlink family, for example "IPVS".
 * @returns 0, or a negative errno; -ENOENT when the kernel does not have it
 */
int ResolveGenericFamily(Socket* socket, std::string_view name, uint16_t* type);

}  // namespace holdfast::netlink
