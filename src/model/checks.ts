import type { ScriptCommand } from "./command.ts";
import type { CheckerTarget, CheckerTiming, HttpRegex, RealServer, VirtualServer } from "./lvs.ts";
import type { AddressFamily, IpAddress, SourcePlace } from "./units.ts";

/** One `url` block of HTTP_GET or SSL_GET. */
export interface HttpRequest {
  readonly path: string;
  readonly virtualHost: string | null;
  /** 32 hexadecimal digits. */
  readonly digest: string | null;
  /** Accepted status codes, both ends included; empty takes 200 to 299. */
  readonly statusCodes: readonly { readonly from: number; readonly to: number }[];
  readonly regex: HttpRegex | null;
  readonly isTlsStrict: boolean | null;
}

export interface HttpSettings {
  readonly version: "1.0" | "1.0c" | "1.0C" | "1.1";
  readonly virtualHost: string | null;
  readonly usesSni: boolean;
  readonly sniName: string | null;
  readonly recoversFast: boolean | null;
  readonly isTlsStrict: boolean;
  readonly requests: readonly HttpRequest[];
}

/** What distinguishes one kind of application checker from another. */
export type ApplicationCheck =
  | ({ readonly kind: "http" | "ssl"; readonly target: CheckerTarget } & HttpSettings)
  | { readonly kind: "smtp"; readonly target: CheckerTarget; readonly heloName: string }
  | { readonly kind: "dns"; readonly target: CheckerTarget; readonly type: string; readonly name: string }
  | {
      readonly kind: "misc";
      readonly command: ScriptCommand;
      /** 0: the delay loop of the virtual server. */
      readonly timeoutUs: number;
      readonly setsWeight: boolean;
    }
  | { readonly kind: "file"; readonly trackFile: string; readonly weight: number; readonly isReversed: boolean }
  | { readonly kind: "bfd"; readonly bfdInstance: string };

export interface ApplicationChecker {
  readonly check: ApplicationCheck;
  readonly timing: CheckerTiming;
  readonly logsAllFailures: boolean;
  readonly place: SourcePlace;
}

export type TunnelType = "ipip" | "gue" | "gre";

export interface TunnelSettings {
  readonly type: TunnelType;
  /** GUE only, else 0. */
  readonly port: number;
  readonly checksum: "nocsum" | "csum" | "remcsum";
}

/** Scheduling values that a block gives to the checkers inside; null where it says nothing. */
export interface GivenTiming {
  readonly retries: number | null;
  readonly delayBeforeRetryUs: number | null;
  readonly warmupUs: number | null;
  readonly downDelayLoopUs: number | null;
}

/** A real server with everything that is in its block. */
export interface ConfiguredRealServer extends RealServer {
  readonly tunnel: TunnelSettings | null;
  readonly isAlpha: boolean;
  readonly given: GivenTiming;
  readonly delayLoopUs: number;
  readonly connectTimeoutUs: number;
  readonly sendsMail: boolean;
  readonly virtualHost: string | null;
  /** Not that of its virtual server. */
  readonly ownVirtualHost: string | null;
  readonly snmpName: string | null;
  readonly notifyUp: ScriptCommand | null;
  readonly notifyDown: ScriptCommand | null;
  /** Checkers that run on workers; `checkers` holds those of the probe loop. */
  readonly applicationCheckers: readonly ApplicationChecker[];
}

/** A virtual server with everything that is in its block. */
export interface ConfiguredVirtualServer extends VirtualServer {
  readonly family: AddressFamily | null;
  readonly fwdMethod: RealServer["fwdMethod"];
  /** Of real servers that say nothing else. */
  readonly weight: number;
  readonly tunnel: TunnelSettings | null;
  readonly sorryTunnel: TunnelSettings | null;
  readonly isHashed: boolean;
  readonly isAlpha: boolean;
  readonly isOmega: boolean;
  readonly isSuspendedWithoutAddress: boolean;
  /** `persistence_granularity` is there, be it with the default. */
  readonly hasOwnGranularity: boolean;
  readonly isInhibitedOnFailure: boolean;
  readonly given: GivenTiming;
  readonly delayLoopUs: number;
  readonly connectTimeoutUs: number;
  readonly sendsMail: boolean;
  readonly virtualHost: string | null;
  readonly snmpName: string | null;
  readonly quorumUp: ScriptCommand | null;
  readonly quorumDown: ScriptCommand | null;
  readonly realServers: readonly ConfiguredRealServer[];
}

export type GroupMember =
  | { readonly kind: "address"; readonly family: AddressFamily; readonly address: IpAddress; readonly port: number }
  /** All addresses from the first to the last. */
  | {
      readonly kind: "range";
      readonly family: AddressFamily;
      readonly from: IpAddress;
      readonly to: IpAddress;
      readonly port: number;
    }
  | { readonly kind: "fwmark"; readonly fwmark: number; readonly family: AddressFamily | null };

export interface VirtualServerGroup {
  readonly name: string;
  readonly members: readonly GroupMember[];
  readonly place: SourcePlace;
}

export interface TlsMaterial {
  readonly password: string | null;
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}
