#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/md5.h"
#include "probe/http_exchange.h"
#include "probe/http_reader.h"
#include "probe/http_regex.h"

namespace holdfast::probe {
namespace {

using State = HttpReader::State;
using Error = HttpReader::Error;

std::span<const uint8_t> Octets(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Hex(const crypto::Md5::Digest& digest) {
  std::string text;
  for (const uint8_t octet : digest) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

std::string Md5Of(std::string_view text, size_t step = 1'000) {
  crypto::Md5 md5;
  for (size_t at = 0; at < text.size(); at += step) md5.Update(Octets(text.substr(at, step)));
  return Hex(md5.Finish());
}

/** Feeds all in pieces of `step` octets, then closes. */
HttpReader Read(std::string_view text, size_t step = 1'000'000) {
  HttpReader reader;
  for (size_t at = 0; at < text.size(); at += step) reader.Feed(Octets(text.substr(at, step)));
  reader.Finish();
  return reader;
}

TEST(Md5Test, VectorsOfTheRfc) {
  EXPECT_EQ(Md5Of(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Md5Of("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(Md5Of("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Md5Of("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(Md5Of("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(Md5Of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(
      Md5Of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5Test, PiecesGiveTheSameDigest) {
  const std::string text(1'000, 'x');
  for (const size_t step : {1, 7, 63, 64, 65, 129}) EXPECT_EQ(Md5Of(text, step), Md5Of(text));
}

TEST(HttpReaderTest, AWholeResponseInPiecesOfAnySize) {
  constexpr std::string_view kText =
      "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH:  3 \r\n\r\nabcdef";
  for (const size_t step : {1, 2, 3, 7, 1'000}) {
    const HttpReader reader = Read(kText, step);
    EXPECT_EQ(reader.state(), State::kDone);
    EXPECT_EQ(reader.status_code(), 200);
    EXPECT_EQ(reader.body_bytes(), 3u);
    EXPECT_EQ(Hex(reader.digest()), "900150983cd24fb0d6963f7d28e17f72");
  }
}

TEST(HttpReaderTest, ALengthEndsTheBodyAndTheConnectionNeedNotClose) {
  HttpReader reader;
  EXPECT_EQ(reader.Feed(Octets("HTTP/1.0 204 No\nContent-Length: 0\n\n")), State::kDone);
  HttpReader three;
  EXPECT_EQ(three.Feed(Octets("HTTP/1.0 200 OK\nContent-Length: 3\n\nab")), State::kBody);
  EXPECT_EQ(three.Feed(Octets("c")), State::kDone);
}

TEST(HttpReaderTest, WithoutLengthTheBodyEndsWithTheConnection) {
  const HttpReader reader = Read("HTTP/1.0 404 Not Found\r\n\r\nabc");
  EXPECT_EQ(reader.status_code(), 404);
  EXPECT_EQ(Hex(reader.digest()), Md5Of("abc"));
}

TEST(HttpReaderTest, ABodyThatIsCutOffCounts) {
  const HttpReader reader = Read("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(reader.body_bytes(), 3u);
  EXPECT_EQ(reader.content_length(), 9u);
}

TEST(HttpReaderTest, ChunksAreHashedAsTheyComeAndALengthBesideThemDoesNotCount) {
  constexpr std::string_view kBody = "3\r\nabc\r\n0\r\n\r\n";
  const HttpReader reader =
      Read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" +
           std::string(kBody));
  EXPECT_FALSE(reader.content_length());
  EXPECT_EQ(Hex(reader.digest()), Md5Of(kBody));
}

TEST(HttpReaderTest, AWrongLengthIsNone) {
  for (const char* length : {"", "-1", "+1", "1 2", "0x1", "18446744073709551616"}) {
    const HttpReader reader =
        Read(std::string("HTTP/1.0 200 OK\r\nContent-Length: ") + length + "\r\n\r\nabc");
    EXPECT_FALSE(reader.content_length()) << length;
    EXPECT_EQ(reader.body_bytes(), 3u) << length;
  }
}

TEST(HttpReaderTest, BadStatusLinesFail) {
  for (const char* line : {"\r\n", "HTTP/1.0\r\n", "HTTP/1.0 \r\n", "HTTP/1.0 20\r\n",
                           "HTTP/1.0 2000\r\n", "HTTP/1.0 020 x\r\n", "HTTP/1.0 -20\r\n",
                           "http/1.0 200\r\n", "SSH-2.0-x 200\r\n", "ICY 200 OK\r\n"}) {
    EXPECT_EQ(Read(line).error(), Error::kBadStatusLine) << line;
  }
  EXPECT_EQ(Read("HTTP/1.0  299\n\n").status_code(), 299);
  EXPECT_EQ(Read("HTTP/2 200 \r\n\r\n").status_code(), 200);
}

TEST(HttpReaderTest, ACloseTooEarlyFails) {
  EXPECT_EQ(Read("").error(), Error::kEmpty);
  EXPECT_EQ(Read("H").error(), Error::kHeadCutOff);
  EXPECT_EQ(Read("HTTP/1.0 200 OK\r\nServer: x\r\n").error(), Error::kHeadCutOff);
}

TEST(HttpReaderTest, AGiantHeadFailsAtTheLimitHoweverItComes) {
  const std::string start = "HTTP/1.0 200 OK\n";
  const size_t room = HttpReader::kMaxHeadBytes - start.size() - 1;
  for (const size_t step : {1'000u, 1'000'000u}) {
    EXPECT_EQ(Read(start + std::string(room - 1, 'x') + "\n\n", step).state(), State::kDone);
    EXPECT_EQ(Read(start + std::string(room, 'x') + "\n\n", step).error(), Error::kHeadTooLong);
    EXPECT_EQ(Read(std::string(70'000, 'x'), step).error(), Error::kHeadTooLong);
    EXPECT_EQ(Read(start + std::string(70'000, '\r'), step).error(), Error::kHeadTooLong);
  }
}

TEST(HttpReaderTest, NothingChangesAfterTheEnd) {
  HttpReader reader;
  reader.Feed(Octets("HTTP/1.0 200 OK\nContent-Length: 1\n\nab"));
  const std::string digest = Hex(reader.digest());
  EXPECT_EQ(reader.Feed(Octets("more")), State::kDone);
  EXPECT_EQ(reader.Finish(), State::kDone);
  EXPECT_EQ(Hex(reader.digest()), digest);
  EXPECT_EQ(reader.body_bytes(), 1u);
}

TEST(HttpReaderTest, OneReaderIsSmall) { EXPECT_LE(sizeof(HttpReader), 512u); }

TEST(HttpExchangeTest, TakesAWholeResponseOfAWantedStatusAndDigest) {
  const auto digest = ParseDigest(Md5Of("well"));
  ASSERT_TRUE(digest);
  const HttpExchange any{"GET / HTTP/1.0", {{200, 204}, {301, 301}}, std::nullopt, nullptr};
  const HttpExchange exact{"GET / HTTP/1.0", {{200, 204}}, digest, nullptr};
  HttpReader reader;
  reader.Feed(Octets("HTTP/1.0 204 OK\r\n\r\nwell"));
  EXPECT_FALSE(IsExpectedResponse(any, reader));
  reader.Finish();
  EXPECT_TRUE(IsExpectedResponse(any, reader));
  EXPECT_TRUE(IsExpectedResponse(exact, reader));
  HttpReader other;
  other.Feed(Octets("HTTP/1.0 205 OK\r\n\r\nwell"));
  other.Finish();
  EXPECT_FALSE(IsExpectedResponse(any, other));
}

TEST(HttpExchangeTest, ADigestIs32HexadecimalDigits) {
  EXPECT_FALSE(ParseDigest(std::string(31, 'a')));
  EXPECT_FALSE(ParseDigest(std::string(32, 'x')));
  EXPECT_FALSE(ParseDigest(std::string(32, 'g')));
}

bool Takes(const HttpRegexSpec& spec, std::string_view body) {
  return HttpRegex(spec).Takes(Octets(body));
}

TEST(HttpRegexTest, FindsThePatternAnywhereInTheBody) {
  EXPECT_TRUE(Takes({.pattern = "st[a-z]+s: ok"}, "line\nstatus: ok\n"));
  EXPECT_FALSE(Takes({.pattern = "status: ok"}, "Status: OK"));
  EXPECT_TRUE(Takes({.pattern = "status: ok", .options = {"caseless"}}, "Status: OK"));
  EXPECT_FALSE(Takes({.pattern = "^ok$"}, "is\nok\n"));
  EXPECT_TRUE(Takes({.pattern = "^ok$", .options = {"multiline", "unheard_of"}}, "is\nok\n"));
}

TEST(HttpRegexTest, NegatedItTakesWhatDoesNotMatch) {
  EXPECT_FALSE(Takes({.pattern = "error", .is_negated = true}, "an error"));
  EXPECT_TRUE(Takes({.pattern = "error", .is_negated = true}, "all well"));
}

TEST(HttpRegexTest, OffsetsBoundWhereAMatchMayStart) {
  EXPECT_TRUE(Takes({.pattern = "b", .min_offset = 1}, "ab"));
  EXPECT_FALSE(Takes({.pattern = "a", .min_offset = 1}, "ab"));
  EXPECT_FALSE(Takes({.pattern = "a", .min_offset = 3}, "ab"));
  EXPECT_TRUE(Takes({.pattern = "b", .max_offset = 1}, "ab"));
  EXPECT_FALSE(Takes({.pattern = "b", .max_offset = 0}, "ab"));
}

TEST(HttpRegexTest, APatternThatDoesNotCompileTakesNothingAndSaysWhy) {
  const HttpRegex regex({.pattern = "a(b"});
  EXPECT_THAT(regex.problem(), testing::EndsWith("at offset 3"));
  EXPECT_FALSE(regex.Takes(Octets("ab")));
  EXPECT_FALSE(Takes({.pattern = "a(b", .is_negated = true}, "x"));
}

TEST(HttpRegexTest, AHostilePatternStopsAndTakesNothing) {
  const std::string body(HttpRegex::kMaxBodyBytes, 'a');
  EXPECT_FALSE(Takes({.pattern = "(a+)+[bc]$"}, body));
  EXPECT_FALSE(Takes({.pattern = "(a+)+[bc]$", .is_negated = true}, body));
}

TEST(HttpReaderTest, KeepsNoMoreOfTheBodyThanAskedFor) {
  HttpReader reader(4);
  reader.Feed(Octets("HTTP/1.0 200 OK\r\n\r\nab"));
  reader.Feed(Octets("cdef"));
  reader.Finish();
  EXPECT_EQ(std::string(reader.kept_body().begin(), reader.kept_body().end()), "abcd");
  EXPECT_EQ(reader.body_bytes(), 6u);
  EXPECT_TRUE(Read("HTTP/1.0 200 OK\r\n\r\nabc").kept_body().empty());
}

}  // namespace
}  // namespace holdfast::probe
