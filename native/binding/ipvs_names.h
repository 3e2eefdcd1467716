#pragma once

#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <span>

/** What contract.ts and the kernel call the same thing. */
namespace holdfast::binding {

struct NamedValue {
  const char* name;
  uint32_t value;
};

inline constexpr std::array<NamedValue, 3> kProtocols{{
    {"tcp", IPPROTO_TCP},
    {"udp", IPPROTO_UDP},
    {"sctp", IPPROTO_SCTP},
}};
inline constexpr std::array<NamedValue, 5> kForwardMethods{{
    {"masq", IP_VS_CONN_F_MASQ},
    {"localnode", IP_VS_CONN_F_LOCALNODE},
    {"tunnel", IP_VS_CONN_F_TUNNEL},
    {"droute", IP_VS_CONN_F_DROUTE},
    {"bypass", IP_VS_CONN_F_BYPASS},
}};
inline constexpr std::array<NamedValue, 2> kSyncRoles{{
    {"master", IP_VS_STATE_MASTER},
    {"backup", IP_VS_STATE_BACKUP},
}};
inline constexpr std::array<NamedValue, 3> kTunnelTypes{{
    {"ipip", IP_VS_CONN_F_TUNNEL_TYPE_IPIP},
    {"gue", IP_VS_CONN_F_TUNNEL_TYPE_GUE},
    {"gre", IP_VS_CONN_F_TUNNEL_TYPE_GRE},
}};
inline constexpr std::array<NamedValue, 4> kFlags{{
    {"one-packet", IP_VS_SVC_F_ONEPACKET},
    {"sched-1", IP_VS_SVC_F_SCHED1},
    {"sched-2", IP_VS_SVC_F_SCHED2},
    {"sched-3", IP_VS_SVC_F_SCHED3},
}};

/** @returns the first name for a value without one */
inline const char* NameOf(std::span<const NamedValue> names, uint32_t value) {
  for (const NamedValue& named : names) {
    if (value == named.value) return named.name;
  }
  return names[0].name;
}

}  // namespace holdfast::binding
