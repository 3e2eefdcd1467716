#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "netlink/batch.h"
#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"
#include "netlink/socket.h"

namespace holdfast::netlink {
namespace {

using Octets = std::vector<uint8_t>;
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

Message First(const Octets& datagram) {
  MessageReader reader(datagram);
  Message message;
  EXPECT_TRUE(reader.Next(&message));
  return message;
}

AddressRecord Ipv4(std::array<uint8_t, 4> octets, uint8_t prefix_length, int ifindex) {
  AddressRecord address;
  address.ifindex = ifindex;
  address.family = AF_INET;
  address.prefix_length = prefix_length;
  std::copy(octets.begin(), octets.end(), address.address.begin());
  return address;
}

AddressRecord Ipv6(uint8_t last, uint8_t prefix_length, int ifindex) {
  AddressRecord address;
  address.ifindex = ifindex;
  address.family = AF_INET6;
  address.prefix_length = prefix_length;
  address.address = {0x20, 0x01, 0x0d, 0xb8};
  address.address[15] = last;
  return address;
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

/** Runs on a thread of its own, in a network namespace that goes away with it. */
template <typename Body>
bool InFreshNamespace(Body body) {
  bool was_possible = false;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) return;
    was_possible = true;
    body();
  }).join();
  return was_possible;
}

std::vector<AddressRecord> DumpAddresses(Socket* socket) {
  MessageBuilder request;
  EncodeAddressDump(&request);
  std::vector<AddressRecord> addresses;
  EXPECT_EQ(socket->Query(request.bytes(),
                          [&](const Message& message) {
                            AddressRecord address;
                            EXPECT_TRUE(DecodeAddress(message, &address));
                            addresses.push_back(address);
                          }),
            0);
  return addresses;
}

TEST(Kernel, AddsAndDeletesAddressesWithAVerdictOnEach) {
  if (!InFreshNamespace([] {
        Socket socket;
        ASSERT_EQ(socket.Open(NETLINK_ROUTE), 0);
        constexpr size_t kCount = 1'000;
        MessageBuilder batch;
        for (size_t index = 0; index < kCount; ++index) {
          const auto high = static_cast<uint8_t>(index / 250);
          const auto low = static_cast<uint8_t>(index % 250 + 1);
          EncodeAddressAdd(Ipv4({10, 9, high, low}, 32, 1), &batch);
        }
        EncodeAddressAdd(Ipv4({10, 9, 0, 1}, 32, 1), &batch);    // exists
        EncodeAddressAdd(Ipv4({10, 9, 9, 9}, 32, 999), &batch);  // no such link
        EncodeAddressAdd(Ipv6(1, 128, 1), &batch);
        std::vector<int> verdicts;
        std::string words;
        ASSERT_EQ(socket.Transact(batch.bytes(),
                                  [&](size_t index, const Ack& ack) {
                                    EXPECT_EQ(index, verdicts.size());
                                    verdicts.push_back(ack.error_number);
                                    words += ack.message;
                                  }),
                  0);
        std::vector<int> expected(kCount, 0);
        expected.insert(expected.end(), {EEXIST, ENODEV, 0});
        EXPECT_EQ(verdicts, expected);
        EXPECT_EQ(DumpAddresses(&socket).size(), kCount + 1);

        MessageBuilder removal;
        EncodeAddressDelete(Ipv6(1, 128, 1), &removal);
        EncodeAddressDelete(Ipv6(1, 128, 1), &removal);
        verdicts.clear();
        ASSERT_EQ(
            socket.Transact(removal.bytes(),
                            [&](size_t, const Ack& ack) { verdicts.push_back(ack.error_number); }),
            0);
        EXPECT_THAT(verdicts, ElementsAre(0, EADDRNOTAVAIL));
      })) {
    GTEST_SKIP() << "a network namespace needs CAP_SYS_ADMIN";
  }
}

