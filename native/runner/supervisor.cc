#include "runner/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace holdfast::runner {
namespace {

constexpr uint64_t kFirstKillMs = 2'000;
constexpr uint64_t kLaterKillMs = 10'000;
/** After SIGTERM and this many SIGKILLs the pace slows down. */
constexpr uint32_t kQuickSignals = 2;

}  // namespace

void Supervisor::Take(const Request& request, uint64_t now_ms) {
  switch (request.kind) {
    case RequestKind::kStart:
      Begin(request.start, now_ms);
      break;
    case RequestKind::kMakeFifo:
      Say(request.run, ReportKind::kFifo, CreateFifo(request.fifo));
      break;
    case RequestKind::kTerminate:
      for (Run& run : runs_) {
        if (run.number == request.run && run.signals == 0) Signal(&run, now_ms);
      }
      break;
  }
}

void Supervisor::Begin(const Start& start, uint64_t now_ms) {
  Run run;
  run.number = start.run;
  run.child = Spawn(start);
  if (run.child.pid < 0) {
    Say(start.run, ReportKind::kNotStarted, errno);
    return;
  }
  if (start.timeout_ms > 0) run.deadline_ms = now_ms + start.timeout_ms;
  runs_.push_back(std::move(run));
}

void Supervisor::Reap() {
  int status = 0;
  for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
    const auto found = std::find_if(runs_.begin(), runs_.end(),
                                    [pid](const Run& run) { return run.child.pid == pid; });
    if (found == runs_.end()) continue;
    const int failure = FailureOf(found->child);
    if (failure != 0) {
      Say(found->number, ReportKind::kNotStarted, failure);
    } else if (WIFEXITED(status)) {
      Say(found->number, ReportKind::kExited, WEXITSTATUS(status));
    } else {
      Say(found->number, ReportKind::kSignalled, WTERMSIG(status));
    }
    runs_.erase(found);
  }
}

void Supervisor::Expire(uint64_t now_ms) {
  for (Run& run : runs_) {
    if (run.deadline_ms == 0 || run.deadline_ms > now_ms) continue;
    if (run.signals == 0) Say(run.number, ReportKind::kTimedOut, 0);
    Signal(&run, now_ms);
  }
}

void Supervisor::Signal(Run* run, uint64_t now_ms) {
  kill(-run->child.pid, run->signals == 0 ? SIGTERM : SIGKILL);
  run->deadline_ms = now_ms + (run->signals < kQuickSignals ? kFirstKillMs : kLaterKillMs);
  ++run->signals;
}

int Supervisor::WaitMs(uint64_t now_ms) const {
  uint64_t nearest = UINT64_MAX;
  for (const Run& run : runs_) {
    if (run.deadline_ms != 0) nearest = std::min(nearest, run.deadline_ms);
  }
  if (nearest == UINT64_MAX) return -1;
  if (nearest <= now_ms) return 0;
  return static_cast<int>(std::min<uint64_t>(nearest - now_ms, INT_MAX));
}

void Supervisor::TerminateAll() const {
  for (const Run& run : runs_) kill(-run.child.pid, SIGTERM);
}

void Supervisor::Say(uint32_t run, ReportKind kind, int32_t value) {
  const Report report = {.run = run, .kind = static_cast<uint32_t>(kind), .value = value};
  pending_.append(reinterpret_cast<const char*>(&report), sizeof(report));
}

}  // namespace holdfast::runner
