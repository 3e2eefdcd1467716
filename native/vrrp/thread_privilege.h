#pragma once

#include <optional>

#include "vrrp/sockets.h"

namespace holdfast::vrrp {

/** SCHED_FIFO for the calling thread; what it forks is ordinary again. @param priority 1..99 */
std::optional<SyscallError> MakeThreadRealtime(int priority);

/**
 * Locks what the calling thread needs to stay on time: its stack, this addon (code and data) and
 * the code of all libraries, the last only as far as it is or gets used (MLOCK_ONFAULT). Not
 * mlockall: that would pin the JavaScript heap, which is large and which the loop never touches.
 * Small blocks of the C++ heap stay unlocked; they are hot as long as adverts are sent.
 */
std::optional<SyscallError> LockThreadMemory();

}  // namespace holdfast::vrrp
