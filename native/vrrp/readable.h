#pragma once

#include <uv.h>

#include <functional>

namespace holdfast::vrrp {

/** Calls back while a descriptor is readable or has an error pending. Loop thread only. */
class Readable {
 public:
  Readable() = default;
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  ~Readable() { Close(); }

  /** @returns 0, or a negative errno */
  int Start(uv_loop_t* loop, int fd, std::function<void()> on_readable);
  /** To be called before the descriptor is closed. Idempotent. */
  void Close();

 private:
  struct State;
  State* state_ = nullptr;
};

}  // namespace holdfast::vrrp
