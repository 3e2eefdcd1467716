#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/protocol.h"
#include "runner/spawn.h"

namespace holdfast::runner {

/** The programs that run, their deadlines, and what is to be reported of them. */
class Supervisor {
 public:
  void Take(const Request& request, uint64_t now_ms);

  /** Collects every child that has ended. */
  void Reap();

  /** Signals those whose time is up. */
  void Expire(uint64_t now_ms);

  /** @returns milliseconds until `Expire` has work, -1 for never */
  [[nodiscard]] int WaitMs(uint64_t now_ms) const;

  /** SIGTERM to every group: the daemon has gone. */
  void TerminateAll() const;

  /** Encoded reports that have not been written yet. */
  std::string& Pending() { return pending_; }

 private:
  struct Run {
    uint32_t number = 0;
    Child child;
    /** 0: none */
    uint64_t deadline_ms = 0;
    /** Signals sent so far; the first is SIGTERM, the others SIGKILL. */
    uint32_t signals = 0;
  };

  void Begin(const Start& start, uint64_t now_ms);
  void Signal(Run* run, uint64_t now_ms);
  void Say(uint32_t run, ReportKind kind, int32_t value);

  std::vector<Run> runs_;
  std::string pending_;
};

}  // namespace holdfast::runner
