#pragma once

#include <cstdint>

namespace holdfast::vrrp {

/**
 * What adverts of others may cause at once. Anybody on the network can send them by the thousand,
 * so what is more than a few in a span of time waits for its end, and then the last one speaks for
 * all. The span is shorter than Skew_Time at usual intervals, so that a priority 0 is answered
 * before a backup acts on it.
 */
class Ration {
 public:
  static constexpr int64_t kSpanUs = 5'000;
  static constexpr int kAtOnce = 4;

  /** @returns false: it has to wait until `ends_at_us()` */
  bool Take(int64_t now_us) {
    if (now_us >= ends_at_us_) {
      ends_at_us_ = now_us + kSpanUs;
      left_ = kAtOnce;
    }
    if (left_ == 0) return false;
    --left_;
    return true;
  }

  int64_t ends_at_us() const { return ends_at_us_; }

 private:
  int64_t ends_at_us_ = 0;
  int left_ = 0;
};

}  // namespace holdfast::vrrp
