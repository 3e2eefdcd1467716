/** @returns the `code` of a system error, for example `ENOENT`; the class name or `UNKNOWN` for others */
export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "UNKNOWN";
}

/** @returns what was thrown, in one line */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
