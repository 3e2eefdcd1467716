import type { ApplicationChecker, HttpRequest, HttpSettings } from "../model/checks.ts";
import type { CheckerTarget, HttpChecker, HttpUrl } from "../model/lvs.ts";

const ANY_SUCCESS = [{ from: 200, to: 299 }] as const;

/** HTTP_GET for the probe loop. */
export function httpProbesOf({ check, timing, logsAllFailures, place }: ApplicationChecker): readonly HttpChecker[] {
  if (check.kind !== "http") return [];
  const { target, requests, recoversFast } = check;
  const urls = requests.map((request) => urlOf(check, request, target));
  return [{ kind: "http", timing, target, urls, recoversFast: recoversFast ?? false, logsAllFailures, place }];
}

function urlOf(settings: HttpSettings, request: HttpRequest, target: CheckerTarget): HttpUrl {
  const { path, statusCodes, digest, regex } = request;
  return {
    path,
    request: requestText(settings, request, target),
    statusCodes: statusCodes.length === 0 ? ANY_SUCCESS : statusCodes,
    digest,
    regex,
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
