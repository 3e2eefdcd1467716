#pragma once

#include <cstdint>

#include "loop/unique_fd.h"
#include "probe/target.h"

namespace holdfast::probe {

/** A TCP socket that is being connected; closed, with an errno, when that could not begin. */
struct StreamSocket {
  UniqueFd fd;
  int error_number = 0;
};

/** Who speaks first once the connection stands. */
enum class FirstWord : uint8_t { kOurs, kTheirs };

/** A non-blocking socket with the target's mark, interface and source, on its way to the target. */
StreamSocket ConnectStream(const ProbeSpec& spec, FirstWord first_word);

/** As above for an unconnected socket that has them. @returns 0, or an errno */
int BeginConnect(int fd, const ProbeSpec& spec, FirstWord first_word);

/** Whether the target's timeout is longer than the kernel's usual number of SYNs lasts. */
bool NeedsManySyns(const ProbeSpec& spec);

/**
 * Whether the kernel gave the socket, on its way to a port of this machine that nobody listens on,
 * that very port for its own: TCP then connects it to itself. @see RFC 9293 §3.5, figure 7
 */
bool IsConnectedToItself(int fd, const ProbeSpec& spec);

/** SO_ERROR, which it clears. @returns 0, or an errno */
int PendingError(int fd);

}  // namespace holdfast::probe
