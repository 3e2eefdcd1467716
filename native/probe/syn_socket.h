#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "loop/unique_fd.h"
#include "probe/address.h"
#include "probe/octets.h"
#include "probe/socket_options.h"
#include "probe/syn_codec.h"
#include "probe/target.h"

namespace holdfast::probe {

/** A raw socket that SYNs leave by and their answers come in by, shared by targets that ask alike.
 */
class SynSocket {
 public:
  static constexpr size_t kBatch = 64;

  using OnUnsent = std::function<void(Target&, int error_number)>;
  using OnAnswer = std::function<void(const SynAnswer&, const SocketAddress& peer)>;
  using OnError =
      std::function<void(const SynSegment&, const SocketAddress& peer, int error_number)>;

  explicit SynSocket(const ProbeSpec& like) : like_(like) {}

  bool Serves(const ProbeSpec& spec) const { return HasSameOrigin(like_, spec); }
  bool is_open() const { return fd_.is_open(); }
  int fd() const { return fd_.get(); }
  int family() const { return like_.address.family(); }
  /** @param first_port of the reserved ones, to which answers come. @returns 0, or an errno */
  int Open(uint16_t first_port);
  void Close();

  /** Where a SYN of the target would come from; the checksum holds it. @returns 0, or an errno */
  int FindSource(Target& target);

  bool is_full() const { return pending_count_ == kBatch; }
  /** Adds the target's SYN to the batch, which is not full. */
  void Append(Target& target);
  /** What the target has in the batch still leaves, but nobody is told when it does not. */
  void Withdraw(const Target& target);
  /** Sends the batch; `on_unsent` is called for each SYN that did not leave this machine. */
  void Flush(const OnUnsent& on_unsent);

  /** Reads answers and errors that are there now; bounded. */
  void Receive(const OnAnswer& on_answer, const OnError& on_error);

  int users = 0;

 private:
  /** One send buffer; the IP header counts for IPv4 only. */
  struct Packet {
    std::array<uint8_t, kIpv4HeaderBytes> ip_header;
    std::array<uint8_t, kSynBytes> segment;
  };
  /** By which the kernel looks up the route as for a connection from there. */
  struct SourceInfo {
    alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(in_pktinfo))> octets;
  };

  int Configure(uint16_t first_port);
  int AttachFilter(uint16_t first_port) const;
  /**
   * Of what it sends, and of what errors quote of that. With a header of our own the kernel would
   * let an address leave that this machine does not have any more; one that is asked for may go at
   * any time.
   */
  bool brings_ip_header() const { return family() == AF_INET && !like_.bind_address; }

  const ProbeSpec like_;
  UniqueFd fd_;
  /** IPv4: asks the kernel for routes. */
  UniqueFd route_fd_;
  size_t pending_count_ = 0;
  std::array<Target*, kBatch> pending_{};
  std::array<Packet, kBatch> packets_{};
  std::array<SocketAddress, kBatch> peers_{};
  std::array<SourceInfo, kBatch> sources_{};
};

}  // namespace holdfast::probe
