#pragma once

#include <napi.h>

#include <deque>
#include <memory>

namespace holdfast::binding {

/** Something that takes long, and the promise for its outcome. */
class Work {
 public:
  virtual ~Work() = default;
  /** On a thread of libuv's pool: no Napi value may be touched. */
  virtual void Run() = 0;
  /** On the environment's thread, after Run(): resolves or rejects. */
  virtual void Settle(Napi::Env env, const Napi::Promise::Deferred& promise) = 0;
};

/**
 * Runs work on libuv's thread pool, one piece at a time, in order. All calls are made on the
 * environment's thread. Work that was posted is finished even when the owner has let go of the
 * queue; when the environment ends, the piece that is running is waited for and the rest dropped.
 */
class WorkQueue : public std::enable_shared_from_this<WorkQueue> {
 public:
  WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  ~WorkQueue();

  Napi::Promise Post(Napi::Env env, std::unique_ptr<Work> work);

 private:
  struct Item;

  void StartNext(napi_env env);
  static void Complete(napi_env env, napi_status status, void* data);

  std::deque<std::unique_ptr<Item>> waiting_;
  bool is_running_ = false;
};

}  // namespace holdfast::binding
