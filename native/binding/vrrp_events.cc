#include "binding/vrrp_events.h"

#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "binding/values.h"
#include "binding/vrrp_names.h"

namespace holdfast::binding {

namespace {

Napi::Number Number(Napi::Env env, int64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Value NullableText(Napi::Env env, const std::string& text) {
  if (text.empty()) return env.Null();
  return Napi::String::New(env, text);
}

Napi::Value MakeAdvert(Napi::Env env, const vrrp::AdvertFacts& facts) {
  Napi::Object advert = Napi::Object::New(env);
  advert.Set("source", facts.source.ToText());
  advert.Set("priority", Number(env, facts.priority));
  advert.Set("intervalUs", Number(env, facts.interval_us));
  return advert;
}

Napi::Value MakeNullableAdvert(Napi::Env env, bool has_advert, const vrrp::AdvertFacts& facts) {
  if (!has_advert) return env.Null();
  return MakeAdvert(env, facts);
}

std::string MacText(const std::array<uint8_t, 6>& mac) {
  std::array<char, 18> text{};
  snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
           mac[3], mac[4], mac[5]);
  return text.data();
}

Napi::Value MakeLink(Napi::Env env, const netlink::LinkRecord& record) {
  Napi::Object link = Napi::Object::New(env);
  link.Set("ifindex", Number(env, record.ifindex));
  link.Set("name", std::string(record.name.data()));
  link.Set("kind", NullableText(env, record.kind.data()));
  link.Set("mac", NullableText(env, record.has_mac ? MacText(record.mac) : ""));
  link.Set("mtu", Number(env, record.mtu));
  link.Set("isUp", record.is_up());
  link.Set("isRunning", record.is_running());
  link.Set("hasArp", record.has_arp());
  link.Set("isLoopback", record.is_loopback());
  link.Set("masterIfindex", Number(env, record.master_ifindex));
  return link;
}

std::string AddressText(uint8_t family, const netlink::AddressBytes& octets) {
  return vrrp::IpAddress{.family = family, .octets = octets}.ToText();
}

Napi::Value MakeAddress(Napi::Env env, const netlink::AddressRecord& record) {
  const uint8_t family = record.family;
  const auto text = [family](bool is_there, const netlink::AddressBytes& octets) {
    return is_there ? AddressText(family, octets) : std::string();
  };
  Napi::Object address = Napi::Object::New(env);
  address.Set("ifindex", Number(env, record.ifindex));
  address.Set("family", family == AF_INET ? "inet" : "inet6");
  address.Set("address", AddressText(family, record.address));
  address.Set("prefixLength", Number(env, record.prefix_length));
  address.Set("scope", Number(env, record.scope));
  address.Set("label", NullableText(env, record.label.data()));
  address.Set("broadcast", NullableText(env, text(record.has_broadcast, record.broadcast)));
  address.Set("peer", NullableText(env, text(record.has_peer, record.peer)));
  return address;
}

Napi::Value MakeTold(Napi::Env env, const std::optional<bool>& tells_up) {
  if (!tells_up) return env.Null();
  return Napi::String::New(env, *tells_up ? "up" : "down");
}

/** Writes the fields of one kind of report of a BFD session. */
struct SessionFiller {
  Napi::Env env;
  Napi::Object made;

  void operator()(const bfd::StateReport& report) {
    made.Set("kind", "session");
    made.Set("from", NameOf(kSessionStateNames, report.from));
    made.Set("to", NameOf(kSessionStateNames, report.to));
    made.Set("localDiag", Number(env, report.local_diag));
    made.Set("remoteState", NameOf(kSessionStateNames, report.remote_state));
    made.Set("remoteDiag", Number(env, report.remote_diag));
    made.Set("tells", MakeTold(env, report.tells_up));
    made.Set("detectionUs", Number(env, report.detection_us));
    const auto& overdue_us = report.overdue_us;
    made.Set("overdueUs", overdue_us ? Napi::Value(Number(env, *overdue_us)) : env.Null());
  }
  void operator()(const bfd::TimesReport& report) {
    made.Set("kind", "session-times");
    made.Set("detectionUs", Number(env, report.detection_us));
    made.Set("transmitUs", Number(env, report.transmit_us));
  }
  void operator()(const bfd::DropReport& report) {
    made.Set("kind", "session-dropped");
    made.Set("reason", NameOf(kSessionDropReasonNames, report.reason));
    made.Set("source", report.source.ToText());
    made.Set("received", Number(env, report.received));
    made.Set("expected", Number(env, report.expected));
  }
  void operator()(const bfd::FailReport& report) {
    made.Set("kind", "session-failed");
    made.Set("action", NameOf(kSessionActionNames, report.action));
    const vrrp::Failure failure =
        vrrp::MakeFailure(report.error.syscall, report.error.error_number);
    made.Set("failure", MakeSyscallFailure(env, failure.syscall.data(), failure.error_number,
                                           failure.message.data()));
  }
};

/** Writes the fields of one kind of event. */
struct Filler {
  Napi::Env env;
  Napi::Object made;

