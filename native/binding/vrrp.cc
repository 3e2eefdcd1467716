#include "binding/vrrp.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "binding/event_pump.h"
#include "binding/factory.h"
#include "binding/thread_values.h"
#include "binding/values.h"
#include "binding/vrrp_events.h"
#include "binding/vrrp_values.h"
#include "vrrp/loop.h"

namespace holdfast::binding {

namespace {

/** Room for the kernel's echo of a takeover of some thousand addresses while JavaScript is busy. */
constexpr size_t kEventCapacity = 16'384;

/** contract.ts `VrrpLoop` */
class VrrpLoopWrap : public Napi::ObjectWrap<VrrpLoopWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "VrrpLoop",
                       {InstanceMethod<&VrrpLoopWrap::OpenInstance>("openInstance"),
                        InstanceMethod<&VrrpLoopWrap::CloseInstance>("closeInstance"),
                        InstanceMethod<&VrrpLoopWrap::Submit>("submit"),
                        InstanceMethod<&VrrpLoopWrap::SetGroup>("setGroup"),
                        InstanceMethod<&VrrpLoopWrap::SetPacing>("setPacing"),
                        InstanceMethod<&VrrpLoopWrap::OpenSession>("openSession"),
                        InstanceMethod<&VrrpLoopWrap::CloseSession>("closeSession"),
                        InstanceMethod<&VrrpLoopWrap::SetFollowers>("setFollowers"),
                        InstanceMethod<&VrrpLoopWrap::SessionStatus>("sessionStatus"),
                        InstanceMethod<&VrrpLoopWrap::SetReceiveBuffers>("setReceiveBuffers"),
                        InstanceMethod<&VrrpLoopWrap::RenewLease>("renewLease"),
                        InstanceMethod<&VrrpLoopWrap::Counters>("counters"),
                        InstanceMethod<&VrrpLoopWrap::Health>("health"),
                        InstanceMethod<&VrrpLoopWrap::Arrange>("arrange"),
                        InstanceMethod<&VrrpLoopWrap::TakeLateness>("takeLateness"),
                        InstanceMethod<&VrrpLoopWrap::Close>("close")});
  }

  explicit VrrpLoopWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VrrpLoopWrap>(info) {
    const Napi::Env env = info.Env();
    const auto options = ReadLoopOptions(info[0]);
    if (!options) return;
    if (!info[1].IsFunction()) {
      Napi::TypeError::New(env, "onEvents: a function is expected").ThrowAsJavaScriptException();
      return;
    }
    Start(env, *options, info[1].As<Napi::Function>());
  }
  ~VrrpLoopWrap() override { Shut(); }

 private:
  using Pump = EventPump<vrrp::Event>;

  void Start(Napi::Env env, const vrrp::LoopOptions& options, const Napi::Function& on_events) {
    pump_ =
        std::make_unique<Pump>(env, on_events, kEventCapacity, MakeVrrpEvent, [this] { Shut(); });
    loop_ = std::make_unique<vrrp::Loop>(options, [pump = pump_.get()](const vrrp::Event& event) {
      const uint64_t lost = pump->lost();
      pump->Push(event);
      return pump->lost() == lost;
    });
    const int error = loop_->Start();
    if (error == 0) {
      // The thread's events need the callback, so the object stays until close().
      Ref();
      is_open_ = true;
      return;
    }
    Shut();
    ThrowSyscallError(env, -error, "createVrrpLoop");
  }

  void Shut() {
    if (loop_) loop_->Close();
    if (pump_) pump_->Close();
    is_open_ = false;
  }

  bool IsOpen(Napi::Env env) const {
    if (!is_open_) ThrowClosed(env, "VrrpLoop");
    return is_open_;
  }

  static std::optional<int32_t> ReadId(const Napi::CallbackInfo& info) {
    return ReadId(info.Env(), info[0]);
  }

  static std::optional<int32_t> ReadId(Napi::Env env, const Napi::Value& value) {
    if (value.IsNumber()) {
      const double number = value.As<Napi::Number>().DoubleValue();
      const auto id = static_cast<int32_t>(number >= 1 && number <= kMaxId ? number : 0);
      if (id == number && id != 0) return id;
    }
    Napi::TypeError::New(env, "instance: a whole number from 1 to 2147483647 is expected")
        .ThrowAsJavaScriptException();
    return std::nullopt;
  }

  void OpenInstance(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    auto transport = ReadTransport(info[1]);
    if (!transport) return;
    auto& counters = counters_[*id];
    if (!counters) counters = std::make_shared<vrrp::Counters>();
    loop_->OpenInstance(*id, std::move(transport), counters);
  }

  void CloseInstance(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    counters_.erase(*id);
    loop_->CloseInstance(*id);
  }

  void Submit(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    auto order = ReadOrder(info[1]);
    if (order) loop_->Submit(*id, std::move(*order));
  }

  void SetGroup(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    auto members = ReadIds(info.Env(), info[0], "members");
    if (members) loop_->SetGroup(std::move(*members));
  }

  static std::optional<std::vector<int32_t>> ReadIds(Napi::Env env, const Napi::Value& value,
                                                     const std::string& name) {
    if (!value.IsArray()) {
      Napi::TypeError::New(env, name + ": an array is expected").ThrowAsJavaScriptException();
      return std::nullopt;
    }
    const auto list = value.As<Napi::Array>();
    std::vector<int32_t> ids;
    for (uint32_t index = 0; index < list.Length(); ++index) {
      const auto id = ReadId(env, list.Get(index));
      if (!id) return std::nullopt;
      ids.push_back(*id);
    }
    return ids;
  }

  void OpenSession(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    auto settings = ReadSession(info[1]);
    if (!settings) return;
    auto& status = statuses_[*id];
    if (!status) status = std::make_shared<bfd::Status>();
    loop_->OpenSession(*id, *settings, status);
  }

  void CloseSession(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    statuses_.erase(*id);
    loop_->CloseSession(*id);
  }

  void SetFollowers(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    auto instances = ReadIds(info.Env(), info[1], "instances");
    if (instances) loop_->SetFollowers(*id, std::move(*instances));
  }

  Napi::Value SessionStatus(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    const auto id = ReadId(info);
    if (!id) return info.Env().Undefined();
    const auto status = statuses_.find(*id);
    if (status == statuses_.end()) return info.Env().Null();
    return MakeSessionStatus(info.Env(), *status->second);
  }

  void SetPacing(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    auto groups = ReadPacing(info[0]);
    if (groups) loop_->SetPacing(std::move(*groups));
  }

  void SetReceiveBuffers(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto buffers = ReadLoopBuffers(info[0]);
    if (buffers) loop_->SetReceiveBuffers(*buffers);
  }

  void RenewLease(const Napi::CallbackInfo& info) {
    if (IsOpen(info.Env())) loop_->RenewLease();
  }

  Napi::Value Counters(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    const auto id = ReadId(info);
    if (!id) return info.Env().Undefined();
    const auto counters = counters_.find(*id);
    if (counters == counters_.end()) return info.Env().Null();
    return MakeVrrpCounters(info.Env(), *counters->second);
  }

  Napi::Value Health(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    Napi::Object health =
        MakeLoopHealth(info.Env(), loop_->thread().heartbeats(), loop_->thread().commands(),
                       pump_->lost(), loop_->lateness());
    health.Set("unknownVrids", static_cast<double>(loop_->unknown_vrids()));
    health.Set("advertLateness", MakeTimeHistogram(info.Env(), loop_->advert_lateness()));
    return health;
  }

  Napi::Value Arrange(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    return ArrangeLoop(info.Env(), info[0], loop_->thread());
  }

  Napi::Value TakeLateness(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    return Napi::Number::New(info.Env(), static_cast<double>(loop_->TakeLateness()));
  }

  void Close(const Napi::CallbackInfo&) {
    if (!is_open_) return;
    Shut();
    Unref();
  }

  static constexpr double kMaxId = 2'147'483'647;

  std::unique_ptr<Pump> pump_;
  std::unique_ptr<vrrp::Loop> loop_;
  /** Shared with the loop, so that they are read without waiting for it. */
  std::unordered_map<int32_t, std::shared_ptr<vrrp::Counters>> counters_;
  std::unordered_map<int32_t, std::shared_ptr<bfd::Status>> statuses_;
  bool is_open_ = false;
};

}  // namespace

void InitVrrp(Napi::Env env, Napi::Object exports) {
  ExportFactory<VrrpLoopWrap>(env, exports, "createVrrpLoop");
}

}  // namespace holdfast::binding
