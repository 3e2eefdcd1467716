#pragma once

#include <sys/types.h>

#include "loop/unique_fd.h"
#include "runner/protocol.h"

namespace holdfast::runner {

/** A child between fork and the outcome of its execve. */
struct Child {
  pid_t pid = -1;
  /** Holds the errno of a failed start, nothing once the program runs. */
  UniqueFd failure;
};

/**
 * Starts a program in a process group of its own, its streams on /dev/null, signals reset; it dies
 * with the runner.
 * @returns the child; with `pid` -1 it could not be forked, and errno says why
 */
Child Spawn(const Start& start);

/** What went wrong before the program ran: an errno, or 0. To be asked when the child has ended. */
int FailureOf(const Child& child);

/** Makes a FIFO. @returns 0 or an errno */
int CreateFifo(const MakeFifo& fifo);

}  // namespace holdfast::runner
