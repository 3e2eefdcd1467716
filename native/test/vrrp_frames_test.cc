#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "vrrp/frames.h"
#include "vrrp/ip_address.h"

namespace holdfast::vrrp {
namespace {

constexpr std::array<uint8_t, 6> kMac = {0x02, 0, 0, 0, 0, 0x01};

TEST(AnnounceFrame, GratuitousArpIsABroadcastRequestForTheOwnAddress) {
  const auto frame = EncodeAnnounceFrame(*IpAddress::Parse(AF_INET, "192.168.1.100"), kMac);
  const std::vector<uint8_t> expected = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0,    0, 0,
                                         0,    0x01,                                              //
                                         0x08, 0x06,                                              //
                                         0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x01,          //
                                         0x02, 0,    0,    0,    0,    0x01, 192,  168,  1, 100,  //
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 192,  168,  1, 100};
  EXPECT_EQ(std::vector<uint8_t>(frame.view().begin(), frame.view().end()), expected);
}

TEST(AnnounceFrame, NeighbourAdvertisementOverridesAndCarriesTheHardwareAddress) {
  const auto frame = EncodeAnnounceFrame(*IpAddress::Parse(AF_INET6, "fe80::100"), kMac);
  const std::vector<uint8_t> expected = {
      0x33, 0x33, 0,    0,    0,    0x01, 0x02, 0,   0, 0, 0, 0x01, 0x86, 0xdd,              //
      0x60, 0,    0,    0,    0,    32,   58,   255,                                         //
      0xfe, 0x80, 0,    0,    0,    0,    0,    0,   0, 0, 0, 0,    0,    0,    0x01, 0x00,  //
      0xff, 0x02, 0,    0,    0,    0,    0,    0,   0, 0, 0, 0,    0,    0,    0,    0x01,  //
      136,  0,    0x55, 0x9d, 0x20, 0,    0,    0,                                           //
      0xfe, 0x80, 0,    0,    0,    0,    0,    0,   0, 0, 0, 0,    0,    0,    0x01, 0x00,  //
      2,    1,    0x02, 0,    0,    0,    0,    0x01};
  EXPECT_EQ(std::vector<uint8_t>(frame.view().begin(), frame.view().end()), expected);
}

}  // namespace
}  // namespace holdfast::vrrp
