#include "runner/protocol.h"

#include <cstring>
#include <utility>

namespace holdfast::runner {
namespace {

/** Reads front to back; after the first failure everything fails. */
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool IsGood() const { return is_good_; }
  [[nodiscard]] bool IsAtEnd() const { return bytes_.empty(); }

  uint8_t Octet() {
    if (!Has(1)) return 0;
    const uint8_t value = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return value;
  }

  uint32_t Number() {
    uint32_t value = 0;
    if (!Has(sizeof(value))) return 0;
    std::memcpy(&value, bytes_.data(), sizeof(value));
    bytes_ = bytes_.subspan(sizeof(value));
    return value;
  }

  std::string Text() {
    const uint32_t length = Number();
    if (!Has(length)) return {};
    std::string text(bytes_.begin(), bytes_.begin() + length);
    bytes_ = bytes_.subspan(length);
    // A NUL would cut the text where the kernel reads it.
    if (text.find('\0') != std::string::npos) is_good_ = false;
    return text;
  }

  std::optional<Identity> User() {
    const bool has_user = Number() != 0;
    Identity identity;
    identity.uid = Number();
    identity.gid = Number();
    // Each group read takes octets from the request, which is bounded.
    for (uint32_t left = Number(); left > 0 && is_good_; --left)
      identity.groups.push_back(Number());
    return has_user ? std::optional(identity) : std::nullopt;
  }

 private:
  bool Has(size_t count) {
    if (bytes_.size() < count) is_good_ = false;
    return is_good_;
  }

  std::span<const uint8_t> bytes_;
  bool is_good_ = true;
};

void ReadStart(Reader* reader, Start* start) {
  start->timeout_ms = reader->Number();
  start->identity = reader->User();
  start->file = reader->Text();
  while (reader->IsGood() && !reader->IsAtEnd()) start->argv.push_back(reader->Text());
}

void ReadFifo(Reader* reader, MakeFifo* fifo) {
  fifo->mode = reader->Number();
  fifo->identity = reader->User();
  fifo->path = reader->Text();
}

}  // namespace

std::optional<Request> DecodeRequest(std::span<const uint8_t> bytes) {
  Reader reader(bytes);
  Request request;
  request.kind = static_cast<RequestKind>(reader.Octet());
  request.run = reader.Number();
  request.start.run = request.run;
  request.fifo.run = request.run;
  switch (request.kind) {
    case RequestKind::kStart:
      ReadStart(&reader, &request.start);
      if (request.start.argv.empty()) return std::nullopt;
      break;
    case RequestKind::kMakeFifo:
      ReadFifo(&reader, &request.fifo);
      break;
    case RequestKind::kTerminate:
      break;
    default:
      return std::nullopt;
  }
  if (!reader.IsGood() || !reader.IsAtEnd()) return std::nullopt;
  return request;
}

}  // namespace holdfast::runner
