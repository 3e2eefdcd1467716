#pragma once

#include <net/if.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "loop/unique_fd.h"
#include "probe/address.h"
#include "probe/schedule.h"
#include "probe/timing_wheel.h"
#include "probe/udp_exchange.h"

namespace holdfast::probe {

enum class Kind : uint8_t { kTcp, kIcmp, kUdp };

/** contract.ts `ProbeTarget`, in the kernel's terms. */
struct ProbeSpec {
  Kind kind = Kind::kTcp;
  SocketAddress address;
  std::optional<SocketAddress> bind_address;
  /** Empty for none. */
  std::array<char, IFNAMSIZ> bind_interface{};
  uint32_t fwmark = 0;
  int64_t timeout_us = 0;
  /** UDP only, and then never null. */
  std::shared_ptr<const UdpExchange> udp;

  bool has_interface() const { return bind_interface[0] != '\0'; }
};

class IcmpSocket;

/**
 * One target and its probe. The entry's links serve its whole life: while resting (next start) and
 * while in flight (timeout) it is on the wheel, while waiting it is in the loop's queue.
 */
struct Target : WheelEntry {
  enum class Phase : uint8_t { kResting, kWaiting, kInFlight };

  uint32_t id = 0;
  Phase phase = Phase::kResting;
  ProbeSpec spec;
  Schedule schedule;
  int64_t started_us = 0;
  /** TCP and UDP: the socket of the probe in flight. */
  UniqueFd connection;
  /** ICMP: the socket shared with like targets, from the first probe on. */
  IcmpSocket* icmp_socket = nullptr;
  /** ICMP: of the probe in flight; its low 16 bits are the sequence number. */
  uint64_t icmp_serial = 0;
};

/** contract.ts `ProbeEvent` */
struct ProbeEvent {
  uint32_t target;
  Result result;
  Reason reason;
  int error_number;
  int64_t latency_us;
  int64_t at_us;
};

}  // namespace holdfast::probe
