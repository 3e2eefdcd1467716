import { normalisePath } from "./glob.ts";
import type { ConfigurationHost } from "./host.ts";

/** Names that iproute2 gives to numbers. */
export type NameTable = "rt_tables" | "rt_protos" | "rt_scopes" | "rt_realms" | "rt_dsfield" | "group";

const BUILT_IN: Readonly<Record<NameTable, Readonly<Record<string, number>>>> = {
  rt_tables: { unspec: 0, default: 253, main: 254, local: 255 },
  rt_protos: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    ra: 9,
    keepalived: 18,
    bgp: 186,
    ospf: 188,
    rip: 189,
  },
  rt_scopes: { universe: 0, global: 0, nowhere: 255, host: 254, link: 253, site: 200 },
  rt_realms: { unknown: 0, cosmos: 0 },
  rt_dsfield: { default: 0 },
  group: { default: 0 },
};

const VENDOR_DIRECTORIES = ["/usr/share/iproute2", "/usr/lib/iproute2"];
const ADMIN_DIRECTORY = "/etc/iproute2";

/** Where iproute2's files are looked for; null: in the usual places. */
export interface NameTablePlaces {
  /** `iproute_usr_dir` */
  readonly vendor: string | null;
  /** `iproute_etc_dir` */
  readonly admin: string | null;
}

/** Looks names up in iproute2's files, each read at most once. The administrator's names stand above the vendor's. */
export class NameTables {
  private readonly host: ConfigurationHost;
  private directories: readonly string[] = [...VENDOR_DIRECTORIES, ADMIN_DIRECTORY];
  private readonly tables = new Map<NameTable, ReadonlyMap<string, number>>();

  constructor(host: ConfigurationHost) {
    this.host = host;
  }

  /** Holds for names that are looked up from now on. */
  place({ vendor, admin }: NameTablePlaces): void {
    this.directories = [...(vendor === null ? VENDOR_DIRECTORIES : [vendor]), admin ?? ADMIN_DIRECTORY];
    this.tables.clear();
  }

  /** @returns the number of a name, or of a number in C notation; null if it is neither or above the maximum */
  find(table: NameTable, word: string, maximum: number): number | null {
    const value = this.load(table).get(word) ?? readCNumber(word);
    return value !== null && value <= maximum ? value : null;
  }

  /** The table itself, then what was dropped into its folder. */
  private filesIn(directory: string, table: NameTable): readonly string[] {
    const folder = normalisePath(`${directory}/${table}.d`);
    const dropped = (this.host.listDirectory(folder) ?? []).filter((name) => name.endsWith(".conf")).sort();
    return [`${directory}/${table}`, ...dropped.map((name) => `${folder}/${name}`)];
  }

  private load(table: NameTable): ReadonlyMap<string, number> {
    const known = this.tables.get(table);
    if (known !== undefined) return known;
    const names = new Map(Object.entries(BUILT_IN[table]));
    for (const path of this.directories.flatMap((directory) => this.filesIn(directory, table))) {
      const content = this.host.readFile(normalisePath(path));
      if (content.kind === "text") readNames(content.text, names);
    }
    this.tables.set(table, names);
    return names;
  }
}

function readNames(text: string, names: Map<string, number>): void {
  for (const line of text.split("\n")) {
    const [number = "", name] = line.replace(/#.*/, "").trim().split(/\s+/);
    const value = readCNumber(number);
    if (value !== null && name !== undefined) names.set(name, value);
  }
}

/** Decimal, 0x hexadecimal or 0 octal, not negative. */
export function readCNumber(word: string): number | null {
  if (/^0[0-7]+$/.test(word)) return Number.parseInt(word, 8);
  return /^(0[xX][0-9a-fA-F]{1,12}|[0-9]{1,15})$/.test(word) ? Number(word) : null;
}
