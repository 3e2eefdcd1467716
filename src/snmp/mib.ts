import { compareOids, isBelow, type Oid } from "./oid.ts";
import type { Absence, SnmpValue } from "./values.ts";

/** One column of a table, or one scalar of a group. */
export interface Column<Row> {
  readonly id: number;
  /** Null: this row has no such object. */
  readonly read: (row: Row) => SnmpValue | null;
}

/** Columns by their number. */
export type Columns<Row> = Readonly<Record<number, (row: Row) => SnmpValue | null>>;

export interface IndexedRow<Row> {
  readonly index: Oid;
  readonly row: Row;
}

export interface Found {
  readonly oid: Oid;
  readonly value: SnmpValue;
}

/** A part of the tree: a table's entry, or a group of scalars. Nothing is computed before it is asked for. */
export interface MibNode {
  get(oid: Oid): SnmpValue | Absence;
  /** The first object after `oid`, or at it when that counts too. */
  next(oid: Oid, isInclusive: boolean): Found | null;
}

const NO_OBJECT: Absence = { kind: "no-such-object" };
const NO_INSTANCE: Absence = { kind: "no-such-instance" };

/** Where the first row stands whose index is not less than `index`. */
function lowerBound(rows: readonly IndexedRow<unknown>[], index: Oid): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareOids(rows[middle]?.index ?? [], index) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param entry the identifier that column numbers are appended to
 * @param rows in any order; of two with the same index one is found
 */
export function table<Row>(entry: Oid, columns: Columns<Row>, rows: readonly IndexedRow<Row>[]): MibNode {
  const sorted = [...rows].sort((left, right) => compareOids(left.index, right.index));
  const ordered = Object.entries(columns)
    .map(([id, read]): Column<Row> => ({ id: Number(id), read }))
    .sort((left, right) => left.id - right.id);

  const get = (oid: Oid): SnmpValue | Absence => {
    if (!isBelow(oid, entry)) return NO_OBJECT;
    const column = ordered.find(({ id }) => id === oid[entry.length]);
    if (column === undefined) return NO_OBJECT;
    const index = oid.slice(entry.length + 1);
    const found = sorted[lowerBound(sorted, index)];
    if (found === undefined || compareOids(found.index, index) !== 0) return NO_INSTANCE;
    return column.read(found.row) ?? NO_INSTANCE;
  };

  const firstIn = ({ id, read }: Column<Row>, from: number): Found | null => {
    for (let at = from; at < sorted.length; at += 1) {
      const found = sorted[at];
      const value = found === undefined ? null : read(found.row);
      if (found !== undefined && value !== null) return { oid: [...entry, id, ...found.index], value };
    }
    return null;
  };

  const startIn = (oid: Oid, isInclusive: boolean): number => {
    const index = oid.slice(entry.length + 1);
    const at = lowerBound(sorted, index);
    const isThere = compareOids(sorted[at]?.index ?? [], index) === 0;
    return isThere && !isInclusive && at < sorted.length ? at + 1 : at;
  };

  const next = (oid: Oid, isInclusive: boolean): Found | null => {
    const isInside = isBelow(oid, entry) && oid.length > entry.length;
    if (!isInside && compareOids(oid, entry) > 0) return null;
    const asked = isInside ? (oid[entry.length] ?? 0) : -1;
    for (const column of ordered) {
      if (column.id < asked) continue;
      const found = firstIn(column, column.id === asked ? startIn(oid, isInclusive) : 0);
      if (found !== null) return found;
    }
    return null;
  };
  return { get, next };
}

/** Objects with the single instance 0. */
export function scalars(group: Oid, columns: Columns<null>): MibNode {
  return table(group, columns, [{ index: [0], row: null }]);
}

/** Parts seen as one tree; they may interleave. */
export function joined(nodes: readonly MibNode[]): MibNode {
  return {
    get: (oid) => {
      let answer: SnmpValue | Absence = NO_OBJECT;
      for (const node of nodes) {
        const value = node.get(oid);
        if (value.kind === "no-such-object") continue;
        answer = value;
        if (value.kind !== "no-such-instance") break;
      }
      return answer;
    },
    next: (oid, isInclusive) => {
      let best: Found | null = null;
      for (const node of nodes) {
        const found = node.next(oid, isInclusive);
        if (found !== null && (best === null || compareOids(found.oid, best.oid) < 0)) best = found;
      }
      return best;
    },
  };
}
