#include "loop/thread_arrangement.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast {

namespace {

struct Walk {
  int error_number = 0;
};

void LockRange(uintptr_t begin, size_t length, Walk* walk) {
  if (mlock2(reinterpret_cast<void*>(begin), length, MLOCK_ONFAULT) != 0) {
    walk->error_number = errno;
  }
}

bool HoldsOwnCode(const dl_phdr_info& object) {
  const auto own = reinterpret_cast<uintptr_t>(&ArrangeThread);
  for (int index = 0; index < object.dlpi_phnum; ++index) {
    const auto& segment = object.dlpi_phdr[index];
    const uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && own >= begin && own < begin + segment.p_memsz) return true;
  }
  return false;
}

int LockObject(dl_phdr_info* object, size_t, void* context) {
  auto* const walk = static_cast<Walk*>(context);
  const bool is_own = HoldsOwnCode(*object);
  for (int index = 0; index < object->dlpi_phnum; ++index) {
    const auto& segment = object->dlpi_phdr[index];
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (!is_own && (segment.p_flags & PF_X) == 0) continue;
    LockRange(object->dlpi_addr + segment.p_vaddr, segment.p_memsz, walk);
  }
  return 0;
}

void LockStack(pthread_t thread, Walk* walk) {
  pthread_attr_t attributes;
  if (const int error = pthread_getattr_np(thread, &attributes); error != 0) {
    walk->error_number = error;
    return;
  }
  void* stack = nullptr;
  size_t length = 0;
  pthread_attr_getstack(&attributes, &stack, &length);
  pthread_attr_destroy(&attributes);
  LockRange(reinterpret_cast<uintptr_t>(stack), length, walk);
}

int LockMemory(pthread_t thread) {
  Walk walk;
  dl_iterate_phdr(&LockObject, &walk);
  LockStack(thread, &walk);
  return walk.error_number;
}

/** What the thread forks is ordinary again. */
int SetScheduler(pid_t tid, int realtime_priority) {
  sched_param parameters{};
  parameters.sched_priority = realtime_priority;
  const int policy = realtime_priority > 0 ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER;
  // An unprivileged thread may not take back SCHED_RESET_ON_FORK, and need not.
  if (realtime_priority == 0 && (sched_getscheduler(tid) & ~SCHED_RESET_ON_FORK) == SCHED_OTHER) {
    return 0;
  }
  return sched_setscheduler(tid, policy, &parameters) == 0 ? 0 : errno;
}

/** Nothing named: what the main thread may use. */
int SetAffinity(pid_t tid, const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  }
  if (cpus.empty() && sched_getaffinity(getpid(), sizeof set, &set) != 0) return errno;
  return sched_setaffinity(tid, sizeof set, &set) == 0 ? 0 : errno;
}

int SetNiceness(pid_t tid, int niceness) {
  return setpriority(PRIO_PROCESS, static_cast<id_t>(tid), niceness) == 0 ? 0 : errno;
}

/** The kernel keeps 15 octets of a name. */
int SetName(pthread_t thread, const std::string& name) {
  constexpr size_t kLongestName = 15;
  return pthread_setname_np(thread, name.substr(0, kLongestName).c_str());
}

}  // namespace

std::vector<ThreadFailure> ArrangeThread(pthread_t thread, pid_t tid,
                                         const ThreadArrangement& arrangement) {
  std::vector<ThreadFailure> failures;
  const auto note = [&failures](const char* syscall, int error) {
    if (error != 0) failures.push_back({.syscall = syscall, .error_number = error});
  };
  note("pthread_setname_np", SetName(thread, arrangement.name));
  note("setpriority", SetNiceness(tid, arrangement.niceness));
  note("sched_setscheduler", SetScheduler(tid, arrangement.realtime_priority));
  note("sched_setaffinity", SetAffinity(tid, arrangement.cpus));
  if (arrangement.is_memory_locked) note("mlock2", LockMemory(thread));
  return failures;
}

}  // namespace holdfast
