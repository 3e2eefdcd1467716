/** @returns the `code` of a system error, for example `ENOENT`; the class name or `UNKNOWN` for others */
export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "UNKNOWN";
}

/** @returns what was thrown, in one line */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const OBSTACLES: Readonly<Record<string, string>> = {
  ELOOP: "it is a symbolic link",
  ENOTREG: "it is no regular file",
  EISDIR: "it is a folder",
  ENOENT: "its folder is not there",
  ENOTDIR: "its folder is a file",
  EACCES: "no permission",
  EPERM: "no permission, or another user's file",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
};

/** @returns `it is a symbolic link (ELOOP)`: why a file can't be written, in words; the bare code where there are none */
export function obstacleText(code: string): string {
  const words = Object.hasOwn(OBSTACLES, code) ? OBSTACLES[code] : undefined;
  return words === undefined ? code : `${words} (${code})`;
}
