#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probe/smtp_dialogue.h"

using holdfast::probe::SmtpDialogue;

namespace {

SmtpDialogue Hold(std::span<const uint8_t> octets, size_t step) {
  SmtpDialogue dialogue("fuzz.example");
  while (!octets.empty()) {
    const size_t taken = std::min(step, octets.size());
    dialogue.Feed(octets.first(taken));
    octets = octets.subspan(taken);
  }
  return dialogue;
}

}  // namespace

/** A dialogue goes the same way however it is cut into pieces, and says no more than it has to. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] % 64 + 1;
  const std::span octets(data + 1, size - 1);
  const SmtpDialogue whole = Hold(octets, octets.size() + 1);
  const SmtpDialogue pieces = Hold(octets, step);
  if (whole.state() != pieces.state() || whole.failed_at() != pieces.failed_at()) abort();
  if (whole.outgoing() != pieces.outgoing() || whole.outgoing().size() > 64) abort();
  return 0;
}
