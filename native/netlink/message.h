#pragma once

#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

/**
 * Netlink messages as bytes, apart from any socket. Integers are in host order.
 *
 *     +----------------------------+----------------+------------------------------------+
 *     | nlmsghdr (16): length,     | family header  | attributes, each                   |
 *     | type, flags, sequence, pid | (fixed size)   | nlattr (4): length, type | value   |
 *     +----------------------------+----------------+------------------------------------+
 *
 * Headers and values are padded to four octets; lengths in headers do not count the padding.
 * @see netlink(7), linux/netlink.h
 */
namespace holdfast::netlink {

using Bytes = std::span<const uint8_t>;

static_assert(sizeof(nlmsghdr) == 16 && sizeof(nlattr) == 4);

/** Rounded up to netlink's alignment of four. */
constexpr size_t Aligned(size_t length) { return (length + 3) & ~size_t{3}; }

template <typename T>
Bytes BytesOf(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

/**
 * Writes messages one after another into one buffer. Clear() keeps the memory, so that a builder
 * that was reserved once can be used on a loop that must not allocate. Sequence numbers stay 0:
 * the socket stamps them when it sends.
 */
class MessageBuilder {
 public:
  explicit MessageBuilder(size_t capacity = 0) { buffer_.reserve(capacity); }

  /** Forgets all messages, keeps the memory. */
  void Clear();

  /** Starts a message. NLM_F_REQUEST is always set. */
  void Begin(uint16_t type, uint16_t flags, Bytes family_header);
  template <typename Header>
  void Begin(uint16_t type, uint16_t flags, const Header& header) {
    Begin(type, flags, BytesOf(header));
  }
  /** Completes the message that was begun. */
  void End();

  void Put(uint16_t type, Bytes value);
  void PutU8(uint16_t type, uint8_t value) { Put(type, BytesOf(value)); }
  void PutU16(uint16_t type, uint16_t value) { Put(type, BytesOf(value)); }
  void PutU32(uint16_t type, uint32_t value) { Put(type, BytesOf(value)); }
  /** In network order, whatever the host's is. */
  void PutU16Network(uint16_t type, uint16_t value);
  /** With its closing NUL. */
  void PutString(uint16_t type, std::string_view text);

  /** Attributes put until EndNest() go inside. At most kNestMax deep. */
  void BeginNest(uint16_t type);
  void EndNest();

  /** False once something did not fit its 16-bit length or nests were not balanced. */
  bool ok() const { return ok_; }
  /** Messages completed. */
  size_t count() const { return count_; }
  /** All completed messages. Writable, since the socket stamps sequence numbers. */
  std::span<uint8_t> bytes() { return buffer_; }

 private:
  static constexpr size_t kNestMax = 4;

  size_t Append(Bytes bytes);

  std::vector<uint8_t> buffer_;
  size_t message_offset_ = 0;
  std::array<size_t, kNestMax> nests_{};
  size_t depth_ = 0;
  size_t count_ = 0;
  bool ok_ = true;
};

/** One received message. The payload points into the datagram. */
struct Message {
  nlmsghdr header{};
  Bytes payload;
};

/** Walks the messages of one datagram. */
class MessageReader {
 public:
  explicit MessageReader(Bytes datagram) : rest_(datagram) {}

  /** @returns false at the end, or where the rest is not a whole message */
  bool Next(Message* message);
  /** False when the walk ended at a broken length. */
  bool ok() const { return ok_; }

 private:
  Bytes rest_;
  bool ok_ = true;
};

struct Attribute {
  /** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
  uint16_t type = 0;
  Bytes value;
};

/** Walks the attributes of a message or of a nest. */
class AttributeReader {
 public:
  explicit AttributeReader(Bytes attributes) : rest_(attributes) {}

  /** @returns false at the end, or where the rest is not a whole attribute */
  bool Next(Attribute* attribute);
  /** False when the walk ended at a broken length. */
  bool ok() const { return ok_; }

 private:
  Bytes rest_;
  bool ok_ = true;
};

/** Copies a fixed-size value. @returns false unless the length is exactly that of T */
template <typename T>
bool ReadExact(Bytes value, T* out) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (value.size() != sizeof(T)) return false;
  memcpy(out, value.data(), sizeof(T));
  return true;
}

/**
 * Copies the fixed header at the start of a payload and moves past it and its padding.
 * @returns false when the payload is shorter
 */
template <typename Header>
bool TakeHeader(Bytes* payload, Header* header) {
  static_assert(std::is_trivially_copyable_v<Header>);
  if (payload->size() < sizeof(Header)) return false;
  memcpy(header, payload->data(), sizeof(Header));
  const size_t length = Aligned(sizeof(Header));
  *payload = payload->size() > length ? payload->subspan(length) : Bytes{};
  return true;
}

/** Up to the first NUL, or all of it. */
std::string_view ReadText(Bytes value);

/**
 * Copies text into a field of a record, always NUL-terminated.
 * @returns false when it does not fit
 */
template <size_t kSize>
bool CopyText(std::string_view text, std::array<char, kSize>* field) {
  if (text.size() >= kSize) return false;
  field->fill('\0');
  text.copy(field->data(), text.size());
  return true;
}

/** Attributes by type, the last of equal ones winning as in the kernel. Unknown types are skipped.
 */
template <uint16_t kTypeMax>
class AttributeTable {
 public:
  /** @returns false when a length is broken */
  bool Parse(Bytes attributes) {
    AttributeReader reader(attributes);
    Attribute attribute;
    while (reader.Next(&attribute)) {
      if (attribute.type > kTypeMax) continue;
      values_[attribute.type] = attribute.value;
      is_present_[attribute.type] = true;
    }
    return reader.ok();
  }

  bool Has(uint16_t type) const { return is_present_[type]; }
  /** Empty when absent. */
  Bytes Get(uint16_t type) const { return values_[type]; }
  /** @returns false when absent or of another length; `out` is then left alone */
  template <typename T>
  bool Read(uint16_t type, T* out) const {
    return is_present_[type] && ReadExact(values_[type], out);
  }

 private:
  std::array<Bytes, kTypeMax + 1> values_{};
  std::array<bool, kTypeMax + 1> is_present_{};
};

}  // namespace holdfast::netlink
