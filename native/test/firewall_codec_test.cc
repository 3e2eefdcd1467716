#include "netlink/firewall_codec.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstdint>
#include <string>

#include "netlink/message.h"

namespace holdfast::netlink {
namespace {

constexpr uint16_t TypeOf(uint16_t message) { return NFNL_SUBSYS_NFTABLES << 8 | message; }

/** As the kernel sends it: nfgenmsg, then the name of the table. */
bool Decode(uint16_t type, const std::string& table, FirewallRemoval* removal) {
  MessageBuilder builder;
  builder.Begin(type, 0, nfgenmsg{.nfgen_family = 2, .version = 0, .res_id = 0});
  if (!table.empty()) builder.PutString(NFTA_TABLE_NAME, table);
  builder.End();
  MessageReader reader(builder.bytes());
  Message message;
  EXPECT_TRUE(reader.Next(&message));
  message.header.nlmsg_pid = 4711;
  return DecodeFirewallRemoval(message, removal);
}

TEST(FirewallCodec, TellsFamilyTableAndSenderOfARemoval) {
  for (const uint16_t message :
       {NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELSET, NFT_MSG_DELSETELEM}) {
    FirewallRemoval removal;
    ASSERT_TRUE(Decode(TypeOf(message), "keepalived", &removal)) << message;
    EXPECT_EQ(removal.family, 2);
    EXPECT_EQ(removal.sender_port, 4711u);
    EXPECT_STREQ(removal.table.data(), "keepalived");
  }
}

TEST(FirewallCodec, LeavesOutAdditionsAndOtherSubsystems) {
  FirewallRemoval removal;
  EXPECT_FALSE(Decode(TypeOf(NFT_MSG_NEWRULE), "keepalived", &removal));
  EXPECT_FALSE(Decode(NFNL_SUBSYS_CTNETLINK << 8 | NFT_MSG_DELTABLE, "keepalived", &removal));
  EXPECT_FALSE(Decode(TypeOf(NFT_MSG_DELTABLE), "", &removal));
}

TEST(FirewallCodec, CutsANameThatIsTooLong) {
  FirewallRemoval removal;
  ASSERT_TRUE(Decode(TypeOf(NFT_MSG_DELTABLE), std::string(300, 'x'), &removal));
  EXPECT_EQ(std::string(removal.table.data()), std::string(255, 'x'));
}

TEST(FirewallCodec, RefusesAHeaderThatIsCutOff) {
  const std::array<uint8_t, 2> octets{};
  Message message;
  message.header.nlmsg_type = TypeOf(NFT_MSG_DELTABLE);
  message.payload = octets;
  FirewallRemoval removal;
  EXPECT_FALSE(DecodeFirewallRemoval(message, &removal));
}

}  // namespace
}  // namespace holdfast::netlink
