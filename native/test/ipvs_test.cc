#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "netlink/ipvs_codec.h"
#include "netlink/ipvs_table.h"

namespace holdfast::ipvs {
namespace {

using netlink::Message;
using netlink::MessageBuilder;
using netlink::MessageReader;
using testing::IsEmpty;
using Octets = std::vector<uint8_t>;

/** The message type that the kernel had given to IPVS when the vectors were captured. */
constexpr uint16_t kFamily = 0x1c;

Octets Hex(const std::string& text) {
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
std::string Header(const std::string& length, const std::string& flags,
                   const std::string& command) {
  return length + " 00 00 1c 00 " + flags + " 00 00 00 00 00 00 00 00 " + command + " 01 00 00 ";
}

// Bodies captured from ipvsadm 1.31 and from Linux 6.1.

const std::string kVip4 =
    "14 00 03 00 c0 a8 01 64 00 00 00 00 00 00 00 00 00 00 00 00 06 00 04 00 00 50 00 00 ";
const std::string kKey4 = "06 00 01 00 02 00 00 00 06 00 02 00 06 00 00 00 " + kVip4;
const std::string kKey6 =
    "06 00 01 00 0a 00 00 00 06 00 02 00 11 00 00 00 "
    "14 00 03 00 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 06 00 04 00 00 35 00 00 ";

ServiceKey Vip4() {
  ServiceKey key;
  key.family = AF_INET;
  key.protocol = IPPROTO_TCP;
  key.port = 80;
  key.address = {192, 168, 1, 100};
  return key;
}

ServiceKey Vip6() {
  ServiceKey key;
  key.family = AF_INET6;
  key.protocol = IPPROTO_UDP;
  key.port = 53;
  key.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return key;
}

Destination Real4(uint8_t last) {
  Destination destination;
  destination.family = AF_INET;
  destination.port = 80;
  destination.address = {192, 168, 1, last};
  destination.weight = 3;
  return destination;
}

std::string Word(uint8_t value) {
  char text[4];
  snprintf(text, sizeof text, "%02x ", value);
  return text;
}

std::string Encoded(const Command& command) {
  MessageBuilder builder;
  EncodeCommand(kFamily, command, &builder);
  EXPECT_TRUE(builder.ok());
  std::string text;
  for (const uint8_t octet : builder.bytes()) text += Word(octet);
  return text;
}

TEST(EncodeCommand, PersistentServiceAsIpvsadmButForTheFlagMask) {
  Command command;
  command.kind = CommandKind::kServiceAdd;
  command.service.key = Vip4();
  command.service.flags = IP_VS_SVC_F_PERSISTENT;
  command.service.timeout_sec = 50;
  command.service.granularity = 0xffffff00;
  ASSERT_TRUE(netlink::CopyText("wrr", &command.service.scheduler));
  // ipvsadm -A -t 192.168.1.100:80 -s wrr -p 50 -M 255.255.255.0, where the mask is ff ff ff ff
  EXPECT_EQ(Encoded(command), Header("68 00", "05 00", "01") + "54 00 01 80 " + kKey4 +
                                  "08 00 06 00 77 72 72 00 0c 00 07 00 01 00 00 00 3d 00 00 00 "
                                  "08 00 08 00 32 00 00 00 08 00 09 00 ff ff ff 00 ");
}

TEST(EncodeCommand, SchedulerFlagsAndPersistenceEngine) {
  Command command;
  command.kind = CommandKind::kServiceEdit;
  command.service.key = Vip4();
  command.service.flags = IP_VS_SVC_F_SCHED2;
  command.service.granularity = 0xffffffff;
  ASSERT_TRUE(netlink::CopyText("sh", &command.service.scheduler));
  ASSERT_TRUE(netlink::CopyText("sip", &command.service.persistence_engine));
  EXPECT_EQ(Encoded(command), Header("70 00", "05 00", "02") + "5c 00 01 80 " + kKey4 +
                                  "07 00 06 00 73 68 00 00 08 00 0b 00 73 69 70 00 "
                                  "0c 00 07 00 10 00 00 00 3d 00 00 00 "
                                  "08 00 08 00 00 00 00 00 08 00 09 00 ff ff ff ff ");
}

TEST(EncodeCommand, Ipv6ServiceHasAPrefixLengthForMask) {
  Command command;
  command.kind = CommandKind::kServiceAdd;
  command.service.key = Vip6();
  command.service.flags = IP_VS_SVC_F_ONEPACKET;
  command.service.granularity = 128;
  ASSERT_TRUE(netlink::CopyText("rr", &command.service.scheduler));
  // ipvsadm -A -u [2001:db8::1]:53 -s rr -o
  EXPECT_EQ(Encoded(command), Header("68 00", "05 00", "01") + "54 00 01 80 " + kKey6 +
                                  "07 00 06 00 72 72 00 00 0c 00 07 00 04 00 00 00 3d 00 00 00 "
                                  "08 00 08 00 00 00 00 00 08 00 09 00 80 00 00 00 ");
}

TEST(EncodeCommand, FwmarkServiceIsKnownByItsMarkAlone) {
  Command command;
  command.kind = CommandKind::kServiceDelete;
  command.service.key.family = AF_INET;
  command.service.key.fwmark = 5;
  command.service.key.protocol = IPPROTO_TCP;
  EXPECT_EQ(Encoded(command), Header("28 00", "05 00", "03") +
                                  "14 00 01 80 06 00 01 00 02 00 00 00 08 00 05 00 05 00 00 00 ");
}

TEST(EncodeCommand, DestinationWithThresholds) {
  Command command;
  command.kind = CommandKind::kDestinationAdd;
  command.service.key = Vip4();
  command.destination = Real4(7);
  command.destination.forward = IP_VS_CONN_F_DROUTE;
  command.destination.upper_threshold = 100;
  command.destination.lower_threshold = 50;
  // ipvsadm -a -t 192.168.1.100:80 -r 192.168.1.7:80 -g -w 3 -x 100 -y 50
  EXPECT_EQ(Encoded(command),
            Header("8c 00", "05 00", "05") + "30 00 01 80 " + kKey4 +
                "48 00 02 80 06 00 0b 00 02 00 00 00 "
                "14 00 01 00 c0 a8 01 07 00 00 00 00 00 00 00 00 00 00 00 00 "
                "06 00 02 00 00 50 00 00 08 00 03 00 03 00 00 00 08 00 04 00 03 00 00 00 "
                "08 00 05 00 64 00 00 00 08 00 06 00 32 00 00 00 ");
}

TEST(EncodeCommand, TunnelWithTypePortAndFlags) {
  Command command;
  command.kind = CommandKind::kDestinationEdit;
  command.service.key = Vip4();
  command.destination = Real4(8);
  command.destination.forward = IP_VS_CONN_F_TUNNEL;
  command.destination.tunnel_type = 1;
  command.destination.tunnel_port = 6080;
  command.destination.tunnel_flags = 2;
  EXPECT_EQ(Encoded(command),
            Header("a4 00", "05 00", "06") + "30 00 01 80 " + kKey4 +
                "60 00 02 80 06 00 0b 00 02 00 00 00 "
                "14 00 01 00 c0 a8 01 08 00 00 00 00 00 00 00 00 00 00 00 00 "
                "06 00 02 00 00 50 00 00 08 00 03 00 02 00 00 00 08 00 04 00 03 00 00 00 "
                "08 00 05 00 00 00 00 00 08 00 06 00 00 00 00 00 "
                "05 00 0d 00 01 00 00 00 06 00 0e 00 17 c0 00 00 06 00 0f 00 02 00 00 00 ");
}

TEST(EncodeCommand, DestinationDeleteNamesItsKeyOnly) {
  Command command;
  command.kind = CommandKind::kDestinationDelete;
  command.service.key = Vip4();
  command.destination = Real4(8);
  EXPECT_EQ(Encoded(command), Header("6c 00", "05 00", "07") + "30 00 01 80 " + kKey4 +
                                  "28 00 02 80 06 00 0b 00 02 00 00 00 "
                                  "14 00 01 00 c0 a8 01 08 00 00 00 00 00 00 00 00 00 00 00 00 "
                                  "06 00 02 00 00 50 00 00 ");
}

TEST(EncodeCommand, FlushAndTimeouts) {
  Command command;
  command.kind = CommandKind::kFlush;
  EXPECT_EQ(Encoded(command), Header("14 00", "05 00", "11"));
  command.kind = CommandKind::kSetTimeouts;
  command.timeouts = {900, 120, 300};
  // ipvsadm --set 900 120 300
  EXPECT_EQ(Encoded(command),
            Header("2c 00", "05 00", "0c") +
                "08 00 04 00 84 03 00 00 08 00 05 00 78 00 00 00 08 00 06 00 2c 01 00 00 ");
}

TEST(EncodeDump, AsksAsIpvsadmDoes) {
  MessageBuilder builder;
  EncodeServiceDump(kFamily, &builder);
  EXPECT_EQ(Octets(builder.bytes().begin(), builder.bytes().end()),
            Hex("14 00 00 00 1c 00 01 03 00 00 00 00 00 00 00 00 04 01 00 00"));
  builder.Clear();
  EncodeDestinationDump(kFamily, Vip4(), &builder);
  EXPECT_EQ(
      Octets(builder.bytes().begin(), builder.bytes().end()),
      Hex("44 00 00 00 1c 00 01 03 00 00 00 00 00 00 00 00 08 01 00 00 30 00 01 80 " + kKey4));
}

const std::string kStatistics =
    "60 00 0a 00 08 00 01 00 00 00 00 00 08 00 02 00 00 00 00 00 08 00 03 00 00 00 00 00 "
    "0c 00 04 00 00 00 00 00 00 00 00 00 04 00 0b 00 0c 00 05 00 00 00 00 00 00 00 00 00 "
    "08 00 06 00 00 00 00 00 08 00 07 00 00 00 00 00 08 00 08 00 00 00 00 00 "
    "08 00 09 00 00 00 00 00 08 00 0a 00 00 00 00 00 ";

/** IPVS_CMD_NEW_SERVICE as the kernel sends it to a dump, less its 64-bit statistics. */
Octets DumpedService() {
  return Hex("c8 00 00 00 1c 00 02 00 1e a7 03 6b f1 02 00 9f 01 01 00 00 b4 00 01 00 " + kKey4 +
             "07 00 06 00 73 68 00 00 0c 00 07 00 12 00 00 00 ff ff ff ff "
             "08 00 08 00 00 00 00 00 08 00 09 00 ff ff ff 00 " +
             kStatistics);
}

/** IPVS_CMD_NEW_DEST likewise. */
Octets DumpedDestination() {
  return Hex(
      "84 00 00 00 1c 00 02 00 1e a7 03 6b f1 02 c0 c1 05 01 00 00 70 00 02 00 "
      "14 00 01 00 c0 a8 01 07 00 00 00 00 00 00 00 00 00 00 00 00 06 00 02 00 00 50 00 00 "
      "08 00 03 00 03 00 00 00 08 00 04 00 03 00 00 00 "
      "05 00 0d 00 01 00 00 00 06 00 0e 00 17 c0 00 00 06 00 0f 00 02 00 00 00 "
      "08 00 05 00 64 00 00 00 08 00 06 00 32 00 00 00 "
      "08 00 07 00 07 00 00 00 08 00 08 00 08 00 00 00 08 00 09 00 09 00 00 00 ");
}

Message First(const Octets& datagram) {
  MessageReader reader(datagram);
  Message message;
  EXPECT_TRUE(reader.Next(&message));
  return message;
}

TEST(DecodeService, ReadsWhatTheKernelDumps) {
  const Octets datagram = DumpedService();
  Service service;
  ASSERT_TRUE(DecodeService(First(datagram), &service));
  EXPECT_EQ(service.key.family, AF_INET);
  EXPECT_EQ(service.key.protocol, IPPROTO_TCP);
  EXPECT_EQ(service.key.address, (AddressBytes{192, 168, 1, 100}));
  EXPECT_EQ(service.key.port, 80);
  EXPECT_EQ(service.key.fwmark, 0U);
  EXPECT_STREQ(service.scheduler.data(), "sh");
  EXPECT_STREQ(service.persistence_engine.data(), "");
  EXPECT_EQ(service.flags, static_cast<uint32_t>(IP_VS_SVC_F_SCHED2));
  EXPECT_EQ(service.timeout_sec, 0U);
  EXPECT_EQ(service.granularity, 0xffffff00U);
}

TEST(DecodeService, ReadsAFwmarkServiceOfIpv6) {
  const Octets datagram =
      Hex("54 00 00 00 1c 00 02 00 00 00 00 00 00 00 00 00 01 01 00 00 40 00 01 00 "
          "06 00 01 00 0a 00 00 00 08 00 05 00 05 00 00 00 07 00 06 00 6d 68 00 00 "
          "0c 00 07 00 03 00 00 00 ff ff ff ff 08 00 08 00 2c 01 00 00 08 00 09 00 40 00 00 00 "
          "08 00 0b 00 73 69 70 00");
  Service service;
  ASSERT_TRUE(DecodeService(First(datagram), &service));
  EXPECT_EQ(service.key.family, AF_INET6);
  EXPECT_EQ(service.key.fwmark, 5U);
  EXPECT_EQ(service.flags, static_cast<uint32_t>(IP_VS_SVC_F_PERSISTENT));
  EXPECT_EQ(service.timeout_sec, 300U);
  EXPECT_EQ(service.granularity, 64U);
  EXPECT_STREQ(service.persistence_engine.data(), "sip");
}

TEST(DecodeService, RefusesTheWrongCommandFamilyAndLengths) {
  Service service;
  const auto decodes = [&service](size_t offset, uint8_t value) {
    Octets changed = DumpedService();
    changed[offset] = value;
    return DecodeService(First(changed), &service);
  };
  EXPECT_TRUE(decodes(16, IPVS_CMD_NEW_SERVICE));
  EXPECT_FALSE(decodes(16, IPVS_CMD_NEW_DEST));
  EXPECT_FALSE(decodes(20, 0xff));  // the nest is longer than the message
  EXPECT_FALSE(decodes(28, AF_UNIX));
  EXPECT_FALSE(decodes(34, 0x7f));  // no protocol
  EXPECT_FALSE(decodes(40, 0x10));  // an address of 12 octets, then rubbish
}

TEST(DecodeDestination, ReadsWhatTheKernelDumps) {
  const Octets datagram = DumpedDestination();
  Destination destination;
  ASSERT_TRUE(DecodeDestination(First(datagram), AF_INET, &destination));
  EXPECT_EQ(destination.family, AF_INET);
  EXPECT_EQ(destination.address, (AddressBytes{192, 168, 1, 7}));
  EXPECT_EQ(destination.port, 80);
  EXPECT_EQ(destination.forward, static_cast<uint32_t>(IP_VS_CONN_F_DROUTE));
  EXPECT_EQ(destination.weight, 3U);
  EXPECT_EQ(destination.upper_threshold, 100U);
  EXPECT_EQ(destination.lower_threshold, 50U);
  EXPECT_EQ(destination.tunnel_type, 1);
  EXPECT_EQ(destination.tunnel_port, 6080);
  EXPECT_EQ(destination.tunnel_flags, 2);
  EXPECT_EQ(destination.active_connections, 7U);
  EXPECT_EQ(destination.inactive_connections, 8U);
  EXPECT_EQ(destination.persistent_connections, 9U);
}

TEST(DecodeDestination, RefusesEveryTruncationOfTheMessage) {
  const Octets whole = DumpedDestination();
  Destination destination;
  for (size_t length = 0; length + 16 < whole.size(); ++length) {
    Message message = First(whole);
    message.payload = message.payload.first(length);
    EXPECT_FALSE(DecodeDestination(message, AF_INET, &destination)) << length;
  }
}

TEST(DecodeTimeouts, ReadsAllThreeOrNone) {
  Timeouts timeouts;
  const Octets datagram =
      Hex("2c 00 00 00 1c 00 00 00 00 00 00 00 00 00 00 00 0c 01 00 00 "
          "08 00 04 00 84 03 00 00 08 00 05 00 78 00 00 00 08 00 06 00 2c 01 00 00");
  ASSERT_TRUE(DecodeTimeouts(First(datagram), &timeouts));
  EXPECT_EQ(timeouts.tcp_sec, 900U);
  EXPECT_EQ(timeouts.tcp_fin_sec, 120U);
  EXPECT_EQ(timeouts.udp_sec, 300U);
  Message shorter = First(datagram);
  shorter.payload = shorter.payload.first(20);
  EXPECT_FALSE(DecodeTimeouts(shorter, &timeouts));
}

const std::string kSyncDaemon =
    "40 00 03 80 08 00 01 00 01 00 00 00 09 00 02 00 65 74 68 30 00 00 00 00 "
    "08 00 03 00 07 00 00 00 06 00 04 00 78 05 00 00 08 00 05 00 e0 00 00 5a "
    "06 00 07 00 28 23 00 00 05 00 08 00 03 00 00 00 ";

SyncDaemon Master() {
  SyncDaemon daemon;
  daemon.state = IP_VS_STATE_MASTER;
  daemon.sync_id = 7;
  daemon.max_length = 1400;
  daemon.port = 9000;
  daemon.ttl = 3;
  daemon.group_family = AF_INET;
  daemon.group = {224, 0, 0, 90};
  EXPECT_TRUE(netlink::CopyText("eth0", &daemon.interface_name));
  return daemon;
}

TEST(EncodeCommand, SyncDaemonWithEverything) {
  Command command;
  command.kind = CommandKind::kSyncDaemonStart;
  command.daemon = Master();
  EXPECT_EQ(Encoded(command), Header("54 00", "05 00", "09") + kSyncDaemon);
}

TEST(EncodeCommand, SyncDaemonWithDefaultsAndItsStop) {
  Command command;
  command.kind = CommandKind::kSyncDaemonStart;
  command.daemon.state = IP_VS_STATE_BACKUP;
  ASSERT_TRUE(netlink::CopyText("eth0", &command.daemon.interface_name));
  EXPECT_EQ(Encoded(command), Header("34 00", "05 00", "09") +
                                  "20 00 03 80 08 00 01 00 02 00 00 00 09 00 02 00 65 74 68 30 "
                                  "00 00 00 00 08 00 03 00 00 00 00 00 ");
  command.kind = CommandKind::kSyncDaemonStop;
  EXPECT_EQ(Encoded(command),
            Header("20 00", "05 00", "0a") + "0c 00 03 80 08 00 01 00 02 00 00 00 ");
}

TEST(DecodeSyncDaemon, ReadsEverythingAndRefusesEveryTruncation) {
  const Octets whole = Hex(Header("54 00", "02 00", "09") + kSyncDaemon);
  SyncDaemon daemon;
  ASSERT_TRUE(DecodeSyncDaemon(First(whole), &daemon));
  EXPECT_EQ(daemon.state, uint32_t{IP_VS_STATE_MASTER});
  EXPECT_EQ(daemon.sync_id, 7U);
  EXPECT_EQ(daemon.max_length, 1400);
  EXPECT_EQ(daemon.port, 9000);
  EXPECT_EQ(daemon.ttl, 3);
  EXPECT_EQ(daemon.group_family, AF_INET);
  EXPECT_EQ(daemon.group, Master().group);
  EXPECT_STREQ(daemon.interface_name.data(), "eth0");
  for (size_t length = 0; length + 16 < whole.size(); ++length) {
    Message message = First(whole);
    message.payload = message.payload.first(length);
    EXPECT_FALSE(DecodeSyncDaemon(message, &daemon)) << length;
  }
}

/** Needs a kernel with IPVS; the table is flushed before and after. */
class KernelTable : public testing::Test {
 protected:
  void SetUp() override {
    std::string message;
    if (table_.Open(&message) != 0) GTEST_SKIP() << message;
    ASSERT_THAT(table_.Apply(std::vector<Command>(1)), IsEmpty());
  }
  void TearDown() override { table_.Apply(std::vector<Command>(1)); }

  Table table_;
};

TEST_F(KernelTable, AppliesAllCommandsAndTellsOfThoseThatFailed) {
  Command service;
  service.kind = CommandKind::kServiceAdd;
  service.service.key = Vip4();
  service.service.granularity = 0xffffffff;
  ASSERT_TRUE(netlink::CopyText("rr", &service.service.scheduler));
  Command destination;
  destination.kind = CommandKind::kDestinationAdd;
  destination.service.key = Vip4();
  destination.destination = Real4(7);
  Command unknown = service;
  unknown.service.key.port = 81;
  ASSERT_TRUE(netlink::CopyText("nosuch", &unknown.service.scheduler));
  Command homeless = destination;
  homeless.service.key.port = 82;

  const auto failures = table_.Apply(
      std::vector<Command>{service, service, unknown, destination, destination, homeless});
  std::vector<std::pair<size_t, int>> told;
  for (const CommandFailure& failure : failures) {
    told.emplace_back(failure.index, failure.error_number);
  }
  EXPECT_EQ(told, (std::vector<std::pair<size_t, int>>{
                      {1, EEXIST}, {2, ENOENT}, {4, EEXIST}, {5, ESRCH}}));
  std::vector<ServiceEntry> entries;
  ASSERT_EQ(table_.Dump(&entries), 0);
  ASSERT_EQ(entries.size(), 1U);
  ASSERT_EQ(entries[0].destinations.size(), 1U);
  EXPECT_EQ(entries[0].destinations[0].weight, 3U);
}

TEST(DigestOf, DependsOnSettingsAndNotOnCounters) {
  std::vector<ServiceEntry> entries(2);
  entries[0].destinations.resize(2);
  const TableDigest before = DigestOf(entries);
  entries[0].service.traffic.connections = 7;
  entries[0].destinations[1].active_connections = 7;
  entries[0].destinations[1].traffic.in_bytes = 7;
  EXPECT_EQ(DigestOf(entries), before);
  entries[0].destinations[1].weight = 7;
  EXPECT_NE(DigestOf(entries), before);
  entries[0].destinations[1].weight = 0;
  entries[0].service.flags = 1;
  EXPECT_NE(DigestOf(entries), before);
  entries[0].service.flags = 0;
  entries[1].destinations.push_back(entries[0].destinations.back());
  entries[0].destinations.pop_back();
  EXPECT_NE(DigestOf(entries), before);
}

TEST(Table, SaysWhatToDoWithoutIpvs) {
  Table table;
  std::string message;
  const int error = table.Open(&message);
  if (error == 0) GTEST_SKIP() << "this kernel has IPVS";
  EXPECT_THAT(message, testing::AnyOf(testing::HasSubstr("modprobe ip_vs"),
                                      testing::HasSubstr("CAP_NET_ADMIN")));
}

}  // namespace
}  // namespace holdfast::ipvs
