#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "loop/unique_fd.h"

namespace holdfast::probe {

/**
 * TCP ports that nobody else on this machine gets, for SYNs that no socket of the kernel sends.
 * Each is held by a socket that is bound but does not listen: for the kernel nothing is there, so
 * it answers a SYN-ACK by RST.
 */
class ReservedPorts {
 public:
  /** A power of two: the range begins at a multiple of it. */
  static constexpr uint16_t kCount = 16;

  /** Does nothing when ports of the family are held already. @returns 0, or an errno */
  int Reserve(int family);
  void Release();

  /** The first one, 0 when there are none. */
  uint16_t first() const { return first_; }

 private:
  int TryRange(int family);

  uint16_t first_ = 0;
  std::array<UniqueFd, kCount> holders_;
};

}  // namespace holdfast::probe
