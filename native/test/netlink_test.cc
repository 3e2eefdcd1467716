#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "loop/unique_fd.h"
#include "netlink/kernel_module.h"
#include "netlink/message.h"
#include "netlink/socket.h"

namespace holdfast::netlink {
namespace {

using Octets = std::vector<uint8_t>;
using testing::ElementsAre;

struct FamilyHeader {
  std::array<uint8_t, 4> octets;
};

Octets Written(MessageBuilder& builder) { return {builder.bytes().begin(), builder.bytes().end()}; }

TEST(MessageBuilder, PadsAttributesAndCountsNestsWithoutTheLastPadding) {
  MessageBuilder builder;
  builder.Begin(0x1234, NLM_F_ACK, FamilyHeader{{1, 2, 3, 4}});
  builder.PutU8(1, 0xaa);
  builder.BeginNest(2);
  builder.PutU16Network(3, 0x0050);
  builder.PutString(4, "rr");
  builder.EndNest();
  builder.End();
  EXPECT_TRUE(builder.ok());
  EXPECT_EQ(Written(builder), (Octets{
                                  0x30, 0, 0, 0,    0x34, 0x12, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                  1,    2, 3, 4,                                                  //
                                  5,    0, 1, 0,    0xaa, 0,    0,    0,                          //
                                  0x14, 0, 2, 0x80,                                               //
                                  6,    0, 3, 0,    0x00, 0x50, 0,    0,                          //
                                  7,    0, 4, 0,    'r',  'r',  0,    0,                          //
                              }));
}

TEST(MessageBuilder, ClearKeepsTheMemory) {
  MessageBuilder builder(4'096);
  builder.Begin(1, 0, FamilyHeader{});
  builder.End();
  const uint8_t* const before = builder.bytes().data();
  builder.Clear();
  EXPECT_EQ(builder.count(), 0U);
  EXPECT_TRUE(builder.bytes().empty());
  for (int index = 0; index < 100; ++index) {
    builder.Begin(1, 0, FamilyHeader{});
    builder.End();
  }
  EXPECT_EQ(builder.count(), 100U);
  EXPECT_EQ(builder.bytes().data(), before);
}

TEST(MessageBuilder, RefusesWhatDoesNotFitSixteenBits) {
  MessageBuilder value;
  value.Begin(1, 0, FamilyHeader{});
  value.Put(1, Octets(65'532));
  EXPECT_FALSE(value.ok());

  MessageBuilder text;
  text.Begin(1, 0, FamilyHeader{});
  text.PutString(1, std::string(65'531, 'x'));
  EXPECT_FALSE(text.ok());

  MessageBuilder nest;
  nest.Begin(1, 0, FamilyHeader{});
  nest.BeginNest(1);
  nest.Put(1, Octets(40'000));
  nest.Put(1, Octets(40'000));
  nest.EndNest();
  EXPECT_FALSE(nest.ok());

  MessageBuilder largest;
  largest.Begin(1, 0, FamilyHeader{});
  largest.Put(1, Octets(65'531));
  largest.End();
  EXPECT_TRUE(largest.ok());
}

TEST(MessageBuilder, RefusesUnbalancedNests) {
  MessageBuilder open;
  open.Begin(1, 0, FamilyHeader{});
  open.BeginNest(1);
  open.End();
  EXPECT_FALSE(open.ok());

  MessageBuilder shut;
  shut.Begin(1, 0, FamilyHeader{});
  shut.EndNest();
  EXPECT_FALSE(shut.ok());

  MessageBuilder deep;
  deep.Begin(1, 0, FamilyHeader{});
  for (uint16_t depth = 0; depth < 5; ++depth) deep.BeginNest(1);
  EXPECT_FALSE(deep.ok());
}

TEST(MessageReader, StopsAtABrokenLength) {
  const auto walk = [](const Octets& datagram, bool* ok) {
    MessageReader reader(datagram);
    Message message;
    size_t count = 0;
    while (reader.Next(&message)) ++count;
    *ok = reader.ok();
    return count;
  };
  const Octets whole{0x11, 0, 0,    0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0,
                     0,    0, 0x10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  bool ok = false;
  EXPECT_EQ(walk(whole, &ok), 2U);
  EXPECT_TRUE(ok);
  EXPECT_EQ(walk({}, &ok), 0U);
  EXPECT_TRUE(ok);

  Octets beyond = whole;
  beyond[20] = 0x11;
  EXPECT_EQ(walk(beyond, &ok), 1U);
  EXPECT_FALSE(ok);
  Octets too_short = whole;
  too_short[20] = 0x0f;
  EXPECT_EQ(walk(too_short, &ok), 1U);
  EXPECT_FALSE(ok);
  Octets cut(whole.begin(), whole.end() - 1);
  EXPECT_EQ(walk(cut, &ok), 1U);
  EXPECT_FALSE(ok);
}

TEST(AttributeTable, KeepsTheLastOfEqualTypesAndSkipsUnknownOnes) {
  const Octets attributes{5, 0, 1, 0,    0x11, 0, 0, 0,  //
                          5, 0, 1, 0x80, 0x22, 0, 0, 0,  // NLA_F_NESTED is no part of the type
                          5, 0, 9, 0,    0x33, 0, 0, 0,  //
                          4, 0, 2, 0};
  AttributeTable<2> table;
  ASSERT_TRUE(table.Parse(attributes));
  uint8_t value = 0;
  EXPECT_TRUE(table.Read(1, &value));
  EXPECT_EQ(value, 0x22);
  EXPECT_TRUE(table.Has(2));
  EXPECT_FALSE(table.Read(2, &value));
  uint16_t wider = 0;
  EXPECT_FALSE(table.Read(1, &wider));
}

TEST(AttributeTable, RefusesBrokenLengths) {
  for (const uint8_t length : {0, 3, 6, 255}) {
    const Octets attributes{length, 0, 1, 0, 0x11};
    AttributeTable<2> table;
    EXPECT_FALSE(table.Parse(attributes)) << int{length};
  }
}

TEST(ReadText, EndsAtTheFirstNulOrTheEnd) {
  EXPECT_EQ(ReadText(Octets{'l', 'o', 0, 'x'}), "lo");
  EXPECT_EQ(ReadText(Octets{'l', 'o'}), "lo");
  EXPECT_EQ(ReadText(Bytes{}), "");
}

TEST(CopyText, RefusesWhatLeavesNoRoomForTheNul) {
  std::array<char, 4> field{'?', '?', '?', '?'};
  EXPECT_FALSE(CopyText("abcd", &field));
  EXPECT_TRUE(CopyText("abc", &field));
  EXPECT_STREQ(field.data(), "abc");
}

Ack Decoded(const Octets& datagram, bool* is_ack) {
  MessageReader reader(datagram);
  Message message;
  EXPECT_TRUE(reader.Next(&message));
  Ack ack;
  *is_ack = DecodeAck(message, &ack);
  return ack;
}

TEST(DecodeAck, ReadsTheKernelsWordsFromACappedAnswer) {
  bool is_ack = false;
  // To an RTM_NEWADDR.
  const Octets datagram{0x40, 0,    0,    0,    2,   0,   0,   3,   5,   0,   0,   0,   9,   0,
                        0,    0,                 // NLMSG_ERROR, CAPPED|ACK_TLVS
                        0xea, 0xff, 0xff, 0xff,  // -EINVAL
                        0x28, 0,    0,    0,    20,  0,   5,   6,   5,   0,   0,   0,   0,   0,
                        0,    0,  // the request's header
                        0x19, 0,    1,    0,    'i', 'p', 'v', '4', ':', ' ', 'I', 'n', 'v', 'a',
                        'l',  'i',  'd',  ' ',  'p', 'r', 'e', 'f', 'i', 'x', 0,   0,   0,   0};
  const Ack ack = Decoded(datagram, &is_ack);
  EXPECT_TRUE(is_ack);
  EXPECT_EQ(ack.error_number, EINVAL);
  EXPECT_EQ(ack.message, "ipv4: Invalid prefix");
}

TEST(DecodeAck, SkipsTheEchoedRequestOfAnAnswerThatIsNotCapped) {
  bool is_ack = false;
  // What Linux 6.18 answers to RTM_NEWADDR with a prefix of 33 and one attribute.
  const Octets datagram{0x54, 0,    0,    0,    2,   0,   0,   2,   1,   0,   0,
                        0,    0x58, 0x7b, 0,    0,  // NLMSG_ERROR, ACK_TLVS
                        0xea, 0xff, 0xff, 0xff,     // -EINVAL
                        0x20, 0,    0,    0,    20,  0,   5,   6,   1,   0,   0,
                        0,    0,    0,    0,    0,  // the request
                        2,    33,   0,    0,    1,   0,   0,   0,   8,   0,   2,
                        0,    10,   0,    0,    1,  //
                        0x20, 0,    1,    0,    'i', 'p', 'v', '4', ':', ' ', 'I',
                        'n',  'v',  'a',  'l',  'i', 'd', ' ', 'p', 'r', 'e', 'f',
                        'i',  'x',  ' ',  'l',  'e', 'n', 'g', 't', 'h', 0};
  const Ack ack = Decoded(datagram, &is_ack);
  EXPECT_TRUE(is_ack);
  EXPECT_EQ(ack.error_number, EINVAL);
  EXPECT_EQ(ack.message, "ipv4: Invalid prefix length");
}

TEST(DecodeAck, DistrustsTheLengthOfTheEchoedRequest) {
  bool is_ack = false;
  const Octets datagram{0x24, 0,    0,    0,    2,  0, 0, 2, 5, 0, 0, 0, 9, 0, 0, 0,  //
                        0xef, 0xff, 0xff, 0xff,                                       //
                        0xff, 0xff, 0,    0,    20, 0, 5, 6, 5, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(Decoded(datagram, &is_ack).error_number, EEXIST);
  EXPECT_TRUE(is_ack);
}

TEST(DecodeAck, TakesSuccessAndTheEndOfADump) {
  bool is_ack = false;
  EXPECT_EQ(Decoded({0x14, 0, 0, 0, 2, 0, 0, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}, &is_ack)
                .error_number,
            0);
  EXPECT_TRUE(is_ack);
  EXPECT_EQ(
      Decoded({0x14, 0, 0, 0, 3, 0, 2, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, &is_ack)
          .error_number,
      EPERM);
  EXPECT_TRUE(is_ack);
  // NLMSG_ERROR without a number; another type.
  Decoded({0x10, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0}, &is_ack);
  EXPECT_FALSE(is_ack);
  Decoded({0x14, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}, &is_ack);
  EXPECT_FALSE(is_ack);
}

TEST(DecodeAck, TakesAnErrorNumberThatCannotBeNegatedForABreach) {
  bool is_ack = false;
  const Ack ack =
      Decoded({0x14, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0x80}, &is_ack);
  EXPECT_TRUE(is_ack);
  EXPECT_EQ(ack.error_number, EPROTO);
}

TEST(ResolveGenericFamily, FindsTheControllerAndMissesWhatIsNotThere) {
  Socket socket;
  ASSERT_EQ(socket.Open(NETLINK_GENERIC), 0);
  uint16_t type = 0;
  EXPECT_EQ(ResolveGenericFamily(&socket, "nlctrl", &type), 0);
  EXPECT_EQ(type, 16);
  EXPECT_EQ(ResolveGenericFamily(&socket, "no-such-family", &type), -ENOENT);
}

TEST(Socket, RefusesABatchThatIsNotMadeOfMessages) {
  Socket socket;
  ASSERT_EQ(socket.Open(NETLINK_GENERIC), 0);
  Octets zeroes(16);
  EXPECT_EQ(socket.Transact(zeroes, [](size_t, const Ack&) { FAIL(); }), -EINVAL);
  EXPECT_EQ(socket.Query(zeroes, [](const Message&) { FAIL(); }), -EINVAL);
}

TEST(LoadKernelModule, SaysWhatWentWrong) {
  using std::chrono::milliseconds;
  const milliseconds plenty(10'000);
  EXPECT_EQ(LoadKernelModule("/bin/true", "ip_vs", plenty), "");
  EXPECT_EQ(LoadKernelModule("/bin/false", "ip_vs", plenty),
            "/bin/false ip_vs ended with status 1");
  EXPECT_EQ(LoadKernelModule("/nonexistent/modprobe", "ip_vs", plenty),
            "/nonexistent/modprobe cannot be run: No such file or directory");
}

TEST(LoadKernelModule, KillsWhatDoesNotEnd) {
  std::string path = testing::TempDir() + "holdfast-modprobe-XXXXXX";
  UniqueFd file(mkostemp(path.data(), O_CLOEXEC));
  ASSERT_TRUE(file.is_open());
  const std::string script = "#!/bin/sh\nexec sleep 1000\n";
  ASSERT_EQ(write(file.get(), script.data(), script.size()), static_cast<ssize_t>(script.size()));
  ASSERT_EQ(chmod(path.c_str(), 0700), 0);
  // A file that is open for writing cannot be run.
  file.Reset();
  EXPECT_EQ(LoadKernelModule(path, "ip_vs", std::chrono::milliseconds(50)),
            path + " ip_vs did not end in time and was killed");
  unlink(path.c_str());
}

}  // namespace
}  // namespace holdfast::netlink
