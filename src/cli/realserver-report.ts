import type { RealserverCommand, RealserverProblem, RealserverStatus } from "../addressing/realserver.ts";

/** What a problem means and how to mend it. */
export function problemText(problem: RealserverProblem): string {
  switch (problem.kind) {
    case "no-loopback":
      return "there is no loopback interface";
    case "loopback-down":
      return `${problem.interfaceName} is down; run: ip link set ${problem.interfaceName} up`;
    case "sysctl-missing":
      return `this kernel has no ${problem.path}, so ARP can't be kept quiet`;
    case "address-elsewhere":
      return `${problem.address} is on ${problem.interfaceName} too, which answers ARP for it; take it away there`;
  }
}

export function commandText(command: RealserverCommand): string {
  switch (command.kind) {
    case "save-state":
      return command.state === null ? "forgot what was changed" : "saved what was found";
    case "set-sysctl":
      return `set ${command.path.replaceAll("/", ".")} = ${command.value}`;
    case "address": {
      const { kind, address } = command.command;
      return `${kind === "address-add" ? "added" : "removed"} ${address.address}/${address.prefixLength} on lo`;
    }
  }
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Three columns: what, how it is, whether that is enough. */
export function statusTable(status: RealserverStatus): string {
  const rows = [
    ["WHAT", "NOW", "GOOD ENOUGH"],
    ...status.addresses.map(({ address, isPresent }) => [
      `VIP ${address} on lo`,
      isPresent ? "there" : "missing",
      isPresent ? "yes" : "NO",
    ]),
    ...status.sysctls.map(({ path, value, isSufficient }) => [
      path.replaceAll("/", "."),
      value === null ? "missing" : String(value),
      isSufficient ? "yes" : "NO",
    ]),
  ];
  const problems = status.problems.map((problem) => `\nproblem: ${problemText(problem)}`).join("");
  const verdict = status.addresses.length === 0 ? "no VIP is set up" : status.isReady ? "ready" : "not ready";
  return `${table(rows)}${problems}\n${verdict}`;
}
