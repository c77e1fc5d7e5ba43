"use strict";
/* The plots of the last day: uPlot draws, a legend tells the point under the pointer, a table holds
   the same for who does not see it. */

const Charts = (() => {
  const DAY = 24 * 3600;
  const STEPS = [...Array(8).keys()].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power)); /* whole probes */
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
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
      title: "Duration of a cycle",
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

    set(day) {
      this.day = day;
      this.columns = this.kind.columns(day);
      this.plotBox.hidden = this.details.hidden = this.empty();
      this.draw();
      this.fillLegend(null);
      this.fillTable();
      const sums = this.columns.map(([, name, values]) => `${number(total(values))} ${name}`).join(", ");
      this.plotBox.setAttribute("aria-label", day.at.length === 0
        ? `${this.kind.title}: no cycle was closed within the last day`
        : `${this.kind.title}, ${day.cycles} cycles: ${this.kind === kinds.seconds ? `longest ${number(Math.max(...day.seconds))} seconds` : sums}`);
    }

    /* Without cycles there is nothing to see, nor where no error happened. */
    empty() {
      return this.day.at.length === 0 || (this.kind === kinds.failures && this.columns.every(([, , values]) => total(values) === 0));
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

    /* The day, or as much of it as there is. */
    range() {
      const now = Date.now() / 1000;
      const from = Math.max(now - DAY, Math.min(this.day.at[0] ?? now - DAY, now - 1800));
      const edge = (now - from) / 60;
      return [from - edge, now + edge];
    }

    options(width) {
      const bars = this.columns.filter((column) => column[3] !== "dots").reverse();
      const dots = this.columns.filter((column) => column[3] === "dots");
      const axis = { stroke: css("muted"), grid: { stroke: css("grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
      const painter = uPlot.paths.bars({ size: [0.8, 12], align: 0 });
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
          { ...axis, grid: { show: false }, size: 30, gap: 8, space: 54, values: (_, splits) => splits.map((at) => clock.format(at * 1000)) },
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
      const head = text("li", "", one ? `${clock.format(this.day.at[index] * 1000)} cycle ${this.day.number[index]}${this.day.merged > 1 ? " on" : ""}, ${this.day.status[index]}` : this.summary());
      this.legend.replaceChildren(head, ...(this.kind === kinds.seconds && !one ? [] : items).map(([name, label, values]) => {
        const item = text("li");
        item.append(text("span", `swatch ${name}`), text("b", "", number(one ? values[index] : total(values))), ` ${label}`);
        return item;
      }));
    }

    summary() {
      const { at, seconds } = this.day;
      if (at.length === 0) return "No cycle was closed within the last day";
      if (this.kind === kinds.seconds) {
        const sorted = [...seconds].sort((a, b) => a - b);
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
        row.append(text("td", "when", clock.format(this.day.at[i] * 1000)), text("td", "tight", this.day.number[i]),
          ...columns.map(([, , values]) => text("td", "tight", number(values[i]))));
        tbody.append(row);
      }
      this.table.replaceChildren(thead, tbody);
    }
  }

  const charts = Object.keys(kinds).map((kind) => new Chart(document.getElementById(`chart-${kind}`), kind));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart.day && chart.draw()));
  return { set: (day) => charts.forEach((chart) => chart.set(day)) };
})();
