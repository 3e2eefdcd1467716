#include "runner/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace holdfast::runner {
namespace {

constexpr int kNotExecuted = 127;

void ResetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool TakeIdentity(const Identity& identity) {
  static_assert(sizeof(gid_t) == sizeof(uint32_t));
  const std::vector<uint32_t>& groups = identity.groups;
  if (geteuid() == 0 && setgroups(groups.size(), groups.data()) != 0) return false;
  return setresgid(identity.gid, identity.gid, identity.gid) == 0 &&
         setresuid(identity.uid, identity.uid, identity.uid) == 0;
}

bool QuietStreams() {
  const int null = open("/dev/null", O_RDWR);
  if (null < 0) return false;
  for (int fd = 0; fd <= 2; ++fd) {
    if (dup2(null, fd) < 0) return false;
  }
  if (null > 2) close(null);
  return true;
}

/** In the child: returns only when it failed, with errno set. */
void Become(const Start& start, char* const* argv, pid_t parent) {
  if (setpgid(0, 0) != 0 || !QuietStreams()) return;
  ResetSignals();
  if (start.identity.has_value() && !TakeIdentity(*start.identity)) return;
  // After the change of user, which forgets it.
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return;
  if (getppid() != parent) _exit(kNotExecuted);
  execve(start.file.c_str(), argv, environ);
}

std::vector<char*> Pointers(const Start& start, std::vector<std::string>* storage) {
  *storage = start.argv;
  std::vector<char*> pointers;
  pointers.reserve(storage->size() + 1);
  for (std::string& word : *storage) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Child Spawn(const Start& start) {
  std::array<int, 2> ends = {};
  Child child;
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return child;
  child.failure = UniqueFd(ends[0]);
  const UniqueFd write_end(ends[1]);
  std::vector<std::string> storage;
  const std::vector<char*> argv = Pointers(start, &storage);
  const pid_t parent = getpid();
  child.pid = fork();
  if (child.pid != 0) {
    // Also done by the child: whoever comes first, the group exists before it is signalled.
    if (child.pid > 0) setpgid(child.pid, child.pid);
    return child;
  }
  Become(start, argv.data(), parent);
  const int failure = errno;
  [[maybe_unused]] const ssize_t written = write(write_end.get(), &failure, sizeof(failure));
  _exit(kNotExecuted);
}

int FailureOf(const Child& child) {
  int failure = 0;
  return read(child.failure.get(), &failure, sizeof(failure)) == sizeof(failure) ? failure : 0;
}

int CreateFifo(const MakeFifo& fifo) {
  if (mkfifo(fifo.path.c_str(), fifo.mode) != 0) return errno;
  // The umask does not count.
  if (chmod(fifo.path.c_str(), fifo.mode) != 0) return errno;
  if (!fifo.identity.has_value()) return 0;
  return chown(fifo.path.c_str(), fifo.identity->uid, fifo.identity->gid) == 0 ? 0 : errno;
}

}  // namespace holdfast::runner
