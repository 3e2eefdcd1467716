import type { AddressFamily, IpAddress, Microseconds, SourcePlace } from "./units.ts";

export type TransportProtocol = "tcp" | "udp" | "sctp";

/** Kernel names: masq is `NAT`, droute is `DR`, tunnel is `TUN`. */
export type FwdMethod = "masq" | "droute" | "tunnel";

/** What a virtual server listens on. */
export type VirtualServerKey =
  | {
      readonly kind: "address";
      readonly family: AddressFamily;
      readonly address: IpAddress;
      readonly port: number;
      readonly protocol: TransportProtocol;
    }
  | {
      readonly kind: "fwmark";
      readonly fwmark: number;
      readonly family: AddressFamily;
      readonly protocol: TransportProtocol;
    }
  /** Without a protocol: a group of firewall marks only. */
  | { readonly kind: "group"; readonly group: string; readonly protocol: TransportProtocol | null };

/** Scheduling shared by all checkers, resolved checker > real server > virtual server > default. */
export interface CheckerTiming {
  /** Pause after a check that decided something (`delay_loop`). */
  readonly delayLoopUs: Microseconds;
  /** The same while the check fails (`delay_loop_down`); absent means equal. */
  readonly downDelayLoopUs?: Microseconds;
  /** Pause after a failure that is to be retried. */
  readonly delayBeforeRetryUs: Microseconds;
  /** Further failures needed after the first. */
  readonly retries: number;
  /** The first check starts within this after activation. */
  readonly warmupUs: Microseconds;
  readonly connectTimeoutUs: Microseconds;
  /** Out of the pool until the first success. */
  readonly isAlpha: boolean;
}

/** Where a network checker connects to. */
export interface CheckerTarget {
  readonly family: AddressFamily;
  readonly address: IpAddress;
  /** 0 for kinds without a port. */
  readonly port: number;
  readonly bindAddress: IpAddress | null;
  readonly bindPort: number;
  readonly bindInterface: string | null;
  /** 0 means none. */
  readonly fwmark: number;
}

/** What UDP_CHECK sends, and what it takes for an answer. */
export interface UdpExchange {
  /** Hexadecimal digits; empty sends a filler of 32 octets. */
  readonly payload: string;
  readonly requiresReply: boolean;
  /** Hexadecimal digits, `x` for a nibble that does not matter. */
  readonly reply: string;
  readonly minReplyBytes: number;
  readonly maxReplyBytes: number;
}

/** What the body of a response has to match, octets counted from its beginning. */
export interface HttpRegex {
  readonly pattern: string;
  /** Names of PCRE2 options. */
  readonly options: readonly string[];
  /** It must not match. */
  readonly isNegated: boolean;
  readonly minOffset: number;
  readonly maxOffset: number | null;
}

/** Files of the `SSL` block, for servers that ask for a certificate. */
export interface ClientCredentials {
  readonly certificateFile: string | null;
  /** Null if and only if there is no certificate. */
  readonly keyFile: string | null;
  readonly password: string | null;
  readonly caFile: string | null;
}

/** How an SSL_GET speaks TLS. */
export interface TlsSettings {
  /** Server Name Indication; null sends none. */
  readonly serverName: string | null;
  /** `tls_compliant`: a response that ends without close_notify fails. */
  readonly isStrict: boolean;
  readonly credentials: ClientCredentials | null;
}

/** One url of an HTTP_GET or SSL_GET, and what passes. */
export interface HttpUrl {
  readonly path: string;
  /** As it goes out. */
  readonly request: string;
  /** Accepted ones, both ends included. */
  readonly statusCodes: readonly { readonly from: number; readonly to: number }[];
  /** MD5 of the body in hexadecimal digits; null takes any. */
  readonly digest: string | null;
  readonly regex: HttpRegex | null;
  /** Null for HTTP_GET, and only there. */
  readonly tls: TlsSettings | null;
}

/** HTTP_GET or SSL_GET: its urls are asked for in turn. */
export interface HttpChecker {
  readonly kind: "http" | "ssl";
  readonly timing: CheckerTiming;
  readonly target: CheckerTarget;
  /** At least one. */
  readonly urls: readonly HttpUrl[];
  /** `fast_recovery` */
  readonly recoversFast: boolean;
  readonly logsAllFailures: boolean;
  readonly place: SourcePlace;
}

/** DNS_CHECK: one datagram, and what its answer looks like. */
export interface DnsChecker {
  readonly kind: "dns";
  readonly timing: CheckerTiming;
  readonly target: CheckerTarget;
  readonly exchange: UdpExchange;
  readonly logsAllFailures: boolean;
  readonly place: SourcePlace;
}

/** SMTP_CHECK: greeting, HELO and QUIT. */
export interface SmtpChecker {
  readonly kind: "smtp";
  readonly timing: CheckerTiming;
  readonly target: CheckerTarget;
  readonly heloName: string;
  readonly logsAllFailures: boolean;
  readonly place: SourcePlace;
}

export type Checker =
  | HttpChecker
  | SmtpChecker
  | DnsChecker
  | {
      readonly kind: "tcp";
      /** `half_open`: a SYN only, no connection. */
      readonly isHalfOpen: boolean;
      readonly timing: CheckerTiming;
      readonly target: CheckerTarget;
      /** Absent means no. */
      readonly logsAllFailures?: boolean;
      readonly place: SourcePlace;
    }
  | {
      readonly kind: "ping";
      readonly timing: CheckerTiming;
      readonly target: CheckerTarget;
      /** Absent means no. */
      readonly logsAllFailures?: boolean;
      readonly place: SourcePlace;
    }
  | {
      readonly kind: "udp";
      readonly timing: CheckerTiming;
      readonly target: CheckerTarget;
      readonly exchange: UdpExchange;
      readonly logsAllFailures: boolean;
      readonly place: SourcePlace;
    };

export interface RealServer {
  readonly family: AddressFamily;
  readonly address: IpAddress;
  readonly port: number;
  readonly fwdMethod: FwdMethod;
  /** 0..65535 */
  readonly weight: number;
  /** `inhibit_on_failure`: weight 0 instead of removal. */
  readonly isInhibitedOnFailure: boolean;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly checkers: readonly Checker[];
  readonly place: SourcePlace;
}

/** One `virtual_server` with every default filled in. */
export interface VirtualServer {
  readonly key: VirtualServerKey;
  /** Kernel scheduler name, for example `wlc`. */
  readonly scheduler: string;
  /** Kernel scheduler and service flags. */
  readonly flags: readonly ("one-packet" | "sched-1" | "sched-2" | "sched-3")[];
  /** 0 means not persistent. */
  readonly persistenceTimeoutSec: number;
  /** IPv4: network mask as a number in host order; IPv6: prefix length. */
  readonly persistenceGranularity: number;
  readonly persistenceEngine: string | null;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly sorryServer: RealServer | null;
  readonly isSorryServerInhibited: boolean;
  /** `correlated_failure_guard`; absent means no. */
  readonly isGuarded?: boolean;
  /** `panic_threshold`: with fewer of its servers up than this, 0..100, all of them serve; absent means 0. */
  readonly panicThresholdPercent?: number;
  readonly realServers: readonly RealServer[];
  readonly place: SourcePlace;
}
