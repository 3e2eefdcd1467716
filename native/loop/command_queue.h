#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace holdfast {

/** Work for a native loop, made on another thread and run once on the loop's thread. */
class Command {
 public:
  virtual ~Command() = default;
  virtual void Run() = 0;

 private:
  friend class CommandQueue;
  Command* next_ = nullptr;
};

/** Any callable as a command. */
template <typename Function>
std::unique_ptr<Command> MakeCommand(Function function) {
  class Call final : public Command {
   public:
    explicit Call(Function call) : call_(std::move(call)) {}
    void Run() override { call_(); }

   private:
    Function call_;
  };
  return std::make_unique<Call>(std::move(function));
}

/** Lock-free queue from any thread to one consumer; order of each producer is kept. */
class CommandQueue {
 public:
  CommandQueue() = default;
  CommandQueue(const CommandQueue&) = delete;
  CommandQueue& operator=(const CommandQueue&) = delete;
  ~CommandQueue() { TakeAll(); }

  void Push(std::unique_ptr<Command> command) {
    Command* const pushed = command.release();
    pushed->next_ = newest_.load(std::memory_order_relaxed);
    while (!newest_.compare_exchange_weak(pushed->next_, pushed, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
  }

  /** Everything pushed so far, oldest first. */
  std::vector<std::unique_ptr<Command>> TakeAll() {
    Command* oldest = nullptr;
    Command* command = newest_.exchange(nullptr, std::memory_order_acquire);
    while (command != nullptr) {
      Command* const older = command->next_;
      command->next_ = oldest;
      oldest = command;
      command = older;
    }
    std::vector<std::unique_ptr<Command>> taken;
    while (oldest != nullptr) {
      Command* const newer = oldest->next_;
      taken.emplace_back(oldest);
      oldest = newer;
    }
    return taken;
  }

 private:
  std::atomic<Command*> newest_{nullptr};
};

}  // namespace holdfast
