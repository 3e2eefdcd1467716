import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../helpers/repository.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

const FOLDER = join(ROOT, "test/fixtures/corpus");
/** Where configurations are looked for instead, for a look at more of them. */
const OTHER_FOLDER = process.env["HOLDFAST_CORPUS_FOLDER"] ?? FOLDER;
const OWN_INTERFACES = ["lo", "eth0"];

/** A configuration, with the host's name that its lines for one host ask for. */
export type CorpusEntry = readonly [name: string, host?: string];

/** HOLDFAST_CORPUS (for example `ka-vrrp,pq-2013@samson`) names others than the usual ones. */
export function chosen(usual: readonly CorpusEntry[]): readonly CorpusEntry[] {
  const wanted = process.env["HOLDFAST_CORPUS"] ?? "";
  if (wanted === "") return usual;
  return wanted.split(",").map((entry): CorpusEntry => {
    const [name = "", host] = entry.split("@");
    return host === undefined ? [name] : [name, host];
  });
}

/** A configuration from the wild. @param name without its ending */
export function corpusConfig(name: string): string {
  return readFileSync(join(OTHER_FOLDER, `${name}.conf`), "utf8");
}

/** Interfaces that a text speaks of, beside those that every machine has. */
function interfacesIn(text: string): readonly string[] {
  const words = new Set(text.split(/[\s{}]+/));
  // Of a VLAN the number may be made by a sequence.
  const isMeant = (name: string): boolean =>
    words.has(name) || (name.includes(".") && text.includes(name.slice(0, name.indexOf(".") + 1)));
  return readFileSync(join(FOLDER, "environment.tsv"), "utf8")
    .split("\n")
    .flatMap((line) => {
      const [kind, name = ""] = line.split("\t");
      return kind === "interface" && isMeant(name) && !OWN_INTERFACES.includes(name) ? [name] : [];
    });
}

/** Makes the interfaces that a text speaks of, up and with an address of each family. */
async function addInterfacesFor(machine: Machine, text: string): Promise<void> {
  const commands = interfacesIn(text).flatMap((name, at) => [
    `link add ${name} address 02:00:00:01:00:${(at + 1).toString(16).padStart(2, "0")} type veth peer name peer-${at}`,
    `link set peer-${at} up`,
    `link set ${name} up`,
    `address add 10.250.${at}.5/24 dev ${name}`,
    `address add fd00:250:${at}::5/64 dev ${name} nodad`,
  ]);
  if (commands.length > 0) await machine.ip(commands.join("\n"));
}

/** A machine that has the interfaces of a configuration, as long as it is used. */
export async function onCorpusMachine<Result>(
  config: string,
  use: (machine: Machine) => Promise<Result>,
): Promise<Result> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    await addInterfacesFor(machine, config);
    return await use(machine);
  } finally {
    await network.close();
  }
}

export interface CorpusRun {
  readonly name: DaemonName;
  readonly config: string;
  readonly flags: readonly string[];
  /** `-i` */
  readonly host: string | undefined;
}

/** A daemon with a configuration, as long as it is used. What goes wrong is told with its name and log. */
export async function withCorpusDaemon<Result>(
  machine: Machine,
  { name, config, flags, host }: CorpusRun,
  use: (daemon: Daemon) => Promise<Result>,
): Promise<Result> {
  const daemon = new Daemon(machine, { name, config, flags: [...flags, ...(host === undefined ? [] : ["-i", host])] });
  try {
    return await use(daemon);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  } finally {
    await daemon.terminate();
  }
}
