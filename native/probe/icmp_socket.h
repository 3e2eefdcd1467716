#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "loop/unique_fd.h"
#include "probe/icmp_codec.h"
#include "probe/octets.h"
#include "probe/socket_options.h"
#include "probe/target.h"

namespace holdfast::probe {

/**
 * One ICMP socket, shared by all targets of the same family, source, interface and mark. A ping
 * socket where net.ipv4.ping_group_range allows, else a raw socket with a filter. Requests leave in
 * batches of one system call.
 */
class IcmpSocket {
 public:
  static constexpr size_t kBatch = 64;
  using OnUnsent = std::function<void(Target&, int error_number)>;
  using OnReply = std::function<void(const Echo&, const SocketAddress& source)>;
  using OnError = std::function<void(const Echo&, int error_number)>;

  explicit IcmpSocket(const ProbeSpec& like) : like_(like) {}

  bool Serves(const ProbeSpec& spec) const { return HasSameOrigin(like_, spec); }
  bool is_open() const { return fd_.is_open(); }
  int fd() const { return fd_.get(); }
  /** Opens the socket if it isn't. @returns 0, or an errno */
  int Open();
  void Close() { fd_.Reset(); }

  bool is_full() const { return pending_count_ == kBatch; }
  /** Adds the target's request (its serial) to the batch, which is not full. */
  void Append(Target& target, uint64_t cookie);
  /** Sends the batch; `on_unsent` is called for each request that did not leave this machine. */
  void Flush(const OnUnsent& on_unsent);

  /** Reads replies and errors that are there now; bounded. */
  void Receive(const OnReply& on_reply, const OnError& on_error);

  int users = 0;

 private:
  /** One send buffer; the IPv4 header counts for raw sockets only. */
  struct Packet {
    std::array<uint8_t, kIpv4HeaderBytes> ip_header;
    std::array<uint8_t, kEchoBytes> echo;
  };

  int OpenPing();
  int OpenRaw();
  int AttachFilter() const;
  int Configure();
  std::optional<Echo> DecodeQuote(std::span<const uint8_t> quoted) const;
  std::optional<Echo> DecodeReply(std::span<const uint8_t> packet) const;

  int family() const { return like_.address.family(); }
  /** Of what it receives. */
  bool has_ip_header() const { return is_raw_ && family() == AF_INET; }
  /**
   * Of what it sends, and of what errors quote of that. With a header of our own the kernel would
   * let an address leave that this machine does not have any more.
   */
  bool brings_ip_header() const { return has_ip_header() && !like_.bind_address; }

  const ProbeSpec like_;
  UniqueFd fd_;
  bool is_raw_ = false;
  uint16_t identifier_ = 0;
  size_t pending_count_ = 0;
  std::array<Target*, kBatch> pending_{};
  std::array<Packet, kBatch> packets_{};
  std::array<SocketAddress, kBatch> peers_{};
};

}  // namespace holdfast::probe
