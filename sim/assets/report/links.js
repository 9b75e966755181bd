// What lies on and between lanes: times when an island is down, commits, messages, causes.
// Only what is in view is drawn.
const paintBands = () => {
  for (const b of trace.bands) {
    const x1 = Math.max(GUTTER, X(b.from)),
      x2 = Math.min(W, X(b.to));
    if (x2 < GUTTER || x1 > W || x2 - x1 < 0) continue;
    const y = Y(b.lane) - laneH / 2;
    if (y > Hh || y + laneH < TOP) continue;
    if (b.kind === "cut") {
      g.fillStyle = css.cut;
      g.globalAlpha = 0.16;
      g.fillRect(x1, y + laneH / 2 - 7, Math.max(1, x2 - x1), 14);
      g.globalAlpha = 1;
      continue;
    }
    g.fillStyle = css.band;
    g.fillRect(x1, y, Math.max(1, x2 - x1), laneH);
    g.save();
    g.beginPath();
    g.rect(x1, y, x2 - x1, laneH);
    g.clip();
    g.strokeStyle = css["band-edge"];
    g.lineWidth = 0.7;
    g.setLineDash([]);
    g.beginPath();
    const step = b.kind === "paused" ? 16 : 8;
    for (let x = Math.max(x1, 0) - laneH - (Math.max(x1, 0) % step); x < x2; x += step) {
      g.moveTo(x, y + laneH);
      g.lineTo(x + laneH, y);
    }
    g.stroke();
    g.restore();
    if (x2 - x1 > 60) {
      g.fillStyle = css.muted;
      g.font = "12px system-ui, sans-serif";
      g.textAlign = "center";
      g.fillText(b.kind === "paused" ? "paused" : "down", (x1 + x2) / 2, y + 13);
    }
  }
};
const paintCommits = () => {
  if (!shown.has("commit")) return;
  for (const c of trace.commits) {
    const x1 = Math.max(GUTTER - 4, X(c.from)),
      x2 = Math.min(W + 4, X(c.end));
    if (x2 < GUTTER || x1 > W) continue;
    for (const p of c.upto) {
      const y = Y(p.island) + Math.min(laneH / 2 - 7, 13);
      if (y < TOP || y > Hh) continue;
      g.fillStyle = c.lost ? css.dropped : css.commit;
      g.globalAlpha = c.lost ? 0.45 : 0.75;
      g.fillRect(x1, y, Math.max(1.2, x2 - x1), 4);
      g.globalAlpha = 1;
      if (c.done >= 0) {
        g.fillStyle = css.commit;
        g.fillRect(x2 - 1, y - 3, 2, 10);
      } else end("cross", x2, y + 2, 0, css.dropped);
      lines.push([x1, y + 2, x2, y + 2, c.done >= 0 ? c.done : c.begun]);
    }
  }
};
const paintFrames = (alpha) => {
  for (const h of trace.all) {
    const w = h.what;
    if (h.is === "frame_sent") {
      if (!shown.has(h.kind)) continue;
      const style = KINDS.find((k) => k.id === h.kind),
        picked = timeline.selected === h.i || timeline.litFrames.has(h.i);
      const ghost = w.fate === "dropped" || w.fate === "cut" || !w.arrivals.length;
      const targets = ghost ? [h.t] : w.arrivals;
      for (const t of targets) {
        const x1 = X(h.t),
          x2 = ghost ? x1 + Math.min(60, 18 + Math.abs(w.to - h.lane) * 14) : X(t);
        if (Math.max(x1, x2) < GUTTER || Math.min(x1, x2) > W) continue;
        g.globalAlpha = picked
          ? 1
          : timeline.selected >= 0 && timeline.litFrames.size
            ? alpha * 0.6
            : alpha;
        const reached =
          h.arrived === undefined ? (h.arrived = trace.arrivals.first(w.id, h.i) >= 0) : h.arrived;
        const fate = w.load.is === "control" ? FATES_END[w.fate] : style.end;
        arrow(
          h,
          style,
          x1,
          Y(h.lane),
          x2,
          Y(w.to),
          ghost ? 0.46 : 1,
          ghost ? fate : reached ? "arrow" : "open",
          picked ? 3 : h.kind === "control" ? 0.8 : 1.35,
        );
      }
    } else if ((h.is === "suppressed" || h.is === "resent") && shown.has(h.is)) {
      const x = X(h.t);
      if (x < GUTTER || x > W) continue;
      g.globalAlpha = timeline.selected === h.i ? 1 : Math.max(alpha, 0.45);
      arrow(
        h,
        KINDS.find((k) => k.id === h.is),
        x,
        Y(h.lane),
        x + 34,
        Y(w.to),
        0.38,
        h.is === "suppressed" ? "ring" : "dot",
        timeline.selected === h.i ? 2.6 : 1.5,
      );
    }
  }
  g.globalAlpha = 1;
  g.setLineDash([]);
};
const paintChain = () => {
  for (let n = 1; n < timeline.chain.length; n++) {
    const a = trace.all[timeline.chain[n - 1]],
      b = trace.all[timeline.chain[n]];
    if (a.lane === null || b.lane === null) continue;
    g.strokeStyle = css.accent;
    g.lineWidth = 2.4;
    g.globalAlpha = 0.9;
    g.setLineDash([]);
    g.beginPath();
    g.moveTo(X(a.t), Y(a.lane));
    g.lineTo(X(b.t), Y(b.lane));
    g.stroke();
    if (a.lane !== b.lane)
      end(
        "arrow",
        X(b.t),
        Y(b.lane),
        Math.atan2(Y(b.lane) - Y(a.lane), X(b.t) - X(a.t)),
        css.accent,
      );
  }
  g.globalAlpha = 1;
};
