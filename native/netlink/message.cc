#include "netlink/message.h"

#include <arpa/inet.h>

#include <limits>

namespace holdfast::netlink {

void MessageBuilder::Clear() {
  buffer_.clear();
  message_offset_ = 0;
  depth_ = 0;
  count_ = 0;
  ok_ = true;
}

size_t MessageBuilder::Append(Bytes bytes) {
  const size_t offset = buffer_.size();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  buffer_.resize(Aligned(buffer_.size()));
  return offset;
}

void MessageBuilder::Begin(uint16_t type, uint16_t flags, Bytes family_header) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
  message_offset_ = Append(BytesOf(header));
  Append(family_header);
}

void MessageBuilder::End() {
  if (depth_ != 0) ok_ = false;
  depth_ = 0;
  const size_t length = buffer_.size() - message_offset_;
  const auto stored = static_cast<uint32_t>(length);
  if (stored != length) ok_ = false;
  memcpy(&buffer_[message_offset_ + offsetof(nlmsghdr, nlmsg_len)], &stored, sizeof stored);
  ++count_;
}

void MessageBuilder::Put(uint16_t type, Bytes value) {
  const size_t length = sizeof(nlattr) + value.size();
  if (length > std::numeric_limits<uint16_t>::max()) {
    ok_ = false;
    return;
  }
  Append(BytesOf(nlattr{static_cast<uint16_t>(length), type}));
  Append(value);
}

void MessageBuilder::PutU16Network(uint16_t type, uint16_t value) {
  Put(type, BytesOf(htons(value)));
}

void MessageBuilder::PutString(uint16_t type, std::string_view text) {
  const size_t length = sizeof(nlattr) + text.size() + 1;
  if (length > std::numeric_limits<uint16_t>::max()) {
    ok_ = false;
    return;
  }
  Append(BytesOf(nlattr{static_cast<uint16_t>(length), type}));
  buffer_.insert(buffer_.end(), text.begin(), text.end());
  buffer_.push_back('\0');
  buffer_.resize(Aligned(buffer_.size()));
}

void MessageBuilder::BeginNest(uint16_t type) {
  if (depth_ == kNestMax) {
    ok_ = false;
    return;
  }
  nests_[depth_++] = Append(BytesOf(nlattr{0, static_cast<uint16_t>(type | NLA_F_NESTED)}));
}

void MessageBuilder::EndNest() {
  if (depth_ == 0) {
    ok_ = false;
    return;
  }
  const size_t offset = nests_[--depth_];
  const size_t length = buffer_.size() - offset;
  if (length > std::numeric_limits<uint16_t>::max()) ok_ = false;
  const auto stored = static_cast<uint16_t>(length);
  memcpy(&buffer_[offset + offsetof(nlattr, nla_len)], &stored, sizeof stored);
}

bool MessageReader::Next(Message* message) {
  if (rest_.empty()) return false;
  ok_ = false;
  if (rest_.size() < sizeof(nlmsghdr)) return false;
  memcpy(&message->header, rest_.data(), sizeof(nlmsghdr));
  const size_t length = message->header.nlmsg_len;
  if (length < sizeof(nlmsghdr) || length > rest_.size()) return false;
  ok_ = true;
  message->payload = rest_.subspan(sizeof(nlmsghdr), length - sizeof(nlmsghdr));
  rest_ = Aligned(length) < rest_.size() ? rest_.subspan(Aligned(length)) : Bytes{};
  return true;
}

bool AttributeReader::Next(Attribute* attribute) {
  if (rest_.empty()) return false;
  ok_ = false;
  nlattr header{};
  if (rest_.size() < sizeof header) return false;
  memcpy(&header, rest_.data(), sizeof header);
  const size_t length = header.nla_len;
  if (length < sizeof header || length > rest_.size()) return false;
  ok_ = true;
  attribute->type = header.nla_type & NLA_TYPE_MASK;
  attribute->value = rest_.subspan(sizeof header, length - sizeof header);
  rest_ = Aligned(length) < rest_.size() ? rest_.subspan(Aligned(length)) : Bytes{};
  return true;
}

std::string_view ReadText(Bytes value) {
  const auto* const text = reinterpret_cast<const char*>(value.data());
  return {text, value.empty() ? 0 : strnlen(text, value.size())};
}

}  // namespace holdfast::netlink
