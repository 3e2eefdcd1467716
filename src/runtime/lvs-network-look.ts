import {
  decodeDeadNeighbour,
  decodeRoute,
  neighbourDump,
  type RouteAnswer,
  routeQuery,
} from "../addressing/route-query.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { Link, Rtnetlink } from "../native/contract.ts";

export interface LookedAt {
  readonly family: AddressFamily;
  readonly address: IpAddress;
}

/** So many targets stand for all. */
const LARGEST_SAMPLE = 16;

/**
 * Whether this machine's own network is to blame for what does not answer: the link is down or without carrier, there
 * is no route, or the gateway does not answer.
 * @returns what is wrong with the way to most of the targets, in words; null when that is nothing
 */
export async function lookAtNetwork(rtnetlink: Rtnetlink, targets: readonly LookedAt[]): Promise<string | null> {
  const sample = spread(targets, LARGEST_SAMPLE);
  const [links, neighbours] = await Promise.all([rtnetlink.links(), rtnetlink.query(neighbourDump())]);
  const byIndex = new Map(links.map((link) => [link.ifindex, link]));
  const dead = new Set(
    neighbours.map(decodeDeadNeighbour).flatMap((one) => (one === null ? [] : [`${one.ifindex} ${one.address}`])),
  );
  const problems: string[] = [];
  for (const { family, address } of sample) {
    const problem = problemOf(await routeTo(rtnetlink, family, address), byIndex, dead);
    if (problem !== null) problems.push(problem);
  }
  return problems.length * 2 > sample.length ? (problems[0] ?? null) : null;
}

async function routeTo(rtnetlink: Rtnetlink, family: AddressFamily, address: IpAddress): Promise<RouteAnswer | null> {
  try {
    const [answer] = await rtnetlink.query(routeQuery(family, address));
    return answer === undefined ? null : decodeRoute(answer);
  } catch {
    return null;
  }
}

function problemOf(
  route: RouteAnswer | null,
  links: ReadonlyMap<number, Link>,
  dead: ReadonlySet<string>,
): string | null {
  if (route === null || route.ifindex === null) return "there is no route to them";
  const link = links.get(route.ifindex);
  if (link === undefined) return "their interface is gone";
  if (!link.isUp) return `${link.name} is down`;
  if (!link.isRunning && !link.isLoopback) return `${link.name} has no carrier`;
  const isDead = route.gateway !== null && dead.has(`${route.ifindex} ${route.gateway}`);
  return isDead ? `the gateway on ${link.name} does not answer` : null;
}

function spread<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, index) => items[Math.floor(index * step)]).flatMap(
    (item) => (item === undefined ? [] : [item]),
  );
}
