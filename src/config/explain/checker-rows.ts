import type { ApplicationCheck, ApplicationChecker, HttpRequest } from "../../model/checks.ts";
import type { Checker, CheckerTarget, CheckerTiming, UdpExchange } from "../../model/lvs.ts";
import type { SourcePlace } from "../../model/units.ts";
import { asWritten, type EffectiveValue, type Row, row } from "./rows.ts";
import { bareCommand, optionalSeconds, ownerWords, seconds } from "./spelling.ts";

/** What is particular to a kind of check. */
type DescribedCheck =
  | ApplicationCheck
  | { readonly kind: "tcp"; readonly isHalfOpen: boolean }
  | ({ readonly kind: "udp"; readonly target: CheckerTarget } & UdpExchange);

/** A checker of either kind, in one form. */
export interface AnyChecker {
  /** Its block's keyword. */
  readonly keyword: string;
  readonly timing: CheckerTiming;
  /** Null for those that connect to nothing. */
  readonly target: CheckerTarget | null;
  readonly application: DescribedCheck | null;
  /** Null where the model does not say. */
  readonly logsAllFailures: boolean | null;
  readonly place: SourcePlace;
}

const KEYWORDS: Readonly<Record<Checker["kind"] | ApplicationCheck["kind"], string>> = {
  tcp: "TCP_CHECK",
  ping: "PING_CHECK",
  http: "HTTP_GET",
  ssl: "SSL_GET",
  smtp: "SMTP_CHECK",
  dns: "DNS_CHECK",
  udp: "UDP_CHECK",
  misc: "MISC_CHECK",
  file: "FILE_CHECK",
  bfd: "BFD_CHECK",
};

export function describeChecker(checker: Checker | ApplicationChecker): AnyChecker {
  if ("check" in checker) {
    const { check, timing, logsAllFailures, place } = checker;
    const target = "target" in check ? check.target : null;
    return { keyword: KEYWORDS[check.kind], timing, target, application: check, logsAllFailures, place };
  }
  const { kind, timing, target, place } = checker;
  const application = describeProbe(checker);
  const logsAllFailures = checker.logsAllFailures ?? null;
  return { keyword: KEYWORDS[kind], timing, target, application, logsAllFailures, place };
}

function describeProbe(checker: Checker): DescribedCheck | null {
  if (checker.kind === "tcp") return { kind: "tcp", isHalfOpen: checker.isHalfOpen };
  return checker.kind === "udp" ? { kind: "udp", target: checker.target, ...checker.exchange } : null;
}

type TargetValue = (target: CheckerTarget) => EffectiveValue;

function ofTarget(value: TargetValue): (checker: AnyChecker) => EffectiveValue {
  return ({ target }) => (target === null ? null : value(target));
}

const CONNECT: readonly Row<AnyChecker>[] = [
  row(
    "connect_ip",
    ofTarget(({ address }) => address),
  ),
  row(
    "connect_port",
    ofTarget(({ port }) => port || null),
  ),
  row(
    "bindto",
    ofTarget(({ bindAddress }) => bindAddress),
  ),
  row(
    "bind_port",
    ofTarget(({ bindPort }) => bindPort || null),
  ),
  row(
    "bind_if",
    ofTarget(({ bindInterface }) => bindInterface),
  ),
  row(
    "fwmark",
    ofTarget(({ fwmark }) => fwmark),
  ),
  row("connect_timeout", ({ timing }) => seconds(timing.connectTimeoutUs), { inherits: true }),
];

const SCHEDULE: readonly Row<AnyChecker>[] = [
  row("retry", ({ timing }) => timing.retries, { aliases: "nb_get_retry", inherits: true }),
  row("delay_before_retry", ({ timing }) => seconds(timing.delayBeforeRetryUs), { inherits: true }),
  row("warmup", ({ timing }) => seconds(timing.warmupUs), { inherits: true, global: "checker_start_spread" }),
  row("delay_loop", ({ timing }) => seconds(timing.delayLoopUs), { inherits: true }),
  row("delay_loop_down", ({ timing }) => optionalSeconds(timing.downDelayLoopUs ?? null), { inherits: true }),
  row("alpha", ({ timing }) => timing.isAlpha, { inherits: true }),
  row("log_all_failures", ({ logsAllFailures }) => logsAllFailures, { global: "checker_log_all_failures" }),
];

type Kind = DescribedCheck["kind"];

