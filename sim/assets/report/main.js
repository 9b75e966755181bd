// Ties the parts together: selection, time shown, keys, legend, theme.
const byId = (id) => document.getElementById(id);
const moveable = trace.all.filter((h) => h.kind);

const seek = (t, lead = true) => {
  timeline.playhead = t;
  byId("scrubber").value = page.ended ? Math.round((t / page.ended) * 10000) : 0;
  byId("scrubber").setAttribute("aria-valuetext", clock(t));
  byId("clock").textContent = clock(t);
  inspector.at(t);
  charts.seek(t);
  if (lead) timeline.reveal(t, null);
  timeline.draw();
};
const select = (i, lead = true) => {
  timeline.select(i);
  inspector.show(i);
  if (i >= 0) {
    const h = trace.all[i];
    if (lead) timeline.reveal(h.t, h.lane);
    seek(h.t, false);
    history.replaceState(null, "", `#h${h.place}`);
  }
};
const step = (by) => {
  const seen = moveable.filter(timeline.seen);
  if (!seen.length) return;
  const from = timeline.selected,
    here = seen.findIndex((h) => h.i === from);
  let n =
    here >= 0
      ? here + by
      : by > 0
        ? seen.findIndex((h) => h.t >= timeline.playhead)
        : seen.filter((h) => h.t <= timeline.playhead).length - 1;
  if (n >= 0 && n < seen.length) select(seen[n].i);
};
const lane = (by) => {
  const from = timeline.selected >= 0 ? trace.all[timeline.selected] : null,
    to = from && from.lane !== null ? from.lane + by : 0;
  if (to < 0 || to >= islands) return;
  const t = from ? from.t : timeline.playhead;
  let best = null;
  for (const h of moveable)
    if (h.lane === to && timeline.seen(h) && (!best || Math.abs(h.t - t) < Math.abs(best.t - t)))
      best = h;
  if (best) select(best.i);
};
const toViolation = () => {
  if (!page.violation) return;
  const i = trace.violatedRecord >= 0 ? trace.violatedRecord : trace.violated;
  timeline.around(page.violation.at, 90);
  if (i >= 0) select(i);
  else seek(page.violation.at);
};

timeline.onPick = (i, t) => {
  if (i >= 0) select(i, false);
  else if (t !== null) {
    select(-1);
    seek(t, false);
  }
};
timeline.onSeek = (t) => seek(t, false);
timeline.onHover = (i, x, y) => {
  const tip = byId("tip");
  if (i < 0) {
    tip.hidden = true;
    return;
  }
  tip.replaceChildren(full(trace.all[i]), el("span", {}, clock(trace.all[i].t)));
  tip.hidden = false;
  const wide = byId("stage").clientWidth;
  tip.style.left = `${Math.max(4, Math.min(x + 14, wide - tip.offsetWidth - 6))}px`;
  tip.style.top = `${y + 16}px`;
};
inspector.go = (i) => select(i);
inspector.step = step;
charts.onSeek = (t) => seek(t);
byId("scrubber").addEventListener("input", (event) =>
  seek((Number(event.target.value) / 10000) * page.ended),
);
byId("zoom-in").onclick = () => timeline.zoom(0.6);
byId("zoom-out").onclick = () => timeline.zoom(1 / 0.6);
byId("fit").onclick = () => timeline.fit();
byId("to-violation").onclick = toViolation;
const mode = (name) => {
  timeline.setMode(name);
  for (const one of ["time", "order"])
    byId(`axis-${one}`).setAttribute("aria-pressed", String(one === name));
};
byId("axis-time").onclick = () => mode("time");
byId("axis-order").onclick = () => mode("order");

