#include "probe/smtp_dialogue.h"

#include <algorithm>
#include <cstring>

namespace holdfast::probe {

namespace {

/** @param line without its line feed, with its carriage return */
bool HasCode(std::string_view line, std::string_view code) {
  return line.starts_with(code) && (line.size() == code.size() || line[code.size()] == ' ');
}

}  // namespace

SmtpDialogue::SmtpDialogue(std::string_view helo_name)
    : helo_("HELO " + std::string(helo_name) + "\r\n") {}

SmtpDialogue::State SmtpDialogue::Feed(std::span<const uint8_t> octets) {
  while (!octets.empty() && state_ != State::kDone && state_ != State::kBad) {
    const auto end = std::find(octets.begin(), octets.end(), '\n');
    const bool has_end = end != octets.end();
    const auto length = static_cast<size_t>(end - octets.begin());
    if (line_length_ + length + (has_end ? 1 : 0) > kMaxLineBytes) {
      Fail();
      break;
    }
    memcpy(line_.data() + line_length_, octets.data(), length);
    line_length_ += length;
    if (has_end) EndLine();
    octets = octets.subspan(length + (has_end ? 1 : 0));
  }
  return state_;
}

void SmtpDialogue::EndLine() {
  const std::string_view line(line_.data(), line_length_);
  line_length_ = 0;
  if (state_ == State::kGreeting) {
    return HasCode(line, "220") ? Advance(State::kHelo, helo_) : Fail();
  }
  if (state_ == State::kHelo) {
    return HasCode(line, "250") ? Advance(State::kQuit, "QUIT\r\n") : Fail();
  }
  state_ = State::kDone;
}

void SmtpDialogue::Advance(State state, std::string_view command) {
  state_ = state;
  outgoing_ += command;
}

void SmtpDialogue::Fail() {
  failed_at_ = state_;
  state_ = State::kBad;
}

}  // namespace holdfast::probe
