#pragma once

#include <utility>

#include "loop/unique_fd.h"
#include "probe/epoll_set.h"

namespace holdfast::probe {

/**
 * A descriptor in an epoll set, which outlives it. It is taken out before it is closed: close(2)
 * alone does that only when nobody has a copy, and a process that is just being started has one,
 * by which the set would go on telling of an owner that is gone. Move-only.
 */
class WatchedFd {
 public:
  WatchedFd() = default;
  WatchedFd(UniqueFd fd, EpollSet* set) : fd_(std::move(fd)), set_(set) {}
  WatchedFd(WatchedFd&& other) noexcept = default;
  WatchedFd& operator=(WatchedFd&& other) noexcept {
    if (this == &other) return *this;
    Reset();
    fd_ = std::move(other.fd_);
    set_ = other.set_;
    return *this;
  }
  ~WatchedFd() { Reset(); }

  int get() const { return fd_.get(); }
  bool is_open() const { return fd_.is_open(); }
  void Reset() {
    if (!fd_.is_open()) return;
    set_->Remove(fd_.get());
    fd_.Reset();
  }

 private:
  UniqueFd fd_;
  EpollSet* set_ = nullptr;
};

}  // namespace holdfast::probe