byId("find").addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    timeline.canvas.focus();
    return;
  }
  if (event.key !== "Enter") return;
  const words = event.target.value.trim().toLowerCase();
  if (!words) return;
  const from = timeline.selected,
    seen = moveable,
    text = (h) =>
      `${full(h)} ${h.is === "recorded" ? JSON.stringify([h.what.input, h.what.events, h.what.sends, h.what.replies, h.what.dead]) : ""}`.toLowerCase();
  const order = event.shiftKey ? [...seen].reverse() : seen,
    start = order.findIndex((h) => h.i === from),
    turned = order.slice(start + 1).concat(order.slice(0, start + 1));
  const found = turned.find((h) => text(h).includes(words));
  event.target.classList.toggle("none", !found);
  if (found) select(found.i);
});
document.addEventListener("keydown", (event) => {
  if (
    event.target.closest("input, select, textarea") ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey
  )
    return;
  const on = event.target === timeline.canvas || event.target === document.body;
  const keys = {
    "+": () => timeline.zoom(0.6),
    "=": () => timeline.zoom(0.6),
    "-": () => timeline.zoom(1 / 0.6),
    0: () => timeline.fit(),
    v: toViolation,
    "/": () => byId("find").focus(),
    c: () => {
      const i = timeline.selected >= 0 ? trace.cause(timeline.selected) : -1;
      if (i >= 0) select(i);
    },
    ...(on
      ? {
          ArrowRight: () => (event.shiftKey ? timeline.pan(0.2) : step(1)),
          ArrowLeft: () => (event.shiftKey ? timeline.pan(-0.2) : step(-1)),
          ArrowUp: () => lane(-1),
          ArrowDown: () => lane(1),
          Escape: () => {
            select(-1);
          },
        }
      : {}),
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});

const legend = () => {
  const counts = new Map();
  for (const h of trace.all) counts.set(h.kind, (counts.get(h.kind) || 0) + 1);
  const box = byId("legend"),
    ns = "http://www.w3.org/2000/svg";
  box.replaceChildren();
  const ENDS = {
    arrow: "M30 7l-8-3.4v6.8z",
    cross: "M23 3l8 8M23 11l8-8",
    wall: "M27 1v12",
    ring: "M22.8 7a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0M24 4l6 6",
    dot: "M23.6 7a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0",
  };
  const GLYPHS = {
    triangle: "M10 3h9l-4.500 8z",
    dot: "M10 7a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    bar: "M2 6h24v3h-24zM25 3h2v9h-2z",
    diamond: "M15 1l6 6l-6 6l-6-6z",
    flag: "M12 13v-12l9 3.500l-9 4z",
  };
  for (const kind of KINDS) {
    const svg = document.createElementNS(ns, "svg"),
      colour = `var(--${kind.colour})`;
    svg.setAttribute("viewBox", "0 0 32 14");
    svg.setAttribute("aria-hidden", "true");
    const path = (d, given) => {
      const p = document.createElementNS(ns, "path");
      p.setAttribute("d", d);
      for (const [name, value] of Object.entries(given)) p.setAttribute(name, value);
      svg.append(p);
    };
    if (kind.glyph) path(GLYPHS[kind.glyph], { fill: colour });
    else {
      const thin = { stroke: colour, "stroke-width": 1.6, fill: "none" };
      path("M0 7H23", { ...thin, "stroke-dasharray": kind.dash.join(" ") });
      if (kind.twice) path("M0 10.400H22", { ...thin, opacity: 0.55 });
      path(
        ENDS[kind.end],
        kind.end === "arrow" || kind.end === "dot"
          ? { fill: colour }
          : { ...thin, "stroke-width": 2 },
      );
    }
    const button = el(
      "button",
      {
        type: "button",
        "aria-pressed": String(timeline.shown.has(kind.id)),
        "data-kind": kind.id,
        title: "Show or hide",
      },
      svg,
      kind.name,
      el("span", { class: "count" }, grouped(counts.get(kind.id) || 0)),
    );
    button.addEventListener("click", () => {
      const on = !timeline.shown.has(kind.id);
      if (on) timeline.shown.add(kind.id);
      else timeline.shown.delete(kind.id);
      button.setAttribute("aria-pressed", String(on));
      timeline.draw();
    });
    box.append(button);
  }
};

const themes = ["auto", "light", "dark"],
  system = matchMedia("(prefers-color-scheme: dark)");
let theme = 0;
const paintTheme = () => {
  const name = themes[theme];
  byId("theme").textContent = `Theme: ${name}`;
  document.documentElement.dataset.theme =
    name === "auto" ? (system.matches ? "dark" : "light") : name;
  readColours();
  charts.draw();
  timeline.draw();
};
byId("theme").onclick = () => {
  theme = (theme + 1) % 3;
  paintTheme();
};
system.addEventListener("change", paintTheme);

const words = () => {
  const w = page.window,
    v = page.violation;
  byId("title").textContent = page.title || "A simulated world";
  byId("verdict").textContent = v ? "A check failed" : "All checks hold";
  byId("verdict").className = `pill ${v ? "bad" : "good"}`;
  const fact = (name, value) => [el("b", {}, value), ` ${name} · `];
  byId("facts").append(
    ...[
      "seed ",
      el("b", { class: "num" }, String(page.seed)),
      " · ",
      ...fact(islands === 1 ? "island" : "islands", grouped(islands)),
      ...fact(w.of === 1 ? "happening" : "happenings", grouped(w.of)),
      el("b", {}, span(page.ended)),
      " of virtual time",
      ...(page.code ? [" · code ", el("b", {}, page.code)] : []),
    ],
  );
  if (page.repeat) {
    const box = byId("repeat"),
      button = box.querySelector("button");
    box.hidden = false;
    box.querySelector("code").textContent = page.repeat;
    button.onclick = () => {
      const done = () => {
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = "Copy";
        }, 1500);
      };
      if (navigator.clipboard)
        navigator.clipboard
          .writeText(page.repeat)
          .then(done, () => getSelection().selectAllChildren(box.querySelector("code")));
      else getSelection().selectAllChildren(box.querySelector("code"));
    };
  }
  if (page.config.length) {
    byId("config").hidden = false;
    byId("config")
      .querySelector("dl")
      .append(
        ...page.config.map(([name, value]) =>
          el("div", {}, el("dt", {}, name), el("dd", {}, value)),
        ),
      );
  }
  if (v) {
    const box = byId("violation");
    box.hidden = false;
    box.querySelector("h2").textContent = v.check;
    box.querySelector(".detail").textContent = v.detail;
    box.querySelector(".where").textContent =
      `at ${clock(v.at)}${v.island === null ? "" : `, on ${laneName(v.island)}`}${v.position === null ? "" : `, at record #${v.position}`}`;
  }
  const notes = [];
  if (w.count < w.of)
    notes.push(
      `This page shows happenings ${grouped(w.first + 1)} to ${grouped(w.first + w.count)} of ${grouped(w.of)}, from ${clock(w.from)} to ${clock(w.to)}; elsewhere only crashes, cuts, faults${v ? " and the causes of what failed" : ""}. Charts and the strip show the whole run.`,
    );
  if (page.samples.length < page.samples_of)
    notes.push(
      `Charts show ${grouped(page.samples.length)} of ${grouped(page.samples_of)} samples, with the worst latency of each group.`,
    );
  byId("window-note").textContent = notes.join(" ");
  byId("window-note").hidden = !notes.length;
};

words();
legend();
readColours();
timeline.resize();
mode("time");
paintTheme();
let wait;
new ResizeObserver(() => {
  clearTimeout(wait);
  wait = setTimeout(() => {
    timeline.resize();
    charts.resize();
  }, 60);
}).observe(document.body);
inspector.show(-1);
const asked = /^#h(\d+)$/.exec(location.hash),
  wanted = asked ? page.places.indexOf(Number(asked[1])) : -1;
if (wanted >= 0) {
  timeline.around(trace.all[wanted].t, 90);
  select(wanted);
} else if (page.violation) toViolation();
else {
  if (page.window.count > 400) timeline.around(page.window.from, 110);
  else timeline.fit();
  seek(page.window.focus, false);
}
window.report = { select, seek, page, trace, timeline };
