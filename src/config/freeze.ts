/** Freezes a tree of plain objects and arrays. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const key in value) {
    const child = value[key];
    if (typeof child === "object") deepFreeze(child);
  }
  return Object.freeze(value);
}
