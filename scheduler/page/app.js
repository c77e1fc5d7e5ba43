"use strict";
/* Shows /api/fleet as it comes by server-sent events. All text is set as text: nothing that was
   read of anybody becomes markup. */

const byId = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat();
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

const seen = {}; /* the parts as told last */
let skew = 0;    /* ms that the scheduler's clock is ahead of this one */

const now = () => Date.now() + skew;
const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));

function node(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/* Only http and https lead anywhere. */
function link(url, text) {
  let target = null;
  try {
    target = new URL(url);
  } catch {
    target = null;
  }
  const label = node("bdi", "", text);
  if (target === null || !/^https?:$/.test(target.protocol)) return label;
  const made = node("a", "", label);
  made.href = target.href;
  made.rel = "noreferrer noopener";
  return made;
}

function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min`;
  if (s < 36 * 3600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

const ago = (time) => (time ? `${span(now() - Date.parse(time))} ago` : "never");
const ahead = (time) => {
  const left = Date.parse(time) - now();
  return left > 0 ? `in ${span(left)}` : "due now";
};

/* A header as the site sent it. */
function written(text) {
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : date.format(at);
}

function when(time) {
  if (!time) return node("span", "", "–");
  const made = node("time", "", ago(time));
  made.dateTime = time;
  made.title = day.format(new Date(time));
  return made;
}

/* Definition lists: [[term, text, class]], changed in place. */
function list(id, pairs) {
  const dl = byId(id);
  while (dl.children.length > pairs.length * 2) dl.lastElementChild.remove();
  pairs.forEach(([term, text, name], i) => {
    let dt = dl.children[i * 2], dd = dl.children[i * 2 + 1];
    if (!dt) {
      dt = node("dt");
      dd = node("dd");
      dl.append(dt, dd);
    }
    setText(dt, term);
    setText(dd, text);
    dd.className = name || "";
  });
}

/* A table's body by key: rows that are the same stay, with the focus in them. rows: {key, stamp, cells()}. */
const kept = new Map();
function table(id, rows, empty) {
  const body = byId(id).tBodies[0];
  const known = kept.get(id) || new Map();
  const next = new Map();
  let before = null;
  if (rows.length === 0) {
    const cell = node("td", "empty", empty);
    cell.colSpan = byId(id).tHead.rows[0].cells.length;
    body.replaceChildren(node("tr", "", cell));
    kept.set(id, next);
    return;
  }
  if (known.size === 0) body.replaceChildren();
  for (const row of rows) {
    let held = known.get(row.key);
    if (!held || held.stamp !== row.stamp) {
      const fresh = { stamp: row.stamp, tr: node("tr", "", ...row.cells()) };
      if (held) held.tr.replaceWith(fresh.tr);
      held = fresh;
    }
    next.set(row.key, held);
    const place = before ? before.nextSibling : body.firstChild;
    if (held.tr !== place) body.insertBefore(held.tr, place);
    before = held.tr;
  }
  while (before.nextSibling) before.nextSibling.remove();
  kept.set(id, next);
}

const cell = (name, ...children) => node("td", name, ...children);

/* Each part of what is told. */

const VERDICTS = { ok: "Working", warn: "Working, with remarks", bad: "Not working as it should" };

/* What is wrong and why, since when, what it causes and what to do, and where to read more. */
function showTrouble(trouble, runbook) {
  const item = node("li", `trouble ${trouble.level}`, node("p", "", node("bdi", "", trouble.what)));
  const more = node("p", "more", trouble.since ? `since ${day.format(new Date(trouble.since))}, for ${span(now() - Date.parse(trouble.since))}. ` : null, trouble.advice || null);
  if (trouble.runbook) more.append(" ", link(`${runbook}#${trouble.runbook.toLowerCase()}`, "Runbook"));
  if (more.childNodes.length > 0) item.append(more);
  return item;
}

function showVerdict(part) {
  const badge = byId("verdict");
  setText(badge, VERDICTS[part.verdict] || part.verdict);
  badge.className = `badge ${part.verdict}`;
  document.title = `${part.verdict === "ok" ? "" : part.verdict === "warn" ? "• " : "! "}Paperscout`;
  const ul = byId("troubles");
  const stamp = JSON.stringify([part.troubles, minute()]);
  if (ul.dataset.stamp !== stamp) {
    ul.dataset.stamp = stamp;
    ul.replaceChildren(...part.troubles.map((trouble) => showTrouble(trouble, part.runbook_url)));
  }
  setText(byId("served"), `from ${part.served_by.instance} (${part.served_by.role}), version ${part.served_by.version}`);
}

