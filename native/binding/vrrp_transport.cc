#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/netlink_values.h"
#include "binding/values.h"
#include "binding/vrrp_names.h"
#include "binding/vrrp_values.h"

namespace holdfast::binding {

namespace {

constexpr size_t kAdvertisedMax = 255;
constexpr int64_t kMostReceiveBytes = int64_t{1} << 40;
/** A day. */
constexpr int64_t kExtraAnnounceMaxUs = int64_t{86'400} * 1'000'000;

vrrp::IpAddress ReadAddress(FieldReader& reader, const char* field, int family) {
  const auto address = vrrp::IpAddress::Parse(family, reader.String(field));
  if (!address) {
    reader.Fail(field,
                family == AF_INET ? "an IPv4 address is expected" : "an IPv6 address is expected");
  }
  return address.value_or(vrrp::IpAddress{});
}

/** Null leaves the octets alone. @returns whether there was one */
bool ReadNullableAddress(FieldReader& reader, const char* field, int family,
                         netlink::AddressBytes* octets) {
  if (!reader.NullableString(field)) return false;
  *octets = ReadAddress(reader, field, family).octets;
  return true;
}

vrrp::MacAddress ReadMac(FieldReader& reader, const char* field) {
  vrrp::MacAddress mac{};
  const std::string text = reader.String(field);
  int length = 0;
  const int read = sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1],
                          &mac[2], &mac[3], &mac[4], &mac[5], &length);
  if (read != 6 || static_cast<size_t>(length) != text.size()) {
    reader.Fail(field, "an address like 02:00:00:00:00:01 is expected");
  }
  return mac;
}

struct ReadVirtualAddress {
  vrrp::VirtualAddress address;
  bool is_advertised = false;
};

ReadVirtualAddress ReadOneAddress(FieldReader& reader) {
  ReadVirtualAddress read;
  netlink::AddressRecord& record = read.address.record;
  const int family = reader.Family("family");
  record.family = static_cast<uint8_t>(family);
  record.ifindex =
      static_cast<int32_t>(reader.Integer("ifindex", 1, std::numeric_limits<int32_t>::max()));
  record.prefix_length =
      static_cast<uint8_t>(reader.Integer("prefixLength", 0, family == AF_INET ? 32 : 128));
  record.scope = reader.Integer<uint8_t>("scope");
  record.address = ReadAddress(reader, "address", family).octets;
  record.has_broadcast = ReadNullableAddress(reader, "broadcast", family, &record.broadcast);
  record.has_peer = ReadNullableAddress(reader, "peer", family, &record.peer);
  const std::string label = reader.NullableString("label").value_or("");
  if (!netlink::CopyText(label, &record.label)) {
    reader.Fail("label", "at most 15 octets are expected");
  }
  read.address.mac = ReadMac(reader, "mac");
  read.is_advertised = reader.Bool("isAdvertised");
  read.address.is_permanent = reader.Bool("isPermanent");
  read.address.is_extra = reader.Bool("isExtra");
  const Napi::Value add = reader.Value("addMessage");
  if (reader.ok() && !add.IsNull()) {
    netlink::PreparedMessage message;
    if (ReadNetlinkMessage(add, "addMessage", &message)) {
      read.address.add = std::move(message);
    } else {
      reader.Fail("addMessage", "a netlink message or null is expected");
    }
  }
  return read;
}

bool ReadAddresses(FieldReader& reader, vrrp::AdvertFormat* format,
                   std::vector<vrrp::VirtualAddress>* addresses) {
  const Napi::Array list = reader.Array("addresses");
  if (!reader.ok()) return false;
  for (uint32_t index = 0; index < list.Length(); ++index) {
    FieldReader item(list.Get(index), "transport.addresses[" + std::to_string(index) + "]");
    const ReadVirtualAddress read = ReadOneAddress(item);
    if (read.is_advertised && read.address.record.family != format->family) {
      item.Fail("family", "an advertised address must be of the transport's family");
    }
    if (!item.ok()) return false;
    addresses->push_back(read.address);
    if (!read.is_advertised) continue;
    format->addresses.push_back(
        {.family = read.address.record.family, .octets = read.address.record.address});
  }
  if (format->addresses.size() > kAdvertisedMax) {
    reader.Fail("addresses", "at most 255 advertised addresses are expected");
  }
  return reader.ok();
}

bool ReadObjects(FieldReader& reader, std::vector<vrrp::PreparedObject>* objects) {
  const Napi::Array list = reader.Array("objects");
  if (!reader.ok()) return false;
  for (uint32_t index = 0; index < list.Length(); ++index) {
    const std::string name = "transport.objects[" + std::to_string(index) + "]";
    FieldReader item(list.Get(index), name);
    const Napi::Value add = item.Value("add");
    const Napi::Value remove = item.Value("remove");
    if (!item.ok()) return false;
    vrrp::PreparedObject object;
    if (!ReadNetlinkMessage(add, name + ".add", &object.add)) return false;
    if (!ReadNetlinkMessage(remove, name + ".remove", &object.remove)) return false;
    objects->push_back(std::move(object));
  }
  return true;
}

bool ReadPeers(FieldReader& reader, int family, std::vector<vrrp::UnicastPeer>* peers) {
  const Napi::Array list = reader.Array("unicastPeers");
  if (!reader.ok()) return false;
  for (uint32_t index = 0; index < list.Length(); ++index) {
    FieldReader item(list.Get(index), "transport.unicastPeers[" + std::to_string(index) + "]");
    peers->push_back({.address = ReadAddress(item, "address", family),
                      .min_ttl = item.Integer<uint8_t>("minTtl"),
                      .max_ttl = item.Integer<uint8_t>("maxTtl")});
    if (!item.ok()) return false;
  }
  return true;
}

std::optional<vrrp::Password> ReadPassword(FieldReader& reader) {
  const std::string text = reader.String("password");
  vrrp::Password password{};
  if (text.size() > password.size()) {
    reader.Fail("password", "at most 8 octets are expected");
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), password.begin());
  return password;
}

