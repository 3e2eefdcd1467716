#include "netlink/ipvs_table.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <string.h>

#include <chrono>
#include <type_traits>

#include "crypto/sha256.h"
#include "netlink/kernel_module.h"

namespace holdfast::ipvs {

namespace {

using netlink::Message;

/** Scheduler modules are loaded while the kernel handles a command. */
constexpr int kTimeoutMs = 30'000;
constexpr std::chrono::seconds kModprobeDeadline{10};

std::string Describe(const Command& command, const netlink::Ack& ack) {
  const bool is_service =
      command.kind == CommandKind::kServiceAdd || command.kind == CommandKind::kServiceEdit;
  if (ack.message.empty() && is_service && ack.error_number == ENOENT) {
    return "the kernel has no such scheduler or persistence engine";
  }
  return std::string(ack.message);
}

std::string DescribeOpenError(int error, const std::string& module_problem) {
  if (error == -ENOENT) {
    const std::string reason = module_problem.empty() ? "" : " (" + module_problem + ")";
    return "the kernel has no IPVS" + reason +
           "; load the module ip_vs (modprobe ip_vs; in a container: on the host) or use a kernel "
           "with CONFIG_IP_VS";
  }
  if (error == -EPERM) return "IPVS needs the capability CAP_NET_ADMIN; run as root";
  return std::string("IPVS cannot be used: ") + strerror(-error);
}

template <typename... Field>
void Add(crypto::Sha256* hash, const Field&... fields) {
  const auto add = [hash]<typename One>(const One& field) {
    static_assert(std::has_unique_object_representations_v<One>);
    hash->Update({reinterpret_cast<const uint8_t*>(&field), sizeof(field)});
  };
  (add(fields), ...);
}

void AddService(crypto::Sha256* hash, const Service& one) {
  const ServiceKey& key = one.key;
  Add(hash, key.family, key.protocol, key.port, key.fwmark, key.address);
  Add(hash, one.flags, one.timeout_sec, one.granularity, one.scheduler, one.persistence_engine);
}

void AddDestination(crypto::Sha256* hash, const Destination& one) {
  Add(hash, one.family, one.port, one.address, one.forward, one.weight);
  Add(hash, one.upper_threshold, one.lower_threshold);
  Add(hash, one.tunnel_type, one.tunnel_port, one.tunnel_flags);
}

}  // namespace

int Table::SetReceiveBuffer(const std::optional<netlink::ReceiveBuffer>& buffer) {
  socket_.SetReceiveBuffer(buffer.value_or(netlink::ReceiveBuffer{}));
  return 0;
}

TableDigest DigestOf(std::span<const ServiceEntry> entries) {
  crypto::Sha256 hash;
  for (const ServiceEntry& entry : entries) {
    AddService(&hash, entry.service);
    Add(&hash, static_cast<uint64_t>(entry.destinations.size()));
    for (const Destination& destination : entry.destinations) AddDestination(&hash, destination);
  }
  return hash.Finish();
}

int Table::Open(std::string* message) {
  netlink::SocketOptions options;
  options.timeout_ms = kTimeoutMs;
  std::string module_problem;
  int error = socket_.Open(NETLINK_GENERIC, options);
  if (error == 0) error = netlink::ResolveGenericFamily(&socket_, IPVS_GENL_NAME, &family_);
  if (error == -ENOENT) {
    module_problem = netlink::LoadKernelModule(netlink::ModprobePath(), "ip_vs", kModprobeDeadline);
    error = netlink::ResolveGenericFamily(&socket_, IPVS_GENL_NAME, &family_);
  }
  // Everybody may resolve the family; only this tells whether we may use it.
  Timeouts timeouts;
  if (error == 0) error = ReadTimeouts(&timeouts);
  if (error != 0) *message = DescribeOpenError(error, module_problem);
  return error;
}

int Table::DumpServices(std::vector<ServiceEntry>* entries) {
  builder_.Clear();
  EncodeServiceDump(family_, &builder_);
  bool is_whole = true;
  const int error = socket_.Query(builder_.bytes(), [&](const Message& message) {
    ServiceEntry entry;
    if (DecodeService(message, &entry.service)) {
      entries->push_back(std::move(entry));
    } else {
      is_whole = false;
    }
  });
  return error == 0 && !is_whole ? -EBADMSG : error;
}

int Table::DumpDestinations(ServiceEntry* entry) {
  builder_.Clear();
  EncodeDestinationDump(family_, entry->service.key, &builder_);
  bool is_whole = true;
  const int error = socket_.Query(builder_.bytes(), [&](const Message& message) {
    Destination destination;
    if (DecodeDestination(message, entry->service.key.family, &destination)) {
      entry->destinations.push_back(destination);
    } else {
      is_whole = false;
    }
  });
  return error == 0 && !is_whole ? -EBADMSG : error;
}

int Table::Dump(std::vector<ServiceEntry>* entries) {
  const int error = ReadCounters(entries);
  if (error == 0) dumped_ = DigestOf(*entries);
  return error;
}

int Table::DumpIfChanged(std::optional<std::vector<ServiceEntry>>* entries) {
  const std::optional<TableDigest> before = dumped_;
  const int error = Dump(&entries->emplace());
  if (error == 0 && dumped_ == before) entries->reset();
  return error;
}

int Table::ReadCounters(std::vector<ServiceEntry>* entries) {
  entries->clear();
  if (const int error = DumpServices(entries); error != 0) return error;
  for (ServiceEntry& entry : *entries) {
    if (const int error = DumpDestinations(&entry); error != 0) return error;
  }
  return 0;
}

std::vector<CommandFailure> Table::Apply(std::span<const Command> commands) {
  const auto encode = [this](const Command& command, netlink::MessageBuilder* builder) {
    EncodeCommand(family_, command, builder);
  };
  return netlink::ApplyBatch(&socket_, &builder_, commands, encode, Describe);
}

int Table::ReadTimeouts(Timeouts* timeouts) {
  builder_.Clear();
  EncodeTimeoutsQuery(family_, &builder_);
  bool is_whole = false;
  const int error = socket_.Query(builder_.bytes(), [&](const Message& message) {
    is_whole = DecodeTimeouts(message, timeouts);
  });
  return error == 0 && !is_whole ? -EBADMSG : error;
}

int Table::ReadSyncDaemons(std::vector<SyncDaemon>* daemons) {
  daemons->clear();
  builder_.Clear();
  EncodeSyncDaemonDump(family_, &builder_);
  bool is_whole = true;
  const int error = socket_.Query(builder_.bytes(), [&](const Message& message) {
    SyncDaemon daemon;
    if (DecodeSyncDaemon(message, &daemon)) {
      daemons->push_back(daemon);
    } else {
      is_whole = false;
    }
  });
  return error == 0 && !is_whole ? -EBADMSG : error;
}

}  // namespace holdfast::ipvs
