/**
 * Bounds that keep loading finite whatever the text is. All lie far above what keepalived itself can
 * read (its lines end at 1,022 octets), so no configuration that works there meets them.
 */
export const LIMITS = {
  /** Characters of one line, before or after expansion. */
  lineLength: 1 << 20,
  /** Lines made by `~SEQ`, `~LST` and multi-line definitions in one load. */
  generatedLines: 500_000,
  /** Characters of such lines, and of all expansions, in one load. */
  generatedLength: 128 << 20,
  /** Includes, lists and multi-line definitions that are open at the same time. */
  openSources: 100,
  /** Files opened in one load, each inclusion counted. */
  files: 10_000,
  /** Rounds of expanding one line. */
  expansionRounds: 1000,
  /** Statements (keywords and lines of value blocks) kept in one load. */
  statements: 2_000_000,
  /** Diagnostics kept; one more says how many were left out. */
  diagnostics: 5_000,
  /** Misspelt keywords that a suggestion is looked for. */
  suggestions: 200,
  /** Names tried when a glob is matched, in one load. */
  globSteps: 200_000,
} as const;
