#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probe/http_reader.h"

using holdfast::probe::HttpReader;

namespace {

HttpReader Read(std::span<const uint8_t> octets, size_t step) {
  HttpReader reader;
  while (!octets.empty()) {
    const size_t taken = std::min(step, octets.size());
    reader.Feed(octets.first(taken));
    octets = octets.subspan(taken);
  }
  reader.Finish();
  return reader;
}

bool IsSame(const HttpReader& left, const HttpReader& right) {
  return left.state() == right.state() && left.error() == right.error() &&
         left.status_code() == right.status_code() && left.body_bytes() == right.body_bytes() &&
         left.content_length() == right.content_length() && left.digest() == right.digest();
}

}  // namespace

/** A response reads the same however it is cut into pieces, and always comes to an end. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] % 64 + 1;
  const std::span octets(data + 1, size - 1);
  const HttpReader whole = Read(octets, octets.size() + 1);
  if (!IsSame(whole, Read(octets, step))) abort();
  const bool is_done = whole.state() == HttpReader::State::kDone;
  if (!is_done && whole.state() != HttpReader::State::kBad) abort();
  if (is_done && (whole.status_code() < 100 || whole.status_code() > 999)) abort();
  if (whole.content_length() && whole.body_bytes() > *whole.content_length()) abort();
  return 0;
}
