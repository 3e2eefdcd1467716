/** Which part of the daemon a pid file stands for; all hold the same pid. */
export type PidRole = "parent" | "vrrp" | "checkers" | "bfd";

export interface PidPathRules {
  /** For example `/run`. */
  readonly runDirectory: string;
  /** `instance NAME` */
  readonly instanceName: string | null;
  /** `net_namespace NAME` or `-s` */
  readonly networkNamespace: string | null;
  /** `use_pid_dir` */
  readonly usesPidDirectory: boolean;
  /** From the command line; null where not given. */
  readonly given: Readonly<Record<PidRole, string | null>>;
}

const BASE_NAMES: Readonly<Record<PidRole, string>> = {
  parent: "keepalived",
  vrrp: "vrrp",
  checkers: "checkers",
  bfd: "bfd",
};

export interface PidPaths {
  /** Outermost first; to be created 0755, and removed at exit when empty. */
  readonly directories: readonly string[];
  readonly files: readonly string[];
}

/**
 * keepalived's places: RUN/keepalived.pid, or RUN/keepalived/ with the instance's name in the file name. A
 * network namespace has its own folder there (keepalived mounts it over RUN/keepalived for itself alone).
 */
export function pidPaths(rules: PidPathRules, roles: readonly PidRole[]): PidPaths {
  const { runDirectory, instanceName, networkNamespace } = rules;
  const hasDirectory = rules.usesPidDirectory || instanceName !== null || networkNamespace !== null;
  const base = hasDirectory ? `${runDirectory}/keepalived` : runDirectory;
  const folder = networkNamespace === null ? base : `${base}/${networkNamespace}`;
  const suffix = instanceName === null ? "" : `_${instanceName}`;
  const files = roles.map((role) => rules.given[role] ?? `${folder}/${BASE_NAMES[role]}${suffix}.pid`);
  const usesDefault = roles.some((role) => rules.given[role] === null);
  const directories = hasDirectory && usesDefault ? [...new Set([base, folder])] : [];
  return { directories, files };
}
