/** One cell; `tone` colours it on a terminal. */
export interface Cell {
  readonly text: string;
  readonly tone: "good" | "bad" | "plain";
}

const COLOURS = { good: "\u001b[32m", bad: "\u001b[31m", plain: "" } as const;
const RESET = "\u001b[0m";
const GAP = "  ";

export function plain(value: string | number): Cell {
  return { text: String(value), tone: "plain" };
}

function render(cell: Cell, width: number, isColoured: boolean): string {
  const text = cell.text.length > width ? `${cell.text.slice(0, Math.max(0, width - 1))}…` : cell.text.padEnd(width);
  const colour = COLOURS[cell.tone];
  return isColoured && colour !== "" ? `${colour}${text}${RESET}` : text;
}

/**
 * Aligned columns. When they don't fit, the widest is cut until they do.
 * @param width of the terminal in characters
 */
export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, isColoured }: { readonly width: number; readonly isColoured: boolean },
): string {
  const widths = heads.map((head, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.text.length ?? 0), head.length),
  );
  const total = (): number => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
  while (total() > width && Math.max(...widths) > 4) {
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
