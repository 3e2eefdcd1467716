#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/stream_pool.h"
#include "probe/target.h"

namespace holdfast::probe {

/** Where in the exchange the fault lies. */
Stage StageOf(HttpFault fault);

/**
 * HTTP probes: connect, one request, one response that is read by HttpReader and never kept, then
 * RST: the response is here by then, and neither side is left with a TIME_WAIT. The wheel holds the
 * deadline, so a server that drips or never ends costs one buffer that is shared by all. Loop
 * thread only.
 */
class HttpProber {
 public:
  /** How the exchange ended, and which errno did it if one did. */
  enum class Answer : uint8_t { kGood, kMismatch, kError };
  using OnAnswer = std::function<void(Target&, Answer, int error_number)>;

  /**
   * @param on_connected the connection stands; the response has a timeout of its own
   * @returns 0, or a negative errno
   */
  int Start(uv_loop_t* loop, std::function<void(Target&)> on_connected, OnAnswer on_answer,
            std::function<void()> after_batch);

  /** @returns the outcome when it is known at once, else nothing */
  std::optional<Outcome> Begin(Target& target);

  /** Takes what is there now. */
  void Collect();

  void Close();

 private:
  void OnReady(Target& target, uint32_t events);
  void Send(Target& target);
  void Receive(Target& target);
  /** For the next of the epoll events, once. */
  void Await(Target& target, uint32_t events);
  void Judge(Target& target);

  EpollSet ready_;
  StreamPool streams_{&ready_};
  std::function<void(Target&)> on_connected_;
  OnAnswer on_answer_;
  std::vector<uint8_t> buffer_;
};

}  // namespace holdfast::probe
