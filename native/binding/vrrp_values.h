#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "bfd/model.h"
#include "vrrp/counters.h"
#include "vrrp/loop.h"
#include "vrrp/program.h"
#include "vrrp/transport.h"

namespace holdfast::binding {

// All readers: nothing, when a TypeError that names the field is pending.

/** contract.ts `AnnouncePacing`, a list */
std::optional<std::vector<vrrp::Pacing>> ReadPacing(const Napi::Value& value);

/** contract.ts `VrrpLoopOptions` */
std::optional<vrrp::LoopOptions> ReadLoopOptions(const Napi::Value& value);

/** contract.ts `NetlinkBuffers` */
std::optional<vrrp::LoopBuffers> ReadLoopBuffers(const Napi::Value& value);

/** contract.ts `VrrpTransport`, with everything encoded that can be. */
std::unique_ptr<vrrp::Transport> ReadTransport(const Napi::Value& value);

/** contract.ts `VrrpOrder`, compiled. */
std::optional<vrrp::Order> ReadOrder(const Napi::Value& value);

/** contract.ts `BfdSession` */
std::optional<bfd::Settings> ReadSession(const Napi::Value& value);

/** contract.ts `BfdStatus` */
Napi::Value MakeSessionStatus(Napi::Env env, const bfd::Status& status);

/** contract.ts `VrrpCounters` */
Napi::Value MakeVrrpCounters(Napi::Env env, const vrrp::Counters& counters);

}  // namespace holdfast::binding
