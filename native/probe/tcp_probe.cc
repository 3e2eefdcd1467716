#include "probe/tcp_probe.h"

#include <errno.h>

#include <array>
#include <utility>

namespace holdfast::probe {

namespace {

constexpr size_t kBatch = 256;
constexpr size_t kBatchesPerTurn = 8;

/** One shot: an idle socket, or one whose answer has been read, wakes nobody. */
constexpr uint32_t kAnswer = EPOLLOUT | EPOLLET | EPOLLONESHOT;

/** @returns 0 when the connection stands, or the errno that ended it */
int ErrorOf(const Target& target, uint32_t events) {
  const int fd = target.connection.get();
  // An error always shows as EPOLLERR or EPOLLHUP, so a success needs no SO_ERROR.
  const int error = (events & (EPOLLERR | EPOLLHUP)) != 0 ? PendingError(fd) : 0;
  if (error == 0 && IsConnectedToItself(fd, target.spec)) return ECONNREFUSED;
  return error;
}

}  // namespace

int TcpProber::Start(uv_loop_t* loop, OnAnswer on_answer, std::function<void()> after_batch) {
  on_answer_ = std::move(on_answer);
  return ready_.Start(loop, [this, after_batch = std::move(after_batch)] {
    Collect();
    after_batch();
  });
}

std::optional<Outcome> TcpProber::Begin(Target& target) {
  const int error = streams_.Connect(target, kAnswer, FirstWord::kOurs);
  if (error != 0) return JudgeBegin(error);
  return std::nullopt;
}

void TcpProber::Cancel(Target& target) {
  if (!target.connection.is_open()) return;
  Disconnect(target.connection.get());
  target.connection.Reset();
}

void TcpProber::Close() {
  streams_.Clear();
  ready_.Close();
}

void TcpProber::Collect() {
  std::array<epoll_event, kBatch> buffer;
  for (size_t batch = 0; batch < kBatchesPerTurn; ++batch) {
    const auto events = ready_.Take(buffer);
    for (const epoll_event& event : events) {
      auto& target = *static_cast<Target*>(event.data.ptr);
      const int error = ErrorOf(target, event.events);
      if (error == 0) {
        streams_.Recycle(target);
      } else {
        target.connection.Reset();
      }
      on_answer_(target, error == 0 ? std::nullopt : std::optional<int>(error));
    }
    if (events.size() < kBatch) return;
  }
}

}  // namespace holdfast::probe