bool ReadKeys(FieldReader& reader, std::vector<vrrp::TrailerKey>* keys) {
  const Napi::Array list = reader.Array("keys");
  if (!reader.ok()) return false;
  for (uint32_t index = 0; index < list.Length(); ++index) {
    FieldReader item(list.Get(index),
                     "transport.authentication.keys[" + std::to_string(index) + "]");
    const auto id = static_cast<uint8_t>(item.Integer("id", 1, 255));
    const Napi::Value octets = item.Value("octets");
    if (!item.ok()) return false;
    if (!octets.IsTypedArray() ||
        octets.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      item.Fail("octets", "a Uint8Array is expected");
      return false;
    }
    const auto array = octets.As<Napi::Uint8Array>();
    keys->push_back(
        {.id = id, .mac = crypto::Hmac<crypto::Sha256>({array.Data(), array.ByteLength()})});
  }
  return true;
}

std::optional<vrrp::TrailerMode> ReadTrailerMode(FieldReader& reader) {
  const std::string mode = reader.String("mode");
  if (mode == "enforce") return vrrp::TrailerMode::kEnforce;
  if (mode == "permissive") return vrrp::TrailerMode::kPermissive;
  if (mode == "receive-only") return vrrp::TrailerMode::kReceiveOnly;
  if (reader.ok()) reader.Fail("mode", "enforce, permissive or receive-only is expected");
  return std::nullopt;
}

bool ReadTrailer(FieldReader& reader, vrrp::AdvertFormat* format) {
  auto settings = std::make_shared<vrrp::TrailerSettings>();
  if (!ReadKeys(reader, &settings->keys)) return false;
  settings->active_key = static_cast<uint8_t>(reader.Integer("activeKey", 1, 255));
  settings->window_sec = static_cast<int32_t>(reader.Integer("windowSec", 1, 300));
  settings->has_window = reader.Bool("hasWindow");
  settings->mode = ReadTrailerMode(reader).value_or(vrrp::TrailerMode::kEnforce);
  if (reader.ok() && settings->FindKey(settings->active_key) == nullptr) {
    reader.Fail("activeKey", "the id of one of the keys is expected");
  }
  format->trailer = std::move(settings);
  return reader.ok();
}

/** contract.ts `AdvertAuthentication` */
bool ReadAuthentication(const Napi::Value& value, vrrp::AdvertFormat* format) {
  if (value.IsNull()) return true;
  FieldReader reader(value, "transport.authentication");
  const std::string kind = reader.String("kind");
  if (!reader.ok()) return false;
  if (kind == "hmac") return ReadTrailer(reader, format);
  if (kind != "pass" && kind != "ah") {
    reader.Fail("kind", "pass, ah or hmac is expected");
    return false;
  }
  const auto password = ReadPassword(reader);
  if (!password) return false;
  if (format->version != 2) return true;
  if (kind == "pass") {
    format->password = password;
  } else if (format->family == AF_INET) {
    format->ah = std::make_shared<vrrp::AhSettings>(
        vrrp::AhSettings{.mac = crypto::Hmac<crypto::Md5>(*password)});
  }
  return true;
}

