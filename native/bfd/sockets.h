#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bfd/model.h"
#include "loop/unique_fd.h"
#include "vrrp/readable.h"

namespace holdfast::bfd {

/** A datagram with what the kernel knows of it. */
struct Datagram {
  std::span<const uint8_t> payload;
  IpAddress source;
  IpAddress destination;
  /** Where it came in; 0 for IPv4. */
  uint32_t ifindex = 0;
  int ttl = 0;
};

/** Takes the packets of all sessions of one address family and port. */
class ReceiveSocket {
 public:
  class Listener {
   public:
    virtual void OnDatagram(const ReceiveSocket& socket, const Datagram& datagram) = 0;
    virtual void OnReceiveError(const ReceiveSocket& socket, const SyscallError& error) = 0;

   protected:
    ~Listener() = default;
  };

  ReceiveSocket(uint8_t family, uint16_t port, Listener* listener)
      : family_(family), port_(port), listener_(listener) {}

  std::optional<SyscallError> Open(uv_loop_t* loop);
  uint8_t family() const { return family_; }
  uint16_t port() const { return port_; }
  /** @param batches of 16 datagrams; the rest comes with the next turn */
  void Drain(int batches);

 private:
  std::optional<SyscallError> Configure();

  const uint8_t family_;
  const uint16_t port_;
  Listener* const listener_;
  UniqueFd fd_;
  vrrp::Readable readable_;
};

/** Sends the packets of one session, always from the same port. @see RFC 5881 §4 */
class SendSocket {
 public:
  /** @param first_port where the search for a free port begins, 49152..65535 */
  std::optional<SyscallError> Open(const Settings& settings, uint16_t first_port);
  bool is_open() const { return fd_.is_open(); }
  /** ifindex of the link-local neighbour's interface, 0 for any. */
  uint32_t scope() const { return scope_; }
  std::optional<SyscallError> SetTtl(const Settings& settings);
  /** Never blocks. */
  std::optional<SyscallError> Send(std::span<const uint8_t> packet, const Settings& settings);

 private:
  std::optional<SyscallError> Bind(const Settings& settings, uint16_t first_port);

  uint32_t scope_ = 0;
  UniqueFd fd_;
};

/** Ports that a session may send from. @see RFC 5881 §4 */
inline constexpr uint16_t kFirstSourcePort = 49'152;
inline constexpr uint32_t kSourcePorts = 16'384;

}  // namespace holdfast::bfd
