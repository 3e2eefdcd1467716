#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"
#include "test/rtnetlink_fixture.h"

namespace holdfast::netlink {
namespace {

using testing::ElementsAre;

Octets Concatenate(const std::vector<Octets>& parts) {
  Octets all;
  for (const Octets& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Octets Encoded(MessageBuilder& builder) {
  EXPECT_TRUE(builder.ok());
  return {builder.bytes().begin(), builder.bytes().end()};
}

TEST(EncodeAddressAdd, WritesEveryAttributeOfAnIpv4Address) {
  AddressRecord address = Ipv4({192, 168, 1, 100}, 24, 7);
  address.scope = RT_SCOPE_LINK;
  address.has_broadcast = true;
  address.broadcast = {192, 168, 1, 255};
  ASSERT_TRUE(CopyText("eth0:1", &address.label));
  MessageBuilder builder;
  EncodeAddressAdd(address, &builder);
  EXPECT_EQ(builder.count(), 1U);
  EXPECT_EQ(Encoded(builder),
            Concatenate({
                // length 60, RTM_NEWADDR 20, REQUEST|ACK|EXCL|CREATE, sequence, port
                {0x3c, 0, 0, 0, 0x14, 0, 0x05, 0x06, 0, 0, 0, 0, 0, 0, 0, 0},
                // AF_INET, /24, no flags, link scope, index 7
                {2, 24, 0, 253, 7, 0, 0, 0},
                {8, 0, 2, 0, 192, 168, 1, 100},                     // IFA_LOCAL
                {8, 0, 1, 0, 192, 168, 1, 100},                     // IFA_ADDRESS
                {8, 0, 4, 0, 192, 168, 1, 255},                     // IFA_BROADCAST
                {11, 0, 3, 0, 'e', 't', 'h', '0', ':', '1', 0, 0},  // IFA_LABEL
            }));
}

TEST(EncodeAddressAdd, PutsThePeerIntoIfaAddress) {
  AddressRecord address = Ipv4({10, 0, 0, 1}, 32, 2);
  address.has_peer = true;
  address.peer = {10, 0, 0, 2};
  MessageBuilder builder;
  EncodeAddressAdd(address, &builder);
  EXPECT_EQ(Encoded(builder), Concatenate({
                                  {0x28, 0, 0, 0, 0x14, 0, 0x05, 0x06, 0, 0, 0, 0, 0, 0, 0, 0},
                                  {2, 32, 0, 0, 2, 0, 0, 0},
                                  {8, 0, 2, 0, 10, 0, 0, 1},
                                  {8, 0, 1, 0, 10, 0, 0, 2},
                              }));
}

TEST(EncodeAddressAdd, DeprecatesAnIpv6HostAddressAndSkipsDad) {
  MessageBuilder builder;
  EncodeAddressAdd(Ipv6(0x64, 128, 3), &builder);
  EXPECT_EQ(Encoded(builder),
            Concatenate({
                {0x54, 0, 0, 0, 0x14, 0, 0x05, 0x06, 0, 0, 0, 0, 0, 0, 0, 0},
                // AF_INET6, /128, IFA_F_NODAD, global scope, index 3
                {10, 128, 2, 0, 3, 0, 0, 0},
                {20, 0, 2, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x64},
                {20, 0, 1, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x64},
                // IFA_CACHEINFO: preferred 0, valid for ever, created and changed 0
                {20, 0, 6, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0},
            }));
}

TEST(EncodeAddressAdd, LeavesTheLifetimeOfShorterIpv6PrefixesAlone) {
  MessageBuilder builder;
  EncodeAddressAdd(Ipv6(0x64, 64, 3), &builder);
  EXPECT_EQ(builder.bytes().size(), 16U + 8U + 20U + 20U);
}

TEST(EncodeAddressDelete, NamesAddressAndPrefixWhateverTheLabel) {
  AddressRecord address = Ipv4({192, 168, 1, 100}, 32, 7);
  ASSERT_TRUE(CopyText("eth0:1", &address.label));
  MessageBuilder builder;
  EncodeAddressDelete(address, &builder);
  EXPECT_EQ(Encoded(builder), Concatenate({
                                  // RTM_DELADDR 21, REQUEST|ACK
                                  {0x28, 0, 0, 0, 0x15, 0, 0x05, 0x00, 0, 0, 0, 0, 0, 0, 0, 0},
                                  {2, 32, 0, 0, 7, 0, 0, 0},
                                  {8, 0, 2, 0, 192, 168, 1, 100},
                                  {8, 0, 1, 0, 192, 168, 1, 100},
                              }));
}

/** RTM_NEWADDR of lo as the kernel sends it to a dump. */
Octets LoopbackAddress() {
  return Concatenate({
      {0x4c, 0, 0, 0, 0x14, 0, 0x02, 0, 1, 0, 0, 0, 9, 0, 0, 0},
      {2, 8, 0x80, 254, 1, 0, 0, 0},
      {8, 0, 1, 0, 127, 0, 0, 1},
      {8, 0, 2, 0, 127, 0, 0, 1},
      {7, 0, 3, 0, 'l', 'o', 0, 0},
      {8, 0, 8, 0, 0x80, 0, 0, 0},
      {20, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1, 0, 0, 0},
  });
}

TEST(DecodeAddress, ReadsAnIpv4Address) {
  AddressRecord address;
  const Octets bytes = LoopbackAddress();
  ASSERT_TRUE(DecodeAddress(First(bytes), &address));
  EXPECT_EQ(address.ifindex, 1);
  EXPECT_EQ(address.family, AF_INET);
  EXPECT_EQ(address.prefix_length, 8);
  EXPECT_EQ(address.scope, RT_SCOPE_HOST);
  EXPECT_EQ(address.flags, 0x80U);
  EXPECT_EQ(address.address, (AddressBytes{127, 0, 0, 1}));
  EXPECT_STREQ(address.label.data(), "lo");
  EXPECT_FALSE(address.has_peer);
  EXPECT_FALSE(address.has_broadcast);
}

TEST(DecodeAddress, TakesIfaAddressForTheIpv6AddressWithoutIfaLocal) {
  const Octets bytes = Concatenate({
      {0x34, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {10, 64, 0, 0, 4, 0, 0, 0},
      {20, 0, 1, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
      {8, 0, 8, 0, 0x80, 2, 0, 0},
  });
  AddressRecord address;
  ASSERT_TRUE(DecodeAddress(First(bytes), &address));
  EXPECT_EQ(address.address, (AddressBytes{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(address.flags, 0x280U);
  EXPECT_FALSE(address.has_peer);
}

TEST(DecodeAddress, RoundTripsAPeer) {
  AddressRecord sent = Ipv6(1, 128, 3);
  sent.has_peer = true;
  sent.peer = sent.address;
  sent.peer[15] = 2;
  MessageBuilder builder;
  EncodeAddressAdd(sent, &builder);
  AddressRecord read;
  ASSERT_TRUE(DecodeAddress(First(Encoded(builder)), &read));
  EXPECT_TRUE(read.has_peer);
  EXPECT_EQ(read.address[15], 1);
  EXPECT_EQ(read.peer[15], 2);
}

TEST(DecodeAddress, RefusesWhatIsCutInsideAnAttribute) {
  const Octets whole = LoopbackAddress();
  std::vector<size_t> accepted;
  for (size_t length = 0; length < 32; ++length) {
    Message message = First(whole);
    message.payload = message.payload.first(length);
    AddressRecord address;
    if (DecodeAddress(message, &address)) accepted.push_back(length);
  }
  // After IFA_ADDRESS, after IFA_LOCAL, after IFA_LABEL without its padding.
  EXPECT_THAT(accepted, ElementsAre(16, 24, 31));
}

TEST(DecodeAddress, RefusesWrongLengthsAndFamilies) {
  AddressRecord address;
  const auto decodes = [&address](size_t offset, uint8_t value) {
    Octets changed = LoopbackAddress();
    changed[offset] = value;
    return DecodeAddress(First(changed), &address);
  };
  EXPECT_TRUE(decodes(16, AF_INET));
  EXPECT_FALSE(decodes(16, AF_INET6));  // addresses of 4 octets
  EXPECT_FALSE(decodes(16, AF_BRIDGE));
  EXPECT_FALSE(decodes(17, 33));    // prefix
  EXPECT_FALSE(decodes(24, 3));     // attribute shorter than its header
  EXPECT_FALSE(decodes(24, 0xff));  // attribute longer than the message
  EXPECT_FALSE(decodes(4, RTM_NEWLINK));
}

/** RTM_NEWLINK of a veth, shortened to what is read and a few unknown attributes. */
Octets VethLink() {
  return Concatenate({
      {0x60, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      // AF_UNSPEC, ARPHRD_ETHER, index 5, UP|BROADCAST|RUNNING|MULTICAST|LOWER_UP
      {0, 0, 1, 0, 5, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0},
      {9, 0, 3, 0, 'e', 't', 'h', '0', 0, 0, 0, 0},
      {8, 0, 4, 0, 0xdc, 0x05, 0, 0},
      {10, 0, 1, 0, 2, 0, 0, 0, 0, 7, 0, 0},
      {20, 0, 18, 0x80},  // IFLA_LINKINFO
      {9, 0, 1, 0, 'v', 'e', 't', 'h', 0, 0, 0, 0},
      {4, 0, 2, 0x80},
      {12, 0, 0x7f, 0, 1, 2, 3, 4, 5, 6, 7, 8},
  });
}

TEST(DecodeLink, ReadsNameKindMacMtuAndFlags) {
  LinkRecord link;
  const Octets bytes = VethLink();
  ASSERT_TRUE(DecodeLink(First(bytes), &link));
  EXPECT_EQ(link.ifindex, 5);
  EXPECT_STREQ(link.name.data(), "eth0");
  EXPECT_STREQ(link.kind.data(), "veth");
  EXPECT_EQ(link.mtu, 1500U);
  EXPECT_EQ(link.hardware_type, 1);
  EXPECT_TRUE(link.has_mac);
  EXPECT_THAT(link.mac, ElementsAre(2, 0, 0, 0, 0, 7));
  EXPECT_TRUE(link.is_up());
  EXPECT_TRUE(link.is_running());
  EXPECT_TRUE(link.has_arp());
  EXPECT_FALSE(link.is_loopback());
  EXPECT_EQ(link.master_ifindex, 0);
}

TEST(DecodeLink, ReadsTheDeviceThatItBelongsTo) {
  const Octets bytes = Concatenate({
      {0x34, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {0, 0, 1, 0, 5, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0},
      {9, 0, 3, 0, 'e', 't', 'h', '0', 0, 0, 0, 0},
      {8, 0, 10, 0, 3, 1, 0, 0},  // IFLA_MASTER
  });
  LinkRecord link;
  ASSERT_TRUE(DecodeLink(First(bytes), &link));
  EXPECT_EQ(link.master_ifindex, 0x103);
}

TEST(DecodeLink, IgnoresABridgePortThatLeftItsBridge) {
  Octets bytes = VethLink();
  bytes[4] = RTM_DELLINK;
  LinkRecord link;
  EXPECT_TRUE(DecodeLink(First(bytes), &link));
  bytes[16] = AF_BRIDGE;
  EXPECT_FALSE(DecodeLink(First(bytes), &link));
}

TEST(DecodeLink, RefusesANameThatIsMissingOrTooLong) {
  Octets bytes = VethLink();
  bytes[34] = 0x70;  // the name's attribute becomes an unknown one
  LinkRecord link;
  EXPECT_FALSE(DecodeLink(First(bytes), &link));
  Octets long_name = Concatenate({
      {0x34, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {0, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {20, 0, 3, 0},
      Octets(16, 'x'),
  });
  EXPECT_FALSE(DecodeLink(First(long_name), &link));
}

TEST(DecodeLink, HasNoMacWhenTheHardwareAddressIsNotSixOctets) {
  const Octets bytes = Concatenate({
      {0x34, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {0, 0, 0, 3, 6, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0},
      {10, 0, 3, 0, 't', 'u', 'n', 'l', '0', 0, 0, 0},
      {8, 0, 1, 0, 10, 0, 0, 1},
  });
  LinkRecord link;
  ASSERT_TRUE(DecodeLink(First(bytes), &link));
  EXPECT_FALSE(link.has_mac);
  EXPECT_FALSE(link.has_arp());
  EXPECT_STREQ(link.kind.data(), "");
}

}  // namespace
}  // namespace holdfast::netlink
