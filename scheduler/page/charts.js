"use strict";
/* The plots of a day, a week or a month: uPlot draws, a legend describes the bar under the pointer, a
   table holds the same for people who do not see it.

   Cycles come at any times. Each plot first adds them up in buckets of one length (bins), so that a cycle
   that is a second after another one does not make every bar a hairline. */

const Charts = (() => {
  const SPANS = { day: 24 * 3600, week: 7 * 24 * 3600, month: 31 * 24 * 3600 };
  const BARS = 48;
  const LENGTHS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]; /* of a bucket, in seconds */
  const WORST = { failed: 2, success: 1, empty: 0 };
  const STEPS = [...Array(8).keys()].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power)); /* whole probes */
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const dates = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const moment = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const whole = new Intl.NumberFormat();

  /* What is plotted: columns of the day, each with a colour's name. Bars are stacked, first at the bottom. */
  const hits = (day) => day.at.map((_, i) => day.outcomes.hit_recent[i] + day.outcomes.hit_old[i] + day.outcomes.hit_no_lm[i]);
  const kinds = {
    outcomes: {
      title: "Probes by outcome",
      unit: "probes",
      columns: (day) => [
        ["error", "errors", day.outcomes.error],
        ["deferred", "deferred", day.outcomes.deferred],
        ["suspect", "suspect", day.outcomes.suspect],
        ["miss", "misses", day.outcomes.miss],
        ["hit", "hits", hits(day), "dots"],
      ],
    },
    seconds: {
      title: "Longest cycle",
      unit: "seconds",
      columns: (day) => [["bar", "seconds", day.seconds]],
    },
    failures: {
      title: "Errors by category",
      unit: "errors",
      columns: (day) => Object.entries(day.failures).map(([name, values]) => [name.toLowerCase(), name, values]),
    },
  };

  function text(tag, name, content) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (content !== undefined) node.textContent = content;
    return node;
  }

  /* The cycles of part as columns of equal buckets from the first one to now, empty ones too. */
  function bins(part, range) {
    const now = Date.now() / 1000;
    const from = Math.max(now - SPANS[range], Math.min(part.at[0] ?? now, now - 1800));
    const length = Math.max(part.bucket || 0, LENGTHS.find((one) => (now - from) / one <= BARS) || 86400);
    const first = Math.floor(from / length);
    const size = Math.max(1, Math.floor(now / length) - first + 1);
    const column = () => new Array(size).fill(0);
    const columns = (names) => Object.fromEntries(Object.keys(names).map((name) => [name, column()]));
    const day = { length, at: column().map((_, i) => (first + i) * length), cycles: part.cycles, counts: column(), seconds: column(), number: column(), last: column(), status: new Array(size).fill(""), outcomes: columns(part.outcomes), failures: columns(part.failures) };
    part.at.forEach((at, i) => {
      const k = Math.floor(at / length) - first;
      if (k < 0 || k >= size) return;
      const count = part.counts ? part.counts[i] : part.merged;
      day.counts[k] += count;
      day.number[k] = day.number[k] || part.number[i];
      day.last[k] = part.number[i] + count - 1;
      day.seconds[k] = Math.max(day.seconds[k], part.seconds[i]);
      if (day.status[k] === "" || WORST[part.status[i]] > WORST[day.status[k]]) day.status[k] = part.status[i];
      for (const name of Object.keys(part.outcomes)) day.outcomes[name][k] += part.outcomes[name][i];
      for (const name of Object.keys(part.failures)) day.failures[name][k] += part.failures[name][i];
    });
    return day;
  }

  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  const number = (value) => whole.format(value >= 100 ? Math.round(value) : Math.round(value * 10) / 10);

  class Chart {
    constructor(figure, kind) {
      this.kind = kinds[kind];
      this.figure = figure;
      this.legend = text("ul", "legend");
      this.plotBox = text("div", "plot");
      this.plotBox.setAttribute("role", "img");
      const caption = text("figcaption", "", this.kind.title);
      const details = text("details");
      details.append(text("summary", "", "As a table"));
      const scroll = text("div", "scroll");
      scroll.tabIndex = 0;
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", `${this.kind.title}, as a table`);
      this.table = text("table");
      scroll.append(this.table);
      details.append(scroll);
      details.addEventListener("toggle", () => this.fillTable());
      this.details = details;
      figure.append(caption, this.legend, this.plotBox, details);
      new ResizeObserver(() => this.resize()).observe(this.plotBox);
    }

    resize() {
      const width = Math.floor(this.plotBox.clientWidth);
      if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: 176 });
      else if (!this.plot && this.day) this.draw();
    }

    set(part, range) {
      const day = bins(part, range);
      this.part = part;
      this.span = range;
      this.day = day;
      this.columns = this.kind.columns(day);
      this.plotBox.hidden = this.details.hidden = this.empty();
      this.draw();
      this.fillLegend(null);
      this.fillTable();
      const sums = this.columns.map(([, name, values]) => `${number(total(values))} ${name}`).join(", ");
      this.plotBox.setAttribute("aria-label", day.cycles === 0
        ? `${this.kind.title}: no cycle was closed within the last ${range}`
        : `${this.kind.title}, ${day.cycles} cycles: ${this.kind === kinds.seconds ? `longest ${number(Math.max(...day.seconds))} seconds` : sums}`);
    }

    /* Without cycles there is nothing to see, nor where no error happened. */
    empty() {
      return this.day.cycles === 0 || (this.kind === kinds.failures && this.columns.every(([, , values]) => total(values) === 0));
    }

    /* Stacked: each series is drawn up to the sum of those below it, the highest first. Dots say
       that there were any, above the bars: beside thousands of misses a hit would not be seen. */
    data() {
      const bars = this.columns.filter((column) => column[3] !== "dots");
      const dots = this.columns.filter((column) => column[3] === "dots");
      const sums = [];
      let below = this.day.at.map(() => 0);
      for (const [, , values] of bars) {
        below = below.map((sum, i) => sum + values[i]);
        sums.unshift(below);
      }
      return [this.day.at, ...sums, ...dots.map(([, , values]) => values.map((value) => (value > 0 ? 1 : null)))];
    }

    /* All buckets, and the halves of a bar at both ends. */
    range() {
      const { at, length } = this.day;
      return [at[0] - length / 2, at[at.length - 1] + length / 2];
    }

    options(width) {
      const bars = this.columns.filter((column) => column[3] !== "dots").reverse();
      const dots = this.columns.filter((column) => column[3] === "dots");
      const axis = { stroke: css("muted"), grid: { stroke: css("grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
      const painter = uPlot.paths.bars({ size: [0.8, 24], align: 0 });
      const zero = (_, min, max) => [0, max > 0 ? max * 1.2 : 1];
      return {
        width,
        height: 176,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
        scales: {
          x: { time: true, range: () => this.range() },
          y: { range: zero },
          hits: { range: [0, 1.06] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 30, gap: 8, space: 54, values: (_, splits) => splits.map((at) => (this.span === "day" ? clock : dates).format(at * 1000)) },
          { ...axis, size: 46, gap: 4, space: 30, ...(this.kind === kinds.seconds ? {} : { incrs: STEPS }), values: (_, splits) => splits.map((value) => number(value)) },
        ],
        series: [
          {},
          ...bars.map(([name]) => ({ paths: painter, points: { show: false }, fill: css(name), width: 0 })),
          ...dots.map(([name]) => ({ scale: "hits", paths: () => null, points: { show: true, size: 7, fill: css(name), stroke: css("card"), width: 1 } })),
        ],
        hooks: { setCursor: [(plot) => this.fillLegend(plot.cursor.idx)] },
      };
    }

    draw() {
      const width = Math.floor(this.plotBox.clientWidth);
      if (width <= 0) return;
      if (this.plot && this.scheme === css("card")) {
        this.plot.setData(this.data());
        return;
      }
      if (this.plot) this.plot.destroy();
      this.scheme = css("card");
      this.plot = new uPlot(this.options(width), this.data(), this.plotBox);
    }

    /* Of the point under the pointer, or of the day. */
    fillLegend(index) {
      if (!this.day) return;
      const one = index !== null && index !== undefined && index < this.day.at.length;
      const items = this.columns.filter(([, , values]) => one ? values[index] > 0 : total(values) > 0);
      const head = text("li", "", one ? this.describe(index) : this.summary());
      this.legend.replaceChildren(head, ...(this.kind === kinds.seconds && !one ? [] : items).map(([name, label, values]) => {
        const item = text("li");
        item.append(text("span", `swatch ${name}`), text("b", "", number(one ? values[index] : total(values))), ` ${label}`);
        return item;
      }));
    }

    describe(index) {
      const { at, counts, number: first, last, status } = this.day;
      const time = (this.span === "day" ? clock : moment).format(at[index] * 1000);
      if (counts[index] === 0) return `${time} no cycle`;
      return `${time} cycle ${first[index]}${counts[index] > 1 ? ` to ${last[index]}` : ""}, ${status[index]}`;
    }

    summary() {
      const { cycles } = this.day;
      if (cycles === 0) return `No cycle was closed within the last ${this.span}`;
      if (this.kind === kinds.seconds) {
        const sorted = [...this.part.seconds].sort((a, b) => a - b);
        return `half within ${number(sorted[Math.floor(sorted.length / 2)])} s, longest ${number(sorted[sorted.length - 1])} s`;
      }
      if (this.empty()) return "None";
      return "In all:";
    }

    fillTable() {
      if (!this.details.open || !this.day) return;
      const head = text("tr");
      const columns = [...this.columns].reverse();
      for (const name of ["Started", "Cycle", ...columns.map(([, label]) => label)]) {
        const cell = text("th", "", name);
        cell.scope = "col";
        head.append(cell);
      }
      const thead = text("thead"), tbody = text("tbody");
      thead.append(head);
      for (let i = this.day.at.length - 1; i >= 0; i--) {
        const row = text("tr");
        if (this.day.counts[i] === 0) continue;
        row.append(text("td", "when", (this.span === "day" ? clock : moment).format(this.day.at[i] * 1000)), text("td", "tight", this.day.counts[i] > 1 ? `${this.day.number[i]}–${this.day.last[i]}` : this.day.number[i]),
          ...columns.map(([, , values]) => text("td", "tight", number(values[i]))));
        tbody.append(row);
      }
      this.table.replaceChildren(thead, tbody);
    }
  }

  const charts = Object.keys(kinds).map((kind) => new Chart(document.getElementById(`chart-${kind}`), kind));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart.day && chart.draw()));
  return { set: (part, range) => charts.forEach((chart) => chart.set(part, range)) };
})();
