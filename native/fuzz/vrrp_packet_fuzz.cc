#include "vrrp_packet_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  holdfast::vrrp::fuzz::CheckInput({data, size});
  return 0;
}
