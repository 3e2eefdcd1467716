#include "vrrp/readable.h"

#include <memory>
#include <utility>

namespace holdfast::vrrp {

/** Outlives its owner until libuv has closed the handle. */
struct Readable::State {
  uv_poll_t poll{};
  std::function<void()> on_readable;

  static void OnPoll(uv_poll_t* poll, int status, int) {
    auto* const state = static_cast<State*>(poll->data);
    // libuv stops the handle when an error is pending; reading fetches the error.
    if (status < 0) uv_poll_start(poll, UV_READABLE, &State::OnPoll);
    state->on_readable();
  }
};

int Readable::Start(uv_loop_t* loop, int fd, std::function<void()> on_readable) {
  auto state = std::make_unique<State>();
  if (const int error = uv_poll_init(loop, &state->poll, fd); error != 0) return error;
  state->poll.data = state.get();
  state->on_readable = std::move(on_readable);
  state_ = state.release();
  return uv_poll_start(&state_->poll, UV_READABLE, &State::OnPoll);
}

void Readable::Close() {
  State* const state = std::exchange(state_, nullptr);
  if (state == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&state->poll), [](uv_handle_t* handle) {
    std::unique_ptr<State> closed(static_cast<State*>(handle->data));
  });
}

}  // namespace holdfast::vrrp
