// Happenings, axis and lanes of the timeline, and the strip below that shows the whole run.
// Only what is in view is drawn.
const paintEvents = (dense) => {
  for (const h of trace.all) {
    const x = X(h.t);
    if (
      x < GUTTER - 8 ||
      x > W + 8 ||
      !h.kind ||
      !shown.has(h.kind) ||
      h.is === "frame_sent" ||
      h.kind === "commit" ||
      h.is === "suppressed" ||
      h.is === "violated" ||
      h.is === "resent"
    )
      continue;
    const lit = timeline.lit.has(h.i),
      here = timeline.selected === h.i;
    if (h.lane === null) {
      const bad = h.is === "violated" || h.is === "crashed" || h.is === "refused",
        colour = bad ? css.bad : css[h.kind] || css.fault;
      g.strokeStyle = colour;
      g.globalAlpha = 0.7;
      g.lineWidth = here ? 2 : 1;
      g.setLineDash(h.is === "crashed" ? [] : [3, 3]);
      g.beginPath();
      g.moveTo(x, TOP - 6);
      g.lineTo(x, Hh);
      g.stroke();
      g.setLineDash([]);
      g.globalAlpha = 1;
      g.fillStyle = colour;
      shape(h.kind === "mark" ? "flag" : "diamond", x, TOP - 8, here ? 7 : 5);
      g.fill();
      hits.push([x, TOP - 8, 8, h.i]);
      continue;
    }
    let y = Y(h.lane);
    if (y < TOP || y > Hh + laneH / 2) continue;
    if (h.is === "recorded") {
      const w = h.what,
        colour = w.dead ? css.bad : css[w.source.is],
        r = here ? 7 : lit ? 6.4 : dense ? 2.6 : 4.6;
      shape("dot", x, y, r);
      g.lineWidth = 1.8;
      if (h.lost !== undefined) {
        g.fillStyle = css.panel;
        g.strokeStyle = css.dropped;
        g.setLineDash([2, 2]);
        g.fill();
        g.stroke();
        g.setLineDash([]);
      } else {
        g.fillStyle = colour;
        g.fill();
        g.strokeStyle = css.panel;
        g.lineWidth = 1;
        if (!dense) g.stroke();
      }
    } else if (h.kind === "client") {
      y -= laneH * 0.3;
      g.fillStyle = css.client;
      g.strokeStyle = css.client;
      g.lineWidth = 1.3;
      shape(h.is === "asked" ? "down" : "up", x, y, here ? 6.5 : dense ? 2.6 : 4);
      g.fill();
      g.globalAlpha = 0.35;
      g.beginPath();
      g.moveTo(x, y + 4);
      g.lineTo(x, Y(h.lane) - 4);
      if (!dense) g.stroke();
      g.globalAlpha = 1;
    } else {
      y -= laneH * 0.3;
      g.fillStyle =
        h.is === "crashed" || h.is === "refused"
          ? css.bad
          : h.is === "restarted"
            ? css.good
            : h.kind === "mark"
              ? css.mark
              : css.fault;
      shape(
        h.kind === "mark" ? "flag" : h.is === "restarted" ? "up" : "diamond",
        x,
        y,
        here ? 7 : 5,
      );
      g.fill();
    }
    if (here) {
      g.strokeStyle = css.accent;
      g.lineWidth = 2;
      shape("dot", x, y, 11);
      g.stroke();
    }
    hits.push([x, y, dense ? 4 : 7, h.i]);
  }
};
// What failed stands above all else: a line, a ring around its record, and its name.
const paintViolation = () => {
  const failed = page.violation,
    x = failed ? X(failed.at) : -1;
  if (!failed || x < GUTTER - 20 || x > W + 20) return;
  g.setLineDash([]);
  g.fillStyle = g.strokeStyle = css.bad;
  g.globalAlpha = 0.1;
  g.fillRect(x - 9, TOP, 18, Hh);
  g.globalAlpha = 1;
  g.lineWidth = 1.6;
  g.beginPath();
  g.moveTo(x, TOP);
  g.lineTo(x, Hh);
  g.stroke();
  const record = trace.all[trace.violatedRecord],
    at = record && [X(record.t), Y(record.lane)];
  if (at && at[1] >= TOP) {
    g.lineWidth = 2.6;
    shape("dot", ...at, 14);
    g.stroke();
    shape("dot", ...at, 19);
    g.globalAlpha = 0.4;
    g.stroke();
    g.globalAlpha = 1;
  }
  const y = Math.max(TOP + 12, failed.island === null ? 0 : Y(failed.island) - laneH * 0.5 + 6);
  g.font = "600 12px system-ui, sans-serif";
  g.textAlign = "left";
  const text = failed.check.length > 60 ? `${failed.check.slice(0, 59)}…` : failed.check,
    wide = g.measureText(text).width + 18,
    left = Math.max(GUTTER, Math.min(x + 6, W - wide - 4));
  g.beginPath();
  g.roundRect(left, y - 10, wide, 20, 5);
  g.fill();
  g.fillStyle = css.panel;
  g.fillText(text, left + 9, y + 4);
  if (trace.violated >= 0) hits.unshift([left + 12, y, 14, trace.violated]);
};
const paintAxis = () => {
  g.fillStyle = css.panel;
  g.fillRect(0, 0, W, TOP - 14);
  g.fillStyle = css.muted;
  g.font = "12px system-ui, sans-serif";
  g.textAlign = "center";
  const wide = view.a1 - view.a0,
    wanted = Math.max(2, Math.floor((W - GUTTER) / 105)),
    raw = wide / wanted,
    power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  for (let a = Math.ceil(view.a0 / step) * step; a <= view.a1; a += step) {
    if (a < -1e-9 || page.ended === 0) continue;
    const x = GUTTER + ((a - view.a0) / wide) * (W - GUTTER);
    if (x < GUTTER + 24 || x > W - 34) continue;
    g.fillText(timeline.mode === "time" ? tick(a, step) : clock(timeOf(a)), x, 13);
    g.strokeStyle = css.rule;
    g.lineWidth = 1;
    g.setLineDash([]);
    g.beginPath();
    g.moveTo(x, 20);
    g.lineTo(x, Hh);
    g.stroke();
  }
};
// One unit for all that is in view, and as many places as tell two ticks apart.
const tick = (ns, step) => {
  const units = [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
    [1, "ns"],
  ];
  const [unit, word] = units.find(([unit]) => view.a1 >= 2 * unit) || units[3];
  const places = Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9));
  return `${(ns / unit).toFixed(places)} ${word}`;
};

