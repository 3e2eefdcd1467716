#pragma once

#include <sys/epoll.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <span>

#include "loop/unique_fd.h"

namespace holdfast::probe {

/**
 * An epoll instance nested in a uv loop. A uv_poll per socket costs five system calls and a handle
 * for each probe; this costs one epoll_ctl, and one more to take the socket out.
 */
class EpollSet {
 public:
  EpollSet() = default;
  EpollSet(const EpollSet&) = delete;
  EpollSet& operator=(const EpollSet&) = delete;

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop, std::function<void()> on_ready);
  /** @returns 0, or an errno */
  int Add(int fd, uint32_t events, void* owner) {
    return Control(EPOLL_CTL_ADD, fd, events, owner);
  }
  /** Replaces events and owner of a descriptor that was added. @returns 0, or an errno */
  int Change(int fd, uint32_t events, void* owner) {
    return Control(EPOLL_CTL_MOD, fd, events, owner);
  }
  /** To be called before the descriptor is closed. */
  void Remove(int fd) { Control(EPOLL_CTL_DEL, fd, 0, nullptr); }
  /** What is ready now; never waits. */
  std::span<const epoll_event> Take(std::span<epoll_event> events);
  /** Closes the handle; the object must live until the loop has run its close callbacks. */
  void Close();

 private:
  int Control(int operation, int fd, uint32_t events, void* owner);

  UniqueFd fd_;
  uv_poll_t poll_{};
  std::function<void()> on_ready_;
  bool is_started_ = false;
};

}  // namespace holdfast::probe
