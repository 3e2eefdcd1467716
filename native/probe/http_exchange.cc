#include "probe/http_exchange.h"

#include <algorithm>

#include "probe/udp_exchange.h"

namespace holdfast::probe {

std::optional<crypto::Md5::Digest> ParseDigest(std::string_view digits) {
  crypto::Md5::Digest digest{};
  if (digits.size() != 2 * digest.size() || digits.find('x') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto octets = ParseMaskedHex(digits);
  if (!octets) return std::nullopt;
  std::copy(octets->value.begin(), octets->value.end(), digest.begin());
  return digest;
}

HttpFault FindFault(const HttpExchange& exchange, const HttpReader& response) {
  if (response.state() != HttpReader::State::kDone) {
    const bool is_missing = response.error() == HttpReader::Error::kEmpty ||
                            response.error() == HttpReader::Error::kHeadCutOff;
    return is_missing ? HttpFault::kAnswer : HttpFault::kStatus;
  }
  const int code = response.status_code();
  const bool is_wanted =
      std::any_of(exchange.status_ranges.begin(), exchange.status_ranges.end(),
                  [code](const auto& range) { return code >= range.from && code <= range.to; });
  if (!is_wanted) return HttpFault::kStatus;
  if (exchange.digest && *exchange.digest != response.digest()) return HttpFault::kDigest;
  if (exchange.regex && !exchange.regex->Takes(response.kept_body())) return HttpFault::kRegex;
  return HttpFault::kNone;
}

}  // namespace holdfast::probe
