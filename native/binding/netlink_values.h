#pragma once

#include <napi.h>

#include <string>

#include "netlink/prepared.h"

namespace holdfast::binding {

/**
 * contract.ts `NetlinkMessage`
 * @param name of the object in messages, for example `messages[0]`
 * @returns false when a TypeError that names the field is pending
 */
bool ReadNetlinkMessage(const Napi::Value& value, const std::string& name,
                        netlink::PreparedMessage* message);

/** contract.ts `NetlinkMessage` */
Napi::Object MakeNetlinkMessage(Napi::Env env, const netlink::PreparedMessage& message);

}  // namespace holdfast::binding
