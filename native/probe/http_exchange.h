#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/md5.h"
#include "probe/http_reader.h"
#include "probe/http_regex.h"

namespace holdfast::probe {

/** What an HTTP probe sends, and which response it takes. */
struct HttpExchange {
  struct StatusRange {
    /** Both ends included. */
    uint16_t from = 0;
    uint16_t to = 0;
  };

  std::string request;
  std::vector<StatusRange> status_ranges;
  /** Nothing takes any body. */
  std::optional<crypto::Md5::Digest> digest;
  /** Null takes any body. */
  std::shared_ptr<const HttpRegex> regex;
};

/** @returns nothing for anything but 32 hexadecimal digits */
std::optional<crypto::Md5::Digest> ParseDigest(std::string_view digits);

/** What about a response is not as it should be. */
enum class HttpFault : uint8_t {
  kNone,
  /** There is none, or none that ends. */
  kAnswer,
  /** Its status code is not among the wanted ones, or it begins with something else. */
  kStatus,
  kDigest,
  kRegex,
};

/** @param response read to its end, good or bad */
HttpFault FindFault(const HttpExchange& exchange, const HttpReader& response);

/** @param response read to its end, good or bad */
inline bool IsExpectedResponse(const HttpExchange& exchange, const HttpReader& response) {
  return FindFault(exchange, response) == HttpFault::kNone;
}

}  // namespace holdfast::probe
