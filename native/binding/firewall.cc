#include "binding/firewall.h"

#include <errno.h>
#include <linux/netlink.h>
#include <uv.h>

#include <cstdint>
#include <vector>

#include "binding/factory.h"
#include "binding/values.h"
#include "netlink/firewall_codec.h"
#include "netlink/message.h"
#include "netlink/socket.h"
#include "vrrp/readable.h"

namespace holdfast::binding {

namespace {

using netlink::FirewallRemoval;

constexpr int kDatagramsPerTurn = 256;
/** NFPROTO_*; linux/netfilter.h does not go with libuv's headers. */
constexpr uint8_t kInet = 1;
constexpr uint8_t kIpv4 = 2;
constexpr uint8_t kIpv6 = 10;

const char* FamilyName(uint8_t family) {
  switch (family) {
    case kIpv4:
      return "ip";
    case kIpv6:
      return "ip6";
    case kInet:
      return "inet";
    default:
      return "other";
  }
}

Napi::Object MakeRemoval(Napi::Env env, const FirewallRemoval& removal) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("family", FamilyName(removal.family));
  object.Set("table", removal.table.data());
  object.Set("senderPort", removal.sender_port);
  return object;
}

/** contract.ts `FirewallWatch`: a socket on the environment's own loop. */
class FirewallWatchWrap : public Napi::ObjectWrap<FirewallWatchWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "FirewallWatch", {InstanceMethod<&FirewallWatchWrap::Close>("close")});
  }

  explicit FirewallWatchWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<FirewallWatchWrap>(info), context_(info.Env(), "holdfast.firewall") {
    const Napi::Env env = info.Env();
    if (info.Length() < 1 || !info[0].IsFunction()) {
      Napi::TypeError::New(env, "onRemoval: a function is expected").ThrowAsJavaScriptException();
      return;
    }
    const netlink::SocketOptions options{.groups = netlink::FirewallGroups()};
    if (const int error = events_.Open(NETLINK_NETFILTER, options); error != 0) {
      ThrowSyscallError(env, -error, "socket");
      return;
    }
    callback_ = Napi::Persistent(info[0].As<Napi::Function>());
    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(env, &loop);
    if (const int error = readable_.Start(loop, events_.fd(), [this] { OnReadable(); });
        error != 0) {
      ThrowSyscallError(env, -error, "epoll_ctl");
    }
  }
  ~FirewallWatchWrap() override { Shut(); }

 private:
  /** All that has come is told in one call. */
  void OnReadable() {
    std::vector<FirewallRemoval> removals;
    bool is_overrun = false;
    for (int datagrams = 0; datagrams < kDatagramsPerTurn; ++datagrams) {
      netlink::Bytes datagram;
      const int received = events_.Receive(&datagram);
      if (received == -ENOBUFS) is_overrun = true;
      if (received > 0) Take(datagram, &removals);
      if (received == 0 || (received < 0 && received != -ENOBUFS)) break;
    }
    if (removals.empty() && !is_overrun) return;
    Tell(removals, is_overrun);
  }

  static void Take(netlink::Bytes datagram, std::vector<FirewallRemoval>* removals) {
    netlink::MessageReader reader(datagram);
    netlink::Message message;
    FirewallRemoval removal;
    while (reader.Next(&message)) {
      if (netlink::DecodeFirewallRemoval(message, &removal)) removals->push_back(removal);
    }
  }

  void Tell(const std::vector<FirewallRemoval>& removals, bool is_overrun) {
    const Napi::Env env = Env();
    const Napi::HandleScope scope(env);
    Napi::Array list = Napi::Array::New(env, removals.size());
    for (size_t index = 0; index < removals.size(); ++index) {
      list.Set(static_cast<uint32_t>(index), MakeRemoval(env, removals[index]));
    }
    callback_.MakeCallback(env.Global(), {list, Napi::Boolean::New(env, is_overrun)}, context_);
  }

  void Close(const Napi::CallbackInfo&) { Shut(); }

  void Shut() {
    readable_.Close();
    events_.Close();
  }

  netlink::Socket events_;
  vrrp::Readable readable_;
  Napi::FunctionReference callback_;
  Napi::AsyncContext context_;
};

}  // namespace

void InitFirewall(Napi::Env env, Napi::Object exports) {
  ExportFactory<FirewallWatchWrap>(env, exports, "watchFirewall");
}

}  // namespace holdfast::binding
