/** Text of keepalived.conf for the lab's scenarios. */

export interface InstanceText {
  readonly version: 2 | 3;
  readonly priority: number;
  readonly virtualAddresses: readonly string[];
  /** Seconds, as written in the file. */
  readonly advertInt: string;
  readonly state?: "MASTER" | "BACKUP";
  readonly vrid?: number;
  readonly password?: string | null;
  /** `auth_type AH` instead of PASS. */
  readonly isAh?: boolean;
  /** Further lines of global_defs. */
  readonly globalLines?: readonly string[];
  /** Further lines of the instance. */
  readonly extraLines?: readonly string[];
  readonly nopreempt?: boolean;
  readonly unicast?: { readonly source: string; readonly peers: readonly string[] };
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `    ${line.replaceAll("\n", "\n    ")}`).join("\n")}\n}`;
}

/** @returns a whole file with one VRRP instance VI_1 on eth0 */
export function vrrpConfig(instance: InstanceText): string {
  const lines = [
    `state ${instance.state ?? "BACKUP"}`,
    "interface eth0",
    `virtual_router_id ${instance.vrid ?? 51}`,
    `priority ${instance.priority}`,
    `advert_int ${instance.advertInt}`,
  ];
  if (instance.nopreempt === true) lines.push("nopreempt");
  if (instance.unicast !== undefined) {
    lines.push(`unicast_src_ip ${instance.unicast.source}`, block("unicast_peer", instance.unicast.peers));
  }
  if (typeof instance.password === "string") {
    lines.push(
      block("authentication", [
        `auth_type ${instance.isAh === true ? "AH" : "PASS"}`,
        `auth_pass ${instance.password}`,
      ]),
    );
  }
  lines.push(...(instance.extraLines ?? []));
  lines.push(block("virtual_ipaddress", instance.virtualAddresses));
  const global = block("global_defs", [
    "router_id LAB",
    `vrrp_version ${instance.version}`,
    ...(instance.globalLines ?? []),
  ]);
  return `${global}\n\n${block("vrrp_instance VI_1", lines)}\n`;
}
