#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "netlink/ipvs_table.h"

namespace holdfast::binding {

/**
 * contract.ts `IpvsCommand`
 * @param name of the object in messages, for example `commands[0]`
 * @returns false when a TypeError that names the field is pending
 */
bool ReadIpvsCommand(const Napi::Value& value, const std::string& name, ipvs::Command* command);

/** contract.ts `IpvsServiceEntry[]` */
Napi::Value MakeIpvsEntries(Napi::Env env, const std::vector<ipvs::ServiceEntry>& entries);

/** contract.ts `IpvsServiceUsage[]` */
Napi::Value MakeIpvsUsage(Napi::Env env, const std::vector<ipvs::ServiceEntry>& entries);

/** contract.ts `IpvsTimeouts` */
Napi::Value MakeIpvsTimeouts(Napi::Env env, const ipvs::Timeouts& timeouts);

/** contract.ts `IpvsSyncDaemon[]` */
Napi::Value MakeIpvsSyncDaemons(Napi::Env env, const std::vector<ipvs::SyncDaemon>& daemons);

}  // namespace holdfast::binding
