// The charts over virtual time. It doesn't know the timeline: it tells `onSeek` what was clicked.
const charts = (() => {
  const self = { onSeek: () => {}, playhead: 0 },
    plots = new Map(),
    samples = page.samples;
  const PALETTE = [
    "#3a6fd8",
    "#d98a1f",
    "#2f9a69",
    "#b34fa0",
    "#7d8694",
    "#c2503f",
    "#2b9fb3",
    "#8f7a2d",
    "#6d5bd0",
    "#a0522d",
    "#5c8a2f",
    "#c75d8c",
  ];
  const [unit, word] =
    page.ended >= 2e9 ? [1e9, "s"] : page.ended >= 2e6 ? [1e6, "ms"] : [1e3, "µs"];
  const x = samples.map((s) => s.at / unit);
  const sum = (list) => list.reduce((a, b) => a + Number(b), 0);
  const round = (v) =>
    v === null || v === undefined
      ? "–"
      : Math.abs(v) >= 100
        ? grouped(Math.round(v))
        : String(+v.toPrecision(3));

  const marks = (u) => {
    const c = u.ctx,
      ratio = window.devicePixelRatio || 1,
      { top, height, left, width } = u.bbox;
    c.save();
    const px = (t) => Math.max(left, Math.min(left + width, u.valToPos(t / unit, "x", true)));
    const seen = new Set();
    for (const b of trace.bands)
      if (b.kind === "down" && (b.whole ? !seen.has(b.i) : islands <= 12)) {
        seen.add(b.i);
        const x1 = px(b.from),
          x2 = px(b.to);
        c.fillStyle = css.band;
        c.fillRect(x1, top, Math.max(ratio, x2 - x1), height);
      }
    c.restore();
  };
  const heads = (u) => {
    const c = u.ctx,
      ratio = window.devicePixelRatio || 1,
      { top, height, left, width } = u.bbox;
    c.save();
    c.lineWidth = 1.4 * ratio;
    c.setLineDash([]);
    for (const [t, colour] of [
      [self.playhead, css.accent],
      ...(page.violation ? [[page.violation.at, css.bad]] : []),
    ]) {
      const x1 = u.valToPos(t / unit, "x", true);
      if (x1 < left - 1 || x1 > left + width + 1) continue;
      c.strokeStyle = colour;
      c.beginPath();
      c.moveTo(x1, top);
      c.lineTo(x1, top + height);
      c.stroke();
    }
    c.restore();
  };
  const plot = (id, label, series, data, more = {}) => {
    const figure = document.getElementById(id);
    for (const old of figure.querySelectorAll(".uplot, .none-yet")) old.remove();
    const old = plots.get(id);
    if (old) {
      old.destroy();
      plots.delete(id);
    }
    if (x.length < 2 || !data.length) {
      figure.append(el("div", { class: "none-yet" }, "This run took no samples of it."));
      return;
    }
    const axis = {
      stroke: css.muted,
      font: "12px system-ui, sans-serif",
      grid: { stroke: css.rule, width: 1 },
      ticks: { stroke: css.rule, width: 1, size: 5 },
    };
    const u = new uPlot(
      {
        width: figure.clientWidth - 36,
        height: 230,
        padding: [10, 12, 0, 0],
        cursor: {
          sync: { key: "time", setSeries: false },
          drag: { x: false, y: false },
          points: { size: 6 },
        },
        legend: { live: true },
        scales: {
          x: { time: false, range: [0, Math.max(page.ended / unit, x[x.length - 1])] },
          y: { range: (u, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] },
        },
        axes: [
          { ...axis, size: 34, values: (u, all) => all.map((v) => `${+v.toPrecision(6)} ${word}`) },
          {
            ...axis,
            size: 62,
            label: label,
            labelSize: 18,
            labelFont: "12px system-ui, sans-serif",
            values: (u, all) => all.map(round),
          },
        ],
        series: [
          {
            label: "time",
            value: (u, v) => (v === null || v === undefined ? "–" : `${+v.toPrecision(6)} ${word}`),
          },
          ...series,
        ],
        hooks: { drawClear: [marks], draw: [heads] },
        ...more,
      },
      [x, ...data],
      figure,
    );
    u.over.addEventListener("click", () => {
      if (u.cursor.left >= 0)
        self.onSeek(Math.max(0, Math.min(page.ended, u.posToVal(u.cursor.left, "x") * unit)));
    });
    plots.set(id, u);
  };
  const line = (label, colour, given = {}) => ({
    label,
    stroke: colour,
    width: 1.6,
    points: { show: false },
    value: (u, v) => round(v),
    ...given,
  });

  const levels = () => {
    const which = document.getElementById("level").value,
      names = page.level_names;
    let parts;
    if (which === "place")
      parts = names.map((name, n) => [name, samples.map((s) => sum(s.levels[n] || []))]);
    else {
      const n = Number(which),
        lanes = Array.from({ length: islands }, (_, lane) => lane);
      const most = lanes.map((lane) =>
        Math.max(0, ...samples.map((s) => Math.abs(Number((s.levels[n] || [])[lane] || 0)))),
      );
      // More than a dozen areas can't be told apart: the others stand together.
      const top = [...lanes]
          .sort((a, b) => most[b] - most[a] || a - b)
          .slice(0, islands > 12 ? 11 : 12)
          .sort((a, b) => a - b),
        rest = lanes.filter((lane) => !top.includes(lane));
      const of = (list) =>
        samples.map((s) => sum(list.map((lane) => (s.levels[n] || [])[lane] || 0)));
      parts = top.map((lane) => [laneName(lane), of([lane])]);
      if (rest.length) parts.push([`${rest.length} others`, of(rest)]);
    }
    if (parts.some(([, values]) => values.some((v) => v < 0))) {
      plot(
        "chart-levels",
        "units",
        parts.map(([name], n) => line(name, PALETTE[n % PALETTE.length])),
        parts.map(([, values]) => values),
      );
      return;
    }
    // Stacked: the last part stands on all others and is drawn first, so that each covers the next.
    const stacked = [];
    let below = samples.map(() => 0);
    for (const [, values] of parts) {
      below = below.map((v, k) => v + values[k]);
      stacked.push(below);
    }
    const order = parts.map((_, n) => n).reverse();
    plot(
      "chart-levels",
      "units",
      order.map((n) =>
        line(parts[n][0], PALETTE[n % PALETTE.length], {
          fill: PALETTE[n % PALETTE.length] + "55",
          width: 1.2,
          value: (u, v, s, k) => (k === null || k === undefined ? "–" : round(parts[n][1][k])),
        }),
      ),
      order.map((n) => stacked[n]),
      { bands: order.slice(0, -1).map((_, k) => ({ series: [k + 1, k + 2] })) },
    );
  };
  self.draw = () => {
    const rate = samples.map((s, n) =>
      n && s.at > samples[n - 1].at
        ? (s.answered - samples[n - 1].answered) / ((s.at - samples[n - 1].at) / 1e9)
        : null,
    );
    plot(
      "chart-throughput",
      "requests a second",
      [line("answered a second", css.accent, { fill: css["accent-soft"] })],
      [rate],
    );
    const ms = (key) => samples.map((s) => (s.latency ? s.latency[key] / 1e6 : null));
    plot(
      "chart-latency",
      "milliseconds",
      [
        line("half, ms", css.accent, { spanGaps: true }),
        line("99 of 100, ms", css.late, { spanGaps: true }),
      ],
      [ms("p50"), ms("p99")],
    );
    const all = (key) => samples.map((s) => sum(s.queues.map((q) => q[key]))),
      top = (key) => samples.map((s) => Math.max(0, ...s.queues.map((q) => q[key])));
    plot(
      "chart-queues",
      "waiting",
      [
        line("not durable", css.accent),
        line("fullest", css.accent, { dash: [4, 4], width: 1.1 }),
        line("not acknowledged", css.late),
        line("fullest", css.late, { dash: [4, 4], width: 1.1 }),
      ],
      [all("undurable"), top("undurable"), all("unacked"), top("unacked")],
    );
    if (!page.level_names.length) {
      document.getElementById("chart-levels").hidden = true;
    } else levels();
  };
  const select = document.getElementById("level");
  select.append(
    el("option", { value: "place" }, "place, all islands"),
    ...page.level_names.map((name, n) => el("option", { value: n }, `island: ${name}`)),
  );
  select.addEventListener("change", levels);
  self.seek = (t) => {
    self.playhead = t;
    for (const u of plots.values()) u.redraw(false, false);
  };
  self.resize = () => {
    for (const [id, u] of plots)
      u.setSize({ width: document.getElementById(id).clientWidth - 36, height: 230 });
  };
  return self;
})();
