#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"

namespace holdfast::netlink {

using Octets = std::vector<uint8_t>;

inline Message First(const Octets& datagram) {
  MessageReader reader(datagram);
  Message message;
  EXPECT_TRUE(reader.Next(&message));
  return message;
}

inline AddressRecord Ipv4(std::array<uint8_t, 4> octets, uint8_t prefix_length, int ifindex) {
  AddressRecord address;
  address.ifindex = ifindex;
  address.family = AF_INET;
  address.prefix_length = prefix_length;
  std::copy(octets.begin(), octets.end(), address.address.begin());
  return address;
}

inline AddressRecord Ipv6(uint8_t last, uint8_t prefix_length, int ifindex) {
  AddressRecord address;
  address.ifindex = ifindex;
  address.family = AF_INET6;
  address.prefix_length = prefix_length;
  address.address = {0x20, 0x01, 0x0d, 0xb8};
  address.address[15] = last;
  return address;
}

}  // namespace holdfast::netlink
