#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <vector>

#include "netlink/message.h"

namespace holdfast::netlink {

/** contract.ts `NetlinkMessage`: encoded by whoever wants it sent, family header and attributes
 * included. */
struct PreparedMessage {
  uint16_t type = 0;
  /** NLM_F_* apart from NLM_F_REQUEST and NLM_F_ACK. */
  uint16_t flags = 0;
  std::vector<uint8_t> payload;
};

/** Appends the message, to be answered by an acknowledgement. */
inline void EncodePrepared(const PreparedMessage& message, MessageBuilder* builder) {
  builder->Begin(message.type, static_cast<uint16_t>(message.flags | NLM_F_ACK),
                 Bytes(message.payload));
  builder->End();
}

/** "RTM_NEWROUTE" and the like; "netlink" for types that nobody prepares here. */
const char* MessageName(uint16_t type);

}  // namespace holdfast::netlink
