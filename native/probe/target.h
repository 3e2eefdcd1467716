#pragma once

#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "probe/address.h"
#include "probe/http_exchange.h"
#include "probe/http_reader.h"
#include "probe/schedule.h"
#include "probe/smtp_dialogue.h"
#include "probe/timing_wheel.h"
#include "probe/udp_exchange.h"
#include "probe/watched_fd.h"

namespace holdfast::probe {

enum class Kind : uint8_t { kTcp, kIcmp, kUdp, kHttp, kSmtp, kSyn };
inline constexpr size_t kKinds = static_cast<size_t>(Kind::kSyn) + 1;

/** contract.ts `ProbeStage`, without `handshake`, which is of TLS. */
enum class Stage : uint8_t {
  kRoute,
  kConnect,
  kAnswer,
  kStatus,
  kDigest,
  kRegex,
  kGreeting,
  kHelo,
  kQuit,
};

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
  /** HTTP only, and then never null. */
  std::shared_ptr<const HttpExchange> http;
  /** SMTP only, and then never null. */
  std::shared_ptr<const std::string> helo_name;

  bool has_interface() const { return bind_interface[0] != '\0'; }
};

class IcmpSocket;
class SynSocket;

/** What a SYN probe keeps. */
struct SynState {
  /** Shared with like targets, from the first probe on. */
  SynSocket* socket = nullptr;
  /** Of the probe in flight. */
  uint32_t sequence = 0;
  /** IPv4: where its SYN comes from, as the checksum says. */
  in_addr source{};
  uint16_t port = 0;
  /** Which of the reserved ports. */
  uint8_t round = 0;
  uint8_t repeats = 0;
  bool has_source = false;
  bool is_in_flight = false;
};

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
  /** When the next probe, or the one in flight, was to start. */
  int64_t due_us = 0;
  int64_t started_us = 0;
  /** From when the timeout counts: the start, or what the server did last that counts. */
  int64_t stage_started_us = 0;
  /** How far the exchange of the probe in flight has come. */
  Stage stage = Stage::kConnect;
  /** All but ICMP: the socket of the probe in flight. */
  WatchedFd connection;
  /** HTTP: of the probe in flight; the reader serves all of them. */
  std::unique_ptr<HttpReader> response;
  size_t request_sent_bytes = 0;
  /** SMTP: of the probe in flight; it serves all of them. */
  std::unique_ptr<SmtpDialogue> dialogue;
  /** HTTP and SMTP. */
  bool is_connected = false;
  /** ICMP: the socket shared with like targets, from the first probe on. */
  IcmpSocket* icmp_socket = nullptr;
  /** ICMP: of the probe in flight; its low 16 bits are the sequence number. */
  uint64_t icmp_serial = 0;
  SynState syn;
};

/** contract.ts `ProbeEvent` */
struct ProbeEvent {
  uint32_t target;
  Result result;
  Reason reason;
  Stage stage;
  int error_number;
  int64_t latency_us;
  int64_t at_us;
};

}  // namespace holdfast::probe
