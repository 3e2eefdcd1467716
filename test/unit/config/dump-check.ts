import {
  applicationLines,
  headingOf,
  memberLine,
  networkLines,
  protocolOf,
  realServerLines,
  virtualServerLines,
} from "../../../src/api/check-lines.ts";
import { yesNo } from "../../../src/api/dump-text.ts";
import { PROBES_OF_APPLICATION_CHECKS } from "../../../src/config/build-checkers.ts";
import type { ApplicationChecker, ConfiguredRealServer, ConfiguredVirtualServer } from "../../../src/model/checks.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { DumpObject } from "./dump-object.ts";

/** What the peer's checker process prints, from our model. */
export function dumpCheckers(configuration: CompleteConfiguration): readonly DumpObject[] {
  const indexes = new Map<string, number>();
  return configuration.virtualServers.flatMap((server) => {
    const { key } = server;
    const index = key.kind === "group" ? (indexes.get(key.group) ?? 0) : 0;
    if (key.kind === "group") indexes.set(key.group, index + 1);
    return dumpVirtualServer(server, index);
  });
}

export function dumpServerGroups(configuration: CompleteConfiguration): readonly DumpObject[] {
  return configuration.virtualServerGroups.map((group) => {
    const has = (family: string): string =>
      yesNo(group.members.some((member) => member.kind !== "fwmark" && member.family === family));
    const lines = group.members.map(memberLine);
    return { heading: `[virtual server group ${group.name}, IPv4 = ${has("inet")}, IPv6 = ${has("inet6")}]`, lines };
  });
}

function dumpVirtualServer(server: ConfiguredVirtualServer, index: number): readonly DumpObject[] {
  const heading = headingOf(server.key, index);
  const realServers = server.realServers.map((real) => ({
    heading: `[${heading} | real_server ${real.address}, RPORT = ${real.port}]`,
    lines: realServerLines(real),
  }));
  const checkers = server.realServers.flatMap((real) => checkerObjects(server, real, index));
  return [{ heading: `[${heading}]`, lines: virtualServerLines(server) }, ...realServers, ...checkers];
}

/** What the recorded dumps leave out. */
const NOT_RECORDED = /^Regex (options:$|ref count)/;

function checkerObjects(
  server: ConfiguredVirtualServer,
  real: ConfiguredRealServer,
  index: number,
): readonly DumpObject[] {
  const { key } = server;
  const protocol = protocolOf(key);
  const from =
    key.kind === "address"
      ? `[${key.address}]:${protocol}:${key.port}`
      : key.kind === "fwmark"
        ? `FWM ${key.fwmark}`
        : `[${key.group}]:${index}`;
  const heading = `[checker ${from} -> [${real.address}]:${protocol}:${real.port}]`;
  return [
    // An HTTP_GET is dumped as written, from the application checkers.
    ...real.checkers
      .filter(({ kind }) => !PROBES_OF_APPLICATION_CHECKS.has(kind))
      .map((checker) => ({ heading, lines: networkLines(checker, real.port) })),
    ...real.applicationCheckers.map((checker) => ({
      heading,
      lines: applicationLines(checker, { outerHost: real.virtualHost, usesOf: () => 1 }).filter(
        (line) => !NOT_RECORDED.test(line),
      ),
    })),
  ];
}

/** Track files and BFD sessions as the checker process sees them. */
export function dumpCheckTrackers(configuration: CompleteConfiguration): readonly DumpObject[] {
  const followers: { readonly check: ApplicationChecker["check"]; readonly from: string; readonly to: string }[] = [];
  for (const server of configuration.virtualServers) {
    const protocol = protocolOf(server.key);
    const from = server.key.kind === "address" ? `[${server.key.address}]:${protocol}:${server.key.port}` : "";
    for (const real of server.realServers) {
      const to = `[${real.address}]:${protocol}:${real.port}`;
      for (const { check } of real.applicationCheckers) followers.push({ check, from, to });
    }
  }
  const files = configuration.trackFiles.map((file) => ({
    heading: `[track file ${file.name}]`,
    lines: [
      `File = ${file.path}`,
      `Weight = ${file.weight}${file.isReversed ? " reverse" : ""}`,
      ...followers.flatMap(({ check, from, to }) =>
        check.kind === "file" && check.trackFile === file.name
          ? [`Tracking instances | ${from} -> ${to}, weight ${check.weight}${check.isReversed ? " reverse" : ""}`]
          : [],
      ),
    ],
  }));
  const bfds = configuration.bfdInstances.map((bfd) => ({
    heading: `[checker track bfd ${bfd.name}]`,
    lines: followers.flatMap(({ check, to }) => (check.kind === "bfd" && check.bfdInstance === bfd.name ? [to] : [])),
  }));
  return [...files, ...bfds];
}
