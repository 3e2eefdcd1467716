#include "vrrp/thread_privilege.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace holdfast::vrrp {

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
  const auto own = reinterpret_cast<uintptr_t>(&LockThreadMemory);
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

void LockStack(Walk* walk) {
  pthread_attr_t attributes;
  if (const int error = pthread_getattr_np(pthread_self(), &attributes); error != 0) {
    walk->error_number = error;
    return;
  }
  void* stack = nullptr;
  size_t length = 0;
  pthread_attr_getstack(&attributes, &stack, &length);
  pthread_attr_destroy(&attributes);
  LockRange(reinterpret_cast<uintptr_t>(stack), length, walk);
}

}  // namespace

std::optional<SyscallError> MakeThreadRealtime(int priority) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  const int error =
      pthread_setschedparam(pthread_self(), SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters);
  if (error == 0) return std::nullopt;
  return SyscallError{.syscall = "sched_setscheduler", .error_number = error};
}

std::optional<SyscallError> LockThreadMemory() {
  Walk walk;
  dl_iterate_phdr(&LockObject, &walk);
  LockStack(&walk);
  if (walk.error_number == 0) return std::nullopt;
  return SyscallError{.syscall = "mlock2", .error_number = walk.error_number};
}

}  // namespace holdfast::vrrp
