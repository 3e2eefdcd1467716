import assert from "node:assert/strict";
import { test } from "node:test";
import { httpProbesOf } from "../../../src/config/build-http-probes.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { ApplicationChecker, HttpRequest, HttpSettings } from "../../../src/model/checks.ts";
import type { TlsSettings } from "../../../src/model/lvs.ts";
import { loadText } from "../../helpers/load-text.ts";
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

/** An SSL_GET of one url. */
function tlsOf(request: HttpRequest, changes: Changes = {}): TlsSettings | null | undefined {
  const checker = httpGet([request], changes);
  if (checker.check.kind !== "http") throw new Error("an HTTP check is expected");
  return httpProbesOf({ ...checker, check: { ...checker.check, kind: "ssl" } })[0]?.urls[0]?.tls;
}

test("an SSL_GET sends SNI when it is asked to and there is a name; that of the url comes first", () => {
  const nameOf = (request: HttpRequest, changes: Changes): string | null | undefined =>
    tlsOf(request, changes)?.serverName;
  assert.equal(nameOf(url("/"), { virtualHost: "outer" }), null);
  assert.equal(nameOf(url("/"), { usesSni: true }), null);
  assert.equal(nameOf(url("/"), { usesSni: true, virtualHost: "outer" }), "outer");
  assert.equal(nameOf(url("/", { virtualHost: "own" }), { usesSni: true, virtualHost: "outer" }), "own");
  assert.equal(nameOf(url("/", { virtualHost: "own" }), { usesSni: true, sniName: "sni" }), "sni");
});

test("tls_compliant of a url comes before that of the checker", () => {
  assert.equal(tlsOf(url("/"))?.isStrict, false);
  assert.equal(tlsOf(url("/"), { isTlsStrict: true })?.isStrict, true);
  assert.equal(tlsOf(url("/", { isTlsStrict: false }), { isTlsStrict: true })?.isStrict, false);
});

test("the SSL block's certificate goes to every SSL_GET of a configuration, wherever the block stands", () => {
  const check = "SSL_GET {\n url {\n path /\n }\n }";
  const text = `virtual_server 10.0.0.1 443 {
    real_server 10.0.0.2 443 {
      ${check}
    }
  }
  SSL {
    certificate /etc/c.pem
    key /etc/k.pem
  }`;
  const [checker] = loadText(text).virtualServers[0]?.realServers[0]?.checkers ?? [];
  assert.ok(checker?.kind === "ssl");
  const credentials = { certificateFile: "/etc/c.pem", keyFile: "/etc/k.pem", password: null, caFile: null };
  assert.deepEqual(checker.urls[0]?.tls?.credentials, credentials);
  const authorities = text.replace("certificate /etc/c.pem", "ca /etc/ca.pem");
  const [other] = loadText(authorities).virtualServers[0]?.realServers[0]?.checkers ?? [];
  assert.ok(other?.kind === "ssl");
  assert.deepEqual(other.urls[0]?.tls?.credentials, {
    certificateFile: null,
    keyFile: null,
    password: null,
    caFile: "/etc/ca.pem",
  });
});

test("other checks are none of its business", () => {
  const check = { kind: "smtp", target, heloName: "a" } as const;
  assert.deepEqual(httpProbesOf({ ...httpGet([]), check }), []);
});

test("a regex that does not compile is told at its place", () => {
  const text = `virtual_server 10.0.0.1 80 {
  real_server 10.0.0.2 80 {
    HTTP_GET {
      url {
        path /
        regex "we(l"
      }
    }
  }
}
`;
  const source = { path: "/c.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const host = {
    ...createMemoryHost({ files: { "/c.conf": text } }),
    regexProblem: () => "missing parenthesis at offset 4",
  };
  const [diagnostic] = loadConfiguration(source, host).diagnostics.filter(({ code }) => code === "bad-value");
  assert.deepEqual([diagnostic?.place?.line, diagnostic?.place?.column, diagnostic?.severity], [6, 15, "error"]);
  assert.match(diagnostic?.message ?? "", /does not compile.*missing parenthesis at offset 4/);
});
