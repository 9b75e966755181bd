// The timeline's colours, kinds, axes and view: which stretch of time and which lanes are seen.
// It doesn't know what is drawn.
const css = {};
const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  for (const name of [
    "paper",
    "panel",
    "ink",
    "muted",
    "faint",
    "rule",
    "lane",
    "band",
    "band-edge",
    "accent",
    "accent-soft",
    "bad",
    "bad-soft",
    "good",
    "client",
    "message",
    "timer",
    "in-time",
    "late",
    "dropped",
    "cut",
    "doubled",
    "suppressed",
    "resent",
    "commit",
    "fault",
    "mark",
  ])
    css[name] = style.getPropertyValue("--" + name).trim();
};

// What the legend shows and hides. A pattern and an end tell what the colour tells.
const KINDS = [
  { id: "in_time", name: "in time", colour: "in-time", dash: [], end: "arrow" },
  { id: "late", name: "late", colour: "late", dash: [8, 4], end: "arrow" },
  { id: "doubled", name: "doubled", colour: "doubled", dash: [], end: "arrow", twice: true },
  { id: "dropped", name: "dropped", colour: "dropped", dash: [5, 3], end: "cross" },
  { id: "cut", name: "cut off", colour: "cut", dash: [5, 3], end: "wall" },
  {
    id: "suppressed",
    name: "not sent again in replay",
    colour: "suppressed",
    dash: [1.5, 3.5],
    end: "ring",
  },
  { id: "resent", name: "sent again", colour: "resent", dash: [10, 3, 2, 3], end: "dot" },
  {
    id: "control",
    name: "acknowledgements",
    colour: "faint",
    dash: [2, 2],
    end: "arrow",
    off: true,
  },
  { id: "client", name: "asked and answered", colour: "client", glyph: "triangle" },
  { id: "record", name: "records", colour: "message", glyph: "dot" },
  { id: "commit", name: "commits", colour: "commit", glyph: "bar" },
  { id: "fault", name: "faults", colour: "fault", glyph: "diamond" },
  { id: "mark", name: "marks", colour: "mark", glyph: "flag" },
];
const kindOf = (h) => {
  switch (h.is) {
    case "frame_sent":
      return h.what.load.is === "control" ? "control" : h.what.fate;
    case "frame_arrived":
      return null;
    case "suppressed":
    case "resent":
      return h.is;
    case "asked":
    case "answered":
      return "client";
    case "recorded":
      return "record";
    case "commit_begun":
    case "commit_durable":
      return "commit";
    case "marked":
    case "healed":
      return "mark";
    case "violated":
      return "violated";
    default:
      return "fault";
  }
};
for (const h of trace.all) h.kind = kindOf(h);

const canvas = document.getElementById("timeline"),
  strip = document.getElementById("overview");
const g = canvas.getContext("2d"),
  og = strip.getContext("2d");
const GUTTER = 112,
  TOP = 30,
  BOTTOM = 14;
const shown = new Set(
  KINDS.filter((k) => !k.off)
    .map((k) => k.id)
    .concat("violated"),
);
const timeline = {
  onPick: () => {},
  onView: () => {},
  onHover: () => {},
  shown,
  selected: -1,
  chain: [],
  playhead: 0,
  mode: "time",
};

// Two axes: time as it is, or steps (each time at which something happened is as wide as any other).
const times = (() => {
  const set = new Set([0, page.ended]);
  for (const h of trace.all) {
    set.add(h.t);
    if (h.is === "frame_sent") for (const t of h.what.arrivals) if (t <= page.ended) set.add(t);
  }
  return Float64Array.from(set).sort();
})();
const stepOf = (t) => {
  let low = 0,
    high = times.length - 1;
  if (t >= times[high]) return high;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (times[mid] <= t) low = mid;
    else high = mid - 1;
  }
  return (
    low + (low + 1 < times.length ? Math.max(0, t - times[low]) / (times[low + 1] - times[low]) : 0)
  );
};
const axis = (t) => (timeline.mode === "time" ? t : stepOf(t));
const timeOf = (a) => {
  if (timeline.mode === "time") return a;
  const n = Math.max(0, Math.min(times.length - 1, Math.floor(a))),
    next = Math.min(n + 1, times.length - 1);
  return times[n] + (times[next] - times[n]) * Math.max(0, Math.min(1, a - n));
};
const whole = () => [0, Math.max(1, timeline.mode === "time" ? page.ended : times.length - 1)];
const view = { a0: 0, a1: 1, sy: 0 };
let W = 0,
  Hh = 0,
  laneH = 56,
  hits = [],
  lines = [],
  drawAsked = false;