  void Kind(const char* kind) { made.Set("kind", kind); }
  void Trigger(vrrp::Trigger trigger) { made.Set("trigger", NameOf(kTriggerNames, trigger)); }

  void operator()(const vrrp::RanEvent& event) {
    Kind("ran");
    made.Set("epoch", Number(env, event.epoch));
    Trigger(event.trigger);
    made.Set("advert", MakeNullableAdvert(env, event.has_advert, event.advert));
  }
  void operator()(const vrrp::HappenedEvent& event) {
    Kind("happened");
    Trigger(event.trigger);
    made.Set("advert", MakeNullableAdvert(env, event.has_advert, event.advert));
  }
  void operator()(const vrrp::HeardEvent& event) {
    Kind("heard");
    Trigger(event.trigger);
    made.Set("advert", MakeAdvert(env, event.advert));
  }
  void operator()(const vrrp::DroppedEvent& event) {
    Kind("dropped");
    if (made.Get("instance").ToNumber().Int32Value() == 0) made.Set("instance", env.Null());
    made.Set("reason", NameOf(kDropReasonNames, event.reason));
    made.Set("source", event.source.ToText());
    made.Set("ifindex", Number(env, event.ifindex));
    made.Set("received", Number(env, event.received));
    made.Set("expected", Number(env, event.expected));
  }
  void operator()(const vrrp::AcceptedEvent& event) {
    Kind("accepted");
    made.Set("order", Number(env, event.order));
  }
  void operator()(const vrrp::RefusedEvent& event) {
    Kind("refused");
    made.Set("order", Number(env, event.order));
    made.Set("epoch", Number(env, event.epoch));
    made.Set("phase", NameOf(kPhaseNames, event.phase));
  }
  void operator()(const vrrp::FailedEvent& event) {
    Kind("failed");
    made.Set("action", NameOf(kFailedActionNames, event.action));
    const vrrp::Failure& failure = event.failure;
    made.Set("failure", MakeSyscallFailure(env, failure.syscall.data(), failure.error_number,
                                           failure.message.data()));
    made.Set("address", NullableText(env, event.address.ToText()));
  }
  void operator()(const vrrp::LinkEvent& event) {
    Kind("link");
    made.Set("link", MakeLink(env, event.link));
    made.Set("isDeleted", event.is_deleted);
  }
  void operator()(const vrrp::AddressEvent& event) {
    Kind("address");
    made.Set("address", MakeAddress(env, event.address));
    made.Set("isDeleted", event.is_deleted);
  }
  void operator()(const vrrp::AnnouncedEvent& event) {
    Kind("announced");
    made.Set("rounds", Number(env, event.rounds));
  }
  void operator()(const vrrp::StalledEvent& event) {
    Kind("stalled");
    made.Set("lateUs", Number(env, event.late_us));
  }
  void operator()(const vrrp::OverrunEvent&) { Kind("overrun"); }
  void operator()(const vrrp::SessionEvent& event) {
    const bool has_session = event.session != 0;
    made.Set("session", has_session ? Napi::Value(Number(env, event.session)) : env.Null());
    std::visit(SessionFiller{env, made}, event.report);
  }
  void operator()(const vrrp::ObjectRemovedEvent& event) {
    Kind("object-removed");
    const netlink::ObjectRecord& object = event.object;
    const auto destination = vrrp::IpAddress::FromBytes(
        std::span(object.destination).first(netlink::AddressLength(object.family)));
    made.Set("object", object.is_rule ? "rule" : "route");
    made.Set("family", object.family == AF_INET6 ? "inet6" : "inet");
    made.Set("table", Number(env, object.table));
    made.Set("priority", Number(env, object.priority));
    made.Set("destination", destination.ToText());
    made.Set("prefixLength", Number(env, object.prefix_length));
  }
};

bool ConcernsInstance(const vrrp::Event& event) {
  return !std::holds_alternative<vrrp::SessionEvent>(event.body) &&
         !std::holds_alternative<vrrp::LinkEvent>(event.body) &&
         !std::holds_alternative<vrrp::AddressEvent>(event.body) &&
         !std::holds_alternative<vrrp::OverrunEvent>(event.body) &&
         !std::holds_alternative<vrrp::ObjectRemovedEvent>(event.body);
}

}  // namespace

Napi::Value MakeVrrpEvent(Napi::Env env, const vrrp::Event& event) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("atUs", Number(env, event.at_us));
  if (ConcernsInstance(event)) made.Set("instance", Number(env, event.instance));
  std::visit(Filler{env, made}, event.body);
  return made;
}

}  // namespace holdfast::binding
