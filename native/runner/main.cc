// The helper process that starts scripts for the daemon: small, so that starting one costs little,
// and apart, so that no script and no fork can hold up the daemon. It ends when the daemon closes
// the stream.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "loop/unique_fd.h"
#include "runner/protocol.h"
#include "runner/supervisor.h"

namespace holdfast::runner {
namespace {

constexpr size_t kReadBytes = 65'536;

uint64_t NowMs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

/** Signals for the daemon reach its helper too; the helper goes when the daemon goes. */
UniqueFd TakeSignals() {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2}) {
    struct sigaction action = {};
    action.sa_handler = SIG_IGN;
    sigaction(signal, &action, nullptr);
  }
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_SETMASK, &children, nullptr);
  return UniqueFd(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
}

/** @returns false at the end of the stream or when it is broken */
bool Receive(std::vector<uint8_t>* inbox) {
  std::array<uint8_t, kReadBytes> buffer = {};
  const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  inbox->insert(inbox->end(), buffer.begin(), buffer.begin() + count);
  return count > 0;
}

/** @returns false when what came is no request */
bool TakeRequests(std::vector<uint8_t>* inbox, Supervisor* supervisor) {
  size_t at = 0;
  while (inbox->size() - at >= sizeof(uint32_t)) {
    uint32_t length = 0;
    std::memcpy(&length, inbox->data() + at, sizeof(length));
    if (length > kMaxRequestBytes) return false;
    if (inbox->size() - at - sizeof(length) < length) break;
    const auto request = DecodeRequest(std::span(*inbox).subspan(at + sizeof(length), length));
    if (!request.has_value()) return false;
    supervisor->Take(*request, NowMs());
    at += sizeof(length) + length;
  }
  inbox->erase(inbox->begin(), inbox->begin() + static_cast<ptrdiff_t>(at));
  return true;
}

/** @returns false when nobody reads any more */
bool Send(std::string* pending) {
  if (pending->empty()) return true;
  const ssize_t count = write(STDOUT_FILENO, pending->data(), pending->size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  pending->erase(0, static_cast<size_t>(count));
  return true;
}

void Drain(const UniqueFd& signals) {
  signalfd_siginfo info = {};
  while (read(signals.get(), &info, sizeof(info)) == sizeof(info)) {
  }
}

void Serve(const UniqueFd& signals, Supervisor* supervisor) {
  std::vector<uint8_t> inbox;
  for (;;) {
    const short out = supervisor->Pending().empty() ? 0 : POLLOUT;
    std::array<pollfd, 3> fds = {
        {{STDIN_FILENO, POLLIN, 0}, {signals.get(), POLLIN, 0}, {STDOUT_FILENO, out, 0}}};
    if (poll(fds.data(), fds.size(), supervisor->WaitMs(NowMs())) < 0 && errno != EINTR) return;
    if ((fds[1].revents & POLLIN) != 0) Drain(signals);
    supervisor->Reap();
    if (fds[0].revents != 0 && (!Receive(&inbox) || !TakeRequests(&inbox, supervisor))) return;
    supervisor->Expire(NowMs());
    if (!Send(&supervisor->Pending())) return;
  }
}

int Main() {
  close_range(STDERR_FILENO + 1, ~0U, 0);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return EXIT_FAILURE;
  }
  prctl(PR_SET_NAME, "holdfast-runner");
  const UniqueFd signals = TakeSignals();
  Supervisor supervisor;
  Serve(signals, &supervisor);
  supervisor.TerminateAll();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace holdfast::runner

int main() { return holdfast::runner::Main(); }
