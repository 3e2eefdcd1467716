#include "binding/signals.h"

#include <uv.h>

#include <csignal>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace holdfast::binding {

namespace {

/**
 * Signals that Node has no name for (the real-time ones), on the environment's own loop. Lives as
 * long as the environment, and never keeps the process alive.
 */
class SignalWatch {
 public:
  SignalWatch(Napi::Env env, const Napi::Function& on_signal, size_t count)
      : env_(env),
        callback_(Napi::Persistent(on_signal)),
        context_(env, "holdfast.signals"),
        handles_(count) {}

  /** @return false when the kernel or libuv refuses one of them; those before it stay watched */
  bool Start(const std::vector<int>& signals) {
    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(env_, &loop);
    bool is_watching = true;
    for (size_t index = 0; index < signals.size(); ++index) {
      uv_signal_t* const handle = &handles_[index];
      uv_signal_init(loop, handle);
      handle->data = this;
      is_watching = uv_signal_start(handle, OnSignal, signals[index]) == 0 && is_watching;
      uv_unref(reinterpret_cast<uv_handle_t*>(handle));
    }
    napi_add_async_cleanup_hook(
        env_,
        [](napi_async_cleanup_hook_handle hook, void* self) {
          static_cast<SignalWatch*>(self)->Close(hook);
        },
        this, nullptr);
    return is_watching;
  }

 private:
  static void OnSignal(uv_signal_t* handle, int signal) {
    auto* const watch = static_cast<SignalWatch*>(handle->data);
    const Napi::HandleScope scope(watch->env_);
    watch->callback_.MakeCallback(watch->env_.Global(), {Napi::Number::New(watch->env_, signal)},
                                  watch->context_);
  }

  void Close(napi_async_cleanup_hook_handle hook) {
    hook_ = hook;
    callback_.Reset();
    open_ = handles_.size();
    if (open_ == 0) return Finish();
    for (uv_signal_t& handle : handles_) {
      uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
        auto* const watch = static_cast<SignalWatch*>(closed->data);
        if (--watch->open_ == 0) watch->Finish();
      });
    }
  }

  void Finish() {
    const std::unique_ptr<SignalWatch> ended(this);
    napi_remove_async_cleanup_hook(hook_);
  }

  Napi::Env env_;
  Napi::FunctionReference callback_;
  Napi::AsyncContext context_;
  std::vector<uv_signal_t> handles_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  size_t open_ = 0;
};

bool ReadSignals(const Napi::CallbackInfo& info, std::vector<int>* signals) {
  if (info.Length() < 1 || !info[0].IsArray()) return false;
  const auto list = info[0].As<Napi::Array>();
  for (uint32_t index = 0; index < list.Length(); ++index) {
    const Napi::Value value = list[index];
    if (!value.IsNumber()) return false;
    const int signal = value.As<Napi::Number>().Int32Value();
    if (signal < 1 || signal > SIGRTMAX) return false;
    signals->push_back(signal);
  }
  return true;
}

Napi::Value WatchSignals(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::vector<int> signals;
  if (!ReadSignals(info, &signals)) {
    Napi::TypeError::New(env, "signals: an array of signal numbers is expected")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (info.Length() < 2 || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "onSignal: a function is expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto watch = std::make_unique<SignalWatch>(env, info[1].As<Napi::Function>(), signals.size());
  // From here on the environment's cleanup hook owns it.
  return Napi::Boolean::New(env, watch.release()->Start(signals));
}

}  // namespace

void InitSignals(Napi::Env env, Napi::Object exports) {
  exports.Set("watchSignals", Napi::Function::New(env, WatchSignals, "watchSignals"));
}

}  // namespace holdfast::binding
