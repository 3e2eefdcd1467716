/**
 * The name of a process that still runs. One that has ended stays as a zombie where nobody collects it, as under
 * the first process of many containers.
 * @param stat the text of /proc/PID/stat
 */
export function runningProcessName(stat: string): string | null {
  const match = /^\d+ \((.*)\) ([A-Za-z]) /s.exec(stat);
  if (match === null) return null;
  const [, name = "", state = ""] = match;
  return "ZXx".includes(state) ? null : name;
}
