#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace holdfast {

/** contract.ts `ThreadSettings` */
struct ThreadArrangement {
  std::string name;
  int niceness = 0;
  int realtime_priority = 0;
  std::vector<int> cpus;
  bool is_memory_locked = false;
};

/** A system call that failed for a thread. */
struct ThreadFailure {
  const char* syscall = "";
  int error_number = 0;
};

/**
 * Makes a thread of this process what the arrangement says, from any other thread. Each part is
 * tried, whatever becomes of the others. Locked is what the thread needs to stay on time: its
 * stack, this addon (code and data) and the code of all libraries, the last only as far as it is or
 * gets used (MLOCK_ONFAULT). Not mlockall: that would pin the JavaScript heap, which is large and
 * which the thread never touches. Small blocks of the C++ heap stay unlocked; they are hot as long
 * as adverts are sent. What is locked stays so until the process ends.
 * @returns what failed
 */
std::vector<ThreadFailure> ArrangeThread(pthread_t thread, pid_t tid,
                                         const ThreadArrangement& arrangement);

}  // namespace holdfast
