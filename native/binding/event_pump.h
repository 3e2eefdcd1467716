#pragma once

#include <napi.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "loop/event_ring.h"

namespace holdfast::binding {

/**
 * Carries fixed-size events from a native loop to a JavaScript callback, one call per batch. Push
 * is for the loop thread and takes no lock; all else belongs to the thread of the environment.
 * While open it keeps the process alive. If the environment ends first, `on_exit` is called so that
 * the owner can stop its thread; it must call Close().
 */
template <typename Event>
class EventPump {
 public:
  using Translate = std::function<Napi::Value(Napi::Env, const Event&)>;

  EventPump(Napi::Env env, const Napi::Function& on_events, size_t capacity, Translate translate,
            std::function<void()> on_exit)
      : channel_(new Channel(env, on_events, capacity, std::move(translate), std::move(on_exit))) {}
  EventPump(const EventPump&) = delete;
  EventPump& operator=(const EventPump&) = delete;
  ~EventPump() { Close(); }

  void Push(const Event& event) {
    channel_->ring.Push(event);
    uv_async_send(&channel_->wake);
  }

  uint64_t lost() const { return channel_ == nullptr ? 0 : channel_->ring.lost(); }

  /**
   * No callback is made after this. The producing thread must have ended. What is still in the ring
   * is dropped unless Drain() came first. Idempotent.
   */
  void Close() {
    Channel* const channel = std::exchange(channel_, nullptr);
    if (channel == nullptr) return;
    channel->on_exit = nullptr;
    channel->callback.Reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&channel->wake), [](uv_handle_t* wake) {
      std::unique_ptr<Channel> closed(static_cast<Channel*>(wake->data));
      napi_remove_async_cleanup_hook(closed->exit_hook);
    });
  }

 private:
  struct Channel {
    Channel(Napi::Env env_, const Napi::Function& on_events, size_t capacity, Translate translate_,
            std::function<void()> on_exit_)
        : env(env_),
          ring(capacity),
          callback(Napi::Persistent(on_events)),
          context(env_, "holdfast.events"),
          translate(std::move(translate_)),
          on_exit(std::move(on_exit_)) {
      uv_loop_t* loop = nullptr;
      napi_get_uv_event_loop(env, &loop);
      uv_async_init(loop, &wake,
                    [](uv_async_t* handle) { static_cast<Channel*>(handle->data)->Deliver(); });
      wake.data = this;
      napi_add_async_cleanup_hook(
          env,
          [](napi_async_cleanup_hook_handle, void* self) {
            auto* const channel = static_cast<Channel*>(self);
            if (auto exit = std::exchange(channel->on_exit, nullptr)) exit();
          },
          this, &exit_hook);
    }

    void Deliver() {
      if (callback.IsEmpty()) return;
      Napi::HandleScope scope(env);
      Napi::Array batch = Napi::Array::New(env);
      Event event;
      uint32_t length = 0;
      // Bounded, so that a flood cannot hold the main thread; the rest comes with the next turn.
      while (length < kBatchMax && ring.Pop(&event)) batch.Set(length++, translate(env, event));
      if (length == kBatchMax) uv_async_send(&wake);
      if (length == 0) return;
      callback.MakeCallback(env.Global(), {batch}, context);
    }

    static constexpr uint32_t kBatchMax = 4096;

    Napi::Env env;
    EventRing<Event> ring;
    Napi::FunctionReference callback;
    Napi::AsyncContext context;
    Translate translate;
    std::function<void()> on_exit;
    uv_async_t wake{};
    napi_async_cleanup_hook_handle exit_hook = nullptr;
  };

  Channel* channel_;
};

}  // namespace holdfast::binding
