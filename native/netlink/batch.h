#pragma once

#include <errno.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "netlink/message.h"
#include "netlink/socket.h"

namespace holdfast::netlink {

/** A command of a batch that failed. */
struct CommandFailure {
  size_t index = 0;
  /** Positive. */
  int error_number = 0;
  /** The kernel's words; often empty. */
  std::string message;
};

/**
 * Encodes and carries out any number of commands in order. A failed one does not stop those after
 * it; what breaks the exchange off is the verdict on every command that it concerns.
 * @param encode appends exactly one message
 * @param describe words for a verdict that is a failure
 * @returns those that failed, in ascending order
 */
template <typename Command, typename Encode, typename Describe>
std::vector<CommandFailure> ApplyBatch(Socket* socket, MessageBuilder* builder,
                                       std::span<const Command> commands, Encode encode,
                                       Describe describe) {
  // Bounds the memory of a huge batch.
  constexpr size_t kSlice = 4'096;
  std::vector<CommandFailure> failures;
  for (size_t start = 0; start < commands.size(); start += kSlice) {
    const auto slice = commands.subspan(start, std::min(kSlice, commands.size() - start));
    builder->Clear();
    for (const Command& command : slice) encode(command, builder);
    size_t settled = 0;
    if (builder->ok() && builder->count() == slice.size()) {
      socket->Transact(builder->bytes(), [&](size_t index, const Ack& ack) {
        settled = index + 1;
        if (ack.error_number == 0) return;
        failures.push_back({start + index, ack.error_number, describe(slice[index], ack)});
      });
    }
    // Never taken for success.
    for (; settled < slice.size(); ++settled) {
      failures.push_back({start + settled, EMSGSIZE, "the command cannot be encoded"});
    }
  }
  return failures;
}

}  // namespace holdfast::netlink
