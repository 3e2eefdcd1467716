#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "vrrp/model.h"

namespace holdfast::vrrp {

/** contract.ts `ActiveDownRule` */
struct ActiveDownRule {
  enum class From : uint8_t { kRule, kAdvert, kLast };

  int64_t interval_us = 0;
  From interval_from = From::kRule;
  int64_t multiplier = 0;
  int64_t skew_numerator = 0;
  std::optional<int64_t> skew_base_us;
};

/** contract.ts `AnnounceRule` */
struct AnnounceRule {
  uint32_t repeat = 0;
  int64_t delay_us = 0;
  int64_t refresh_us = 0;
  uint32_t refresh_repeat = 0;
};

struct SendAdvert {
  uint8_t priority = 0;
};
struct AddAddresses {};
struct RemoveAddresses {};
struct Announce {
  AnnounceRule rule;
};
struct CancelAnnounce {};
struct AnnounceSource {};
struct ArmAdver {
  int64_t interval_us = 0;
};
struct DisarmAdver {};
struct ArmActiveDown {
  ActiveDownRule rule;
};
struct ShiftActiveDown {
  int64_t skew_numerator = 0;
  std::optional<int64_t> skew_base_us;
};
struct DisarmActiveDown {};

/** contract.ts `VrrpAction`, in its order. */
using Action = std::variant<SendAdvert, AddAddresses, RemoveAddresses, Announce, CancelAnnounce,
                            AnnounceSource, ArmAdver, DisarmAdver, ArmActiveDown, ShiftActiveDown,
                            DisarmActiveDown>;

/** What a phase does about a trigger. */
struct Reaction {
  enum class Kind : uint8_t { kTell, kIgnore, kRun };

  Kind kind = Kind::kTell;
  Phase next = Phase::kIdle;
  bool is_reported = false;
  /** Range of the program's actions. */
  uint32_t first = 0;
  uint32_t count = 0;
  /** Runs only when the rest of the group wishes to be active; until then `waiting` runs instead.
   */
  bool awaits_group = false;
  /** Range of the program's actions. */
  uint32_t waiting_first = 0;
  uint32_t waiting_count = 0;
  /** Happens to the rest of the group afterwards. */
  std::optional<Trigger> pulls = std::nullopt;
};

/** contract.ts `VrrpProgram`, compiled: one table look-up per trigger. */
class Program {
 public:
  uint8_t own_priority = 0;
  Phase phase = Phase::kIdle;
  /** contract.ts `VrrpProgram.stalledAfterUs` */
  std::optional<int64_t> stalled_after_us;

  /** @returns false when the trigger has a plan in this phase already */
  bool AddPlan(Phase when, Trigger trigger, std::span<const Action> actions, Phase next,
               bool is_reported);
  /** Makes the trigger's plan wait for the group. @param waiting runs until then */
  void AwaitGroup(Phase when, Trigger trigger, std::span<const Action> waiting);
  /** Makes the trigger's plan pull the group along. */
  void Pull(Phase when, Trigger trigger, Trigger pulled) { At(when, trigger).pulls = pulled; }
  /** A plan wins over this. */
  void Ignore(Phase when, Trigger trigger);

  const Reaction& ReactionTo(Phase when, Trigger trigger) const {
    return reactions_[static_cast<size_t>(when)][static_cast<size_t>(trigger)];
  }
  /** No advert of any kind has an effect or is told of in this phase. */
  bool IgnoresAdverts(Phase when) const;
  std::span<const Action> ActionsOf(const Reaction& reaction) const {
    return std::span(actions_).subspan(reaction.first, reaction.count);
  }
  std::span<const Action> WaitingActionsOf(const Reaction& reaction) const {
    return std::span(actions_).subspan(reaction.waiting_first, reaction.waiting_count);
  }

 private:
  Reaction& At(Phase when, Trigger trigger) {
    return reactions_[static_cast<size_t>(when)][static_cast<size_t>(trigger)];
  }

  std::array<std::array<Reaction, kTriggers>, kPhases> reactions_{};
  std::vector<Action> actions_;
};

/** contract.ts `VrrpOrder` */
struct Order {
  int64_t order = 0;
  int64_t epoch = 0;
  std::vector<Action> actions;
  Program program;
};

}  // namespace holdfast::vrrp