const paint = () => {
  hits = [];
  lines = [];
  g.clearRect(0, 0, W, Hh);
  g.fillStyle = css.panel;
  g.fillRect(0, 0, W, Hh);
  paintAxis();
  // Outside the window only landmarks and causes are known.
  for (const [from, to] of [
    [-Infinity, X(page.window.from)],
    [X(page.window.to), Infinity],
  ]) {
    const x1 = Math.max(GUTTER, from),
      x2 = Math.min(W, to);
    if (x2 > x1 && page.window.count < page.window.of) {
      g.fillStyle = css.paper;
      g.fillRect(x1, TOP, x2 - x1, Hh);
    }
  }
  g.save();
  g.beginPath();
  g.rect(GUTTER, 0, W - GUTTER, Hh);
  g.clip();
  for (let lane = 0; lane < islands; lane++) {
    const y = Y(lane);
    if (y < TOP || y > Hh) continue;
    g.strokeStyle = css.lane;
    g.lineWidth = 1.2;
    g.beginPath();
    g.moveTo(GUTTER, y);
    g.lineTo(W, y);
    g.stroke();
  }
  paintBands();
  let inView = 0;
  for (const h of trace.all) {
    const a = axis(h.t);
    if (a >= view.a0 && a <= view.a1) inView++;
  }
  const dense = inView > W * 0.9,
    alpha = inView < 400 ? 0.95 : inView < 1500 ? 0.6 : inView < 4000 ? 0.3 : 0.17;
  g.save();
  g.beginPath();
  g.rect(GUTTER, TOP - 2, W, Hh);
  g.clip();
  paintCommits();
  paintFrames(alpha);
  paintChain();
  g.restore();
  paintEvents(dense);
  paintViolation();
  const px = X(timeline.playhead);
  if (px >= GUTTER && px <= W) {
    g.strokeStyle = css.accent;
    g.lineWidth = 1.2;
    g.beginPath();
    g.moveTo(px, 18);
    g.lineTo(px, Hh);
    g.stroke();
    g.fillStyle = css.accent;
    shape("down", px, 20, 5);
    g.fill();
  }
  g.restore();
  g.textAlign = "right";
  g.font = "13px system-ui, sans-serif";
  g.fillStyle = css.panel;
  g.fillRect(0, TOP - 12, GUTTER - 1, Hh);
  for (let lane = 0; lane < islands; lane++) {
    const y = Y(lane);
    if (y < TOP - 6 || y > Hh + 6) continue;
    const chosen = timeline.selected >= 0 && trace.all[timeline.selected].lane === lane;
    g.fillStyle = chosen ? css.accent : css.ink;
    const name = page.names[lane];
    g.fillText(
      name ? (name.length > 14 ? name.slice(0, 13) + "…" : name) : `island ${lane}`,
      GUTTER - 14,
      y + 4.5,
    );
  }
  if (lanesHigh() > Hh - TOP - BOTTOM + 1) {
    const room = Hh - TOP - 8,
      bar = (room * (Hh - TOP - BOTTOM)) / lanesHigh();
    g.fillStyle = css.faint;
    g.globalAlpha = 0.7;
    g.beginPath();
    g.roundRect(
      4,
      TOP + (room - bar) * (view.sy / Math.max(1, lanesHigh() - (Hh - TOP - BOTTOM))),
      5,
      bar,
      3,
    );
    g.fill();
    g.globalAlpha = 1;
  }
};
const paintStrip = () => {
  const wide = strip.clientWidth,
    high = 46,
    all = page.overview,
    most = Math.max(1, ...all),
    sx = (t) => (t / Math.max(1, page.ended)) * wide;
  og.clearRect(0, 0, wide, high);
  og.fillStyle = css.paper;
  og.fillRect(0, 0, wide, high);
  for (const b of trace.bands)
    if (b.kind === "down" && (b.whole ? b.lane === 0 : islands < 60)) {
      og.fillStyle = css.band;
      og.fillRect(sx(b.from), 0, Math.max(1, sx(b.to) - sx(b.from)), high);
    }
  og.fillStyle = css["in-time"];
  for (let n = 0; n < all.length; n++)
    if (all[n]) {
      const h = Math.max(1.5, Math.sqrt(all[n] / most) * (high - 12));
      og.fillRect((n * wide) / all.length, high - h, Math.max(0.8, wide / all.length - 0.5), h);
    }
  for (const h of trace.all)
    if (h.is === "crashed" || h.is === "disk_fault" || h.is === "refused") {
      og.fillStyle = h.is === "disk_fault" ? css.fault : css.bad;
      og.beginPath();
      og.arc(sx(h.t), 6, 2.6, 0, 7);
      og.fill();
    }
  if (page.window.count < page.window.of) {
    og.fillStyle = css.commit;
    og.fillRect(
      sx(page.window.from),
      high - 2.5,
      Math.max(2, sx(page.window.to) - sx(page.window.from)),
      2.5,
    );
  }
  const x1 = sx(Math.max(0, timeOf(view.a0))),
    x2 = sx(Math.min(page.ended, timeOf(view.a1)));
  og.fillStyle = css["accent-soft"];
  og.fillRect(x1, 0, Math.max(3, x2 - x1), high);
  og.strokeStyle = css.accent;
  og.lineWidth = 1;
  og.strokeRect(x1 + 0.5, 0.5, Math.max(3, x2 - x1) - 1, high - 1);
  if (page.violation) {
    og.strokeStyle = css.bad;
    og.lineWidth = 2;
    og.beginPath();
    og.moveTo(sx(page.violation.at), 0);
    og.lineTo(sx(page.violation.at), high);
    og.stroke();
  }
  og.strokeStyle = css.accent;
  og.lineWidth = 1.4;
  og.beginPath();
  og.moveTo(sx(timeline.playhead), 0);
  og.lineTo(sx(timeline.playhead), high);
  og.stroke();
};
