#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "loop/unique_fd.h"
#include "vrrp/frames.h"
#include "vrrp/sockets.h"

namespace holdfast::vrrp {

/** A frame and the interface it leaves by. */
struct OutgoingFrame {
  const AnnounceFrame* frame = nullptr;
  int32_t ifindex = 0;
};

/** Sends Ethernet frames. */
class FrameSink {
 public:
  struct Result {
    /** Frames sent; the one after them failed if there is an error. */
    size_t sent = 0;
    std::optional<SyscallError> error;
  };
  /** Sent in one go they take below a millisecond, also where a frame costs the kernel 50 us. */
  static constexpr size_t kFramesMax = 16;

  /** At most kFramesMax, without waiting. */
  virtual Result SendFrames(std::span<const OutgoingFrame> frames) = 0;

 protected:
  ~FrameSink() = default;
};

/**
 * One packet socket for all interfaces: closing one waits for a grace period of the kernel, so it
 * stays open as long as the loop. It receives nothing (protocol 0).
 */
class FrameSocket final : public FrameSink {
 public:
  std::optional<SyscallError> Open();
  Result SendFrames(std::span<const OutgoingFrame> frames) override;

 private:
  UniqueFd fd_;
};

}  // namespace holdfast::vrrp
