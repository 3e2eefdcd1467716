#include <gtest/gtest.h>

#include "vrrp/lease.h"

namespace holdfast::vrrp {
namespace {

TEST(Lease, LapsesOnceUntilItIsRenewed) {
  Lease lease(1'000, 0);
  EXPECT_TRUE(lease.is_on());
  EXPECT_FALSE(lease.Lapse(999));
  EXPECT_TRUE(lease.Lapse(1'000));
  EXPECT_FALSE(lease.Lapse(5'000));
  EXPECT_TRUE(lease.Renew(6'000)) << "the loop has to watch it again";
  EXPECT_FALSE(lease.Renew(6'500));
  EXPECT_EQ(lease.deadline_us(), 7'500);
  EXPECT_FALSE(lease.Lapse(7'000));
  EXPECT_TRUE(lease.Lapse(7'500));
}

TEST(Lease, OfLengthZeroIsOff) { EXPECT_FALSE(Lease(0, 0).is_on()); }

}  // namespace
}  // namespace holdfast::vrrp
