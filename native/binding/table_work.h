#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/values.h"
#include "binding/work_queue.h"
#include "netlink/batch.h"

namespace holdfast::binding {

/**
 * A read from a kernel table: `run` fills the result on the pool's thread and returns 0 or a
 * negative errno; `make` turns it into the value that the promise is resolved with.
 */
template <typename Result>
class ReadWork final : public Work {
 public:
  using Reader = std::function<int(Result*)>;
  using Make = std::function<Napi::Value(Napi::Env, const Result&)>;

  ReadWork(const char* syscall, Reader run, Make make)
      : syscall_(syscall), run_(std::move(run)), make_(std::move(make)) {}

  void Run() override { error_ = run_(&result_); }
  void Settle(Napi::Env env, const Napi::Promise::Deferred& promise) override {
    if (error_ != 0) {
      promise.Reject(MakeSyscallError(env, -error_, syscall_).Value());
    } else {
      promise.Resolve(make_(env, result_));
    }
  }

 private:
  const char* syscall_;
  Reader run_;
  Make make_;
  Result result_{};
  int error_ = 0;
};

/** A batch of commands; the promise is resolved with one entry per command. */
template <typename Command>
class ApplyWork final : public Work {
 public:
  using Apply = std::function<std::vector<netlink::CommandFailure>(const std::vector<Command>&)>;
  using NameOf = const char* (*)(const Command&);

  ApplyWork(std::vector<Command> commands, Apply apply, NameOf name_of)
      : commands_(std::move(commands)), apply_(std::move(apply)), name_of_(name_of) {}

  void Run() override { failures_ = apply_(commands_); }
  void Settle(Napi::Env env, const Napi::Promise::Deferred& promise) override {
    Napi::Array results = Napi::Array::New(env, commands_.size());
    size_t next = 0;
    for (size_t index = 0; index < commands_.size(); ++index) {
      const Napi::HandleScope scope(env);
      const bool has_failed = next < failures_.size() && failures_[next].index == index;
      results.Set(static_cast<uint32_t>(index),
                  has_failed ? Describe(env, failures_[next++]) : env.Null());
    }
    promise.Resolve(results);
  }

 private:
  Napi::Value Describe(Napi::Env env, const netlink::CommandFailure& failure) const {
    return MakeSyscallFailure(env, name_of_(commands_[failure.index]), failure.error_number,
                              failure.message);
  }

  std::vector<Command> commands_;
  Apply apply_;
  NameOf name_of_;
  std::vector<netlink::CommandFailure> failures_;
};

/**
 * Reads the argument `commands`, an array, with `read` for each element.
 * @returns false when a TypeError that names the field is pending
 */
template <typename Command>
bool ReadCommandList(const Napi::Value& value,
                     bool (*read)(const Napi::Value&, const std::string& name, Command*),
                     std::vector<Command>* commands) {
  const Napi::Env env = value.Env();
  if (!value.IsArray()) {
    Napi::TypeError::New(env, "commands: an array is expected").ThrowAsJavaScriptException();
    return false;
  }
  const auto list = value.As<Napi::Array>();
  const uint32_t length = list.Length();
  commands->resize(length);
  for (uint32_t index = 0; index < length; ++index) {
    const Napi::HandleScope scope(env);
    const Napi::Value element = list.Get(index);
    if (env.IsExceptionPending()) return false;
    const std::string name = "commands[" + std::to_string(index) + "]";
    if (!read(element, name, &(*commands)[index])) return false;
  }
  return true;
}

/**
 * A kernel table and the queue of the work on it. Work holds the table, so it is closed when the
 * owner has let go of it and the last piece has ended.
 */
template <typename Table>
class TableQueue {
 public:
  TableQueue() = default;

  void Open(std::shared_ptr<Table> table) {
    table_ = std::move(table);
    queue_ = std::make_shared<WorkQueue>();
  }
  bool is_open() const { return table_ != nullptr; }
  /** Idempotent. Work posted before is still done. */
  void Close() {
    table_.reset();
    queue_.reset();
  }

  template <typename Result>
  Napi::Value Read(Napi::Env env, const char* syscall, int (Table::*read)(Result*),
                   typename ReadWork<Result>::Make make) {
    auto run = [table = table_, read](Result* result) { return (table.get()->*read)(result); };
    return queue_->Post(
        env, std::make_unique<ReadWork<Result>>(syscall, std::move(run), std::move(make)));
  }

  /** As above for a read that has arguments. */
  template <typename Result>
  Napi::Value ReadWith(Napi::Env env, const char* syscall, std::function<int(Table*, Result*)> read,
                       typename ReadWork<Result>::Make make) {
    auto run = [table = table_, read = std::move(read)](Result* result) {
      return read(table.get(), result);
    };
    return queue_->Post(
        env, std::make_unique<ReadWork<Result>>(syscall, std::move(run), std::move(make)));
  }

  template <typename Command>
  Napi::Value Apply(Napi::Env env, std::vector<Command> commands,
                    typename ApplyWork<Command>::NameOf name_of) {
    auto apply = [table = table_](const std::vector<Command>& batch) {
      return table->Apply(batch);
    };
    return queue_->Post(
        env, std::make_unique<ApplyWork<Command>>(std::move(commands), std::move(apply), name_of));
  }

 private:
  std::shared_ptr<Table> table_;
  std::shared_ptr<WorkQueue> queue_;
};

}  // namespace holdfast::binding
