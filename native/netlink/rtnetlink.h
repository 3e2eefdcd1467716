#pragma once

#include <optional>
#include <span>
#include <vector>

#include "netlink/batch.h"
#include "netlink/link_beat.h"
#include "netlink/message.h"
#include "netlink/prepared.h"
#include "netlink/rtnetlink_codec.h"
#include "netlink/socket.h"

namespace holdfast::netlink {

struct AddressCommand {
  bool is_delete = false;
  AddressRecord address;
};

/** Links and addresses of the network namespace in which it was opened. One thread at a time. */
class Rtnetlink {
 public:
  /** @returns 0 or a negative errno */
  int Open() { return socket_.Open(NETLINK_ROUTE); }

  /** @returns 0 or a negative errno */
  int Links(std::vector<LinkRecord>* links);
  /** @returns 0 or a negative errno */
  int Addresses(std::vector<AddressRecord>* addresses);

  /** Of each link: whether it has carrier, nothing when nobody can tell. @returns 0 */
  int Beats(std::span<const BeatRequest> requests, std::vector<std::optional<bool>>* beats);

  /** Carries out all commands in order; those that failed are told in ascending order. */
  std::vector<CommandFailure> Apply(std::span<const AddressCommand> commands);
  /** As above for messages that were encoded elsewhere. */
  std::vector<CommandFailure> Apply(std::span<const PreparedMessage> messages);
  /**
   * What the kernel answers to one request, a dump or not.
   * @returns 0 or a negative errno
   */
  int Query(const PreparedMessage& request, std::vector<PreparedMessage>* answer);

 private:
  Socket socket_;
  MessageBuilder builder_;
};

}  // namespace holdfast::netlink
