#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "crypto/hmac.h"
#include "crypto/md5.h"
#include "crypto/sha256.h"

namespace holdfast::crypto {
namespace {

Octets Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <typename Digest>
std::string Hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t octet : digest) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

template <typename Hash>
std::string Sum(std::string_view key, std::string_view message) {
  return Hex(Hmac<Hash>(Bytes(key)).Sum({Bytes(message)}));
}

TEST(Sha256, HasTheDigestsOfTheStandard) {
  Sha256 none;
  EXPECT_EQ(Hex(none.Finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 letters;
  letters.Update(Bytes("abc"));
  EXPECT_EQ(Hex(letters.Finish()),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 million;
  const std::string thousand(1'000, 'a');
  for (int round = 0; round < 1'000; ++round) million.Update(Bytes(thousand));
  EXPECT_EQ(Hex(million.Finish()),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hmac, HasTheSumsOfRfc4231) {
  EXPECT_EQ(Sum<Sha256>(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Sum<Sha256>("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Sum<Sha256>(std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, HasTheSumsOfRfc2202) {
  EXPECT_EQ(Sum<Md5>(std::string(16, '\x0b'), "Hi There"), "9294727a3638bb1c13f48ef8158bfc9d");
  EXPECT_EQ(Sum<Md5>("Jefe", "what do ya want for nothing?"), "750c783e6ab0b503eaa86e310a5db738");
}

TEST(Hmac, SumsPartsAsIfTheyWereOne) {
  const Hmac<Sha256> hmac(Bytes("Jefe"));
  EXPECT_EQ(hmac.Sum({Bytes("what do ya "), Bytes(""), Bytes("want for nothing?")}),
            hmac.Sum({Bytes("what do ya want for nothing?")}));
}

TEST(IsSameSecret, ComparesAllOctetsAndTheLength) {
  EXPECT_TRUE(IsSameSecret(Bytes("secret"), Bytes("secret")));
  EXPECT_FALSE(IsSameSecret(Bytes("secret"), Bytes("secreT")));
  EXPECT_FALSE(IsSameSecret(Bytes("secret"), Bytes("secrets")));
}

}  // namespace
}  // namespace holdfast::crypto
