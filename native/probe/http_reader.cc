#include "probe/http_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace holdfast::probe {

namespace {

bool IsDigit(char octet) { return octet >= '0' && octet <= '9'; }

char Lower(char octet) { return octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char left, char right) { return Lower(left) == right; });
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/** @returns nothing for anything but digits, and for more than 2^64 - 1 */
std::optional<uint64_t> ParseLength(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

/** `HTTP/1.1 200 OK`, where version and reason may be anything. @returns 0 when it is none */
int ParseStatusCode(std::string_view line) {
  if (!line.starts_with("HTTP/")) return 0;
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  const size_t start = line.find_first_not_of(' ', space);
  if (start == std::string_view::npos || line.size() - start < 3) return 0;
  const std::string_view digits = line.substr(start, 3);
  if (!std::all_of(digits.begin(), digits.end(), IsDigit) || digits[0] == '0') return 0;
  if (line.size() - start > 3 && line[start + 3] != ' ') return 0;
  return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

}  // namespace

HttpReader::State HttpReader::Feed(std::span<const uint8_t> octets) {
  while (!octets.empty() && (state_ == State::kStatusLine || state_ == State::kHeaders)) {
    octets = FeedHead(octets);
  }
  if (state_ == State::kBody) FeedBody(octets);
  return state_;
}

HttpReader::State HttpReader::Finish() {
  if (state_ == State::kBody) Complete();
  if (state_ == State::kStatusLine || state_ == State::kHeaders) {
    Fail(head_bytes_ == 0 ? Error::kEmpty : Error::kHeadCutOff);
  }
  return state_;
}

/** Takes octets up to the end of the line. @returns the rest */
std::span<const uint8_t> HttpReader::FeedHead(std::span<const uint8_t> octets) {
  const auto end = std::find(octets.begin(), octets.end(), '\n');
  const bool has_end = end != octets.end();
  const auto length = static_cast<size_t>(end - octets.begin());
  const size_t taken = length + (has_end ? 1 : 0);
  if (taken > kMaxHeadBytes - head_bytes_) {
    Fail(Error::kHeadTooLong);
    return {};
  }
  head_bytes_ += taken;
  if (line_length_ < kLineBytes) {
    memcpy(line_.data() + line_length_, octets.data(), std::min(length, kLineBytes - line_length_));
  }
  line_length_ += length;
  if (has_end) EndLine();
  return octets.subspan(taken);
}

void HttpReader::EndLine() {
  const bool is_cut = line_length_ > kLineBytes;
  std::string_view line(line_.data(), std::min(line_length_, kLineBytes));
  line_length_ = 0;
  if (!is_cut && line.ends_with('\r')) line.remove_suffix(1);
  if (state_ == State::kStatusLine) return ReadStatusLine(line);
  if (line.empty()) return EndHead();
  if (!is_cut) ReadHeader(line);
}

void HttpReader::ReadStatusLine(std::string_view line) {
  status_code_ = ParseStatusCode(line);
  if (status_code_ == 0) return Fail(Error::kBadStatusLine);
  state_ = State::kHeaders;
}

void HttpReader::ReadHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (EqualsIgnoringCase(name, "transfer-encoding")) is_coded_ = true;
  if (EqualsIgnoringCase(name, "content-length") && !content_length_) {
    content_length_ = ParseLength(value);
  }
}

void HttpReader::EndHead() {
  state_ = State::kBody;
  if (content_length() == std::optional<uint64_t>(0)) Complete();
}

void HttpReader::FeedBody(std::span<const uint8_t> octets) {
  const std::optional<uint64_t> length = content_length();
  if (length && octets.size() > *length - body_bytes_) {
    octets = octets.first(static_cast<size_t>(*length - body_bytes_));
  }
  md5_.Update(octets);
  Keep(octets.first(std::min(octets.size(), max_kept_bytes_ - kept_body_.size())));
  body_bytes_ += octets.size();
  if (length && body_bytes_ == *length) Complete();
}

void HttpReader::Keep(std::span<const uint8_t> octets) {
  const size_t needed = kept_body_.size() + octets.size();
  // Left to itself the vector would double, and go past the bound.
  if (needed > kept_body_.capacity()) kept_body_.reserve(std::min(2 * needed, max_kept_bytes_));
  kept_body_.insert(kept_body_.end(), octets.begin(), octets.end());
}

void HttpReader::Complete() {
  state_ = State::kDone;
  digest_ = md5_.Finish();
}

void HttpReader::Fail(Error error) {
  state_ = State::kBad;
  error_ = error;
}

}  // namespace holdfast::probe