/** A row that reads one kind of application check. */
function own<K extends Kind>(
  kinds: readonly K[],
  value: (check: Extract<DescribedCheck, { readonly kind: K }>) => EffectiveValue,
): (checker: AnyChecker) => EffectiveValue {
  const isOwn = (check: DescribedCheck): check is Extract<DescribedCheck, { readonly kind: K }> =>
    kinds.some((kind) => kind === check.kind);
  return ({ application }) => (application !== null && isOwn(application) ? value(application) : null);
}

const HTTP: readonly Row<AnyChecker>[] = [
  row(
    "virtualhost",
    own(["http", "ssl"], ({ virtualHost }) => virtualHost),
    { inherits: true },
  ),
  row(
    "http_protocol",
    own(["http", "ssl"], ({ version }) => version),
  ),
  row(
    "enable_sni",
    own(["http", "ssl"], ({ usesSni }) => usesSni),
    { aliases: "sni_name" },
  ),
  row(
    "sni_name",
    own(["http", "ssl"], ({ sniName }) => sniName),
  ),
  row(
    "fast_recovery",
    own(["http", "ssl"], ({ recoversFast }) => recoversFast),
  ),
  row(
    "tls_compliant",
    own(["http", "ssl"], ({ isTlsStrict }) => isTlsStrict),
  ),
];

const SPECIFIC: readonly Row<AnyChecker>[] = [
  row(
    "half_open",
    own(["tcp"], ({ isHalfOpen }) => isHalfOpen),
  ),
  row(
    "helo_name",
    own(["smtp"], ({ heloName }) => heloName),
  ),
  row(
    "type",
    own(["dns"], ({ type }) => type),
  ),
  row(
    "payload",
    own(["udp"], ({ payload }) => payload || null),
  ),
  row(
    "require_reply",
    own(["udp"], ({ reply, requiresReply }) => reply || (requiresReply ? true : null)),
  ),
  row(
    "min_reply_length",
    own(["udp"], ({ minReplyBytes }) => minReplyBytes),
  ),
  row(
    "max_reply_length",
    own(["udp"], ({ maxReplyBytes }) => maxReplyBytes),
  ),
  row(
    "misc_path",
    own(["misc"], ({ command }) => bareCommand(command)),
  ),
  row(
    "misc_timeout",
    own(["misc"], ({ timeoutUs }) => seconds(timeoutUs)),
  ),
  row(
    "misc_dynamic",
    own(["misc"], ({ setsWeight }) => setsWeight),
  ),
  row(
    "user",
    own(["misc"], ({ command }) => ownerWords(command.user)),
    { global: "script_user" },
  ),
  row(
    "track_file",
    own(["file"], ({ trackFile }) => trackFile),
  ),
  row(
    "weight",
    own(["file"], ({ weight, isReversed }) => `${weight} ${isReversed ? "reverse" : "noreverse"}`),
  ),
  row(
    "name",
    own(["dns"], ({ name }) => (name === "." ? null : name)),
  ),
];

/** For every kind of checker; those that a block does not know are left out. */
export const CHECKER_ROWS: readonly Row<AnyChecker>[] = [...CONNECT, ...SCHEDULE, ...HTTP, ...SPECIFIC];

export const BFD_CHECK_ROWS: readonly Row<AnyChecker>[] = [
  row(
    "name",
    own(["bfd"], ({ bfdInstance }) => bfdInstance),
  ),
  row("alpha", ({ timing }) => timing.isAlpha, { inherits: true }),
];

export const URL_ROWS: readonly Row<HttpRequest>[] = [
  row("path", ({ path }) => path),
  row("digest", ({ digest }) => digest),
  row("status_code", ({ statusCodes }) =>
    statusCodes.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(" "),
  ),
  row("virtualhost", ({ virtualHost }) => virtualHost),
  row("regex", ({ regex }) => (regex === null ? null : `"${regex.pattern}"`)),
  row("regex_no_match", ({ regex }) => regex?.isNegated ?? false),
  row("regex_options", ({ regex }) => regex?.options.join(" ") || null),
  row("regex_min_offset", ({ regex }) => regex?.minOffset || null),
  row("regex_max_offset", ({ regex }) => regex?.maxOffset ?? null),
  ...asWritten<HttpRequest>("regex_stack"),
  row("tls_compliant", ({ isTlsStrict }) => isTlsStrict),
];
