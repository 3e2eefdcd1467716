#include "vrrp/event.h"

#include <string.h>

#include <algorithm>
#include <string_view>

namespace holdfast::vrrp {

namespace {

template <size_t kSize>
void CopyCut(std::string_view text, std::array<char, kSize>* field) {
  const size_t length = std::min(text.size(), kSize - 1);
  std::copy_n(text.begin(), length, field->begin());
}

}  // namespace

Failure MakeFailure(const char* syscall, int error_number, std::string_view message) {
  Failure failure;
  failure.error_number = error_number;
  CopyCut(syscall, &failure.syscall);
  if (message.empty()) {
    const char* const description = strerrordesc_np(error_number);
    message = description != nullptr ? description : "unknown error";
  }
  CopyCut(message, &failure.message);
  return failure;
}

}  // namespace holdfast::vrrp
