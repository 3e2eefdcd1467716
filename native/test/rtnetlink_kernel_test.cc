#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#include <array>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "netlink/batch.h"
#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"
#include "netlink/socket.h"
#include "test/rtnetlink_fixture.h"

namespace holdfast::netlink {
namespace {

using testing::ElementsAre;

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
