#pragma once

// What the daemon and the runner say to each other over a pair of sockets: requests on descriptor
// 0, reports on 1. All numbers are in the machine's own order.
//
//  0               4       5               9
// +---------------+-------+---------------+-----------------------------+
// | length        | kind  | run           | depends on the kind         |
// +---------------+-------+---------------+-----------------------------+
//   length counts what follows it. After the run's number:
//   start: u32 timeout in ms (0: none), user, strings: file, argv[0], argv[1], ...
//   terminate: nothing
//   make FIFO: u32 mode, user, one string: path
// A user is u32 has user, u32 uid, u32 gid, u32 n, and n supplementary groups of u32. A string is
// u32 length and that many octets.
//
// A report is 12 octets: u32 run, u32 kind, i32 value.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::runner {

/** A request longer than this is no request: the stream is broken. */
inline constexpr uint32_t kMaxRequestBytes = 1U << 20;

struct Identity {
  uint32_t uid = 0;
  uint32_t gid = 0;
  /** All that the process shall have besides `gid`; that one may be among them. */
  std::vector<uint32_t> groups;
};

struct Start {
  uint32_t run = 0;
  uint32_t timeout_ms = 0;
  std::optional<Identity> identity;
  std::string file;
  std::vector<std::string> argv;
};

struct MakeFifo {
  uint32_t run = 0;
  uint32_t mode = 0;
  std::optional<Identity> identity;
  std::string path;
};

enum class RequestKind : uint8_t { kStart = 1, kTerminate = 2, kMakeFifo = 3 };

struct Request {
  RequestKind kind = RequestKind::kTerminate;
  uint32_t run = 0;
  /** For `kStart`. */
  Start start;
  /** For `kMakeFifo`. */
  MakeFifo fifo;
};

enum class ReportKind : uint32_t {
  /** value: errno */
  kNotStarted = 1,
  /** value: exit status */
  kExited = 2,
  /** value: signal number */
  kSignalled = 3,
  /** The run goes on until it has died of its signal; value: 0 */
  kTimedOut = 4,
  /** Answer to make FIFO; value: 0 or errno (EEXIST when something is there) */
  kFifo = 5,
};

struct Report {
  uint32_t run;
  uint32_t kind;
  int32_t value;
};
static_assert(sizeof(Report) == 12);

/** @param bytes a request without its length field. Empty when it is malformed. */
std::optional<Request> DecodeRequest(std::span<const uint8_t> bytes);

}  // namespace holdfast::runner
