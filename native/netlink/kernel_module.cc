#include "netlink/kernel_module.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "loop/unique_fd.h"

namespace holdfast::netlink {

namespace {

/** @returns 0 or a positive errno */
int Spawn(const std::string& path, const std::string& module, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  }
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::array<std::string, 4> words{path, "-q", "--", module};
  std::array<char*, 5> arguments{};
  for (size_t index = 0; index < words.size(); ++index) arguments[index] = words[index].data();
  std::array<std::string, 3> variables{"HOME=/", "TERM=linux",
                                       "PATH=/sbin:/usr/sbin:/bin:/usr/bin"};
  std::array<char*, 4> environment{};
  for (size_t index = 0; index < variables.size(); ++index) {
    environment[index] = variables[index].data();
  }
  const int error =
      posix_spawn(pid, path.c_str(), &files, &attributes, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error;
}

/** @returns whether the process ended by itself */
bool EndedInTime(pid_t pid, std::chrono::milliseconds deadline) {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  // Before Linux 5.3 there is nothing to poll: wait without a limit.
  if (!process.is_open()) return true;
  pollfd ended{process.get(), POLLIN, 0};
  int ready = -1;
  do {
    ready = poll(&ended, 1, static_cast<int>(deadline.count()));
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

}  // namespace

std::string ModprobePath() {
  const UniqueFd file(open("/proc/sys/kernel/modprobe", O_RDONLY | O_CLOEXEC));
  std::array<char, 4'096> text{};
  const ssize_t length = file.is_open() ? read(file.get(), text.data(), text.size()) : 0;
  std::string path(text.data(), length > 0 ? static_cast<size_t>(length) : 0);
  while (!path.empty() && (path.back() == '\n' || path.back() == '\0')) path.pop_back();
  return path.empty() ? "/sbin/modprobe" : path;
}

std::string LoadKernelModule(const std::string& modprobe, const std::string& module,
                             std::chrono::milliseconds deadline) {
  pid_t pid = 0;
  if (const int error = Spawn(modprobe, module, &pid); error != 0) {
    return modprobe + " cannot be run: " + strerror(error);
  }
  const bool is_late = !EndedInTime(pid, deadline);
  if (is_late) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return modprobe + ": " + strerror(errno);
  }
  if (is_late) return modprobe + " " + module + " did not end in time and was killed";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  if (WIFEXITED(status)) {
    return modprobe + " " + module + " ended with status " + std::to_string(WEXITSTATUS(status));
  }
  return modprobe + " " + module + " was ended by a signal";
}

}  // namespace holdfast::netlink
