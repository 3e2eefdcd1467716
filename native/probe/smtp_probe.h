#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/target.h"

namespace holdfast::probe {

/**
 * SMTP probes: connect, a SmtpDialogue, then RST. The wheel holds a deadline for each step of it,
 * which no drip of octets moves. Loop thread only.
 */
class SmtpProber {
 public:
  /** How the dialogue ended, and which errno did it if one did. */
  enum class Answer : uint8_t { kGood, kMismatch, kError };
  using OnAnswer = std::function<void(Target&, Answer, int error_number)>;

  /**
   * @param on_step the connection stands, or a reply was the wanted one: the next one has a timeout
   *   of its own
   * @returns 0, or a negative errno
   */
  int Start(uv_loop_t* loop, std::function<void(Target&)> on_step, OnAnswer on_answer,
            std::function<void()> after_batch);

  /** @returns the outcome when it is known at once, else nothing */
  std::optional<Outcome> Begin(Target& target);

  /** Takes what is there now. */
  void Collect();

  void Close() { ready_.Close(); }

 private:
  void OnReady(Target& target, uint32_t events);
  /** Sends what the dialogue has to say. @returns whether the exchange goes on */
  bool Send(Target& target);
  void Receive(Target& target);
  void Step(Target& target, SmtpDialogue::State before);

  EpollSet ready_;
  std::function<void(Target&)> on_step_;
  OnAnswer on_answer_;
  std::vector<uint8_t> buffer_;
};

}  // namespace holdfast::probe
