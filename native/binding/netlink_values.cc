#include "binding/netlink_values.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "binding/values.h"

namespace holdfast::binding {

namespace {

/** What the kernel takes in one message is far less than a socket carries. */
constexpr size_t kPayloadMax = 16'384;

}  // namespace

bool ReadNetlinkMessage(const Napi::Value& value, const std::string& name,
                        netlink::PreparedMessage* message) {
  FieldReader reader(value, name);
  message->type = reader.Integer<uint16_t>("type");
  message->flags = reader.Integer<uint16_t>("flags");
  const Napi::Value payload = reader.Value("payload");
  if (!reader.ok()) return false;
  const bool is_octets =
      payload.IsTypedArray() && payload.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  if (!is_octets || payload.As<Napi::Uint8Array>().ByteLength() > kPayloadMax) {
    reader.Fail("payload", "a Uint8Array of at most 16384 octets is expected");
    return false;
  }
  const auto octets = payload.As<Napi::Uint8Array>();
  message->payload.assign(octets.Data(), octets.Data() + octets.ByteLength());
  return true;
}

Napi::Object MakeNetlinkMessage(Napi::Env env, const netlink::PreparedMessage& message) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("type", static_cast<uint32_t>(message.type));
  made.Set("flags", static_cast<uint32_t>(message.flags));
  Napi::Uint8Array payload = Napi::Uint8Array::New(env, message.payload.size());
  std::copy(message.payload.begin(), message.payload.end(), payload.Data());
  made.Set("payload", payload);
  return made;
}

}  // namespace holdfast::binding
