"use strict";
/* Adds to the readers' pages what needs a script: the search as one types, ages of times, and a line
   that says when there is something newer. All text is set as text. */

const LIMITS = [[90, 1, "s"], [90 * 60, 60, "min"], [36 * 3600, 3600, "h"], [Infinity, 86400, "days"]];
const KEY_MS = 120, LOOK_MS = 60000, TICK_MS = 20000;
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function age(ms) {
  const s = Math.max(0, Math.round(Math.abs(ms) / 1000));
  const [, unit, name] = LIMITS.find(([limit]) => s < limit);
  return `${Math.max(unit === 1 ? 0 : 1, Math.round(s / unit))} ${name}`;
}

function showAges() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    const left = at - Date.now();
    const past = time.classList.contains("due") ? "due now" : `${age(left)} ago`;
    const text = left > 0 ? `in ${age(left)}` : past;
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = dated.format(at);
  }
}

function node(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function link(href, text) {
  const made = node("a", "", node("bdi", "", text));
  made.href = href;
  return made;
}

function external(url, text) {
  let target = null;
  try {
    target = new URL(url);
  } catch {
    target = null;
  }
  if (target === null || !/^https?:$/.test(target.protocol)) return node("bdi", "", text);
  const made = link(target.href, text);
  made.rel = "noreferrer noopener";
  return made;
}

const box = document.getElementById("search");
const results = document.getElementById("results");
let asked = "", timer = 0, request = null;

function showResults(answer) {
  const items = answer.results.map((one) => node("li", "",
    node("div", "find",
      node("p", "title", link(`/papers/${encodeURIComponent(one.key)}`, one.title || "No title known yet")),
      node("p", "meta", node("b", "id", one.key), " ", external(one.url, one.name),
        one.authors ? node("span", "", " · ", node("bdi", "", one.authors)) : null,
        one.subgroup ? node("span", "", " · ", node("bdi", "", one.subgroup)) : null)),
    node("span", "age", one.date)));
  const more = answer.total > answer.results.length ? `, the newest ${answer.results.length} shown` : "";
  const head = node("p", "muted", answer.total === 0 ? "No paper and no draft has all of these words." : `${answer.total} ${answer.total === 1 ? "paper" : "papers"}${more}`);
  results.replaceChildren(head, items.length > 0 ? node("ul", "finds", ...items) : "");
  results.hidden = false;
}

async function ask() {
  const query = box.value.trim();
  if (query === asked) return;
  asked = query;
  if (request) request.abort();
  if (query === "") {
    results.hidden = true;
    results.replaceChildren();
    return;
  }
  request = new AbortController();
  try {
    const response = await fetch(`/api/search?q=${encodeURIComponent(query)}`, { signal: request.signal });
    if (response.ok && query === asked) showResults(await response.json());
  } catch (error) {
    if (error.name !== "AbortError") asked = "";
  }
}

if (box && results) {
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, KEY_MS);
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    } else if (event.key === "Escape" && event.target === box) {
      box.value = "";
      ask();
    } else if (event.key === "ArrowDown" && event.target === box) {
      const first = results.querySelector("a");
      if (first && !results.hidden) {
        event.preventDefault();
        first.focus();
      }
    }
  });
}

/* Says that there is something newer, and changes nothing under the reader's eyes. */
const news = document.getElementById("news");
let known = null; /* the ETag of the finds that are shown */

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch("/feed.atom", { cache: "no-cache" });
    const tag = response.ok ? response.headers.get("ETag") : null;
    if (tag && known && tag !== known && news.childElementCount === 0) {
      const again = link(location.href, "There are new finds: show them");
      news.append(node("p", "trouble news", again));
    }
    known = known || tag;
  } catch {
    /* the next look tries again */
  }
}

showAges();
setInterval(showAges, TICK_MS);
if (news) {
  look();
  setInterval(look, LOOK_MS);
}
