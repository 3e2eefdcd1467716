#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probe/octets.h"
#include "probe/syn_codec.h"

using holdfast::probe::DecodeQuotedSyn;
using holdfast::probe::DecodeSynAnswer;
using holdfast::probe::EncodeSyn;
using holdfast::probe::SkipIpv4Header;

/** A quoted SYN that decodes encodes to the octets it came from. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> packet(data, size);
  (void)DecodeSynAnswer(SkipIpv4Header(packet, IPPROTO_TCP));
  (void)DecodeSynAnswer(packet);
  const auto quoted = DecodeQuotedSyn(packet);
  if (!quoted) return 0;
  const auto encoded = EncodeSyn(AF_INET, *quoted);
  for (size_t index = 0; index < 8; ++index) {
    if (encoded[index] != packet[index]) abort();
  }
  return 0;
}
