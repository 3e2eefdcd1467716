#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "netlink/ipvs_codec.h"

namespace holdfast::ipvs {

using netlink::Message;
using netlink::MessageBuilder;
using netlink::MessageReader;
using Octets = std::vector<uint8_t>;

/** The message type that the kernel had given to IPVS when the vectors were captured. */
inline constexpr uint16_t kFamily = 0x1c;

inline Octets Hex(const std::string& text) {
  Octets octets;
  size_t offset = 0;
  while (offset < text.size()) {
    size_t used = 0;
    octets.push_back(static_cast<uint8_t>(std::stoul(text.substr(offset, 2), &used, 16)));
    offset += 3;
  }
  return octets;
}

/** nlmsghdr as the builder leaves it (no sequence, no port) and genlmsghdr. */
inline std::string Header(const std::string& length, const std::string& flags,
                          const std::string& command) {
  return length + " 00 00 1c 00 " + flags + " 00 00 00 00 00 00 00 00 " + command + " 01 00 00 ";
}

// Bodies captured from ipvsadm 1.31 and from Linux 6.1.

inline const std::string kVip4 =
    "14 00 03 00 c0 a8 01 64 00 00 00 00 00 00 00 00 00 00 00 00 06 00 04 00 00 50 00 00 ";
inline const std::string kKey4 = "06 00 01 00 02 00 00 00 06 00 02 00 06 00 00 00 " + kVip4;
inline const std::string kKey6 =
    "06 00 01 00 0a 00 00 00 06 00 02 00 11 00 00 00 "
    "14 00 03 00 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 06 00 04 00 00 35 00 00 ";

inline ServiceKey Vip4() {
  ServiceKey key;
  key.family = AF_INET;
  key.protocol = IPPROTO_TCP;
  key.port = 80;
  key.address = {192, 168, 1, 100};
  return key;
}

inline ServiceKey Vip6() {
  ServiceKey key;
  key.family = AF_INET6;
  key.protocol = IPPROTO_UDP;
  key.port = 53;
  key.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return key;
}

inline Destination Real4(uint8_t last) {
  Destination destination;
  destination.family = AF_INET;
  destination.port = 80;
  destination.address = {192, 168, 1, last};
  destination.weight = 3;
  return destination;
}

inline std::string Word(uint8_t value) {
  char text[4];
  snprintf(text, sizeof text, "%02x ", value);
  return text;
}

inline std::string Encoded(const Command& command) {
  MessageBuilder builder;
  EncodeCommand(kFamily, command, &builder);
  EXPECT_TRUE(builder.ok());
  std::string text;
  for (const uint8_t octet : builder.bytes()) text += Word(octet);
  return text;
}

inline Message First(const Octets& datagram) {
  MessageReader reader(datagram);
  Message message;
  EXPECT_TRUE(reader.Next(&message));
  return message;
}

}  // namespace holdfast::ipvs
