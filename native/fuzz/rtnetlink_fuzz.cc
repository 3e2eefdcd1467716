#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "fuzz/netlink_input.h"
#include "netlink/firewall_codec.h"
#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"
#include "netlink/socket.h"

namespace {

using holdfast::netlink::AddressRecord;
using holdfast::netlink::Bytes;
using holdfast::netlink::Message;
using holdfast::netlink::MessageBuilder;
using holdfast::netlink::MessageReader;

void Require(bool condition) {
  if (!condition) abort();
}

template <size_t kSize>
bool IsTerminated(const std::array<char, kSize>& text) {
  return memchr(text.data(), '\0', kSize) != nullptr;
}

/** Every octet of every value is touched, so that a wrong span shows. */
unsigned Walk(Bytes attributes, int depth) {
  unsigned sum = 0;
  holdfast::netlink::AttributeReader reader(attributes);
  holdfast::netlink::Attribute attribute;
  while (reader.Next(&attribute)) {
    for (const uint8_t octet : attribute.value) sum += octet;
    if (depth > 0) sum += Walk(attribute.value, depth - 1);
  }
  return sum;
}

/** What was read from an address can be written, and is then read as the same. */
void RoundTrip(const AddressRecord& address) {
  MessageBuilder builder;
  holdfast::netlink::EncodeAddressAdd(address, &builder);
  holdfast::netlink::EncodeAddressDelete(address, &builder);
  Require(builder.ok() && builder.count() == 2);
  MessageReader reader(builder.bytes());
  Message message;
  AddressRecord again;
  Require(reader.Next(&message) && holdfast::netlink::DecodeAddress(message, &again));
  Require(again.ifindex == address.ifindex && again.family == address.family);
  Require(again.address == address.address && again.has_peer == address.has_peer);
  Require(again.prefix_length == address.prefix_length && again.scope == address.scope);
  if (address.family == AF_INET) {
    Require(std::string_view(again.label.data()) == address.label.data());
    Require(again.broadcast == address.broadcast && again.peer == address.peer);
  }
  Require(reader.Next(&message) && holdfast::netlink::DecodeAddress(message, &again));
  Require(!reader.Next(&message) && reader.ok());
}

void Decode(const Message& message) {
  volatile unsigned sum = Walk(message.payload, 3);
  static_cast<void>(sum);
  holdfast::netlink::Ack ack;
  if (holdfast::netlink::DecodeAck(message, &ack)) {
    for (const char letter : ack.message) Require(letter != '\0');
  }
  holdfast::netlink::LinkRecord link;
  if (holdfast::netlink::DecodeLink(message, &link)) {
    Require(IsTerminated(link.name) && IsTerminated(link.kind));
  }
  AddressRecord address;
  if (holdfast::netlink::DecodeAddress(message, &address)) {
    Require(IsTerminated(address.label));
    RoundTrip(address);
  }
  holdfast::netlink::FirewallRemoval removal;
  if (holdfast::netlink::DecodeFirewallRemoval(message, &removal)) {
    Require(IsTerminated(removal.table));
  }
}

constexpr uint16_t kTableRemoval = 10 << 8 | 2;
constexpr std::array<uint16_t, 6> kTypes{RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR,
                                         RTM_DELADDR, NLMSG_ERROR, kTableRemoval};

}  // namespace

/** The input as a datagram, and as the payload of a message of each type. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  MessageReader reader(input);
  Message message;
  while (reader.Next(&message)) Decode(message);
  // Links are of no family, addresses of one.
  const bool is_link = size > 0 && data[0] == AF_UNSPEC;
  const size_t header_size =
      std::min<size_t>(size, is_link ? sizeof(ifinfomsg) : sizeof(ifaddrmsg));
  std::vector<uint8_t> shaped(data, data + header_size);
  const auto attributes = holdfast::netlink::ShapeAttributes(input.subspan(header_size));
  shaped.insert(shaped.end(), attributes.begin(), attributes.end());
  for (const uint16_t type : kTypes) {
    message.header = {};
    message.header.nlmsg_type = type;
    message.header.nlmsg_flags = NLM_F_ACK_TLVS;
    for (const Bytes payload : {input, Bytes(shaped)}) {
      message.payload = payload;
      Decode(message);
    }
  }
  return 0;
}
