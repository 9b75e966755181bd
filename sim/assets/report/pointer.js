// What a pointer does on the timeline and the strip; choosing a happening.
// It doesn't know what a choice means: it tells `onPick` and `onSeek`.
const at = (x, y) => {
  let best = -1,
    near = 1e9;
  for (const [hx, hy, r, i] of hits) {
    const d = Math.hypot(hx - x, hy - y);
    if (d <= r + 3 && d < near) {
      near = d;
      best = i;
    }
  }
  if (best >= 0) return best;
  near = 5;
  for (const [x1, y1, x2, y2, i] of lines) {
    const dx = x2 - x1,
      dy = y2 - y1,
      s = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
    const d = Math.hypot(x1 + dx * s - x, y1 + dy * s - y);
    if (d < near) {
      near = d;
      best = i;
    }
  }
  return best;
};
const where = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
let drag = null;
canvas.addEventListener("pointerdown", (event) => {
  const [x, y] = where(event);
  drag = { x, y, a0: view.a0, a1: view.a1, moved: false, axis: y < TOP - 12 };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = where(event);
  if (!drag) {
    const i = x > GUTTER ? at(x, y) : -1;
    canvas.classList.toggle("over", i >= 0);
    timeline.onHover(i, x, y);
    return;
  }
  if (Math.abs(x - drag.x) + Math.abs(y - drag.y) > 4) drag.moved = true;
  if (!drag.moved) return;
  timeline.onHover(-1);
  canvas.classList.add("dragging");
  if (drag.axis) {
    timeline.onSeek(Math.max(0, Math.min(page.ended, timeOf(aAt(x)))));
    return;
  }
  const by = ((drag.x - x) / (W - GUTTER)) * (drag.a1 - drag.a0);
  setView(drag.a0 + by, drag.a1 + by);
  if (scroll(drag.y - y)) drag.y = y;
});
canvas.addEventListener("pointerup", (event) => {
  const [x, y] = where(event),
    was = drag;
  drag = null;
  canvas.classList.remove("dragging");
  if (!was || was.moved) return;
  if (y < TOP - 16 && x > GUTTER)
    return timeline.onSeek(Math.max(0, Math.min(page.ended, timeOf(aAt(x)))));
  timeline.onPick(
    x > GUTTER ? at(x, y) : -1,
    x > GUTTER ? Math.max(0, Math.min(page.ended, timeOf(aAt(x)))) : null,
  );
});
canvas.addEventListener("pointerleave", () => timeline.onHover(-1));
canvas.addEventListener(
  "wheel",
  (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoom(Math.exp(event.deltaY * 0.004), where(event)[0]);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      pan((event.deltaX || event.deltaY) / 900);
    } else if (scroll(event.deltaY)) event.preventDefault();
  },
  { passive: false },
);
const stripTo = (event) => {
  const box = strip.getBoundingClientRect(),
    t = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * page.ended;
  const a = axis(t),
    wide = view.a1 - view.a0;
  setView(a - wide / 2, a + wide / 2);
  timeline.onSeek(t);
};
let stripping = false;
strip.addEventListener("pointerdown", (event) => {
  stripping = true;
  strip.setPointerCapture(event.pointerId);
  stripTo(event);
});
strip.addEventListener("pointermove", (event) => {
  if (stripping) stripTo(event);
});
strip.addEventListener("pointerup", () => {
  stripping = false;
});

timeline.lit = new Set();
timeline.litFrames = new Set();
timeline.onSeek = () => {};
timeline.select = (i) => {
  timeline.selected = i;
  timeline.chain = i < 0 ? [] : trace.chain(i);
  timeline.lit = new Set(timeline.chain);
  timeline.litFrames = new Set();
  for (const n of timeline.chain) {
    const h = trace.all[n];
    if (h.is === "frame_sent") timeline.litFrames.add(n);
  }
  draw();
};
timeline.setMode = (mode) => {
  const t0 = timeOf(view.a0),
    t1 = timeOf(view.a1);
  timeline.mode = mode;
  setView(axis(t0), axis(t1));
};
timeline.seen = (h) => h.kind && shown.has(h.kind);
// Where a happening stands on the screen: for tests, and for whoever wants to point at it.
timeline.where = (i) => {
  const h = trace.all[i],
    box = canvas.getBoundingClientRect(),
    hit = hits.find((one) => one[3] === i),
    line = lines.find((one) => one[4] === i);
  const [x, y] = hit
    ? hit
    : line
      ? [line[0] * 0.4 + line[2] * 0.6, line[1] * 0.4 + line[3] * 0.6]
      : [X(h.t), Y(h.lane || 0)];
  return { x: box.left + x, y: box.top + y };
};
Object.assign(timeline, {
  draw,
  resize,
  zoom,
  pan,
  fit,
  around,
  reveal,
  canvas,
  axis,
  timeOf,
  view,
  at,
});
