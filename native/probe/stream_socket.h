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

/** SO_ERROR, which it clears. @returns 0, or an errno */
int PendingError(int fd);

}  // namespace holdfast::probe
