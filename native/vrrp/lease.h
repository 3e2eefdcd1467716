#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast::vrrp {

/**
 * Dead-man switch: the control loop renews it by storing a time, the vrrp loop looks at deadlines.
 * A lapse is seen once until the lease is renewed.
 */
class Lease {
 public:
  /** @param length_us 0 turns it off */
  Lease(int64_t length_us, int64_t now_us) : length_us_(length_us), renewed_at_us_(now_us) {}

  /**
   * From any thread.
   * @returns true when it had lapsed: the loop has to watch it again
   */
  bool Renew(int64_t now_us) {
    renewed_at_us_.store(now_us);
    return has_lapsed_.exchange(false);
  }

  bool is_on() const { return length_us_ > 0; }
  int64_t deadline_us() const { return renewed_at_us_.load() + length_us_; }

  /** By the loop at a deadline. @returns true when the lease has lapsed just now */
  bool Lapse(int64_t now_us) {
    if (now_us < deadline_us() || has_lapsed_.exchange(true)) return false;
    // Renewed between the two looks: the other thread saw no lapse, so it stands.
    if (now_us >= deadline_us()) return true;
    return !has_lapsed_.exchange(false);
  }

 private:
  const int64_t length_us_;
  std::atomic<int64_t> renewed_at_us_;
  std::atomic<bool> has_lapsed_{false};
};

}  // namespace holdfast::vrrp
