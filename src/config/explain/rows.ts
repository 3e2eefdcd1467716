import type { Entry } from "../tree.ts";

/**
 * An effective value: null is "not set", a boolean a switch, a list a block of lines or a keyword that repeats.
 * Numbers and texts are in keepalived's own units and spelling.
 */
export type EffectiveValue = string | number | boolean | null | readonly string[];

export interface RowOptions<T> {
  /** Other keywords, separated by blanks, that set the same value. */
  readonly aliases?: string;
  /** Keyword that says the contrary of this switch. */
  readonly opposite?: string;
  /** Without a word of its own, the value comes from the same keyword of an outer block. */
  readonly inherits?: true;
  /** Keywords of `global_defs`, separated by blanks, that give the value when the block says nothing. */
  readonly global?: string;
  /** Why the value is not what the text or the default says; null when it is. */
  readonly because?: (object: T) => string | null;
  /** Not for logs. */
  readonly isSecret?: true;
}

/** One keyword of a kind of object, and how to read its effective value from the model. */
export interface Row<T> {
  readonly keyword: string;
  /** Null: the model does not hold it, the text is all there is. */
  readonly value: ((object: T) => EffectiveValue) | null;
  readonly options: RowOptions<T>;
}

export function row<T>(keyword: string, value: (object: T) => EffectiveValue, options: RowOptions<T> = {}): Row<T> {
  return { keyword, value, options };
}

/** Rows for keywords that the model leaves out. */
export function asWritten<T>(keywords: string): readonly Row<T>[] {
  return keywords.split(" ").map((keyword) => ({ keyword, value: null, options: {} }));
}

/** All keywords that a row speaks for. */
export function keywordsOf<T>({ keyword, options }: Row<T>): readonly string[] {
  const { aliases, opposite } = options;
  return [keyword, ...(aliases?.split(" ") ?? []), ...(opposite === undefined ? [] : [opposite])];
}

/** A block whose keywords a row may look into; the innermost comes first. */
export interface Scope {
  /** Keyword of the block. */
  readonly label: string;
  readonly entries: readonly Entry[];
}
