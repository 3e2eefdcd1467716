/** What a word of older keepalived versions or of tutorials stands for. */
export interface LegacyWord {
  /** Keyword of the same block that is used in its place; null when the word has no effect. */
  readonly replacement: string | null;
  readonly advice: string;
}

const IGNORED_NAT_MASK: LegacyWord = {
  replacement: null,
  advice: "has had no effect since the ipchains days; remove it",
};
const RETRY: LegacyWord = { replacement: "retry", advice: 'is read as "retry", its present name' };
const CHECKERS_WITHOUT_IT = [
  "MISC_CHECK",
  "SMTP_CHECK",
  "SMTP_CHECK/host",
  "TCP_CHECK",
  "PING_CHECK",
  "UDP_CHECK",
  "DNS_CHECK",
];

/** Words that the tables do not have, by block and name. */
const LEGACY: ReadonlyMap<string, LegacyWord> = new Map([
  ["virtual_server nat_mask", IGNORED_NAT_MASK],
  ["virtual_server/real_server nat_mask", IGNORED_NAT_MASK],
  ...CHECKERS_WITHOUT_IT.map((kind) => [`virtual_server/real_server/${kind} nb_get_retry`, RETRY] as const),
  ["virtual_server nb_get_retry", RETRY],
  ["virtual_server/real_server nb_get_retry", RETRY],
  ["global_defs lvs_id", { replacement: "router_id", advice: 'is read as "router_id", its present name' }],
]);

export function findLegacyWord(block: string, word: string): LegacyWord | null {
  return LEGACY.get(`${block} ${word}`) ?? null;
}
