// The timeline: a lane for each island, messages as arrows, on one canvas; and the strip below.
// Only what is in view is drawn. It doesn't know what a click means: it tells `onPick`.
const css = {};
const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "panel", "ink", "muted", "faint", "rule", "lane", "band", "band-edge", "accent", "accent-soft",
    "bad", "bad-soft", "good", "client", "message", "timer", "in-time", "late", "dropped", "cut", "doubled", "suppressed", "resent", "commit", "fault", "mark"])
    css[name] = style.getPropertyValue("--" + name).trim();
};

// What the legend shows and hides. A pattern and an end tell what the colour tells.
const KINDS = [
  { id: "in_time", name: "in time", colour: "in-time", dash: [], end: "arrow" },
  { id: "late", name: "late", colour: "late", dash: [8, 4], end: "arrow" },
  { id: "doubled", name: "doubled", colour: "doubled", dash: [], end: "arrow", twice: true },
  { id: "dropped", name: "dropped", colour: "dropped", dash: [5, 3], end: "cross" },
  { id: "cut", name: "cut off", colour: "cut", dash: [5, 3], end: "wall" },
  { id: "suppressed", name: "not sent again in replay", colour: "suppressed", dash: [1.5, 3.5], end: "ring" },
  { id: "resent", name: "sent again", colour: "resent", dash: [10, 3, 2, 3], end: "dot" },
  { id: "control", name: "acknowledgements", colour: "faint", dash: [2, 2], end: "arrow", off: true },
  { id: "client", name: "asked and answered", colour: "client", glyph: "triangle" },
  { id: "record", name: "records", colour: "message", glyph: "dot" },
  { id: "commit", name: "commits", colour: "commit", glyph: "bar" },
  { id: "fault", name: "faults", colour: "fault", glyph: "diamond" },
  { id: "mark", name: "marks", colour: "mark", glyph: "flag" },
];
const kindOf = (h) => {
  switch (h.is) {
    case "frame_sent": return h.what.load.is === "control" ? "control" : h.what.fate;
    case "frame_arrived": return null;
    case "suppressed": case "resent": return h.is;
    case "asked": case "answered": return "client";
    case "recorded": return "record";
    case "commit_begun": case "commit_durable": return "commit";
    case "marked": case "healed": return "mark";
    case "violated": return "violated";
    default: return "fault";
  }
};
for (const h of trace.all) h.kind = kindOf(h);

