#include "binding/rtnetlink.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/factory.h"
#include "binding/netlink_values.h"
#include "binding/rtnetlink_values.h"
#include "binding/table_work.h"
#include "binding/values.h"
#include "netlink/rtnetlink.h"

namespace holdfast::binding {

namespace {

using netlink::AddressCommand;
using netlink::AddressRecord;
using netlink::LinkRecord;
using netlink::PreparedMessage;

const char* CommandName(const AddressCommand& command) {
  return command.is_delete ? "RTM_DELADDR" : "RTM_NEWADDR";
}

bool ReadCommand(const Napi::Value& value, const std::string& name, AddressCommand* command) {
  FieldReader reader(value, name);
  const std::string kind = reader.String("kind");
  const Napi::Value address = reader.Value("address");
  if (reader.ok() && kind != "address-add" && kind != "address-delete") {
    reader.Fail("kind", "\"address-add\" or \"address-delete\" is expected");
  }
  command->is_delete = kind == "address-delete";
  return reader.ok() && ReadInterfaceAddress(address, name + ".address", &command->address);
}

bool ReadBeatRequest(const Napi::Value& value, const std::string& name,
                     netlink::BeatRequest* request) {
  FieldReader reader(value, name);
  request->interface_name = reader.String("name");
  const auto method = reader.NullableString("method");
  if (!reader.ok()) return false;
  if (!method) {
    request->method = netlink::BeatMethod::kAny;
  } else if (*method == "mii") {
    request->method = netlink::BeatMethod::kMii;
  } else if (*method == "ethtool") {
    request->method = netlink::BeatMethod::kEthtool;
  } else if (*method == "ioctl") {
    request->method = netlink::BeatMethod::kFlags;
  } else {
    reader.Fail("method", "\"mii\", \"ethtool\", \"ioctl\" or null is expected");
  }
  return reader.ok();
}

Napi::Value MakeBeats(Napi::Env env, const std::vector<std::optional<bool>>& beats) {
  Napi::Array list = Napi::Array::New(env, beats.size());
  for (size_t index = 0; index < beats.size(); ++index) {
    const auto& beat = beats[index];
    list.Set(static_cast<uint32_t>(index),
             beat ? Napi::Value(Napi::Boolean::New(env, *beat)) : env.Null());
  }
  return list;
}

const char* SentName(const PreparedMessage& message) { return netlink::MessageName(message.type); }

template <typename Record>
Napi::Value MakeList(Napi::Env env, const std::vector<Record>& records,
                     Napi::Object (*make)(Napi::Env, const Record&)) {
  Napi::Array list = Napi::Array::New(env, records.size());
  for (size_t index = 0; index < records.size(); ++index) {
    const Napi::HandleScope scope(env);
    list.Set(static_cast<uint32_t>(index), make(env, records[index]));
  }
  return list;
}

/** contract.ts `Rtnetlink` */
class RtnetlinkWrap : public Napi::ObjectWrap<RtnetlinkWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Rtnetlink",
                       {InstanceMethod<&RtnetlinkWrap::Links>("links"),
                        InstanceMethod<&RtnetlinkWrap::Addresses>("addresses"),
                        InstanceMethod<&RtnetlinkWrap::Beats>("beats"),
                        InstanceMethod<&RtnetlinkWrap::Apply>("apply"),
                        InstanceMethod<&RtnetlinkWrap::Send>("send"),
                        InstanceMethod<&RtnetlinkWrap::Query>("query"),
                        InstanceMethod<&RtnetlinkWrap::Close>("close")});
  }

  explicit RtnetlinkWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RtnetlinkWrap>(info) {
    auto table = std::make_shared<netlink::Rtnetlink>();
    if (const int error = table->Open(); error != 0) {
      ThrowSyscallError(info.Env(), -error, "socket");
      return;
    }
    table_.Open(std::move(table));
  }

 private:
  bool IsOpen(Napi::Env env) const {
    if (!table_.is_open()) ThrowClosed(env, "Rtnetlink");
    return table_.is_open();
  }

  Napi::Value Links(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    return table_.Read<std::vector<LinkRecord>>(
        env, "RTM_GETLINK", &netlink::Rtnetlink::Links,
        [](Napi::Env made_in, const auto& links) { return MakeList(made_in, links, MakeLink); });
  }

  Napi::Value Addresses(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    return table_.Read<std::vector<AddressRecord>>(
        env, "RTM_GETADDR", &netlink::Rtnetlink::Addresses,
        [](Napi::Env made_in, const auto& addresses) {
          return MakeList(made_in, addresses, MakeInterfaceAddress);
        });
  }

  Napi::Value Beats(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    std::vector<netlink::BeatRequest> requests;
    if (!ReadCommandList(info[0], ReadBeatRequest, &requests)) return env.Undefined();
    using Beats = std::vector<std::optional<bool>>;
    return table_.ReadWith<Beats>(
        env, "ioctl",
        [requests = std::move(requests)](netlink::Rtnetlink* table, Beats* beats) {
          return table->Beats(requests, beats);
        },
        MakeBeats);
  }

  Napi::Value Apply(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    std::vector<AddressCommand> commands;
    if (!ReadCommandList(info[0], ReadCommand, &commands)) return env.Undefined();
    return table_.Apply(env, std::move(commands), CommandName);
  }

  Napi::Value Send(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    std::vector<PreparedMessage> messages;
    const auto read = [](const Napi::Value& value, const std::string& name,
                         PreparedMessage* message) {
      return ReadNetlinkMessage(value, name, message);
    };
    if (!ReadCommandList<PreparedMessage>(info[0], read, &messages)) return env.Undefined();
    return table_.Apply(env, std::move(messages), SentName);
  }

  Napi::Value Query(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!IsOpen(env)) return env.Undefined();
    PreparedMessage request;
    if (!ReadNetlinkMessage(info[0], "message", &request)) return env.Undefined();
    return table_.ReadWith<std::vector<PreparedMessage>>(
        env, SentName(request),
        [request](netlink::Rtnetlink* table, std::vector<PreparedMessage>* answer) {
          return table->Query(request, answer);
        },
        [](Napi::Env made_in, const auto& answer) {
          return MakeList(made_in, answer, MakeNetlinkMessage);
        });
  }

  void Close(const Napi::CallbackInfo&) { table_.Close(); }

  TableQueue<netlink::Rtnetlink> table_;
};

}  // namespace

void InitRtnetlink(Napi::Env env, Napi::Object exports) {
  ExportFactory<RtnetlinkWrap>(env, exports, "openRtnetlink");
}

}  // namespace holdfast::binding
