#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::netlink {

/** How a driver is asked whether a link has carrier. */
enum class BeatMethod : uint8_t {
  /** The first of the others that the driver knows. */
  kAny,
  /** Basic mode status register of the PHY. @see IEEE 802.3 §22.2.4.2 */
  kMii,
  kEthtool,
  /** IFF_RUNNING, which is what netlink tells too. */
  kFlags,
};

struct BeatRequest {
  std::string interface_name;
  BeatMethod method = BeatMethod::kAny;
};

/**
 * Asks the driver. Some take milliseconds, so this is not for a loop.
 * @param fd any socket
 * @returns whether the link has carrier; nothing when there is no such interface, or the driver
 *     does not know the method
 */
std::optional<bool> ReadLinkBeat(int fd, const BeatRequest& request);

}  // namespace holdfast::netlink
