#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probe/icmp_codec.h"
#include "probe/octets.h"

using holdfast::probe::DecodeEchoReply;
using holdfast::probe::DecodeQuotedRequest;
using holdfast::probe::EncodeEchoRequest;
using holdfast::probe::SkipIpv4Header;

/** A request that decodes encodes to the octets it came from. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> packet(data, size);
  for (const int family : {AF_INET, AF_INET6}) {
    (void)DecodeEchoReply(family, SkipIpv4Header(packet, IPPROTO_ICMP));
    (void)DecodeEchoReply(family, packet);
    const auto quoted = DecodeQuotedRequest(family, packet);
    if (!quoted) continue;
    const auto encoded = EncodeEchoRequest(family, *quoted);
    for (size_t index = 4; index < encoded.size(); ++index) {
      if (encoded[index] != packet[index]) abort();
    }
  }
  return 0;
}
