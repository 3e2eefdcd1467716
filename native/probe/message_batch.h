#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "probe/address.h"

namespace holdfast::probe {

/** `error_number`: why the message did not leave this machine. */
using OnUnsentMessage = std::function<void(size_t index, int error_number)>;

/** Sends datagrams in few system calls; one that is refused does not hold up the rest. */
void SendMessages(int fd, std::span<mmsghdr> messages, const OnUnsentMessage& on_unsent);

/** A datagram, or what an ICMP error message quotes of one, with the address of its other end. */
using OnDatagram = std::function<void(std::span<const uint8_t> octets, const SocketAddress& peer)>;
using OnQuotedError = std::function<void(std::span<const uint8_t> quoted, const SocketAddress& peer,
                                         int error_number)>;

/** Longer datagrams are cut off. */
constexpr size_t kDatagramBytes = 128;

/** Reads the datagrams that are there now; bounded. */
void ReceiveDatagrams(int fd, const OnDatagram& on_datagram);

/** Reads the ICMP errors of a socket with IP_RECVERR or IPV6_RECVERR that are there now; bounded.
 */
void ReceiveQuotedErrors(int fd, const OnQuotedError& on_error);

/** The socket's device is gone; only a new socket can find its successor. */
bool IsSocketStale(int error_number);

}  // namespace holdfast::probe
