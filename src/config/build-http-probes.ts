import type {
  ApplicationChecker,
  ConfiguredVirtualServer,
  HttpRequest,
  HttpSettings,
  TlsMaterial,
} from "../model/checks.ts";
import type { CheckerTarget, ClientCredentials, HttpChecker, TlsSettings } from "../model/lvs.ts";

const ANY_SUCCESS = [{ from: 200, to: 299 }] as const;

/**
 * HTTP_GET or SSL_GET as probes, one for each url. keepalived fetches one url per delay_loop, in order, and the server is up when
 * all pass: so each url has its turn every `urls x delay_loop`.
 */
export function httpProbesOf({ check, timing, logsAllFailures, place }: ApplicationChecker): readonly HttpChecker[] {
  if (check.kind !== "http" && check.kind !== "ssl") return [];
  const { kind, target, requests } = check;
  return requests.map((request) => ({
    kind,
    tls: kind === "ssl" ? tlsOf(check, request) : null,
    timing: { ...timing, delayLoopUs: timing.delayLoopUs * requests.length },
    target,
    path: request.path,
    request: requestText(check, request, target),
    statusCodes: request.statusCodes.length === 0 ? ANY_SUCCESS : request.statusCodes,
    digest: request.digest,
    regex: request.regex,
    logsAllFailures,
    place,
  }));
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
  if (tls === null || tls.certificateFile === null || tls.keyFile === null) return virtualServers;
  const { certificateFile, keyFile, password } = tls;
  const credentials: ClientCredentials = { certificateFile, keyFile, password };
  return virtualServers.map((virtualServer) => ({
    ...virtualServer,
    realServers: virtualServer.realServers.map((server) => ({
      ...server,
      checkers: server.checkers.map((checker) =>
        checker.kind === "ssl" && checker.tls !== null ? { ...checker, tls: { ...checker.tls, credentials } } : checker,
      ),
    })),
  }));
}
