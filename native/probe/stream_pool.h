#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "probe/epoll_set.h"
#include "probe/stream_socket.h"
#include "probe/target.h"
#include "probe/watched_fd.h"

namespace holdfast::probe {

/**
 * TCP connections that are used once and ended by RST, which leaves no TIME_WAIT behind on either
 * side. Sockets without special options serve again after a success: connecting anew costs a third
 * less than a new socket. Loop thread only.
 */
class StreamPool {
 public:
  /** @param ready tells of the connections, and outlives them */
  explicit StreamPool(EpollSet* ready);

  /**
   * Begins to connect `target.connection`.
   * @param events epoll's, of which EPOLLONESHOT must be one: what has been told once is armed anew
   *   by EpollSet::Change(), so that an idle socket wakes nobody
   * @returns 0, or an errno
   */
  int Connect(Target& target, uint32_t events, FirstWord first_word);

  /** Ends the connection, whose event has been told and not been armed anew; keeps the socket when
   * it can serve again. */
  void Recycle(Target& target);

  /** Closes what is idle. */
  void Clear();

 private:
  /** Enough for some 10,000 probes a second at a round trip of 25 ms. */
  static constexpr size_t kMaxIdle = 256;

  /** @returns an unconnected socket that is in the epoll set, or a closed one */
  WatchedFd TakeIdle(const ProbeSpec& spec);
  int ConnectNew(Target& target, uint32_t events, FirstWord first_word);
  std::vector<WatchedFd>& IdleOf(int family) { return family == AF_INET ? idle_v4_ : idle_v6_; }

  EpollSet* const ready_;
  std::vector<WatchedFd> idle_v4_;
  std::vector<WatchedFd> idle_v6_;
};

/** Ends a connection that stands by RST; the socket is then unconnected. @returns 0, or an errno */
int Disconnect(int fd);

}  // namespace holdfast::probe