/* A server that is away: what it told last is marked with when that was. */
function showStale(part) {
  for (const card of document.querySelectorAll("[data-from]")) {
    const server = part[card.dataset.from];
    const stale = !server.connected;
    card.classList.toggle("stale", stale);
    if (stale) card.dataset.asOf = server.read_at ? clock.format(new Date(server.read_at)) : "never";
  }
}

const OUTCOMES = [["hit", "hits"], ["miss", "misses"], ["suspect", "suspect"], ["deferred", "deferred"], ["error", "errors"]];

const ENDED = { success: "found drafts", empty: "found nothing new", failed: "failed" };

function outcomesOf(cycle) {
  const o = cycle.outcomes;
  return { hit: o.hit_recent + o.hit_old + o.hit_no_lm, miss: o.miss, suspect: o.suspect, deferred: o.deferred, error: o.error };
}

function showProgress(values, planned, text) {
  const bar = byId("progress");
  const done = Object.values(values).reduce((sum, value) => sum + value, 0);
  if (bar.children.length === 0) for (const [name] of OUTCOMES) bar.append(node("i", name));
  OUTCOMES.forEach(([name], i) => {
    bar.children[i].style.width = planned > 0 ? `${(100 * values[name]) / planned}%` : "0";
  });
  bar.setAttribute("aria-valuenow", planned > 0 ? Math.min(100, Math.floor((100 * done) / planned)) : 0);
  bar.setAttribute("aria-valuetext", text);
}

function showCycle(part) {
  const cycle = part.cycle;
  if (!cycle) {
    setText(byId("cycle-head"), "No cycle has run yet");
    setText(byId("cycle-foot"), "The first one begins as soon as a scheduler leads and the index is read.");
    showProgress(outcomesOf({ outcomes: {} }), 0, "no cycle");
    byId("cycle-outcomes").replaceChildren();
    return;
  }
  const values = outcomesOf(cycle);
  const running = cycle.status === "running";
  const share = cycle.planned > 0 ? Math.floor((100 * cycle.finished) / cycle.planned) : 100;
  const spent = now() - Date.parse(cycle.started_at);
  let head, foot;
  if (running) {
    const left = cycle.finished > 20 ? ` · about ${span((spent * (cycle.planned - cycle.finished)) / cycle.finished)} left` : "";
    head = `Cycle ${count(cycle.number)}: ${count(cycle.finished)} of ${count(cycle.planned)} probes, ${share}\u00a0%`;
    foot = `for ${span(spent)}${left} · ${count(cycle.published)} published · must be over at ${clock.format(new Date(cycle.deadline))}`;
  } else {
    head = `Cycle ${count(cycle.number)} ${ENDED[cycle.status] || cycle.status}, ${ago(cycle.finished_at)}`;
    foot = `${cycle.error ? `${cycle.error} · ` : ""}took ${span(Date.parse(cycle.finished_at) - Date.parse(cycle.started_at))} · next poll ${part.next_poll_at ? ahead(part.next_poll_at) : "unknown"}`;
  }
  setText(byId("cycle-head"), head);
  setText(byId("cycle-foot"), foot);
  showProgress(values, cycle.planned, head);
  const ul = byId("cycle-outcomes");
  OUTCOMES.forEach(([name, label], i) => {
    const item = ul.children[i] || ul.appendChild(node("li", "", node("span", `swatch ${name}`), node("b"), ` ${label}`));
    setText(item.children[1], count(values[name]));
    item.hidden = values[name] === 0 && name !== "miss";
  });
}

function showLeader(part) {
  setText(byId("leader"), part.leader || "nobody");
  setText(byId("epoch"), part.epoch === null ? "\u00a0" : `epoch ${count(part.epoch)}`);
  const names = part.standbys;
  setText(byId("standbys"), names.length === 0 ? "no standby"
    : `standing by: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`);
}

