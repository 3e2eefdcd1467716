#include "loop/loop_thread.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace holdfast {

namespace {

constexpr uint64_t kPulseMs = 1'000;

/** Signals belong to the JavaScript thread: a thread created meanwhile inherits a full mask. */
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }

 private:
  sigset_t previous_{};
};

}  // namespace

int LoopThread::Start(std::function<void(uv_loop_t*)> on_start) {
  if (const int error = uv_loop_init(&loop_); error != 0) return error;
  uv_async_init(&loop_, &wake_,
                [](uv_async_t* wake) { static_cast<LoopThread*>(wake->data)->RunCommands(); });
  uv_prepare_init(&loop_, &turn_);
  uv_timer_init(&loop_, &pulse_);
  wake_.data = turn_.data = pulse_.data = this;
  uv_prepare_start(&turn_, [](uv_prepare_t* turn) {
    static_cast<LoopThread*>(turn->data)->heartbeats_.fetch_add(1, std::memory_order_relaxed);
  });
  uv_timer_start(&pulse_, [](uv_timer_t*) {}, kPulseMs, kPulseMs);

  on_start_ = std::move(on_start);
  BlockedSignals inherited_by_the_thread;
  if (const int error = uv_thread_create(&thread_, &LoopThread::Main, this); error != 0) {
    CloseOwnHandles();
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
    return error;
  }
  is_running_ = true;
  return 0;
}

void LoopThread::Main(void* self) {
  auto* const loop_thread = static_cast<LoopThread*>(self);
  loop_thread->tid_.store(gettid());
  loop_thread->tid_.notify_all();
  if (loop_thread->on_start_) loop_thread->on_start_(&loop_thread->loop_);
  uv_run(&loop_thread->loop_, UV_RUN_DEFAULT);
}

void LoopThread::Post(std::unique_ptr<Command> command) {
  if (!is_running_) return;
  queue_.Push(std::move(command));
  uv_async_send(&wake_);
}

void LoopThread::RunCommands() {
  for (auto& command : queue_.TakeAll()) {
    command->Run();
    commands_.fetch_add(1, std::memory_order_relaxed);
  }
}

std::vector<ThreadFailure> LoopThread::Arrange(const ThreadArrangement& arrangement) const {
  if (!is_running_) return {};
  tid_.wait(0);
  return ArrangeThread(thread_, tid_.load(), arrangement);
}

void LoopThread::Stop(std::function<void()> on_stop) {
  if (!is_running_) return;
  PostCall([this, on_stop = std::move(on_stop)] {
    if (on_stop) on_stop();
    CloseOwnHandles();
  });
  is_running_ = false;
  uv_thread_join(&thread_);
  uv_loop_close(&loop_);
}

void LoopThread::CloseOwnHandles() {
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&turn_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&pulse_), nullptr);
}

}  // namespace holdfast
