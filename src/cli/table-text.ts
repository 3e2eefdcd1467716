/** One cell; `tone` colours it on a terminal. */
export interface Cell {
  readonly text: string;
  readonly tone: "good" | "bad" | "plain";
}

const COLOURS = { good: "\u001b[32m", bad: "\u001b[31m", plain: "" } as const;
const RESET = "\u001b[0m";
const GAP = "  ";
/** Shorter than this it says nothing. */
const LEAST_PROSE = 12;

export function plain(value: string | number): Cell {
  return { text: String(value), tone: "plain" };
}

function render(cell: Cell, width: number, isColoured: boolean): string {
  const text = cell.text.length > width ? `${cell.text.slice(0, Math.max(0, width - 1))}…` : cell.text.padEnd(width);
  const colour = COLOURS[cell.tone];
  return isColoured && colour !== "" ? `${colour}${text}${RESET}` : text;
}

/** Where a table is shown; `width` in characters. */
export interface Screen {
  readonly width: number;
  readonly isColoured: boolean;
}

function widthsOf(heads: readonly string[], rows: readonly (readonly Cell[])[]): number[] {
  return heads.map((head, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.text.length ?? 0), head.length),
  );
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
}

/** @returns the characters that the table takes when nothing is cut */
export function tableWidth(heads: readonly string[], rows: readonly (readonly Cell[])[]): number {
  return totalWidth(widthsOf(heads, rows));
}

/** Aligned columns. When they don't fit, a last one without text goes, else the last one, which is prose, is cut first, then the widest, until they do. */
export function renderTable(
  allHeads: readonly string[],
  allRows: readonly (readonly Cell[])[],
  { width, isColoured }: Screen,
): string {
  const isLastEmpty = allRows.every((row) => (row[allHeads.length - 1]?.text ?? "") === "");
  const keepsAll = !isLastEmpty || tableWidth(allHeads, allRows) <= width;
  const [heads, rows] = keepsAll
    ? [allHeads, allRows]
    : [allHeads.slice(0, -1), allRows.map((row) => row.slice(0, -1))];
  const widths = widthsOf(heads, rows);
  const last = widths.length - 1;
  const surplus = Math.max(0, totalWidth(widths) - width);
  widths[last] = Math.max(Math.min(widths[last] ?? 0, LEAST_PROSE), (widths[last] ?? 0) - surplus);
  while (totalWidth(widths) > width && Math.max(...widths) > 4) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, column) => render(cell, widths[column] ?? 0, isColoured))
      .join(GAP)
      .trimEnd();
  return [heads.map(plain), ...rows].map((cells) => `${line(cells)}\n`).join("");
}
