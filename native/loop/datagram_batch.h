#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace holdfast {

/** Buffers for one recvmmsg. @tparam kBytes of a datagram; what is longer is cut */
template <size_t kBytes, size_t kCount>
struct DatagramBatch {
  std::array<std::array<uint8_t, kBytes>, kCount> packets;
  std::array<std::array<uint8_t, 128>, kCount> controls;
  std::array<sockaddr_storage, kCount> sources;
  std::array<iovec, kCount> vectors;
  std::array<mmsghdr, kCount> messages;

  void Prepare() {
    for (size_t index = 0; index < kCount; ++index) {
      vectors[index] = {.iov_base = packets[index].data(), .iov_len = kBytes};
      messages[index] = {};
      msghdr& header = messages[index].msg_hdr;
      header.msg_name = &sources[index];
      header.msg_namelen = sizeof sources[index];
      header.msg_iov = &vectors[index];
      header.msg_iovlen = 1;
      header.msg_control = controls[index].data();
      header.msg_controllen = controls[index].size();
    }
  }
};

/** @returns false for another control message, and for one that is cut off */
template <typename Value>
bool ReadControl(const cmsghdr& control, int level, int type, Value* value) {
  if (control.cmsg_level != level || control.cmsg_type != type) return false;
  if (control.cmsg_len < CMSG_LEN(sizeof(Value))) return false;
  memcpy(value, CMSG_DATA(&control), sizeof(Value));
  return true;
}

}  // namespace holdfast
