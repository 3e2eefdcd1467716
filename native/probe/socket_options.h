#pragma once

#include "probe/target.h"

namespace holdfast::probe {

/**
 * SO_RCVBUF of what answers come in by; the kernel takes twice as much, its own bookkeeping
 * included. Left to itself it would let a server that pours without end fill some megabytes.
 */
inline constexpr int kAnswerBufferBytes = 32'768;

/** Applies mark and interface to a new socket. @returns 0, or an errno */
int ApplyMarkAndInterface(int fd, const ProbeSpec& spec);

/** Whether probes of both leave alike: family, mark, interface and source address. */
bool HasSameOrigin(const ProbeSpec& one, const ProbeSpec& other);

/** setsockopt of an int. @returns 0, or an errno */
int SetOption(int fd, int level, int name, int value);

/**
 * Whether this machine has the `bind_address` that is asked for, now. @returns 0, or an errno
 * (EADDRNOTAVAIL: it has not)
 */
int CheckSource(const ProbeSpec& spec);

/**
 * Why a datagram did not leave by a bound socket: kernels call a source that is gone by names of a
 * missing route. @returns an errno
 */
int ExplainUnsent(const ProbeSpec& spec, int error_number);

/** The target's address, with the bound interface as scope where IPv6 needs one. */
SocketAddress ScopedAddress(const ProbeSpec& spec, const SocketAddress& address);

}  // namespace holdfast::probe
