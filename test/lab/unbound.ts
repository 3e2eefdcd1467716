/** What a name server of a lab machine is to say. */
export interface UnboundSettings {
  /** An IPv4 address of its own, or 0.0.0.0. */
  readonly address: string;
  /** Whether it answers anybody, or refuses everybody. */
  readonly access: "allow" | "refuse";
  /** Lines of the block `server:`, the zones. */
  readonly zones: readonly string[];
}

/** @returns a configuration of unbound for one process in the foreground, which asks nobody else */
export function unboundConfig({ address, access, zones }: UnboundSettings): string {
  return `server:
  interface: ${address}
  access-control: 0.0.0.0/0 ${access}
  chroot: ""
  username: ""
  pidfile: "/run/unbound.pid"
  use-syslog: no
  do-daemonize: no
  auto-trust-anchor-file: ""
  module-config: "iterator"
${zones.map((line) => `  ${line}\n`).join("")}remote-control:
  control-enable: no
`;
}
