#include "netlink/ipvs_table.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/ipvs_fixture.h"

namespace holdfast::ipvs {
namespace {

using testing::IsEmpty;

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