function showNumbers(part) {
  const { alive, tasks, results, notify, upload_to_notify: delay } = part;
  const none = (value) => (value === 0 ? "bad" : "");
  list("alive", [
    ["schedulers", count(alive.scheduler), none(alive.scheduler)],
    ["workers", count(alive.worker), none(alive.worker)],
    ["notifiers", count(alive.notifier), none(alive.notifier)],
    ["tasks with workers", count(part.probes_in_flight < 0 ? null : part.probes_in_flight)],
  ]);
  const crowded = notify && notify.length >= part.notify_max ? "bad" : notify && notify.length >= part.notify_warn ? "warn" : "";
  list("queues", [
    ["tasks outstanding", tasks ? count(tasks.length) : "–"],
    ["of these in work", tasks ? count(tasks.pending) : "–"],
    ["results", results ? count(results.length) : "–"],
    ["outbox", count(part.outbox_pending)],
    ["messages waiting", notify ? count(notify.length) : "–", crowded],
    ["being sent", notify ? count(notify.in_flight) : "–"],
    ["given up", notify ? count(notify.dead) : "–", notify && notify.dead > 0 ? "warn" : ""],
  ]);
  list("hosts", (part.hosts || []).flatMap((host) => [
    [host.host, host.paused_ms > 0 ? `paused ${span(host.paused_ms)}` : "open", host.paused_ms > 0 ? "warn" : ""],
    ...(host.paused_ms > 0 ? [["why", host.why || "not told"]] : []),
    ...(host.rate === null ? [] : [["requests a second", count(Math.round(host.rate * 10) / 10), host.rate < part.rate_limit ? "warn" : ""]]),
  ]).concat([
    ["probes in 24 h", count(part.probes_day), part.budget > 0 && part.probes_day > part.budget ? "warn" : ""],
    ...(part.budget > 0 ? [["budget", count(part.budget)]] : []),
    ["upload to message, median", delay ? span(delay.median_seconds * 1000) : "–"],
    ["nine of ten within", delay ? span(delay.p90_seconds * 1000) : "–"],
  ]));
  list("known", [
    ["papers", count(part.papers)],
    ["drafts found", count(part.discovered)],
    ["polls", count(part.poll_count)],
    ["last good poll", ago(part.last_successful_poll)],
    ["index read", ago(part.index_fetched_at)],
  ]);
}

function showNow(part) {
  skew = Date.parse(part.at) - Date.now();
  showVerdict(part);
  showStale(part);
  showCycle(part);
  showLeader(part);
  showNumbers(part);
  showActions(part);
}

/* Actions: only where the scheduler has ADMIN_TOKEN. The token stays in the box of this page. */

const result = (text, level) => {
  const place = byId("action-result");
  place.className = level;
  setText(place, text);
};

