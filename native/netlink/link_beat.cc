#include "netlink/link_beat.h"

#include <linux/ethtool.h>
#include <linux/mii.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

namespace holdfast::netlink {

namespace {

bool Fill(const std::string& name, ifreq* request) {
  *request = {};
  if (name.empty() || name.size() >= sizeof request->ifr_name) return false;
  memcpy(request->ifr_name, name.data(), name.size());
  return true;
}

std::optional<bool> AskMii(int fd, const std::string& name) {
  ifreq request;
  if (!Fill(name, &request) || ioctl(fd, SIOCGMIIPHY, &request) != 0) return std::nullopt;
  mii_ioctl_data data{};
  memcpy(&data, &request.ifr_ifru, sizeof data);
  // The bit stays down until it was read once after a loss.
  for (int round = 0; round < 2; ++round) {
    data.reg_num = MII_BMSR;
    memcpy(&request.ifr_ifru, &data, sizeof data);
    if (ioctl(fd, SIOCGMIIREG, &request) != 0) return std::nullopt;
    memcpy(&data, &request.ifr_ifru, sizeof data);
  }
  return (data.val_out & BMSR_LSTATUS) != 0;
}

std::optional<bool> AskEthtool(int fd, const std::string& name) {
  ifreq request;
  if (!Fill(name, &request)) return std::nullopt;
  ethtool_value value{};
  value.cmd = ETHTOOL_GLINK;
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (ioctl(fd, SIOCETHTOOL, &request) != 0) return std::nullopt;
  return value.data != 0;
}

std::optional<bool> AskFlags(int fd, const std::string& name) {
  ifreq request;
  if (!Fill(name, &request) || ioctl(fd, SIOCGIFFLAGS, &request) != 0) return std::nullopt;
  return (request.ifr_flags & IFF_RUNNING) != 0;
}

}  // namespace

std::optional<bool> ReadLinkBeat(int fd, const BeatRequest& request) {
  const std::string& name = request.interface_name;
  switch (request.method) {
    case BeatMethod::kMii:
      return AskMii(fd, name);
    case BeatMethod::kEthtool:
      return AskEthtool(fd, name);
    case BeatMethod::kFlags:
      return AskFlags(fd, name);
    case BeatMethod::kAny:
      break;
  }
  if (const auto beat = AskMii(fd, name)) return beat;
  if (const auto beat = AskEthtool(fd, name)) return beat;
  return AskFlags(fd, name);
}

}  // namespace holdfast::netlink
