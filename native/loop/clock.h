#pragma once

#include <time.h>

#include <cstdint>

namespace holdfast {

/** CLOCK_MONOTONIC in microseconds: the one clock of both loops and of TypeScript's `atUs`. */
inline int64_t MonotonicUs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace holdfast
