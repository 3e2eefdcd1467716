#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "loop/command_queue.h"
#include "loop/thread_arrangement.h"

namespace holdfast {

/**
 * A libuv loop on a thread of its own. Everything on the loop is touched by that thread only; other
 * threads reach it through Post(). Heartbeats rise with every turn and at least once a second.
 */
class LoopThread {
 public:
  LoopThread() = default;
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { Stop(); }

  /**
   * Starts the thread and runs `on_start` there before anything posted.
   * @returns 0, or a negative libuv error
   */
  int Start(std::function<void(uv_loop_t*)> on_start);

  /** By the owner, on the thread that started it. After Stop() the command is destroyed unrun. */
  void Post(std::unique_ptr<Command> command);
  template <typename Function>
  void PostCall(Function function) {
    Post(MakeCommand(std::move(function)));
  }

  /**
   * Runs what was posted before, then `on_stop` (which closes the owner's handles) and joins the
   * thread. Idempotent; not to be called on the loop's thread.
   */
  void Stop(std::function<void()> on_stop = nullptr);

  /** By the owner; at once, without waiting for a turn of the loop. @returns what failed */
  std::vector<ThreadFailure> Arrange(const ThreadArrangement& arrangement) const;

  bool is_running() const { return is_running_; }
  uint64_t heartbeats() const { return heartbeats_.load(std::memory_order_relaxed); }
  uint64_t commands() const { return commands_.load(std::memory_order_relaxed); }

 private:
  static void Main(void* self);
  void RunCommands();
  void CloseOwnHandles();

  uv_loop_t loop_{};
  uv_thread_t thread_{};
  uv_async_t wake_{};
  uv_prepare_t turn_{};
  uv_timer_t pulse_{};
  CommandQueue queue_;
  std::function<void(uv_loop_t*)> on_start_;
  bool is_running_ = false;
  /** 0 until the thread has begun. */
  std::atomic<pid_t> tid_{0};
  std::atomic<uint64_t> heartbeats_{0};
  std::atomic<uint64_t> commands_{0};
};

}  // namespace holdfast