const X = (t) => GUTTER + ((axis(t) - view.a0) / (view.a1 - view.a0)) * (W - GUTTER);
const Y = (lane) => TOP + lane * laneH + laneH / 2 - view.sy;
const aAt = (x) => view.a0 + ((x - GUTTER) / (W - GUTTER)) * (view.a1 - view.a0);
const lanesHigh = () => islands * laneH;

const draw = () => {
  if (!drawAsked) {
    drawAsked = true;
    requestAnimationFrame(() => {
      drawAsked = false;
      paint();
      paintStrip();
    });
  }
};
const setView = (a0, a1) => {
  const [least, most] = whole();
  const narrow = timeline.mode === "time" ? 200 : 4;
  let wide = Math.min(Math.max(a1 - a0, Math.min(narrow, most)), (most - least) * 1.04);
  const middle = (a0 + a1) / 2,
    edge = (most - least) * 0.02;
  let from = Math.max(least - edge, Math.min(most + edge - wide, middle - wide / 2));
  view.a0 = from;
  view.a1 = from + wide;
  timeline.onView();
  draw();
};
const zoom = (by, x) => {
  const a = aAt(x === undefined ? GUTTER + (W - GUTTER) / 2 : x);
  setView(a - (a - view.a0) * by, a + (view.a1 - a) * by);
};
const pan = (share) => {
  const by = (view.a1 - view.a0) * share;
  setView(view.a0 + by, view.a1 + by);
};
const fit = () => {
  const w = page.window;
  const a = axis(w.from),
    b = axis(w.to),
    e = (b - a) * 0.02;
  setView(a - e, b + e);
};
// The view holds `t`, with about `steps` happenings of the window around it.
const around = (t, steps) => {
  const n = stepOf(t);
  const from = times[Math.max(0, Math.floor(n - steps * 0.6))],
    to = times[Math.min(times.length - 1, Math.ceil(n + steps * 0.4))];
  setView(axis(from), axis(Math.max(to, from + 1)));
};
const reveal = (t, lane) => {
  const a = axis(t),
    wide = view.a1 - view.a0;
  if (a < view.a0 + wide * 0.04 || a > view.a1 - wide * 0.04) setView(a - wide / 2, a + wide / 2);
  if (lane !== null && lane !== undefined) {
    const y = Y(lane);
    if (y < TOP + laneH / 2) scroll(y - TOP - laneH / 2);
    else if (y > Hh - BOTTOM - laneH / 2) scroll(y - Hh + BOTTOM + laneH / 2);
  }
  draw();
};
const scroll = (by) => {
  const most = Math.max(0, lanesHigh() - (Hh - TOP - BOTTOM)),
    sy = Math.max(0, Math.min(most, view.sy + by));
  const moved = sy !== view.sy;
  view.sy = sy;
  if (moved) draw();
  return moved;
};

const fitCanvas = (c, context, wide, high) => {
  const ratio = window.devicePixelRatio || 1;
  c.width = Math.round(wide * ratio);
  c.height = Math.round(high * ratio);
  c.style.height = high + "px";
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
};
const resize = () => {
  W = canvas.parentElement.clientWidth;
  laneH = Math.max(
    38,
    Math.min(92, (Math.max(420, window.innerHeight * 0.56) - TOP - BOTTOM) / Math.max(1, islands)),
  );
  Hh = Math.min(TOP + BOTTOM + lanesHigh(), Math.max(420, window.innerHeight * 0.62));
  fitCanvas(canvas, g, W, Hh);
  fitCanvas(strip, og, strip.clientWidth, 46);
  scroll(0);
  draw();
};
