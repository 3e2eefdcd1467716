#include "binding/probe.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "binding/event_pump.h"
#include "binding/factory.h"
#include "binding/probe_values.h"
#include "binding/thread_values.h"
#include "binding/values.h"
#include "probe/probe_loop.h"

namespace holdfast::binding {

namespace {

/**
 * Room for every target of a large pool to change at once. What is dropped comes again: an
 * unexpected result is reported each time.
 */
constexpr size_t kEventCapacity = 16'384;

/** contract.ts `ProbeLoop` */
class ProbeLoopWrap : public Napi::ObjectWrap<ProbeLoopWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "ProbeLoop",
                       {InstanceMethod<&ProbeLoopWrap::AddTarget>("addTarget"),
                        InstanceMethod<&ProbeLoopWrap::SetSchedule>("setSchedule"),
                        InstanceMethod<&ProbeLoopWrap::RemoveTarget>("removeTarget"),
                        InstanceMethod<&ProbeLoopWrap::Counters>("counters"),
                        InstanceMethod<&ProbeLoopWrap::Health>("health"),
                        InstanceMethod<&ProbeLoopWrap::Arrange>("arrange"),
                        InstanceMethod<&ProbeLoopWrap::TakeLateness>("takeLateness"),
                        InstanceMethod<&ProbeLoopWrap::Close>("close")});
  }

  explicit ProbeLoopWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ProbeLoopWrap>(info) {
    const Napi::Env env = info.Env();
    FieldReader options(info[0], "options");
    const auto max_in_flight =
        static_cast<size_t>(options.Integer("maxInFlight", 1, std::numeric_limits<int32_t>::max()));
    if (!options.ok()) return;
    if (!info[1].IsFunction()) {
      Napi::TypeError::New(env, "onEvents: a function is expected").ThrowAsJavaScriptException();
      return;
    }
    Start(env, std::min(max_in_flight, probe::RaiseDescriptorLimit()),
          info[1].As<Napi::Function>());
  }
  ~ProbeLoopWrap() override { Shut(); }

 private:
  void Start(Napi::Env env, size_t max_in_flight, const Napi::Function& on_events) {
    pump_ = std::make_unique<EventPump<probe::ProbeEvent>>(env, on_events, kEventCapacity,
                                                           MakeProbeEvent, [this] { Shut(); });
    loop_ = std::make_unique<probe::ProbeLoop>(
        max_in_flight, [pump = pump_.get()](const probe::ProbeEvent& event) { pump->Push(event); });
    const int error = loop_->Start();
    if (error == 0) {
      // The thread's events need the callback, so the object stays until close().
      Ref();
      is_open_ = true;
      return;
    }
    Shut();
    ThrowSyscallError(env, -error, "createProbeLoop");
  }

  void Shut() {
    if (loop_) loop_->Close();
    if (pump_) pump_->Close();
    is_open_ = false;
  }

  bool IsOpen(Napi::Env env) const {
    if (!is_open_) ThrowClosed(env, "ProbeLoop");
    return is_open_;
  }

  static std::optional<uint32_t> ReadId(const Napi::CallbackInfo& info) {
    if (info[0].IsNumber()) {
      const double number = info[0].As<Napi::Number>().DoubleValue();
      const auto id = static_cast<uint32_t>(number >= 0 && number <= kMaxId ? number : 0);
      if (id == number) return id;
    }
    Napi::TypeError::New(info.Env(), "target: a whole number from 0 to 2147483647 is expected")
        .ThrowAsJavaScriptException();
    return std::nullopt;
  }

  static std::optional<int64_t> ReadFirstDelay(const Napi::CallbackInfo& info) {
    if (info[3].IsNumber()) {
      const double number = info[3].As<Napi::Number>().DoubleValue();
      if (number >= 0 && number <= kMaxFirstDelayUs) return static_cast<int64_t>(number);
    }
    Napi::TypeError::New(info.Env(), "firstDelayUs: microseconds, at most a year, are expected")
        .ThrowAsJavaScriptException();
    return std::nullopt;
  }

  void AddTarget(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    const auto spec = ReadProbeTarget(info[1]);
    if (!spec) return;
    const auto schedule = ReadProbeSchedule(info[2]);
    if (!schedule) return;
    const auto first_delay_us = ReadFirstDelay(info);
    if (!first_delay_us) return;
    loop_->AddTarget(*id, *spec, *schedule, *first_delay_us);
  }

  void SetSchedule(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (!id) return;
    const auto schedule = ReadProbeSchedule(info[1]);
    if (schedule) loop_->SetSchedule(*id, *schedule);
  }

  void RemoveTarget(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return;
    const auto id = ReadId(info);
    if (id) loop_->RemoveTarget(*id);
  }

  Napi::Value Counters(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    return MakeProbeCounters(info.Env(), loop_->counters());
  }

  Napi::Value Health(const Napi::CallbackInfo& info) {
    if (!IsOpen(info.Env())) return info.Env().Undefined();
    return MakeLoopHealth(info.Env(), loop_->thread().heartbeats(), loop_->thread().commands(),
                          pump_->lost(), loop_->lateness());
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
  static constexpr double kMaxFirstDelayUs = 366.0 * 86'400 * 1'000'000;

  std::unique_ptr<EventPump<probe::ProbeEvent>> pump_;
  std::unique_ptr<probe::ProbeLoop> loop_;
  bool is_open_ = false;
};

}  // namespace

void InitProbe(Napi::Env env, Napi::Object exports) {
  ExportFactory<ProbeLoopWrap>(env, exports, "createProbeLoop");
}

}  // namespace holdfast::binding
