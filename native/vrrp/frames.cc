#include "vrrp/frames.h"

#include <netinet/in.h>

#include <algorithm>
#include <initializer_list>

#include "vrrp/checksum.h"

namespace holdfast::vrrp {

namespace {

using Mac = std::span<const uint8_t, 6>;

constexpr std::array<uint8_t, 6> kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/** 33:33 and the last four octets of ff02::1. @see RFC 2464 §7 */
constexpr std::array<uint8_t, 6> kAllNodesMac = {0x33, 0x33, 0x00, 0x00, 0x00, 0x01};
constexpr std::array<uint8_t, 16> kAllNodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0,
                                               0,    0,    0, 0, 0, 0, 0, 0x01};
constexpr size_t kEthernetBytes = 14;
constexpr size_t kIpv6Bytes = 40;
constexpr size_t kAdvertisementBytes = 32;

class Writer {
 public:
  void Octets(std::initializer_list<uint8_t> octets) { Octets({octets.begin(), octets.size()}); }
  void Octets(std::span<const uint8_t> octets) {
    std::copy(octets.begin(), octets.end(), frame_.bytes.begin() + frame_.length);
    frame_.length = static_cast<uint8_t>(frame_.length + octets.size());
  }
  AnnounceFrame Finish() { return frame_; }

 private:
  AnnounceFrame frame_;
};

/*
 * Ethernet: destination (6), source (6), type 0x0806 (2)
 * ARP: hardware 1 (2), protocol 0x0800 (2), lengths 6 and 4, operation 1 = request (2),
 *      sender hardware (6), sender address (4), target hardware (6), target address (4)
 * keepalived: a request, and the target hardware address is broadcast, not zero.
 * @see RFC 826, RFC 5227 §3
 */
AnnounceFrame EncodeGratuitousArp(const IpAddress& address, Mac mac) {
  Writer writer;
  writer.Octets(kBroadcast);
  writer.Octets(mac);
  writer.Octets({0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01});
  writer.Octets(mac);
  writer.Octets(address.bytes());
  writer.Octets(kBroadcast);
  writer.Octets(address.bytes());
  return writer.Finish();
}

/*
 * Ethernet: destination (6), source (6), type 0x86dd (2)
 * IPv6: version 6, payload length (2), next header 58, hop limit 255, source (16), ff02::1 (16)
 * ICMPv6: type 136, code 0, checksum (2), flags R S O and 29 reserved bits (4), target (16),
 *         option 2 (target link-layer address), length 1 (8 octets), address (6)
 * @see RFC 4861 §4.4, §7.2.6
 */
AnnounceFrame EncodeNeighbourAdvertisement(const IpAddress& address, Mac mac) {
  constexpr uint8_t kOverride = 0x20;
  Writer writer;
  writer.Octets(kAllNodesMac);
  writer.Octets(mac);
  writer.Octets({0x86, 0xdd, 0x60, 0, 0, 0, 0, kAdvertisementBytes, IPPROTO_ICMPV6, 255});
  writer.Octets(address.bytes());
  writer.Octets(kAllNodes);
  writer.Octets({136, 0, 0, 0, kOverride, 0, 0, 0});
  writer.Octets(address.bytes());
  writer.Octets({2, 1});
  writer.Octets(mac);
  AnnounceFrame frame = writer.Finish();
  const auto message = std::span(frame.bytes).subspan(kEthernetBytes + kIpv6Bytes);
  Checksum checksum;
  checksum.AddPseudoHeader(address, IpAddress::FromBytes(kAllNodes), IPPROTO_ICMPV6,
                           kAdvertisementBytes);
  checksum.Add(message);
  StoreBig16(message.data() + 2, checksum.Finish());
  return frame;
}

}  // namespace

AnnounceFrame EncodeAnnounceFrame(const IpAddress& address, Mac mac) {
  return address.family == AF_INET ? EncodeGratuitousArp(address, mac)
                                   : EncodeNeighbourAdvertisement(address, mac);
}

}  // namespace holdfast::vrrp
