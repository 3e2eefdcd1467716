#pragma once

#include <napi.h>

#include <string>

#include "binding/values.h"
#include "netlink/rtnetlink_codec.h"

namespace holdfast::binding {

/**
 * Reads an address field as octets in network order. The family must match.
 * @returns false when a TypeError that names the field is pending
 */
bool ReadAddressField(FieldReader* reader, const char* field, int family,
                      netlink::AddressBytes* address);

/** In canonical spelling (RFC 5952). */
std::string AddressText(int family, const netlink::AddressBytes& address);

/** "inet" or "inet6" */
const char* FamilyName(int family);

/**
 * contract.ts `InterfaceAddress`
 * @param name of the object in messages, for example `commands[0].address`
 * @returns false when a TypeError that names the field is pending
 */
bool ReadInterfaceAddress(const Napi::Value& value, std::string name,
                          netlink::AddressRecord* address);

/** contract.ts `InterfaceAddress` */
Napi::Object MakeInterfaceAddress(Napi::Env env, const netlink::AddressRecord& address);

/** contract.ts `Link` */
Napi::Object MakeLink(Napi::Env env, const netlink::LinkRecord& link);

}  // namespace holdfast::binding
