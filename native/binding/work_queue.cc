#include "binding/work_queue.h"

#include <errno.h>

#include <utility>

#include "binding/values.h"

namespace holdfast::binding {

struct WorkQueue::Item {
  Item(Napi::Env env, std::unique_ptr<Work> posted) : work(std::move(posted)), promise(env) {}

  std::unique_ptr<Work> work;
  Napi::Promise::Deferred promise;
  napi_async_work handle = nullptr;
  /** Set while running: the queue, and with it what the work uses, outlives its owner. */
  std::shared_ptr<WorkQueue> queue;
};

namespace {

/** False while the environment is being torn down: nothing can be told to anybody then. */
bool CanRunJavaScript(napi_env env) {
  napi_value object = nullptr;
  napi_value value = nullptr;
  return napi_create_object(env, &object) == napi_ok && napi_get_null(env, &value) == napi_ok &&
         napi_set_named_property(env, object, "probe", value) == napi_ok;
}

}  // namespace

WorkQueue::WorkQueue() = default;
WorkQueue::~WorkQueue() = default;

Napi::Promise WorkQueue::Post(Napi::Env env, std::unique_ptr<Work> work) {
  auto item = std::make_unique<Item>(env, std::move(work));
  const Napi::Promise promise = item->promise.Promise();
  waiting_.push_back(std::move(item));
  if (!is_running_) StartNext(env);
  return promise;
}

void WorkQueue::StartNext(napi_env env) {
  while (!waiting_.empty()) {
    std::unique_ptr<Item> item = std::move(waiting_.front());
    waiting_.pop_front();
    item->queue = shared_from_this();
    const Napi::String name = Napi::String::New(env, "holdfast.netlink");
    const napi_status created = napi_create_async_work(
        env, nullptr, name, [](napi_env, void* data) { static_cast<Item*>(data)->work->Run(); },
        &WorkQueue::Complete, item.get(), &item->handle);
    if (created == napi_ok && napi_queue_async_work(env, item->handle) == napi_ok) {
      is_running_ = true;
      item.release();  // NOLINT(bugprone-unused-return-value): Complete() takes it back
      return;
    }
    if (item->handle != nullptr) napi_delete_async_work(env, item->handle);
    item->promise.Reject(MakeSyscallError(env, EAGAIN, "uv_queue_work").Value());
  }
}

void WorkQueue::Complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Item> item(static_cast<Item*>(data));
  const std::shared_ptr<WorkQueue> queue = std::move(item->queue);
  napi_delete_async_work(env, item->handle);
  queue->is_running_ = false;
  if (!CanRunJavaScript(env)) {
    queue->waiting_.clear();
    return;
  }
  // The next piece starts first: settling can run JavaScript that posts more.
  queue->StartNext(env);
  item->work->Settle(env, item->promise);
}

}  // namespace holdfast::binding
