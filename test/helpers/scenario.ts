import { readFileSync } from "node:fs";
import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type { VrrpAction } from "../../src/native/contract.ts";
import { renderNote } from "../../src/runtime/vrrp-wording.ts";
import { classifyAdvert } from "../../src/vrrp/election.ts";
import { step } from "../../src/vrrp/machine.ts";
import { activeDownIntervalUs, effectivePriority, electedRouter, intervalOf } from "../../src/vrrp/timers.ts";
import {
  type FaultReason,
  INITIAL_STATE,
  type RouterEvent,
  type VrrpEffect,
  type VrrpState,
} from "../../src/vrrp/types.ts";
import { virtualRouter } from "./virtual-router.ts";

/** First line of a scenario: its name, the rule it is about, and the router's settings. */
export interface ScenarioHeader extends Partial<VrrpInstance> {
  readonly scenario: string;
  readonly source: string;
  /** Address the router sends from. */
  readonly address?: string;
}

export interface ScenarioLine {
  readonly atUs: number;
  readonly event: string;
  readonly from?: string;
  readonly priority?: number;
  readonly intervalUs?: number;
  readonly reason?: FaultReason;
  readonly weight?: number;
  readonly isDelayed?: boolean;
  readonly isSilent?: boolean;
  readonly hasNewAddresses?: boolean;
  readonly reaction?: "repair" | "yield";
  readonly addresses?: readonly string[];
  /** Expected. */
  readonly state: string;
  readonly effects: readonly string[];
  /** Expected log lines, where the scenario is about them. */
  readonly log?: readonly string[];
}

export interface Scenario {
  readonly header: ScenarioHeader;
  readonly lines: readonly ScenarioLine[];
}

/** A file holds one scenario after another; a line with `scenario` starts one. */
export function readScenarios(path: string): readonly Scenario[] {
  const scenarios: { header: ScenarioHeader; lines: ScenarioLine[] }[] = [];
  for (const text of readFileSync(path, "utf8").split("\n")) {
    if (text.trim() === "" || text.startsWith("#")) continue;
    const value: ScenarioHeader | ScenarioLine = JSON.parse(text);
    if ("scenario" in value) scenarios.push({ header: value, lines: [] });
    else scenarios.at(-1)?.lines.push(value);
  }
  return scenarios;
}

/** What the machine did, in the words of a scenario line. */
export function runScenario(scenario: Scenario): readonly ScenarioLine[] {
  const router = virtualRouter(scenario.header);
  const address = scenario.header.address ?? "192.0.2.1";
  let state: VrrpState = INITIAL_STATE;
  let lastIntervalUs: number | null = null;
  return scenario.lines.map((line) => {
    const own = {
      priority: effectivePriority(electedRouter(router, state), state.weight),
      address,
      family: router.family,
    };
    const event = eventOf(line, (advert) => classifyAdvert(own, advert));
    const result = step(router, state, event);
    state = result.state;
    const ownPriority = effectivePriority(electedRouter(router, state), state.weight);
    const effects = result.effects.flatMap((effect) => {
      if (effect.kind === "note") return [];
      const advertIntervalUs = event.kind === "advert" ? event.advert.intervalUs : null;
      const words = effectWords(effect, ownPriority, advertIntervalUs, lastIntervalUs);
      if (effect.kind === "arm-active-down") lastIntervalUs = intervalOf(effect.rule, advertIntervalUs, lastIntervalUs);
      return [words];
    });
    const log = result.effects.flatMap((effect) =>
      effect.kind === "note" ? [renderNote(router.name, effect).text] : [],
    );
    return { ...line, state: state.kind, effects, ...(line.log === undefined ? {} : { log }) };
  });
}

type Classify = (advert: { source: string; priority: number; intervalUs: number }) => ReturnType<typeof classifyAdvert>;

function eventOf(line: ScenarioLine, classify: Classify): RouterEvent {
  switch (line.event) {
    case "startup":
      return { kind: "startup", isDelayed: line.isDelayed ?? false };
    case "shutdown":
      return { kind: "shutdown", isSilent: line.isSilent ?? false };
    case "active-down":
    case "adver":
    case "stalled":
    case "startup-delay-expired":
    case "preempt-delay-expired":
    case "owner-conflict-expired":
      return { kind: line.event };
    case "advert": {
      const advert = {
        source: line.from ?? "192.0.2.2",
        priority: line.priority ?? 100,
        intervalUs: line.intervalUs ?? 1_000_000,
      };
      return { kind: "advert", class: classify(advert), advert };
    }
    case "fault-raised":
    case "fault-cleared":
      return { kind: line.event, reason: line.reason ?? "interface eth0 down" };
    case "weight":
      return { kind: "weight", weight: line.weight ?? 0 };
    case "addresses-removed":
      return { kind: "addresses-removed", reaction: line.reaction ?? "repair", addresses: line.addresses ?? [] };
    case "reconfigured":
      return { kind: "reconfigured", hasNewAddresses: line.hasNewAddresses ?? false };
    default:
      throw new Error(`unknown event in scenario: ${line.event}`);
  }
}

function effectWords(
  effect: Exclude<VrrpEffect, { kind: "note" }>,
  ownPriority: number,
  advertIntervalUs: number | null,
  lastIntervalUs: number | null,
): string {
  switch (effect.kind) {
    case "notify":
      return `notify ${effect.to} ${effect.priority}`;
    case "start-timer":
      return `arm ${effect.timer} ${effect.delayUs}`;
    case "stop-timer":
      return `disarm ${effect.timer}`;
    default:
      return actionWords(effect, ownPriority, advertIntervalUs, lastIntervalUs);
  }
}

function actionWords(
  action: VrrpAction,
  ownPriority: number,
  advertIntervalUs: number | null,
  lastIntervalUs: number | null,
): string {
  switch (action.kind) {
    case "send-advert":
      return action.priority === ownPriority ? "send-advert" : `send-advert ${action.priority}`;
    case "arm-adver":
      return `arm adver ${action.intervalUs}`;
    case "disarm-adver":
      return "disarm adver";
    case "disarm-active-down":
      return "disarm active-down";
    case "arm-active-down": {
      const intervalUs = intervalOf(action.rule, advertIntervalUs, lastIntervalUs);
      return `arm active-down ${activeDownIntervalUs(action.rule, intervalUs)}`;
    }
    case "shift-active-down": {
      const baseUs = action.skewBaseUs ?? lastIntervalUs ?? 0;
      return `shift active-down ${Math.trunc((action.skewNumerator * baseUs) / 256)}`;
    }
    case "announce": {
      const { repeat, delayUs } = action.rule;
      return `announce ${repeat}+${delayUs > 0 ? repeat : 0}`;
    }
    default:
      return action.kind;
  }
}
