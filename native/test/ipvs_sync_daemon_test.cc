#include <gtest/gtest.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "netlink/ipvs_codec.h"
#include "test/ipvs_fixture.h"

namespace holdfast::ipvs {
namespace {

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

}  // namespace
}  // namespace holdfast::ipvs
