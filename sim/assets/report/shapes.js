// The few shapes of the timeline: ends of arrows, arrows, and the signs of happenings.
// It doesn't know what they stand for.
const end = (kind, x, y, angle, colour) => {
  g.setLineDash([]);
  g.strokeStyle = colour;
  g.fillStyle = colour;
  g.save();
  g.translate(x, y);
  g.rotate(angle);
  g.beginPath();
  switch (kind) {
    case "arrow":
      g.moveTo(0, 0);
      g.lineTo(-8, -3.4);
      g.lineTo(-8, 3.4);
      g.closePath();
      g.fill();
      break;
    case "cross":
      g.lineWidth = 2;
      g.moveTo(-4, -4);
      g.lineTo(4, 4);
      g.moveTo(-4, 4);
      g.lineTo(4, -4);
      g.stroke();
      break;
    case "wall":
      g.lineWidth = 2.5;
      g.moveTo(0, -6);
      g.lineTo(0, 6);
      g.stroke();
      break;
    case "ring":
      g.lineWidth = 1.6;
      g.arc(0, 0, 4.2, 0, 7);
      g.moveTo(-3, -3);
      g.lineTo(3, 3);
      g.stroke();
      break;
    case "open":
      g.lineWidth = 1.4;
      g.moveTo(-8, -3.6);
      g.lineTo(0, 0);
      g.lineTo(-8, 3.6);
      g.stroke();
      break;
    case "dot":
      g.arc(0, 0, 3.4, 0, 7);
      g.fill();
      break;
  }
  g.restore();
};
const arrow = (h, style, x1, y1, x2, y2, share, ending, wide) => {
  const dx = x2 - x1,
    dy = y2 - y1,
    far = Math.hypot(dx, dy) || 1;
  // Arrows end at the edge of the record they reach.
  const stop = share < 1 ? share : Math.max(0.2, 1 - 5 / far),
    ex = x1 + dx * stop,
    ey = y1 + dy * stop;
  if (Math.max(x1, x2) < GUTTER - 20 || Math.min(x1, x2) > W + 20) return;
  g.strokeStyle = css[style.colour];
  g.lineWidth = wide;
  g.setLineDash(style.dash);
  g.beginPath();
  g.moveTo(x1, y1);
  g.lineTo(ex, ey);
  g.stroke();
  if (style.twice) {
    const ox = (-dy / far) * 3.4,
      oy = (dx / far) * 3.4;
    g.globalAlpha *= 0.55;
    g.beginPath();
    g.moveTo(x1 + ox, y1 + oy);
    g.lineTo(ex + ox, ey + oy);
    g.stroke();
    g.globalAlpha /= 0.55;
  }
  if (far > 9) end(ending, ex, ey, Math.atan2(dy, dx), css[style.colour]);
  lines.push([x1, y1, ex, ey, h.i]);
};

const FATES_END = {
  in_time: "arrow",
  late: "arrow",
  doubled: "arrow",
  dropped: "cross",
  cut: "wall",
};
const shape = (kind, x, y, r) => {
  g.beginPath();
  switch (kind) {
    case "down":
      g.moveTo(x - r, y - r);
      g.lineTo(x + r, y - r);
      g.lineTo(x, y + r * 0.7);
      g.closePath();
      break;
    case "up":
      g.moveTo(x - r, y + r * 0.7);
      g.lineTo(x + r, y + r * 0.7);
      g.lineTo(x, y - r);
      g.closePath();
      break;
    case "diamond":
      g.moveTo(x, y - r);
      g.lineTo(x + r, y);
      g.lineTo(x, y + r);
      g.lineTo(x - r, y);
      g.closePath();
      break;
    case "flag":
      g.moveTo(x, y + r);
      g.lineTo(x, y - r);
      g.lineTo(x + r * 1.6, y - r * 0.45);
      g.lineTo(x, y + r * 0.2);
      g.closePath();
      break;
    default:
      g.arc(x, y, r, 0, 7);
  }
};