/** Only adverts of VRRPv3 over IPv4 have an old checksum. */
void ReadOldChecksum(FieldReader& reader, vrrp::AdvertFormat* format) {
  const std::string name = reader.String("oldUnicastChecksum");
  const auto value = ValueOf<vrrp::OldChecksum>(kOldChecksumNames, name);
  if (reader.ok() && !value)
    reader.Fail("oldUnicastChecksum", "never, detect or always is expected");
  if (!reader.ok() || format->family != AF_INET || format->version != 3) return;
  format->old_checksum = *value;
}

vrrp::AdvertFormat ReadFormat(FieldReader& reader, bool* is_readable) {
  vrrp::AdvertFormat format;
  format.family = reader.Family("family");
  format.version = static_cast<uint8_t>(reader.Integer("version", 2, 3));
  format.vrid = static_cast<uint8_t>(reader.Integer("vrid", 1, 255));
  const int64_t interval_max = format.version == 2 ? 255 : 4'095;
  format.advertised_interval =
      static_cast<uint16_t>(reader.Integer("advertisedInterval", 1, interval_max));
  format.source = ReadAddress(reader, "sourceAddress", format.family);
  const Napi::Value authentication = reader.Value("authentication");
  if (reader.ok() && !ReadAuthentication(authentication, &format)) *is_readable = false;
  format.is_checksum_as_v2 = reader.Bool("checksumAsV2");
  ReadOldChecksum(reader, &format);
  return format;
}

}  // namespace

std::unique_ptr<vrrp::Transport> ReadTransport(const Napi::Value& value) {
  FieldReader reader(value, "transport");
  vrrp::AdvertFilter filter;
  std::vector<vrrp::VirtualAddress> addresses;
  bool is_readable = true;
  filter.format = ReadFormat(reader, &is_readable);
  if (!is_readable) return nullptr;
  const int family = filter.format.family;
  filter.has_source_check = reader.Bool("checksUnicastSource");
  if (!ReadPeers(reader, family, &filter.peers)) return nullptr;
  if (!ReadAddresses(reader, &filter.format, &addresses)) return nullptr;
  std::vector<vrrp::PreparedObject> objects;
  if (!ReadObjects(reader, &objects)) return nullptr;
  filter.is_unicast = !filter.peers.empty();
  const auto ifindex =
      static_cast<int32_t>(reader.Integer("ifindex", 0, std::numeric_limits<int32_t>::max()));
  vrrp::IpAddress group;
  if (!filter.is_unicast) filter.format.old_checksum = vrrp::OldChecksum::kNever;
  if (!filter.is_unicast || filter.format.old_checksum != vrrp::OldChecksum::kNever) {
    group = ReadAddress(reader, "multicastGroup", family);
    if (!group.is_multicast()) reader.Fail("multicastGroup", "a multicast address is expected");
  }
  filter.format.group = group;
  const vrrp::MacAddress mac = ReadMac(reader, "mac");
  const int64_t extra_us = reader.Integer("extraAnnounceUs", 0, kExtraAnnounceMaxUs);
  const auto unicast_ttl = reader.NullableInteger("unicastTtl", 0, 255);
  const bool skips_address_check = reader.Bool("skipsAddressCheck");
  const auto priority = static_cast<int>(reader.Integer("socketPriority", 0, 15));
  const int64_t receive_bytes = reader.Integer("receiveBufferBytes", 0, kMostReceiveBytes);
  if (!reader.ok()) return nullptr;
  auto transport = std::make_unique<vrrp::Transport>(
      ifindex, std::move(filter), std::make_shared<vrrp::AddressSet>(addresses, objects, extra_us));
  transport->source_frame = vrrp::EncodeAnnounceFrame(transport->source(), mac);
  transport->group = group;
  if (unicast_ttl) transport->unicast_ttl = static_cast<uint8_t>(*unicast_ttl);
  transport->skips_address_check = skips_address_check;
  transport->socket_priority = priority;
  transport->receive_buffer_bytes = receive_bytes;
  return transport;
}

}  // namespace holdfast::binding
