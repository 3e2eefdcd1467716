/** Where something stands in the text. */
const PLACE = "place";

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
  // Without lists of names: a reload compares some 100,000 objects.
  let surplus = 0;
  for (const name in left) {
    if (name === PLACE) continue;
    if (!isSameModel(left[name], right[name])) return false;
    surplus += 1;
  }
  for (const name in right) if (name !== PLACE) surplus -= 1;
  return surplus === 0;
}

/** Names of the fields of two objects that differ, sorted; `place` is left out. */
export function changedFields(left: object, right: object): readonly string[] {
  const before: Fields = { ...left };
  const after: Fields = { ...right };
  const names = new Set([...fieldNames(before), ...fieldNames(after)]);
  return [...names].filter((name) => !isSameModel(before[name], after[name])).sort();
}

function fieldNames(fields: Fields): readonly string[] {
  return Object.keys(fields).filter((name) => name !== PLACE);
}
