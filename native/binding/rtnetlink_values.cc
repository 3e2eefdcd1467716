#include "binding/rtnetlink_values.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

namespace holdfast::binding {

namespace {

using netlink::AddressBytes;
using netlink::AddressRecord;
using netlink::LinkRecord;

bool ParseAddress(FieldReader* reader, const char* field, const std::string& text, int family,
                  AddressBytes* address) {
  address->fill(0);
  if (inet_pton(family, text.c_str(), address->data()) == 1) return true;
  reader->Fail(field,
               family == AF_INET6 ? "an IPv6 address is expected" : "an IPv4 address is expected");
  return false;
}

/** @returns whether there is one; false as well when a TypeError is pending */
bool ReadNullableAddress(FieldReader* reader, const char* field, int family,
                         AddressBytes* address) {
  const std::optional<std::string> text = reader->NullableString(field);
  if (!reader->ok() || !text) return false;
  return ParseAddress(reader, field, *text, family, address);
}

Napi::Value NullableAddress(Napi::Env env, bool is_there, int family, const AddressBytes& address) {
  if (!is_there) return env.Null();
  return Napi::String::New(env, AddressText(family, address));
}

Napi::Value NullableText(Napi::Env env, const char* text) {
  if (*text == '\0') return env.Null();
  return Napi::String::New(env, text);
}

}  // namespace

bool ReadAddressField(FieldReader* reader, const char* field, int family, AddressBytes* address) {
  const std::string text = reader->String(field);
  return reader->ok() && ParseAddress(reader, field, text, family, address);
}

std::string AddressText(int family, const AddressBytes& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address.data(), text.data(), text.size());
  return text.data();
}

const char* FamilyName(int family) { return family == AF_INET6 ? "inet6" : "inet"; }

bool ReadInterfaceAddress(const Napi::Value& value, std::string name, AddressRecord* address) {
  *address = AddressRecord{};
  FieldReader reader(value, std::move(name));
  address->ifindex =
      static_cast<int32_t>(reader.Integer("ifindex", 1, std::numeric_limits<int32_t>::max()));
  const int family = reader.Family("family");
  address->family = static_cast<uint8_t>(family);
  ReadAddressField(&reader, "address", family, &address->address);
  address->prefix_length =
      static_cast<uint8_t>(reader.Integer("prefixLength", 0, family == AF_INET6 ? 128 : 32));
  address->scope = reader.Integer<uint8_t>("scope");
  address->has_broadcast = ReadNullableAddress(&reader, "broadcast", family, &address->broadcast);
  address->has_peer = ReadNullableAddress(&reader, "peer", family, &address->peer);
  const std::optional<std::string> label = reader.NullableString("label");
  if (label && !netlink::CopyText(*label, &address->label)) {
    reader.Fail("label", "at most 15 octets are expected");
  }
  return reader.ok();
}

Napi::Object MakeInterfaceAddress(Napi::Env env, const AddressRecord& address) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("ifindex", address.ifindex);
  made.Set("family", FamilyName(address.family));
  made.Set("address", AddressText(address.family, address.address));
  made.Set("prefixLength", static_cast<uint32_t>(address.prefix_length));
  made.Set("scope", static_cast<uint32_t>(address.scope));
  made.Set("label", NullableText(env, address.label.data()));
  made.Set("broadcast",
           NullableAddress(env, address.has_broadcast, address.family, address.broadcast));
  made.Set("peer", NullableAddress(env, address.has_peer, address.family, address.peer));
  return made;
}

Napi::Object MakeLink(Napi::Env env, const LinkRecord& link) {
  std::array<char, 18> mac{};
  if (link.has_mac) {
    snprintf(mac.data(), mac.size(), "%02x:%02x:%02x:%02x:%02x:%02x", link.mac[0], link.mac[1],
             link.mac[2], link.mac[3], link.mac[4], link.mac[5]);
  }
  Napi::Object made = Napi::Object::New(env);
  made.Set("ifindex", link.ifindex);
  made.Set("name", link.name.data());
  made.Set("kind", NullableText(env, link.kind.data()));
  made.Set("mac", NullableText(env, mac.data()));
  made.Set("mtu", link.mtu);
  made.Set("isUp", link.is_up());
  made.Set("isRunning", link.is_running());
  made.Set("hasArp", link.has_arp());
  made.Set("isLoopback", link.is_loopback());
  made.Set("masterIfindex", link.master_ifindex);
  return made;
}

}  // namespace holdfast::binding
