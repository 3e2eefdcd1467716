#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/md5.h"

namespace holdfast::probe {

/**
 * Reads one HTTP/1 response as it comes in. Keeps the beginning of one line and the state of the
 * digest, and of the body only as much as is asked for: a server can send what it likes for as long
 * as it likes.
 */
class HttpReader {
 public:
  enum class State : uint8_t { kStatusLine, kHeaders, kBody, kDone, kBad };
  enum class Error : uint8_t {
    kNone,
    /** The peer closed before the first octet. */
    kEmpty,
    kBadStatusLine,
    /** Status line and headers are longer than kMaxHeadBytes. */
    kHeadTooLong,
    /** The peer closed within status line or headers. */
    kHeadCutOff,
  };

  static constexpr size_t kMaxHeadBytes = 65'536;

  HttpReader() = default;
  /** @param max_kept_bytes of the body's beginning, to be searched when all has come */
  explicit HttpReader(size_t max_kept_bytes) : max_kept_bytes_(max_kept_bytes) {}

  /** Takes what has come in; nothing after kDone or kBad. */
  State Feed(std::span<const uint8_t> octets);
  /** The peer has closed. A body shorter than it should be is a body all the same. */
  State Finish();

  State state() const { return state_; }
  Error error() const { return error_; }
  /** 100 to 999 once the status line was read, else 0. */
  int status_code() const { return status_code_; }
  uint64_t body_bytes() const { return body_bytes_; }
  /** Of the first Content-Length header, unless the transfer is coded. */
  std::optional<uint64_t> content_length() const {
    return is_coded_ ? std::nullopt : content_length_;
  }
  /**
   * Of the body's octets as they came (chunks are not taken apart), at most Content-Length of them.
   * Only after kDone.
   */
  const crypto::Md5::Digest& digest() const { return digest_; }
  std::span<const uint8_t> kept_body() const { return kept_body_; }

 private:
  /** More than any line that means something here. */
  static constexpr size_t kLineBytes = 256;

  std::span<const uint8_t> FeedHead(std::span<const uint8_t> octets);
  void FeedBody(std::span<const uint8_t> octets);
  void Keep(std::span<const uint8_t> octets);
  void EndLine();
  void ReadStatusLine(std::string_view line);
  void ReadHeader(std::string_view line);
  void EndHead();
  void Complete();
  void Fail(Error error);

  State state_ = State::kStatusLine;
  Error error_ = Error::kNone;
  int status_code_ = 0;
  bool is_coded_ = false;
  std::optional<uint64_t> content_length_;
  size_t max_kept_bytes_ = 0;
  std::vector<uint8_t> kept_body_;
  size_t head_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  /** The line may be longer than what is kept of it. */
  size_t line_length_ = 0;
  std::array<char, kLineBytes> line_{};
  crypto::Md5 md5_;
  crypto::Md5::Digest digest_{};
};

}  // namespace holdfast::probe
