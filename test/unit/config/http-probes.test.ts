import assert from "node:assert/strict";
import { test } from "node:test";
import { httpProbesOf } from "../../../src/config/build-http-probes.ts";
import type { ApplicationChecker, HttpRequest, HttpSettings } from "../../../src/model/checks.ts";
import { tcpChecker } from "../checker/samples.ts";

const { timing, target, place } = tcpChecker("192.168.1.7", 80);

function url(path: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  return { path, virtualHost: null, digest: null, statusCodes: [], regex: null, isTlsStrict: null, ...changes };
}

type Changes = Partial<HttpSettings & { readonly target: typeof target }>;

function httpGet(requests: readonly HttpRequest[], changes: Changes = {}): ApplicationChecker {
  const settings = { usesSni: false, sniName: null, recoversFast: null, isTlsStrict: false };
  const check = { kind: "http", target, version: "1.0", virtualHost: null, ...settings, requests, ...changes } as const;
  return { check, timing, logsAllFailures: false, place };
}

function requestOf(request: HttpRequest, changes: Changes = {}): string | undefined {
  return httpProbesOf(httpGet([request], changes))[0]?.urls[0]?.request;
}

test("the request names the server, unless a virtualhost is given; that of the url comes first", () => {
  const start = "GET /a HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: ";
  assert.equal(requestOf(url("/a")), `${start}192.168.1.7:80\r\n\r\n`);
  assert.equal(requestOf(url("/a"), { virtualHost: "outer" }), `${start}outer\r\n\r\n`);
  assert.equal(requestOf(url("/a", { virtualHost: "own" }), { virtualHost: "outer" }), `${start}own\r\n\r\n`);
});

test("an IPv6 server is named in brackets", () => {
  const six = { ...target, family: "inet6", address: "fd00::7" } as const;
  assert.match(requestOf(url("/"), { target: six }) ?? "", /\r\nHost: \[fd00::7\]:80\r\n/);
});

test("http_protocol chooses version and Connection header", () => {
  const headers = (version: HttpSettings["version"]): string | undefined => requestOf(url("/"), { version });
  assert.match(headers("1.0") ?? "", /^GET \/ HTTP\/1\.0\r\nUser-Agent: KeepAliveClient\r\nHost/);
  assert.match(headers("1.0c") ?? "", /^GET \/ HTTP\/1\.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n/);
  assert.match(headers("1.1") ?? "", /^GET \/ HTTP\/1\.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n/);
});

test("the urls make one check, in their order; without status codes 200 to 299 pass", () => {
  const codes = [{ from: 301, to: 302 }];
  const digest = "0".repeat(32);
  const probes = httpProbesOf(httpGet([url("/a"), url("/b", { statusCodes: codes, digest })]));
  assert.equal(probes.length, 1);
  assert.deepEqual(
    probes[0]?.urls.map((one) => [one.path, one.statusCodes, one.digest]),
    [
      ["/a", [{ from: 200, to: 299 }], null],
      ["/b", codes, digest],
    ],
  );
  assert.deepEqual([probes[0]?.timing, probes[0]?.recoversFast], [timing, false]);
});

test("other checks are none of its business", () => {
  const { check } = httpGet([url("/")]);
  if (check.kind !== "http") throw new Error("an HTTP check is expected");
  assert.deepEqual(httpProbesOf({ ...httpGet([]), check: { ...check, kind: "ssl" } }), []);
});
