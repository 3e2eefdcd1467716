#pragma once

#include <uv.h>

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "netlink/message.h"
#include "netlink/rtnetlink_codec.h"
#include "netlink/socket.h"
#include "vrrp/readable.h"
#include "vrrp/sockets.h"

namespace holdfast::vrrp {

/** Watches links and addresses of the network namespace and keeps a table of the links. */
class Monitor {
 public:
  class Listener {
   public:
    virtual void OnLink(const netlink::LinkRecord& link, bool is_deleted) = 0;
    virtual void OnAddress(const netlink::AddressRecord& address, bool is_deleted) = 0;
    /** A route or rule of the daemon's own protocol. */
    virtual void OnObjectRemoved(const netlink::ObjectRecord&) {}
    /** A link is no longer up and running, or is gone. */
    virtual void OnLinkLost(int32_t ifindex) = 0;
    /** Events were lost. */
    virtual void OnMonitorOverrun() = 0;

   protected:
    ~Listener() = default;
  };

  /** @param requests for dumps of the link table */
  Monitor(netlink::Socket* requests, Listener* listener)
      : requests_(requests), listener_(listener) {}
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  std::optional<SyscallError> Open(uv_loop_t* loop);
  void Close();
  /** @param buffer nothing: the usual one */
  void SetReceiveBuffer(const std::optional<netlink::ReceiveBuffer>& buffer);

  /** Flags (IFF_*) of a link, nothing when it is not known. */
  std::optional<uint32_t> FlagsOf(int32_t ifindex) const;

 private:
  void OnReadable();
  void Take(netlink::Bytes datagram);
  void Update(const netlink::LinkRecord& link, bool is_deleted);
  void ReadTable();

  netlink::Socket* const requests_;
  Listener* const listener_;
  netlink::Socket events_;
  Readable readable_;
  /** IFF_* by ifindex. */
  std::unordered_map<int32_t, uint32_t> flags_;
};

}  // namespace holdfast::vrrp
