#include "probe/epoll_set.h"

#include <errno.h>

#include <utility>

namespace holdfast::probe {

int EpollSet::Start(uv_loop_t* loop, std::function<void()> on_ready) {
  fd_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!fd_.is_open()) return -errno;
  on_ready_ = std::move(on_ready);
  if (const int error = uv_poll_init(loop, &poll_, fd_.get()); error != 0) return error;
  poll_.data = this;
  is_started_ = true;
  return uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
    static_cast<EpollSet*>(poll->data)->on_ready_();
  });
}

int EpollSet::Control(int operation, int fd, uint32_t events, void* owner) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = owner;
  return epoll_ctl(fd_.get(), operation, fd, &event) == 0 ? 0 : errno;
}

std::span<const epoll_event> EpollSet::Take(std::span<epoll_event> events) {
  const int count = epoll_wait(fd_.get(), events.data(), static_cast<int>(events.size()), 0);
  return events.first(count > 0 ? static_cast<size_t>(count) : 0);
}

void EpollSet::Close() {
  if (!std::exchange(is_started_, false)) return;
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
  fd_.Reset();
}

}  // namespace holdfast::probe
