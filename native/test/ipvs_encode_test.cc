#include <gtest/gtest.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "netlink/ipvs_codec.h"
#include "test/ipvs_fixture.h"

namespace holdfast::ipvs {
namespace {

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

}  // namespace
}  // namespace holdfast::ipvs
