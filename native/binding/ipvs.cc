#include "binding/ipvs.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/factory.h"
#include "binding/ipvs_values.h"
#include "binding/table_work.h"
#include "binding/values.h"
#include "netlink/ipvs_table.h"

namespace holdfast::binding {

namespace {

const char* CommandName(const ipvs::Command& command) { return ipvs::CommandName(command.kind); }

/** contract.ts `IpvsTable` */
class IpvsTableWrap : public Napi::ObjectWrap<IpvsTableWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "IpvsTable",
                       {InstanceMethod<&IpvsTableWrap::Dump>("dump"),
                        InstanceMethod<&IpvsTableWrap::DumpIfChanged>("dumpIfChanged"),
                        InstanceMethod<&IpvsTableWrap::Usage>("usage"),
                        InstanceMethod<&IpvsTableWrap::Apply>("apply"),
                        InstanceMethod<&IpvsTableWrap::Timeouts>("timeouts"),
                        InstanceMethod<&IpvsTableWrap::SyncDaemons>("syncDaemons"),
                        InstanceMethod<&IpvsTableWrap::SetReceiveBuffer>("setReceiveBuffer"),
                        InstanceMethod<&IpvsTableWrap::Close>("close")});
  }

  explicit IpvsTableWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<IpvsTableWrap>(info) {
    auto table = std::make_shared<ipvs::Table>();
    std::string message;
    if (const int error = table->Open(&message); error != 0) {
      ThrowNativeError(info.Env(), ErrorName(-error), -error, "openIpvs", message);
      return;
    }
    table_.Open(std::move(table));
  }

 private:
  bool IsOpen(Napi::Env env) const {
    if (!table_.is_open()) ThrowClosed(env, "IpvsTable");
    return table_.is_open();
  }

  Napi::Value Dump(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    return table_.Read<std::vector<ipvs::ServiceEntry>>(env, "IPVS_CMD_GET_SERVICE",
                                                        &ipvs::Table::Dump, MakeIpvsEntries);
  }

  Napi::Value DumpIfChanged(const Napi::CallbackInfo& info) {
    using Entries = std::optional<std::vector<ipvs::ServiceEntry>>;
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    const auto make = [](Napi::Env made_in, const Entries& entries) {
      return entries ? MakeIpvsEntries(made_in, *entries) : made_in.Null();
    };
    return table_.Read<Entries>(env, "IPVS_CMD_GET_SERVICE", &ipvs::Table::DumpIfChanged, make);
  }

  Napi::Value Usage(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    return table_.Read<std::vector<ipvs::ServiceEntry>>(env, "IPVS_CMD_GET_SERVICE",
                                                        &ipvs::Table::ReadCounters, MakeIpvsUsage);
  }

  Napi::Value Apply(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    std::vector<ipvs::Command> commands;
    if (!ReadCommandList(info[0], ReadIpvsCommand, &commands)) return env.Undefined();
    return table_.Apply(env, std::move(commands), CommandName);
  }

  Napi::Value Timeouts(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    return table_.Read<ipvs::Timeouts>(env, "IPVS_CMD_GET_CONFIG", &ipvs::Table::ReadTimeouts,
                                       MakeIpvsTimeouts);
  }

  Napi::Value SyncDaemons(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    return table_.Read<std::vector<ipvs::SyncDaemon>>(
        env, "IPVS_CMD_GET_DAEMON", &ipvs::Table::ReadSyncDaemons, MakeIpvsSyncDaemons);
  }

  Napi::Value SetReceiveBuffer(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    std::optional<netlink::ReceiveBuffer> buffer;
    if (!ReadNetlinkBuffer(info[0], "buffer", &buffer)) return env.Undefined();
    // Between two pieces of work: the table is used by one thread at a time.
    return table_.ReadWith<bool>(
        env, "setsockopt",
        [buffer](ipvs::Table* table, bool*) { return table->SetReceiveBuffer(buffer); },
        [](Napi::Env to, const bool&) { return to.Undefined(); });
  }

  void Close(const Napi::CallbackInfo&) { table_.Close(); }

  TableQueue<ipvs::Table> table_;
};

}  // namespace

void InitIpvs(Napi::Env env, Napi::Object exports) {
  ExportFactory<IpvsTableWrap>(env, exports, "openIpvs");
}

}  // namespace holdfast::binding
