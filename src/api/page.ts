/** The status page: three files that ask nobody but the daemon. */

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>holdfast</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<header><h1>holdfast</h1><p id="summary" role="status">asking the daemon</p></header>
<main>
<section aria-labelledby="h-instances"><h2 id="h-instances">VRRP instances</h2>
<table><thead><tr><th scope="col">Instance</th><th scope="col">State</th><th scope="col">For</th><th scope="col">Interface</th>
<th scope="col">VRID</th><th scope="col">Priority</th><th scope="col">Active router</th><th scope="col">Last change</th></tr></thead><tbody id="instances"></tbody></table></section>
<section aria-labelledby="h-directors"><h2 id="h-directors">Directors</h2>
<table><thead><tr><th scope="col">Instance</th><th scope="col">VRID</th><th scope="col">Director</th><th scope="col">State</th>
<th scope="col">Priority</th><th scope="col">Last news of it</th></tr></thead><tbody id="directors"></tbody></table></section>
<section aria-labelledby="h-changes"><h2 id="h-changes">Last changes of state</h2>
<table><thead><tr><th scope="col">Time</th><th scope="col">Instance</th><th scope="col">Change</th><th scope="col">Cause</th></tr></thead>
<tbody id="changes"></tbody></table></section>
<section aria-labelledby="h-latency"><h2 id="h-latency">Latency of checks</h2><ul id="latency"></ul></section>
<section aria-labelledby="h-virtual"><h2 id="h-virtual">Virtual servers</h2>
<table><thead><tr><th scope="col">Virtual server</th><th scope="col">Scheduler</th><th scope="col">Alive</th><th scope="col">Quorum</th></tr></thead>
<tbody id="virtual"></tbody></table><p id="more"></p></section>
<section aria-labelledby="h-real"><h2 id="h-real">Real servers <span id="total"></span></h2>
<label><input type="checkbox" id="down"> only those that are down</label>
<div id="list" tabindex="0" role="table" aria-labelledby="h-real"><div id="space" role="rowgroup"></div></div></section>
<section aria-labelledby="h-events"><h2 id="h-events">Events</h2><ol id="events" aria-live="polite" reversed></ol></section>
</main>
</body>
</html>
`;

const CSS = `:root { color-scheme: light dark; --good: light-dark(#116329, #7ee787); --bad: light-dark(#a40e26, #ff9a8f); --line: light-dark(#d0d7de, #3d444d); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #e6edf3); }
h1, h2 { line-height: 1.2; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
#list { height: 22rem; overflow-y: auto; border: 1px solid var(--line); } #list:focus-visible { outline: 2px solid var(--good); }
#space { position: relative; } .row { position: absolute; left: 0; right: 0; height: 28px; line-height: 28px; padding: 0 .5rem; display: grid;
grid-template-columns: 3fr 3fr 1fr 1fr 3fr; gap: .75rem; white-space: nowrap; overflow: hidden; } .row > * { overflow: hidden; text-overflow: ellipsis; }
#latency { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem 2rem; } #latency svg { width: 160px; height: 28px; vertical-align: middle; margin-right: .5rem; }
#latency polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
#events { max-height: 20rem; overflow-y: auto; padding-left: 4rem; font: 13px/1.5 ui-monospace, monospace; }
`;

const SCRIPT = `"use strict";
const ROW = 28, PAGE = 200, KEPT = 200;
const byId = (id) => document.getElementById(id);
const WORDS = { initialize: "INIT", backup: "BACKUP", active: "MASTER", fault: "FAULT" };
const get = async (path) => { const answer = await fetch(path); if (!answer.ok) throw new Error((await answer.json()).error); return answer.json(); };
const cell = (text, tone, role) => { const it = document.createElement(role ? "span" : "td"); if (role) it.setAttribute("role", role); it.textContent = text; if (tone) it.className = tone; return it; };
const row = (...cells) => { const it = document.createElement("tr"); it.append(...cells); return it; };
const age = (s) => s < 120 ? Math.floor(s) + " s" : s < 7200 ? Math.floor(s / 60) + " min" : s < 172800 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " d";
let pages = new Map(), total = 0;
async function page(number) {
  if (pages.has(number)) return pages.get(number);
  const query = new URLSearchParams({ offset: number * PAGE, limit: PAGE });
  if (byId("down").checked) query.set("state", "down");
  const asked = get("/v1/real-servers?" + query).then((answer) => { setTotal(answer.total); return answer.items; });
  if (pages.size > 10) pages.delete(pages.keys().next().value);
  pages.set(number, asked);
  return asked;
}
function setTotal(count) { total = count; byId("space").style.height = count * ROW + "px"; byId("total").textContent = "(" + count + ")"; byId("list").setAttribute("aria-rowcount", count); }
let drawn = 0;
async function drawList() {
  const mine = ++drawn, list = byId("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5), last = first + Math.ceil(list.clientHeight / ROW) + 10;
  const rows = [];
  for (let number = Math.floor(first / PAGE); number <= Math.floor(last / PAGE); number++) {
    if (number > 0 && number * PAGE >= total) break;
    const items = await page(number);
    items.forEach((server, index) => { const at = number * PAGE + index; if (at >= first && at <= last) rows.push(serverRow(server, at)); });
  }
  if (mine === drawn) byId("space").replaceChildren(...rows);
}
function serverRow(server, at) {
  const it = document.createElement("div"), last = server.checks.map((one) => one.last).find((one) => one);
  it.className = "row"; it.setAttribute("role", "row"); it.setAttribute("aria-rowindex", at + 1); it.style.top = at * ROW + "px";
  const note = server.override ? server.override.action + " by " + server.override.owner : last ? last.reason + ", " + (last.latencyUs / 1000).toFixed(1) + " ms" : "";
  it.append(cell(server.name, "", "cell"), cell(server.virtualServer, "", "cell"), cell(server.isAlive ? "up" : "down", server.isAlive ? "good" : "bad", "cell"), cell("weight " + server.weight, "", "cell"), cell(note, "", "cell"));
  return it;
}
const POINTS = 60, CHANGES = 20, SHOWN = 500;
const history = new Map();
let before = {};
/** Mean of the probes since the last look, in ms; a look without probes adds nothing. */
function noteLatency(latency) {
  for (const [kind, { count, sumUs }] of Object.entries(latency)) {
    const last = before[kind], from = last && last.count <= count ? last : { count: 0, sumUs: 0 };
    if (count > from.count) history.set(kind, [...(history.get(kind) || []), (sumUs - from.sumUs) / (count - from.count) / 1000].slice(-POINTS));
  }
  before = latency;
  byId("latency").replaceChildren(...[...history].map(([kind, means]) => sparkline(kind, means)));
}
function sparkline(kind, means) {
  const NS = "http://www.w3.org/2000/svg", most = Math.max(...means, 0.001), last = means[means.length - 1];
  const svg = document.createElementNS(NS, "svg"), line = document.createElementNS(NS, "polyline"), it = document.createElement("li");
  svg.setAttribute("viewBox", "0 0 " + (POINTS - 1) + " 20"); svg.setAttribute("preserveAspectRatio", "none"); svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", kind + ": latency of the last " + means.length + " looks, " + Math.min(...means).toFixed(1) + " to " + most.toFixed(1) + " ms");
  line.setAttribute("vector-effect", "non-scaling-stroke");
  const points = means.length === 1 ? [last, last] : means;
  line.setAttribute("points", points.map((mean, at) => (POINTS - points.length + at) + "," + (19 - 18 * mean / most).toFixed(1)).join(" "));
  svg.append(line); it.append(svg, kind + " " + last.toFixed(1) + " ms");
  return it;
}
function changeRows(whys) {
  const all = whys.flatMap((one) => one.changes.map((change) => ({ ...change, instance: one.instance })));
  return all.sort((a, b) => b.timeMs - a.timeMs).slice(0, CHANGES).map((one) => row(cell(new Date(one.timeMs).toLocaleString()), cell(one.instance), cell((WORDS[one.from] || one.from) + " to " + (WORDS[one.to] || one.to)), cell(one.cause)));
}
const note = (one, cause) => one.order ? (one.order.wish === "hold" ? "held" : "priority " + one.order.priority) + " by " + one.order.owner + (one.order.reason ? ": " + one.order.reason : "") : cause || "";
const activeRouter = (one) => one.state === "active" ? "this one" : one.activeRouter ? one.activeRouter.address + ", priority " + one.activeRouter.priority : "none heard";
/** This one and who else was heard; a backup sends nothing, so it is known by what it said before. */
function directorRows(one) {
  const place = [cell(one.name), cell(one.vrid)], active = one.state === "active";
  const own = row(...place, cell((one.sourceAddress || "no address") + " (this one)"), cell(WORDS[one.state], active ? "good" : one.state === "fault" ? "bad" : ""), cell(one.effectivePriority), cell("now"));
  const state = (router) => router.isActive ? cell("MASTER", "good") : router.priority === 0 ? cell("has left") : cell("silent");
  const news = (router) => router.isActive ? "keeps sending" : router.newsAgeSec === null ? "long ago" : age(router.newsAgeSec) + " ago";
  return [own, ...one.routers.map((router) => row(cell(one.name), cell(one.vrid), cell(router.address), state(router), cell(router.priority), cell(news(router))))];
}
async function refresh() {
  try {
    const [status, instances, virtual, whys] = await Promise.all(["status", "instances", "virtual-servers", "why"].map((path) => get("/v1/" + path)));
    const causes = new Map(whys.map((one) => [one.instance, one.changes[0] ? one.changes[0].cause : ""]));
    byId("summary").textContent = status.routerId + ", version " + status.version + ", up " + age(status.uptimeSec) + ", " + status.realServers.alive + " of " + status.realServers.total + " real servers alive";
    byId("instances").replaceChildren(...instances.map((one) => row(cell(one.name), cell(WORDS[one.state], one.state === "fault" ? "bad" : one.state === "active" ? "good" : ""), cell(age(one.stateAgeSec)), cell(one.interface), cell(one.vrid), cell(one.effectivePriority), cell(activeRouter(one)), cell(note(one, causes.get(one.name))))));
    byId("directors").replaceChildren(...instances.slice(0, SHOWN).flatMap(directorRows));
    byId("virtual").replaceChildren(...virtual.slice(0, SHOWN).map((one) => row(cell(one.name), cell(one.scheduler), cell(one.aliveRealServers + "/" + one.realServers, one.aliveRealServers === one.realServers ? "good" : "bad"), cell(one.hasQuorum ? "yes" : "no", one.hasQuorum ? "" : "bad"))));
    byId("more").textContent = virtual.length > SHOWN ? "and " + (virtual.length - SHOWN) + " more" : "";
    byId("changes").replaceChildren(...changeRows(whys));
    if (status.probes) noteLatency(status.probes.latency);
    pages = new Map();
    await drawList();
  } catch (error) { byId("summary").textContent = "no answer: " + error.message; }
}
let waits = false;
function soon() { if (waits) return; waits = true; setTimeout(() => { waits = false; refresh(); }, 300); }
const stream = new EventSource("/v1/events?since=0");
stream.addEventListener("log", (message) => {
  const event = JSON.parse(message.data), it = document.createElement("li");
  it.value = event.sequence; it.textContent = new Date(event.timeMs).toLocaleTimeString() + "  " + event.text;
  if (event.level === "error") it.className = "bad";
  byId("events").prepend(it);
  while (byId("events").childElementCount > KEPT) byId("events").lastElementChild.remove();
  soon();
});
byId("list").addEventListener("scroll", drawList, { passive: true });
byId("down").addEventListener("change", () => { pages = new Map(); byId("list").scrollTop = 0; drawList(); });
refresh(); setInterval(refresh, 5000);
`;

const ASSETS: ReadonlyMap<string, { readonly contentType: string; readonly body: string }> = new Map([
  ["/", { contentType: "text/html; charset=utf-8", body: HTML }],
  ["/page.css", { contentType: "text/css; charset=utf-8", body: CSS }],
  ["/page.js", { contentType: "text/javascript; charset=utf-8", body: SCRIPT }],
]);

/** @returns null when the path is none of the page's */
export function pageAsset(path: string): { readonly contentType: string; readonly body: string } | null {
  return ASSETS.get(path) ?? null;
}