TEST(Kernel, SplitsABatchThatTheReceiveBufferCannotHoldTheVerdictsOf) {
  if (!InFreshNamespace([] {
        Socket socket;
        SocketOptions options;
        options.receive_buffer.bytes = 4'096;
        ASSERT_EQ(socket.Open(NETLINK_ROUTE, options), 0);
        MessageBuilder batch;
        for (int index = 0; index < 100; ++index) {
          EncodeAddressAdd(Ipv4({10, 9, 0, 1}, 32, 1), &batch);
        }
        std::vector<int> verdicts;
        ASSERT_EQ(
            socket.Transact(batch.bytes(),
                            [&](size_t, const Ack& ack) { verdicts.push_back(ack.error_number); }),
            0);
        std::vector<int> expected(100, EEXIST);
        expected[0] = 0;
        EXPECT_EQ(verdicts, expected);
      })) {
    GTEST_SKIP() << "a network namespace needs CAP_SYS_ADMIN";
  }
}

TEST(ApplyBatch, NeverTakesACommandThatCannotBeEncodedForSuccess) {
  Socket socket;
  ASSERT_EQ(socket.Open(NETLINK_ROUTE), 0);
  MessageBuilder builder;
  const std::array<int, 2> commands{};
  const auto encode = [](int, MessageBuilder* target) {
    target->Begin(RTM_GETLINK, NLM_F_ACK, ifinfomsg{});
    target->Put(IFLA_IFNAME, Octets(70'000));
    target->End();
  };
  const auto describe = [](int, const Ack&) { return std::string(); };
  const auto failures =
      ApplyBatch(&socket, &builder, std::span<const int>(commands), encode, describe);
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[1].index, 1U);
  EXPECT_EQ(failures[1].error_number, EMSGSIZE);
}

TEST(Kernel, TellsOfChangesToTheGroups) {
  if (!InFreshNamespace([] {
        Socket events;
        SocketOptions options;
        options.groups = RTMGRP_IPV4_IFADDR;
        ASSERT_EQ(events.Open(NETLINK_ROUTE, options), 0);
        Bytes datagram;
        EXPECT_EQ(events.Receive(&datagram), 0);

        Socket commands;
        ASSERT_EQ(commands.Open(NETLINK_ROUTE), 0);
        MessageBuilder batch;
        EncodeAddressAdd(Ipv4({10, 9, 0, 1}, 32, 1), &batch);
        ASSERT_EQ(commands.Transact(batch.bytes(), [](size_t, const Ack&) {}), 0);

        ASSERT_EQ(events.Receive(&datagram), 1);
        MessageReader reader(datagram);
        Message message;
        AddressRecord address;
        ASSERT_TRUE(reader.Next(&message));
        ASSERT_TRUE(DecodeAddress(message, &address));
        EXPECT_EQ(message.header.nlmsg_type, RTM_NEWADDR);
        EXPECT_EQ(address.address, (AddressBytes{10, 9, 0, 1}));
        EXPECT_STREQ(address.label.data(), "lo");
      })) {
    GTEST_SKIP() << "a network namespace needs CAP_SYS_ADMIN";
  }
}

TEST(Kernel, DumpsTheLoopbackLink) {
  if (!InFreshNamespace([] {
        Socket socket;
        ASSERT_EQ(socket.Open(NETLINK_ROUTE), 0);
        MessageBuilder request;
        EncodeLinkDump(&request);
        std::vector<LinkRecord> links;
        ASSERT_EQ(socket.Query(request.bytes(),
                               [&](const Message& message) {
                                 LinkRecord link;
                                 ASSERT_TRUE(DecodeLink(message, &link));
                                 links.push_back(link);
                               }),
                  0);
        ASSERT_FALSE(links.empty());
        EXPECT_STREQ(links[0].name.data(), "lo");
        EXPECT_TRUE(links[0].is_loopback());
        EXPECT_FALSE(links[0].is_up());
      })) {
    GTEST_SKIP() << "a network namespace needs CAP_SYS_ADMIN";
  }
}

}  // namespace
}  // namespace holdfast::netlink