const timeline = (() => {
  const canvas = document.getElementById("timeline"), strip = document.getElementById("overview");
  const g = canvas.getContext("2d"), og = strip.getContext("2d");
  const GUTTER = 112, TOP = 30, BOTTOM = 14;
  const shown = new Set(KINDS.filter((k) => !k.off).map((k) => k.id).concat("violated"));
  const self = { onPick: () => {}, onView: () => {}, onHover: () => {}, shown, selected: -1, chain: [], playhead: 0, mode: "time" };

  // Two axes: time as it is, or steps (each time at which something happened is as wide as any other).
  const times = (() => {
    const set = new Set([0, page.ended]);
    for (const h of trace.all) { set.add(h.t); if (h.is === "frame_sent") for (const t of h.what.arrivals) if (t <= page.ended) set.add(t); }
    return Float64Array.from(set).sort();
  })();
  const stepOf = (t) => {
    let low = 0, high = times.length - 1;
    if (t >= times[high]) return high;
    while (low < high) { const mid = (low + high + 1) >> 1; if (times[mid] <= t) low = mid; else high = mid - 1; }
    return low + (low + 1 < times.length ? Math.max(0, t - times[low]) / (times[low + 1] - times[low]) : 0);
  };
  const axis = (t) => self.mode === "time" ? t : stepOf(t);
  const timeOf = (a) => {
    if (self.mode === "time") return a;
    const n = Math.max(0, Math.min(times.length - 1, Math.floor(a))), next = Math.min(n + 1, times.length - 1);
    return times[n] + (times[next] - times[n]) * Math.max(0, Math.min(1, a - n));
  };
  const whole = () => [0, Math.max(1, self.mode === "time" ? page.ended : times.length - 1)];
  const view = { a0: 0, a1: 1, sy: 0 };
  let W = 0, Hh = 0, laneH = 56, hits = [], lines = [], asked = false;

  const X = (t) => GUTTER + (axis(t) - view.a0) / (view.a1 - view.a0) * (W - GUTTER);
  const Y = (lane) => TOP + lane * laneH + laneH / 2 - view.sy;
  const aAt = (x) => view.a0 + (x - GUTTER) / (W - GUTTER) * (view.a1 - view.a0);
  const lanesHigh = () => islands * laneH;

  const draw = () => { if (!asked) { asked = true; requestAnimationFrame(() => { asked = false; paint(); paintStrip(); }); } };
  const setView = (a0, a1) => {
    const [least, most] = whole();
    const narrow = self.mode === "time" ? 200 : 4;
    let wide = Math.min(Math.max(a1 - a0, Math.min(narrow, most)), (most - least) * 1.04);
    const middle = (a0 + a1) / 2, edge = (most - least) * 0.02;
    let from = Math.max(least - edge, Math.min(most + edge - wide, middle - wide / 2));
    view.a0 = from; view.a1 = from + wide;
    self.onView(); draw();
  };
  const zoom = (by, x) => { const a = aAt(x === undefined ? GUTTER + (W - GUTTER) / 2 : x); setView(a - (a - view.a0) * by, a + (view.a1 - a) * by); };
  const pan = (share) => { const by = (view.a1 - view.a0) * share; setView(view.a0 + by, view.a1 + by); };
  const fit = () => { const w = page.window; const a = axis(w.from), b = axis(w.to), e = (b - a) * 0.02; setView(a - e, b + e); };
  // The view holds `t`, with about `steps` happenings of the window around it.
  const around = (t, steps) => {
    const n = stepOf(t);
    const from = times[Math.max(0, Math.floor(n - steps * 0.6))], to = times[Math.min(times.length - 1, Math.ceil(n + steps * 0.4))];
    setView(axis(from), axis(Math.max(to, from + 1)));
  };
  const reveal = (t, lane) => {
    const a = axis(t), wide = view.a1 - view.a0;
    if (a < view.a0 + wide * 0.04 || a > view.a1 - wide * 0.04) setView(a - wide / 2, a + wide / 2);
    if (lane !== null && lane !== undefined) {
      const y = Y(lane);
      if (y < TOP + laneH / 2) scroll(y - TOP - laneH / 2); else if (y > Hh - BOTTOM - laneH / 2) scroll(y - Hh + BOTTOM + laneH / 2);
    }
    draw();
  };
  const scroll = (by) => {
    const most = Math.max(0, lanesHigh() - (Hh - TOP - BOTTOM)), sy = Math.max(0, Math.min(most, view.sy + by));
    const moved = sy !== view.sy; view.sy = sy; if (moved) draw(); return moved;
  };

  const fitCanvas = (c, context, wide, high) => {
    const ratio = window.devicePixelRatio || 1;
    c.width = Math.round(wide * ratio); c.height = Math.round(high * ratio);
    c.style.height = high + "px"; context.setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  const resize = () => {
    W = canvas.parentElement.clientWidth;
    laneH = Math.max(38, Math.min(92, (Math.max(420, window.innerHeight * 0.56) - TOP - BOTTOM) / Math.max(1, islands)));
    Hh = Math.min(TOP + BOTTOM + lanesHigh(), Math.max(420, window.innerHeight * 0.62));
    fitCanvas(canvas, g, W, Hh); fitCanvas(strip, og, strip.clientWidth, 46);
    scroll(0); draw();
  };

  const end = (kind, x, y, angle, colour) => {
    g.setLineDash([]); g.strokeStyle = colour; g.fillStyle = colour;
    g.save(); g.translate(x, y); g.rotate(angle); g.beginPath();
    switch (kind) {
      case "arrow": g.moveTo(0, 0); g.lineTo(-8, -3.4); g.lineTo(-8, 3.4); g.closePath(); g.fill(); break;
      case "cross": g.lineWidth = 2; g.moveTo(-4, -4); g.lineTo(4, 4); g.moveTo(-4, 4); g.lineTo(4, -4); g.stroke(); break;
      case "wall": g.lineWidth = 2.5; g.moveTo(0, -6); g.lineTo(0, 6); g.stroke(); break;
      case "ring": g.lineWidth = 1.6; g.arc(0, 0, 4.2, 0, 7); g.moveTo(-3, -3); g.lineTo(3, 3); g.stroke(); break;
      case "open": g.lineWidth = 1.4; g.moveTo(-8, -3.6); g.lineTo(0, 0); g.lineTo(-8, 3.6); g.stroke(); break;
      case "dot": g.arc(0, 0, 3.4, 0, 7); g.fill(); break;
    }
    g.restore();
  };
  const arrow = (h, style, x1, y1, x2, y2, share, ending, wide) => {
    const dx = x2 - x1, dy = y2 - y1, far = Math.hypot(dx, dy) || 1;
    // Arrows end at the edge of the record they reach.
    const stop = share < 1 ? share : Math.max(0.2, 1 - 5 / far), ex = x1 + dx * stop, ey = y1 + dy * stop;
    if (Math.max(x1, x2) < GUTTER - 20 || Math.min(x1, x2) > W + 20) return;
    g.strokeStyle = css[style.colour]; g.lineWidth = wide; g.setLineDash(style.dash);
    g.beginPath(); g.moveTo(x1, y1); g.lineTo(ex, ey); g.stroke();
    if (style.twice) { const ox = -dy / far * 3.4, oy = dx / far * 3.4; g.globalAlpha *= 0.55; g.beginPath(); g.moveTo(x1 + ox, y1 + oy); g.lineTo(ex + ox, ey + oy); g.stroke(); g.globalAlpha /= 0.55; }
    if (far > 9) end(ending, ex, ey, Math.atan2(dy, dx), css[style.colour]);
    lines.push([x1, y1, ex, ey, h.i]);
  };

  const paintBands = () => {
    for (const b of trace.bands) {
      const x1 = Math.max(GUTTER, X(b.from)), x2 = Math.min(W, X(b.to)); if (x2 < GUTTER || x1 > W || x2 - x1 < 0) continue;
      const y = Y(b.lane) - laneH / 2; if (y > Hh || y + laneH < TOP) continue;
      if (b.kind === "cut") {
        g.fillStyle = css.cut; g.globalAlpha = 0.16; g.fillRect(x1, y + laneH / 2 - 7, Math.max(1, x2 - x1), 14); g.globalAlpha = 1;
        continue;
      }
      g.fillStyle = css.band; g.fillRect(x1, y, Math.max(1, x2 - x1), laneH);
      g.save(); g.beginPath(); g.rect(x1, y, x2 - x1, laneH); g.clip(); g.strokeStyle = css["band-edge"]; g.lineWidth = 0.7; g.setLineDash([]); g.beginPath();
      const step = b.kind === "paused" ? 16 : 8;
      for (let x = Math.max(x1, 0) - laneH - ((Math.max(x1, 0)) % step); x < x2; x += step) { g.moveTo(x, y + laneH); g.lineTo(x + laneH, y); }
      g.stroke(); g.restore();
      if (x2 - x1 > 60) { g.fillStyle = css.muted; g.font = "12px system-ui, sans-serif"; g.textAlign = "center"; g.fillText(b.kind === "paused" ? "paused" : "down", (x1 + x2) / 2, y + 13); }
    }
  };
  const paintCommits = () => {
    if (!shown.has("commit")) return;
    for (const c of trace.commits) {
      const x1 = Math.max(GUTTER - 4, X(c.from)), x2 = Math.min(W + 4, X(c.end)); if (x2 < GUTTER || x1 > W) continue;
      for (const p of c.upto) {
        const y = Y(p.island) + Math.min(laneH / 2 - 7, 13); if (y < TOP || y > Hh) continue;
        g.fillStyle = c.lost ? css.dropped : css.commit; g.globalAlpha = c.lost ? 0.45 : 0.75; g.fillRect(x1, y, Math.max(1.2, x2 - x1), 4); g.globalAlpha = 1;
        if (c.done >= 0) { g.fillStyle = css.commit; g.fillRect(x2 - 1, y - 3, 2, 10); } else end("cross", x2, y + 2, 0, css.dropped);
        lines.push([x1, y + 2, x2, y + 2, c.done >= 0 ? c.done : c.begun]);
      }
    }
  };
  const paintFrames = (alpha) => {
    for (const h of trace.all) {
      const w = h.what;
      if (h.is === "frame_sent") {
        if (!shown.has(h.kind)) continue;
        const style = KINDS.find((k) => k.id === h.kind), picked = self.selected === h.i || self.litFrames.has(h.i);
        const ghost = w.fate === "dropped" || w.fate === "cut" || !w.arrivals.length;
        const targets = ghost ? [h.t] : w.arrivals;
        for (const t of targets) {
          const x1 = X(h.t), x2 = ghost ? x1 + Math.min(60, 18 + Math.abs(w.to - h.lane) * 14) : X(t);
          if (Math.max(x1, x2) < GUTTER || Math.min(x1, x2) > W) continue;
          g.globalAlpha = picked ? 1 : self.selected >= 0 && self.litFrames.size ? alpha * 0.6 : alpha;
          const reached = h.arrived === undefined ? (h.arrived = trace.arrivals.first(w.id, h.i) >= 0) : h.arrived;
          const fate = w.load.is === "control" ? FATES_END[w.fate] : style.end;
          arrow(h, style, x1, Y(h.lane), x2, Y(w.to), ghost ? 0.46 : 1, ghost ? fate : reached ? "arrow" : "open", picked ? 3 : h.kind === "control" ? 0.8 : 1.35);
        }
      } else if ((h.is === "suppressed" || h.is === "resent") && shown.has(h.is)) {
        const x = X(h.t); if (x < GUTTER || x > W) continue;
        g.globalAlpha = self.selected === h.i ? 1 : Math.max(alpha, 0.7);
        arrow(h, KINDS.find((k) => k.id === h.is), x, Y(h.lane), x + 34, Y(w.to), 0.38, h.is === "suppressed" ? "ring" : "dot", self.selected === h.i ? 2.6 : 1.5);
      }
    }
    g.globalAlpha = 1; g.setLineDash([]);
  };
  const FATES_END = { in_time: "arrow", late: "arrow", doubled: "arrow", dropped: "cross", cut: "wall" };
  const paintChain = () => {
    for (let n = 1; n < self.chain.length; n++) {
      const a = trace.all[self.chain[n - 1]], b = trace.all[self.chain[n]]; if (a.lane === null || b.lane === null) continue;
      g.strokeStyle = css.accent; g.lineWidth = 2.4; g.globalAlpha = 0.9; g.setLineDash([]);
      g.beginPath(); g.moveTo(X(a.t), Y(a.lane)); g.lineTo(X(b.t), Y(b.lane)); g.stroke();
      if (a.lane !== b.lane) end("arrow", X(b.t), Y(b.lane), Math.atan2(Y(b.lane) - Y(a.lane), X(b.t) - X(a.t)), css.accent);
    }
    g.globalAlpha = 1;
  };
  const shape = (kind, x, y, r) => {
    g.beginPath();
    switch (kind) {
      case "down": g.moveTo(x - r, y - r); g.lineTo(x + r, y - r); g.lineTo(x, y + r * 0.7); g.closePath(); break;
      case "up": g.moveTo(x - r, y + r * 0.7); g.lineTo(x + r, y + r * 0.7); g.lineTo(x, y - r); g.closePath(); break;
      case "diamond": g.moveTo(x, y - r); g.lineTo(x + r, y); g.lineTo(x, y + r); g.lineTo(x - r, y); g.closePath(); break;
      case "flag": g.moveTo(x, y + r); g.lineTo(x, y - r); g.lineTo(x + r * 1.6, y - r * 0.45); g.lineTo(x, y + r * 0.2); g.closePath(); break;
      default: g.arc(x, y, r, 0, 7);
    }
  };
  const paintEvents = (dense) => {
    for (const h of trace.all) {
      const x = X(h.t); if (x < GUTTER - 8 || x > W + 8 || !h.kind || !shown.has(h.kind) || h.is === "frame_sent" || h.kind === "commit" || h.is === "suppressed" || h.is === "resent") continue;
      const lit = self.lit.has(h.i), here = self.selected === h.i;
      if (h.lane === null) {
        const bad = h.is === "violated" || h.is === "crashed" || h.is === "refused", colour = bad ? css.bad : css[h.kind] || css.fault;
        g.strokeStyle = colour; g.globalAlpha = 0.7; g.lineWidth = here ? 2 : 1; g.setLineDash(h.is === "crashed" ? [] : [3, 3]);
        g.beginPath(); g.moveTo(x, TOP - 6); g.lineTo(x, Hh); g.stroke(); g.setLineDash([]); g.globalAlpha = 1;
        g.fillStyle = colour; shape(h.kind === "mark" ? "flag" : "diamond", x, TOP - 8, here ? 7 : 5); g.fill();
        hits.push([x, TOP - 8, 8, h.i]); continue;
      }
      let y = Y(h.lane); if (y < TOP - laneH / 2 || y > Hh + laneH / 2) continue;
      if (h.is === "recorded") {
        const w = h.what, colour = w.dead ? css.bad : css[w.source.is], r = here ? 7 : lit ? 6.4 : dense ? 2.6 : 4.6;
        shape("dot", x, y, r); g.lineWidth = 1.8;
        if (h.lost !== undefined) { g.fillStyle = css.panel; g.strokeStyle = css.dropped; g.setLineDash([2, 2]); g.fill(); g.stroke(); g.setLineDash([]); }
        else { g.fillStyle = colour; g.fill(); g.strokeStyle = css.panel; g.lineWidth = 1; if (!dense) g.stroke(); }
        if (trace.violatedRecord === h.i) { g.strokeStyle = css.bad; g.lineWidth = 2.6; shape("dot", x, y, 14); g.stroke(); shape("dot", x, y, 19); g.globalAlpha = 0.4; g.stroke(); g.globalAlpha = 1; }
      } else if (h.kind === "client") {
        y -= laneH * 0.3; g.fillStyle = css.client; g.strokeStyle = css.client; g.lineWidth = 1.3;
        shape(h.is === "asked" ? "down" : "up", x, y, here ? 6.5 : dense ? 2.6 : 4); if (h.is === "asked") g.fill(); else { g.fill(); }
        g.globalAlpha = 0.35; g.beginPath(); g.moveTo(x, y + 4); g.lineTo(x, Y(h.lane) - 4); if (!dense) g.stroke(); g.globalAlpha = 1;
      } else if (h.is === "violated") {
        g.fillStyle = css.bad; g.globalAlpha = 0.1; g.fillRect(x - 9, TOP, 18, Hh); g.globalAlpha = 1;
        g.strokeStyle = css.bad; g.lineWidth = 1.6; g.beginPath(); g.moveTo(x, TOP); g.lineTo(x, Hh); g.stroke();
        y -= laneH * 0.5 - 12; const text = page.violation ? page.violation.check : "check failed";
        g.font = "600 12px system-ui, sans-serif"; g.textAlign = "left"; const wide = g.measureText(text).width + 18, lx = Math.min(x + 6, W - wide - 4);
        g.fillStyle = css.bad; g.beginPath(); g.roundRect(lx, y - 10, wide, 20, 5); g.fill(); g.fillStyle = css.panel; g.fillText(text, lx + 9, y + 4);
        hits.push([lx + wide / 2, y, 12, h.i]); hits.push([lx + 12, y, 12, h.i]);
      } else {
        y -= laneH * 0.3; g.fillStyle = h.is === "crashed" || h.is === "refused" ? css.bad : h.is === "restarted" ? css.good : h.kind === "mark" ? css.mark : css.fault;
        shape(h.kind === "mark" ? "flag" : h.is === "restarted" ? "up" : "diamond", x, y, here ? 7 : 5); g.fill();
      }
      if (here) { g.strokeStyle = css.accent; g.lineWidth = 2; shape("dot", x, y, 11); g.stroke(); }
      hits.push([x, y, dense ? 4 : 7, h.i]);
    }
  };
  const paintAxis = () => {
    g.fillStyle = css.panel; g.fillRect(0, 0, W, TOP - 14); g.fillStyle = css.muted; g.font = "12px system-ui, sans-serif"; g.textAlign = "center";
    const wide = view.a1 - view.a0, wanted = Math.max(2, Math.floor((W - GUTTER) / 130)), raw = wide / wanted, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
    for (let a = Math.ceil(view.a0 / step) * step; a <= view.a1; a += step) {
      if (a < -1e-9 || page.ended === 0) continue; const x = GUTTER + (a - view.a0) / wide * (W - GUTTER); if (x < GUTTER + 24 || x > W - 34) continue;
      g.fillText(self.mode === "time" ? tick(a, step) : clock(timeOf(a)), x, 13);
      g.strokeStyle = css.rule; g.lineWidth = 1; g.setLineDash([]); g.beginPath(); g.moveTo(x, 20); g.lineTo(x, Hh); g.stroke();
    }
  };
  const tick = (ns, step) => { const [unit, word] = step >= 1e8 ? [1e9, "s"] : step >= 1e5 || ns >= 1e8 ? [1e6, "ms"] : ns < 1e6 && step >= 100 ? [1e3, "µs"] : [1e6, "ms"]; const places = Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9)); return `${(ns / unit).toFixed(places)} ${word}`; };

  const paint = () => {
    hits = []; lines = [];
    g.clearRect(0, 0, W, Hh); g.fillStyle = css.panel; g.fillRect(0, 0, W, Hh);
    paintAxis();
    // Outside the window only landmarks and causes are known.
    for (const [from, to] of [[-Infinity, X(page.window.from)], [X(page.window.to), Infinity]]) {
      const x1 = Math.max(GUTTER, from), x2 = Math.min(W, to); if (x2 > x1 && page.window.count < page.window.of) { g.fillStyle = css.paper; g.fillRect(x1, TOP, x2 - x1, Hh); }
    }
    g.save(); g.beginPath(); g.rect(GUTTER, 0, W - GUTTER, Hh); g.clip();
    for (let lane = 0; lane < islands; lane++) { const y = Y(lane); if (y < TOP || y > Hh) continue; g.strokeStyle = css.lane; g.lineWidth = 1.2; g.beginPath(); g.moveTo(GUTTER, y); g.lineTo(W, y); g.stroke(); }
    paintBands();
    let inView = 0; for (const h of trace.all) { const a = axis(h.t); if (a >= view.a0 && a <= view.a1) inView++; }
    const dense = inView > W * 0.9, alpha = inView < 400 ? 0.95 : inView < 1500 ? 0.6 : inView < 4000 ? 0.3 : 0.17;
    g.save(); g.beginPath(); g.rect(GUTTER, TOP - 2, W, Hh); g.clip();
    paintCommits(); paintFrames(alpha); paintChain(); g.restore();
    paintEvents(dense);
    const px = X(self.playhead); if (px >= GUTTER && px <= W) { g.strokeStyle = css.accent; g.lineWidth = 1.2; g.beginPath(); g.moveTo(px, 18); g.lineTo(px, Hh); g.stroke(); g.fillStyle = css.accent; shape("down", px, 20, 5); g.fill(); }
    g.restore();
    g.textAlign = "right"; g.font = "13px system-ui, sans-serif";
    g.fillStyle = css.panel; g.fillRect(0, TOP - 12, GUTTER - 1, Hh);
    for (let lane = 0; lane < islands; lane++) {
      const y = Y(lane); if (y < TOP - 6 || y > Hh + 6) continue;
      const chosen = self.selected >= 0 && trace.all[self.selected].lane === lane;
      g.fillStyle = chosen ? css.accent : css.ink; const name = page.names[lane];
      g.fillText(name ? (name.length > 14 ? name.slice(0, 13) + "…" : name) : `island ${lane}`, GUTTER - 14, y + 4.5);
    }
    if (lanesHigh() > Hh - TOP - BOTTOM + 1) {
      const room = Hh - TOP - 8, bar = room * (Hh - TOP - BOTTOM) / lanesHigh(); g.fillStyle = css.faint; g.globalAlpha = 0.7;
      g.beginPath(); g.roundRect(4, TOP + (room - bar) * (view.sy / Math.max(1, lanesHigh() - (Hh - TOP - BOTTOM))), 5, bar, 3); g.fill(); g.globalAlpha = 1;
    }
  };
  const paintStrip = () => {
    const wide = strip.clientWidth, high = 46, all = page.overview, most = Math.max(1, ...all), sx = (t) => t / Math.max(1, page.ended) * wide;
    og.clearRect(0, 0, wide, high); og.fillStyle = css.paper; og.fillRect(0, 0, wide, high);
    for (const b of trace.bands) if (b.kind === "down" && (b.whole ? b.lane === 0 : islands < 60)) { og.fillStyle = css.band; og.fillRect(sx(b.from), 0, Math.max(1, sx(b.to) - sx(b.from)), high); }
    og.fillStyle = css["in-time"];
    for (let n = 0; n < all.length; n++) if (all[n]) { const h = Math.max(1.5, Math.sqrt(all[n] / most) * (high - 12)); og.fillRect(n * wide / all.length, high - h, Math.max(0.8, wide / all.length - 0.5), h); }
    for (const h of trace.all) if (h.is === "crashed" || h.is === "disk_fault" || h.is === "refused") { og.fillStyle = h.is === "disk_fault" ? css.fault : css.bad; og.beginPath(); og.arc(sx(h.t), 6, 2.6, 0, 7); og.fill(); }
    if (page.window.count < page.window.of) { og.fillStyle = css.commit; og.fillRect(sx(page.window.from), high - 2.5, Math.max(2, sx(page.window.to) - sx(page.window.from)), 2.5); }
    const x1 = sx(Math.max(0, timeOf(view.a0))), x2 = sx(Math.min(page.ended, timeOf(view.a1)));
    og.fillStyle = css["accent-soft"]; og.fillRect(x1, 0, Math.max(3, x2 - x1), high); og.strokeStyle = css.accent; og.lineWidth = 1; og.strokeRect(x1 + .5, .5, Math.max(3, x2 - x1) - 1, high - 1);
    if (page.violation) { og.strokeStyle = css.bad; og.lineWidth = 2; og.beginPath(); og.moveTo(sx(page.violation.at), 0); og.lineTo(sx(page.violation.at), high); og.stroke(); }
    og.strokeStyle = css.accent; og.lineWidth = 1.4; og.beginPath(); og.moveTo(sx(self.playhead), 0); og.lineTo(sx(self.playhead), high); og.stroke();
  };

  const at = (x, y) => {
    let best = -1, near = 1e9;
    for (const [hx, hy, r, i] of hits) { const d = Math.hypot(hx - x, hy - y); if (d <= r + 3 && d < near) { near = d; best = i; } }
    if (best >= 0) return best;
    near = 5;
    for (const [x1, y1, x2, y2, i] of lines) {
      const dx = x2 - x1, dy = y2 - y1, s = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
      const d = Math.hypot(x1 + dx * s - x, y1 + dy * s - y); if (d < near) { near = d; best = i; }
    }
    return best;
  };
  const where = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => { const [x, y] = where(event); drag = { x, y, a0: view.a0, a1: view.a1, moved: false, axis: y < TOP - 12 }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = where(event);
    if (!drag) { const i = x > GUTTER ? at(x, y) : -1; canvas.classList.toggle("over", i >= 0); self.onHover(i, x, y); return; }
    if (Math.abs(x - drag.x) + Math.abs(y - drag.y) > 4) drag.moved = true;
    if (!drag.moved) return;
    self.onHover(-1); canvas.classList.add("dragging");
    if (drag.axis) { self.onSeek(Math.max(0, Math.min(page.ended, timeOf(aAt(x))))); return; }
    const by = (drag.x - x) / (W - GUTTER) * (drag.a1 - drag.a0); setView(drag.a0 + by, drag.a1 + by);
    if (scroll(drag.y - y)) drag.y = y;
  });
  canvas.addEventListener("pointerup", (event) => {
    const [x, y] = where(event), was = drag; drag = null; canvas.classList.remove("dragging");
    if (!was || was.moved) return;
    if (y < TOP - 16 && x > GUTTER) return self.onSeek(Math.max(0, Math.min(page.ended, timeOf(aAt(x)))));
    self.onPick(x > GUTTER ? at(x, y) : -1, x > GUTTER ? Math.max(0, Math.min(page.ended, timeOf(aAt(x)))) : null);
  });
  canvas.addEventListener("pointerleave", () => self.onHover(-1));
  canvas.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); zoom(Math.exp(event.deltaY * 0.004), where(event)[0]); }
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) { event.preventDefault(); pan((event.deltaX || event.deltaY) / 900); }
    else if (scroll(event.deltaY)) event.preventDefault();
  }, { passive: false });
  const stripTo = (event) => {
    const box = strip.getBoundingClientRect(), t = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * page.ended;
    const a = axis(t), wide = view.a1 - view.a0; setView(a - wide / 2, a + wide / 2); self.onSeek(t);
  };
  let stripping = false;
  strip.addEventListener("pointerdown", (event) => { stripping = true; strip.setPointerCapture(event.pointerId); stripTo(event); });
  strip.addEventListener("pointermove", (event) => { if (stripping) stripTo(event); });
  strip.addEventListener("pointerup", () => { stripping = false; });

  self.lit = new Set(); self.litFrames = new Set();
  self.onSeek = () => {};
  self.select = (i) => {
    self.selected = i; self.chain = i < 0 ? [] : trace.chain(i); self.lit = new Set(self.chain); self.litFrames = new Set();
    for (const n of self.chain) {
      const h = trace.all[n];
      if (h.is === "frame_sent") self.litFrames.add(n);
    }
    draw();
  };
  self.setMode = (mode) => {
    const t0 = timeOf(view.a0), t1 = timeOf(view.a1); self.mode = mode; setView(axis(t0), axis(t1));
  };
  self.seen = (h) => h.kind && shown.has(h.kind);
  // Where a happening stands on the screen: for tests, and for whoever wants to point at it.
  self.where = (i) => {
    const h = trace.all[i], box = canvas.getBoundingClientRect(), hit = hits.find((one) => one[3] === i), line = lines.find((one) => one[4] === i);
    const [x, y] = hit ? hit : line ? [(line[0] * 0.4 + line[2] * 0.6), (line[1] * 0.4 + line[3] * 0.6)] : [X(h.t), Y(h.lane || 0)];
    return { x: box.left + x, y: box.top + y };
  };
  Object.assign(self, { draw, resize, zoom, pan, fit, around, reveal, canvas, axis, timeOf, view, at });
  return self;
})();
