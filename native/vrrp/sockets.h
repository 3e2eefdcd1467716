#pragma once

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "loop/unique_fd.h"
#include "vrrp/ip_address.h"
#include "vrrp/packet.h"
#include "vrrp/readable.h"

namespace holdfast::vrrp {

class Instance;

/** Where a failed system call happened. */
struct SyscallError {
  const char* syscall = "";
  int error_number = 0;
};

/** Where an advert goes and how. */
struct AdvertRoute {
  IpAddress source;
  IpAddress destination;
  /** Of IPv6; nothing: the kernel's. IPv4's is in the packet. */
  std::optional<uint8_t> hop_limit = kMulticastTtl;
  /** SO_PRIORITY */
  int priority = 0;
};

/** What makes two instances share a socket. */
struct SocketKey {
  int32_t ifindex = 0;
  /** The multicast group, or the own address when peers are unicast. */
  IpAddress local;
  /** 112, or 51 with an Authentication Header. */
  int protocol = kIpProtocolVrrp;

  bool operator==(const SocketKey& other) const = default;
};

/**
 * A raw socket for adverts, bound to an interface and to a group or an own address, for
 * sending and receiving. The kernel's own matching keeps other traffic out.
 */
class AdvertSocket {
 public:
  /** Gets each packet, and failures of receiving. */
  class Listener {
   public:
    virtual void OnPacket(AdvertSocket& socket, const Datagram& datagram) = 0;
    virtual void OnReceiveError(AdvertSocket& socket, const SyscallError& error) = 0;

   protected:
    ~Listener() = default;
  };

  AdvertSocket(const SocketKey& key, Listener* listener) : key_(key), listener_(listener) {}

  std::optional<SyscallError> Open(uv_loop_t* loop);
  const SocketKey& key() const { return key_; }

  /** Never blocks. */
  std::optional<SyscallError> Send(std::span<const uint8_t> packet, const AdvertRoute& route);
  /** Delivers what waits, at most a few dozen packets; the rest comes with the next turn. */
  void Drain() { Drain(kBatchesPerTurn); }
  /**
   * Delivers more than the usual receive buffer holds: after a stall what was said first, and
   * decides, is behind nobody else's packets.
   */
  void DrainAll() { Drain(kBatchesAtOnce); }

  /** The receive buffer is the sum of what its instances ask for, else the kernel's usual one. */
  void GrowReceiveBuffer(int64_t bytes);

  void Attach(uint8_t vrid, Instance* instance);
  void Detach(Instance* instance);
  bool has_instances() const;
  std::span<Instance* const> InstancesOf(uint8_t vrid) const { return by_vrid_[vrid]; }
  /** True the first time. */
  bool NoteUnknownVrid(uint8_t vrid) { return !std::exchange(is_vrid_noted_[vrid], true); }

 private:
  static constexpr int kBatchesPerTurn = 4;
  static constexpr int kBatchesAtOnce = 64;

  std::optional<SyscallError> Configure();
  std::optional<SyscallError> ConfigureIpv4();
  std::optional<SyscallError> ConfigureIpv6();
  std::optional<SyscallError> Bind();
  void DiscardQueued();
  void Drain(int batches);
  void Deliver(std::span<const uint8_t> packet, const msghdr& message);

  const SocketKey key_;
  Listener* const listener_;
  UniqueFd fd_;
  Readable readable_;
  int priority_ = 0;
  int64_t receive_bytes_ = 0;
  /** What the kernel gave it. */
  int usual_receive_bytes_ = 0;
  std::array<std::vector<Instance*>, 256> by_vrid_;
  std::array<bool, 256> is_vrid_noted_{};
};

}  // namespace holdfast::vrrp
