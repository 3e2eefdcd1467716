import type {
  ApplicationChecker,
  ConfiguredVirtualServer,
  HttpRequest,
  HttpSettings,
  TlsMaterial,
} from "../model/checks.ts";
import type { CheckerTarget, ClientCredentials, HttpChecker, HttpUrl, TlsSettings } from "../model/lvs.ts";

const ANY_SUCCESS = [{ from: 200, to: 299 }] as const;

/** HTTP_GET for the probe loop, SSL_GET for the TLS worker. */
export function httpProbesOf({ check, timing, logsAllFailures, place }: ApplicationChecker): readonly HttpChecker[] {
  if (check.kind !== "http" && check.kind !== "ssl") return [];
  const { kind, target, requests, recoversFast } = check;
  const urls = requests.map((request) => urlOf(check, request, target));
  return [{ kind, timing, target, urls, recoversFast: recoversFast ?? false, logsAllFailures, place }];
}

type HttpCheck = Extract<ApplicationChecker["check"], { readonly kind: "http" | "ssl" }>;

function urlOf(check: HttpCheck, request: HttpRequest, target: CheckerTarget): HttpUrl {
  const { path, statusCodes, digest, regex } = request;
  return {
    path,
    request: requestText(check, request, target),
    statusCodes: statusCodes.length === 0 ? ANY_SUCCESS : statusCodes,
    digest,
    regex,
    tls: check.kind === "ssl" ? tlsOf(check, request) : null,
  };
}

function requestText(settings: HttpSettings, request: HttpRequest, target: CheckerTarget): string {
  const { version } = settings;
  const lines = [`GET ${request.path} HTTP/${version.slice(0, 3)}`, "User-Agent: KeepAliveClient"];
  if (version === "1.0C") lines.push("Connection: Close");
  else if (version !== "1.0") lines.push("Connection: close");
  lines.push(`Host: ${request.virtualHost ?? settings.virtualHost ?? ownHost(target)}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function ownHost({ family, address, port }: CheckerTarget): string {
  return family === "inet6" ? `[${address}]:${port}` : `${address}:${port}`;
}

function tlsOf(settings: HttpSettings, request: HttpRequest): TlsSettings {
  const { usesSni, sniName, virtualHost, isTlsStrict } = settings;
  return {
    serverName: usesSni ? (sniName ?? request.virtualHost ?? virtualHost) : null,
    isStrict: request.isTlsStrict ?? isTlsStrict,
    credentials: null,
  };
}

/** The `SSL` block may follow the checks that use it. */
export function withCredentials(
  virtualServers: readonly ConfiguredVirtualServer[],
  tls: TlsMaterial | null,
): readonly ConfiguredVirtualServer[] {
  if (tls === null) return virtualServers;
  const { certificateFile, keyFile, password, caFile } = tls;
  const hasIdentity = certificateFile !== null && keyFile !== null;
  if (!hasIdentity && caFile === null) return virtualServers;
  const identity = hasIdentity ? { certificateFile, keyFile } : { certificateFile: null, keyFile: null };
  const credentials: ClientCredentials = { ...identity, password, caFile };
  return virtualServers.map((virtualServer) => ({
    ...virtualServer,
    realServers: virtualServer.realServers.map((server) => ({
      ...server,
      checkers: server.checkers.map((checker) =>
        checker.kind === "ssl" ? { ...checker, urls: checker.urls.map((url) => withOwn(url, credentials)) } : checker,
      ),
    })),
  }));
}

function withOwn(url: HttpUrl, credentials: ClientCredentials): HttpUrl {
  return url.tls === null ? url : { ...url, tls: { ...url.tls, credentials } };
}