async function act(body, done) {
  const token = byId("token").value;
  if (token === "") {
    result("Type the token first.", "bad");
    byId("token").focus();
    return false;
  }
  try {
    const response = await fetch("/api/admin", { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` }, body: JSON.stringify(body) });
    const answer = await response.json();
    result(response.ok ? done : `Not done: ${answer.error}`, response.ok ? "ok" : "bad");
    return response.ok;
  } catch (error) {
    result(`Not done: ${error.message}`, "bad");
    return false;
  }
}

const DONE = { "poll-now": "The leader polls as soon as it can.", pause: "Probing is paused.", resume: "Probing goes on." };

function showActions(part) {
  const box = byId("actions");
  box.hidden = !part.actions;
  for (const button of box.querySelectorAll("button")) {
    if (button.dataset.action === "pause") button.hidden = Boolean(part.probing_paused_since);
    if (button.dataset.action === "resume") button.hidden = !part.probing_paused_since;
  }
}

for (const button of document.querySelectorAll("#admin button")) {
  button.addEventListener("click", () => act({ action: button.dataset.action, reason: byId("reason").value }, DONE[button.dataset.action]));
}
byId("admin").addEventListener("submit", (event) => event.preventDefault());

/* A button for one dead letter. What cannot be taken back is asked for twice. */
function actionButton(text, label, twice, body, done) {
  const button = node("button", "small", text);
  button.type = "button";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", async () => {
    if (twice && button.dataset.sure !== "yes") {
      button.dataset.sure = "yes";
      setText(button, "Really drop?");
      button.setAttribute("aria-label", `Really drop? ${label}`);
      return;
    }
    button.disabled = true;
    if (!(await act(body, done))) button.disabled = false;
  });
  return button;
}

function letterActions(kind, id) {
  if (!seen.now || !seen.now.actions || !id) return null;
  const drop = actionButton("Drop", `Drop ${kind} ${id}`, true, { action: `drop-${kind}`, id }, `Dropped ${kind} ${id}.`);
  if (kind === "task") return node("span", "acts", drop);
  return node("span", "acts", actionButton("Retry", `Retry message ${id}`, false, { action: "retry-message", id }, `Message ${id} is queued again.`), " ", drop);
}

const WORK = [["probes_total", "probes"], ["sent", "sent"], ["papers", "papers"], ["claimed", "claimed"], ["dead", "given up"]];

function work(instance) {
  if (instance.component === "scheduler") return instance.role || "";
  return WORK.filter(([name]) => instance[name] > 0).map(([name, label]) => `${count(instance[name])} ${label}`).join(", ");
}

/* The bar of a load is of the highest among its kind. */
function showInstances(part) {
  const all = part || [];
  const wanted = byId("filter").value.trim().toLowerCase();
  const order = { scheduler: 0, worker: 1, notifier: 2 };
  const most = {};
  for (const one of all) most[one.component] = Math.max(most[one.component] || 1, one.in_flight || 0);
  const shown = all.filter((one) => `${one.component} ${one.id}`.toLowerCase().includes(wanted));
  const names = new Intl.Collator(undefined, { numeric: true });
  shown.sort((a, b) => (order[a.component] ?? 3) - (order[b.component] ?? 3) || names.compare(a.id, b.id));
  setText(byId("instances-note"), part === null ? "not read yet" : shown.length === all.length ? count(all.length) : `${count(shown.length)} of ${count(all.length)}`);
  table("instances", shown.map((one) => ({
    key: `${one.component}:${one.id}`,
    stamp: JSON.stringify([one, most[one.component], Math.floor(now() / 60000)]),
    cells: () => {
      const fill = node("i");
      fill.style.width = `${(100 * (one.in_flight || 0)) / most[one.component]}%`;
      const bar = node("div", "", fill);
      bar.setAttribute("aria-hidden", "true");
      const tag = one.component === "scheduler" && one.role === "leader" ? node("span", "tag ok", " leads") : null;
      return [
        cell("", node("bdi", "", one.id), tag, node("span", "sub", one.component)),
        cell("", node("div", "load", node("span", "", count(one.in_flight ?? null)), bar)),
        cell("minor", work(one), one.circuit && one.circuit !== "closed" ? node("span", "tag bad", ` circuit ${one.circuit}`) : null),
        cell("minor tight", one.started_at ? span(now() - Date.parse(one.started_at)) : "–"),
        cell("minor tight", one.version || "–"),
      ];
    },
  })), wanted ? "None is called so" : "Nobody is alive");
}

const minute = () => Math.floor(now() / 60000);

function showRecent(part) {
  const state = (draft) => draft.gone_at ? ["gone", "bad"] : draft.updated_at ? ["changed", "warn"] : draft.outcome === "hit_recent" ? ["new", "ok"] : [draft.outcome === "hit_old" ? "old" : "undated", ""];
  table("drafts", (part.drafts || []).map((draft) => ({
    key: draft.url,
    stamp: JSON.stringify([draft, minute()]),
    cells: () => {
      const [what, level] = state(draft);
      return [
        cell("tight", link(draft.url, draft.url.split("/").pop() || draft.paper)),
        cell("", node("span", `tag ${level}`, what), draft.title ? node("bdi", "title", ` ${draft.title}`) : null, draft.authors ? node("bdi", "sub", draft.authors) : null, node("span", "sub", `${draft.tier}${draft.last_modified ? `, written ${written(draft.last_modified)}` : ""}`)),
        cell("when", when(draft.found_at)),
      ];
    },
  })), part.drafts === null ? "Not read yet" : "No draft was found yet");
  table("papers", (part.papers || []).map((paper) => ({
    key: paper.id,
    stamp: JSON.stringify([paper, minute()]),
    cells: () => [
      cell("tight", link(paper.link, paper.id)),
      cell("", node("bdi", "title", paper.title || "no title"), node("span", "sub", [paper.author, paper.subgroup].filter(Boolean).join(" · "), paper.date ? node("span", "tight", ` ${paper.date}`) : null)),
      cell("when", when(paper.first_seen_at)),
    ],
  })), part.papers === null ? "Not read yet" : "The index was not read yet");
}

function showFailed(part) {
  const component = byId("failures-component").value, category = byId("failures-category").value;
  const all = part.failures || [];
  const failures = all.filter((one) => (component === "" || one.component === component) && (category === "" || one.failure_category === category));
  setText(byId("failures-note"), failures.length === all.length ? "" : `${failures.length} of ${all.length}`);
  table("failures", failures.map((one, i) => ({
    key: `${one.at}|${one.what}|${one.url}|${i}`,
    stamp: JSON.stringify([one, minute()]),
    cells: () => [
      cell("", node("bdi", "title", one.what || ""), node("span", "sub", [one.component, one.failure_category].filter(Boolean).join(" · "))),
      cell("", node("bdi", "title", one.detail || ""), one.url ? node("span", "sub", link(one.url, one.url)) : null),
      cell("when", when(one.at)),
    ],
  })), part.failures ? (all.length > 0 ? "None of the latest is of this kind" : "No failure was noted") : "Not read yet");
  const messages = (part.dead_messages || []).map((one) => ({
    key: `m${one.id}|${one.dead_at}`,
    stamp: JSON.stringify([one, minute(), seen.now?.actions]),
    cells: () => [
      cell("", `message ${one.id || "?"}`, node("span", "sub", [one.kind, one.channel].filter(Boolean).join(" · ")), letterActions("message", one.id)),
      cell("", node("bdi", "title", one.reason || ""), one.attempts ? node("span", "sub", `${count(one.attempts)} attempts`) : null),
      cell("when", when(one.dead_at)),
    ],
  }));
  const tasks = (part.dead_tasks || []).map((one) => ({
    key: `t${one.stream_id}`,
    stamp: JSON.stringify([one, minute(), seen.now?.actions]),
    cells: () => [
      cell("", "probe", one.url ? node("span", "sub", link(String(one.url), String(one.url).split("/").pop())) : null, letterActions("task", one.stream_id)),
      cell("", node("bdi", "title", one.reason || ""), node("span", "sub", `${count(one.deliveries ?? null)} deliveries, last to ${one.worker || "?"}`)),
      cell("when", when(one.at)),
    ],
  }));
  table("dead", [...messages, ...tasks], part.dead_messages ? "Nothing was given up" : "Not read yet");
  setText(byId("dead-note"), messages.length > 0 ? "paperscout-notifier dead list shows all" : "");
}

/* The plots: the day comes by the stream, a week and a month when they are asked for, and each minute. */

let range = "day", longer = null;

function showCycles() {
  const part = range === "day" ? seen.day : longer;
  if (!part) return;
  setText(byId("day-note"), `${count(part.cycles)} ${part.cycles === 1 ? "cycle" : "cycles"} of the last ${range}`);
  Charts.set(part, range);
}

function showDay() {
  if (range === "day") showCycles();
}

async function readRange() {
  const wanted = range;
  if (wanted === "day") return;
  try {
    const response = await fetch(`/api/history?range=${wanted}`);
    if (!response.ok || wanted !== range) return;
    longer = await response.json();
    showCycles();
  } catch {
    setText(byId("day-note"), "cannot be read now");
  }
}

for (const button of document.querySelectorAll("[data-range]")) {
  button.addEventListener("click", () => {
    range = button.dataset.range;
    longer = null;
    for (const one of document.querySelectorAll("[data-range]")) one.setAttribute("aria-pressed", String(one === button));
    showCycles();
    readRange();
  });
}
for (const id of ["failures-component", "failures-category"]) byId(id).addEventListener("change", () => seen.failed && showFailed(seen.failed));
setInterval(readRange, 60000);

const SHOW = { now: showNow, instances: showInstances, day: showDay, recent: showRecent, failed: showFailed };

/* The stream. A browser connects again by itself; one that was refused is tried anew. */

let source = null, heard = 0;

function live(on, text) {
  const mark = byId("live");
  mark.className = `live ${on ? "on" : "off"}`;
  setText(mark, text);
}

function listen() {
  source = new EventSource("/api/fleet/events");
  source.onopen = () => {
    heard = Date.now();
    live(true, "live");
  };
  source.onerror = () => {
    const since = seen.now ? `, as of ${clock.format(new Date(seen.now.at))}` : "";
    live(false, `connection lost${since}`);
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(listen, 5000);
    }
  };
  for (const name of Object.keys(SHOW)) {
    source.addEventListener(name, (event) => {
      heard = Date.now();
      live(true, "live");
      seen[name] = JSON.parse(event.data);
      SHOW[name](seen[name]);
    });
  }
}

byId("filter").addEventListener("input", () => seen.instances !== undefined && showInstances(seen.instances));
setInterval(() => {
  if (heard > 0 && Date.now() - heard > 30000 && source.readyState === EventSource.OPEN) { /* a dead line that nobody closed */
    source.close();
    live(false, "connection lost");
    heard = Date.now();
    listen();
  }
  if (seen.recent) showRecent(seen.recent);
  if (seen.failed) showFailed(seen.failed);
}, 15000);
listen();
