#include <gtest/gtest.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "netlink/ipvs_codec.h"
#include "test/ipvs_fixture.h"

namespace holdfast::ipvs {
namespace {

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

}  // namespace
}  // namespace holdfast::ipvs
