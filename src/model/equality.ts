type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

/**
 * Deep equality of model data. `place` is left out: a moved line is not a change.
 * Sets and maps do not occur in the model.
 */
export function isSameModel(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (!isFields(left) || !isFields(right) || Array.isArray(left) !== Array.isArray(right)) return false;
  const names = fieldNames(left);
  return names.length === fieldNames(right).length && names.every((name) => isSameModel(left[name], right[name]));
}

/** Names of the fields of two objects that differ, sorted; `place` is left out. */
export function changedFields(left: object, right: object): readonly string[] {
  const before: Fields = { ...left };
  const after: Fields = { ...right };
  const names = new Set([...fieldNames(before), ...fieldNames(after)]);
  return [...names].filter((name) => !isSameModel(before[name], after[name])).sort();
}

function fieldNames(fields: Fields): readonly string[] {
  return Object.keys(fields).filter((name) => name !== "place");
}
