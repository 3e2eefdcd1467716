#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::probe {

/**
 * The client's side of a short SMTP dialogue:
 *
 *     server  220 ...
 *     client  HELO name
 *     server  250 ...
 *     client  QUIT
 *     server  any line
 *
 * keepalived: a reply is one line, three digits and a blank or the end of the line, so the first
 * line `250-...` of several is none. Keeps one line of at most 511 octets, whatever is sent.
 * @see RFC 5321 §4.2
 */
class SmtpDialogue {
 public:
  /** What is waited for, or how it ended. */
  enum class State : uint8_t { kGreeting, kHelo, kQuit, kDone, kBad };

  static constexpr size_t kMaxLineBytes = 511;

  SmtpDialogue() = default;
  /** @param helo_name what HELO says */
  explicit SmtpDialogue(std::string_view helo_name);

  /** Takes what has come in; nothing after kDone or kBad. */
  State Feed(std::span<const uint8_t> octets);

  State state() const { return state_; }
  /** In kBad: which reply was none of the wanted ones. */
  State failed_at() const { return failed_at_; }

  /** What has to be sent now. */
  std::string_view outgoing() const { return std::string_view(outgoing_).substr(sent_bytes_); }
  void OnSent(size_t bytes) { sent_bytes_ += bytes; }

 private:
  void EndLine();
  void Advance(State state, std::string_view command);
  void Fail();

  State state_ = State::kGreeting;
  State failed_at_ = State::kGreeting;
  std::string helo_;
  std::string outgoing_;
  size_t sent_bytes_ = 0;
  size_t line_length_ = 0;
  std::array<char, kMaxLineBytes> line_{};
};

}  // namespace holdfast::probe
