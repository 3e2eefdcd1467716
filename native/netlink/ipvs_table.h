#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "netlink/batch.h"
#include "netlink/ipvs_codec.h"
#include "netlink/message.h"
#include "netlink/socket.h"

namespace holdfast::ipvs {

struct ServiceEntry {
  Service service;
  std::vector<Destination> destinations;
};

using netlink::CommandFailure;

using TableDigest = std::array<uint8_t, 32>;

/** SHA-256 of all entries, counters left out: equal for two tables that are set alike. */
TableDigest DigestOf(std::span<const ServiceEntry> entries);

/** The IPVS table of the network namespace in which it was opened. One thread at a time. */
class Table {
 public:
  /**
   * Loads the module ip_vs when the kernel does not have the family yet (waits for modprobe then).
   * @param message why it failed and what to do
   * @returns 0 or a negative errno: -ENOENT without IPVS, -EPERM without CAP_NET_ADMIN
   */
  int Open(std::string* message);

  /** @param buffer nothing: the usual one */
  int SetReceiveBuffer(const std::optional<netlink::ReceiveBuffer>& buffer);

  /** Services with their destinations. @returns 0 or a negative errno */
  int Dump(std::vector<ServiceEntry>* entries);

  /** As `Dump`; nothing when only counters differ from what `Dump` or this found last. */
  int DumpIfChanged(std::optional<std::vector<ServiceEntry>>* entries);

  /** As `Dump`, for the counters: `DumpIfChanged` goes on with what was found before. */
  int ReadCounters(std::vector<ServiceEntry>* entries);

  /**
   * Carries out all commands in order; those that failed are told in ascending order. A deleted
   * destination stays in the kernel's trash for a minute or two, and each add walks that list.
   */
  std::vector<CommandFailure> Apply(std::span<const Command> commands);

  /** @returns 0 or a negative errno */
  int ReadTimeouts(Timeouts* timeouts);

  /** Those that run, at most one of each state. @returns 0 or a negative errno */
  int ReadSyncDaemons(std::vector<SyncDaemon>* daemons);

 private:
  int DumpServices(std::vector<ServiceEntry>* entries);
  int DumpDestinations(ServiceEntry* entry);

  netlink::Socket socket_;
  netlink::MessageBuilder builder_;
  uint16_t family_ = 0;
  /** Of what was dumped last. */
  std::optional<TableDigest> dumped_;
};

}  // namespace holdfast::ipvs
