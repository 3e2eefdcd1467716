#include "vrrp/program.h"

namespace holdfast::vrrp {

bool Program::AddPlan(Phase when, Trigger trigger, std::span<const Action> actions, Phase next,
                      bool is_reported) {
  Reaction& reaction = At(when, trigger);
  if (reaction.kind == Reaction::Kind::kRun) return false;
  reaction = {.kind = Reaction::Kind::kRun,
              .next = next,
              .is_reported = is_reported,
              .first = static_cast<uint32_t>(actions_.size()),
              .count = static_cast<uint32_t>(actions.size())};
  actions_.insert(actions_.end(), actions.begin(), actions.end());
  return true;
}

void Program::AwaitGroup(Phase when, Trigger trigger, std::span<const Action> waiting) {
  Reaction& reaction = At(when, trigger);
  reaction.awaits_group = true;
  reaction.waiting_first = static_cast<uint32_t>(actions_.size());
  reaction.waiting_count = static_cast<uint32_t>(waiting.size());
  actions_.insert(actions_.end(), waiting.begin(), waiting.end());
}

void Program::Ignore(Phase when, Trigger trigger) {
  Reaction& reaction = At(when, trigger);
  if (reaction.kind == Reaction::Kind::kTell) reaction.kind = Reaction::Kind::kIgnore;
}

bool Program::IgnoresAdverts(Phase when) const {
  for (auto trigger = static_cast<size_t>(Trigger::kPriorityZero);
       trigger <= static_cast<size_t>(Trigger::kLowerPriority); ++trigger) {
    const Reaction& reaction = ReactionTo(when, static_cast<Trigger>(trigger));
    if (reaction.kind != Reaction::Kind::kIgnore) return false;
  }
  return true;
}

}  // namespace holdfast::vrrp
