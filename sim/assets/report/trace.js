// The trace as the page reads it: happenings joined to their causes, effects, commits and states.
// It doesn't know how anything is drawn.
const page = JSON.parse(document.getElementById("trace").textContent);
const islands = page.islands;

const trace = (() => {
  const all = page.happenings.map((h, i) => ({
    i,
    place: page.places[i],
    t: h.at,
    lane: h.island,
    is: h.what.is,
    what: h.what,
  }));
  const many = () => {
    const map = new Map();
    return {
      add: (key, i) => {
        const list = map.get(key);
        if (list) list.push(i);
        else map.set(key, [i]);
      },
      // The last one up to `upto`: numbers and positions come again after a crash.
      last: (key, upto) => {
        const list = map.get(key) || [];
        for (let n = list.length - 1; n >= 0; n--) if (list[n] <= upto) return list[n];
        return -1;
      },
      first: (key, from) => {
        for (const i of map.get(key) || []) if (i >= from) return i;
        return -1;
      },
    };
  };
  const records = many(),
    sends = many(),
    consumed = many(),
    asked = many(),
    answered = many();
  const replied = many(),
    timers = many(),
    frames = many(),
    arrivals = many(),
    restarts = many();
  const link = (from, to, number) => `${from}>${to}:${number}`;
  const req = (r) => `${r.client}:${r.number}`;

  const commits = [],
    byNumber = new Map(),
    bands = [],
    down = new Map(),
    cuts = new Map();
  const open = Array.from({ length: islands }, () => []);
  const lanesOf = (h) =>
    h.lane === null ? Array.from({ length: islands }, (_, n) => n) : [h.lane];

  for (const h of all) {
    const w = h.what;
    switch (h.is) {
      case "recorded":
        records.add(`${h.lane}:${w.position}`, h.i);
        for (const s of w.sends) sends.add(link(h.lane, s.to, s.number), h.i);
        for (const r of w.replies) replied.add(req(r.request), h.i);
        for (const n of w.timers) timers.add(`${h.lane}:${n}`, h.i);
        if (w.source.is === "message")
          consumed.add(link(w.source.from, h.lane, w.source.number), h.i);
        if (open[h.lane]) open[h.lane].push(h);
        break;
      case "asked":
        asked.add(req(w.request), h.i);
        break;
      case "answered":
        answered.add(req(w.request), h.i);
        break;
      case "frame_sent":
        frames.add(w.id, h.i);
        break;
      case "frame_arrived":
        arrivals.add(w.frame, h.i);
        break;
      case "commit_begun": {
        const c = {
          number: w.number,
          upto: w.upto,
          bytes: w.bytes,
          from: h.t,
          to: null,
          begun: h.i,
          done: -1,
        };
        commits.push(c);
        byNumber.set(w.number, c);
        break;
      }
      case "commit_durable": {
        let c = byNumber.get(w.number);
        if (!c || c.to !== null) {
          c = { number: w.number, upto: w.upto, bytes: w.bytes, from: h.t, begun: -1 };
          commits.push(c);
        }
        c.to = h.t;
        c.done = h.i;
        for (const p of w.upto) {
          if (!open[p.island]) continue;
          open[p.island] = open[p.island].filter((r) => {
            if (r.what.position > p.position) return true;
            r.durable = h.t;
            r.commit = h.i;
            return false;
          });
        }
        break;
      }
      case "crashed":
        for (const lane of lanesOf(h))
          if (!down.has(lane)) {
            const band = {
              kind: "down",
              lane,
              from: h.t,
              to: page.ended,
              i: h.i,
              whole: h.lane === null,
            };
            bands.push(band);
            down.set(lane, band);
          }
        break;
      case "restarted":
        restarts.add(h.lane, h.i);
        if (down.has(h.lane)) {
          down.get(h.lane).to = h.t;
          h.crash = down.get(h.lane).i;
          down.delete(h.lane);
        }
        for (const r of open[h.lane] || []) {
          if (r.what.position > w.upto) {
            r.lost = h.i;
          } else {
            r.durable = h.t;
            r.found = h.i;
          }
        }
        if (open[h.lane]) open[h.lane] = [];
        break;
      case "paused":
        for (const lane of lanesOf(h))
          bands.push({ kind: "paused", lane, from: h.t, to: w.until, i: h.i });
        break;
      case "cut": {
        const band = { kind: "cut", lane: h.lane, from: h.t, to: page.ended, i: h.i };
        bands.push(band);
        cuts.set(`${h.lane}:${w.peer}`, band);
        break;
      }
      case "mended": {
        const band = cuts.get(`${h.lane}:${w.peer}`);
        if (band) {
          band.to = h.t;
          h.cut = band.i;
          cuts.delete(`${h.lane}:${w.peer}`);
        }
        break;
      }
    }
  }
  // A commit that a crash overtook was never told durable.
  const crashes = all.filter((h) => h.is === "crashed");
  for (const c of commits)
    if (c.to === null) {
      const crash = crashes.find((h) => h.t >= c.from);
      c.lost = true;
      c.end = crash ? crash.t : page.ended;
    } else c.end = c.to;

  const violation = page.violation;
  const violatedRecord =
    violation && violation.position !== null && violation.island !== null
      ? (() => {
          const upto = all.filter((h) => h.t <= violation.at).length - 1;
          return records.last(`${violation.island}:${violation.position}`, upto);
        })()
      : -1;
  const violated = (() => {
    const h = all.find((h) => h.is === "violated");
    return h ? h.i : violatedRecord;
  })();

  // What a happening directly comes from; -1 if nothing here.
  const cause = (i) => {
    const h = all[i],
      w = h.what;
    switch (h.is) {
      case "recorded":
        switch (w.source.is) {
          case "client":
            return asked.last(req(w.source), i);
          case "message":
            return sends.last(link(w.source.from, h.lane, w.source.number), i - 1);
          default:
            return timers.last(`${h.lane}:${w.source.number}`, i - 1);
        }
      case "answered":
        return replied.last(req(w.request), i);
      case "frame_sent":
        return w.load.is === "messages" ? sends.last(link(h.lane, w.to, w.load.first), i) : -1;
      case "frame_arrived":
        return frames.last(w.frame, i);
      case "restarted":
        return h.crash ?? -1;
      case "mended":
        return h.cut ?? -1;
      case "suppressed":
      case "resent":
        return restarts.last(h.lane, i);
      case "commit_durable": {
        const c = commits.find((c) => c.done === i);
        return c ? c.begun : -1;
      }
      case "violated":
        return violatedRecord;
      default:
        return -1;
    }
  };
  const chain = (i) => {
    const list = [i];
    // Causes lie before effects, so this ends; the limit is for damaged data.
    for (
      let at = cause(i);
      at >= 0 && list.length < 500 && at < list[list.length - 1] + 1;
      at = cause(at)
    )
      list.push(at);
    return list.reverse();
  };
  const effect = (h, send) => consumed.first(link(h.lane, send.to, send.number), h.i);

  const states = new Map();
  for (const s of page.states) {
    if (!states.has(s.island)) states.set(s.island, []);
    states.get(s.island).push(s);
  }
  const stateAt = (lane, t, position) => {
    const list = states.get(lane) || [];
    let low = 0,
      high = list.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (list[mid].at <= t) low = mid + 1;
      else high = mid;
    }
    let n = low - 1;
    if (position !== undefined)
      while (n > 0 && list[n].at === t && list[n].position !== position && list[n - 1].at === t)
        n--;
    return n < 0
      ? null
      : {
          now: list[n],
          before: n > 0 ? list[n - 1] : null,
          exact: list[n].at === t && (position === undefined || list[n].position === position),
        };
  };
  return {
    all,
    commits,
    bands,
    cause,
    chain,
    effect,
    stateAt,
    violated,
    violatedRecord,
    frames,
    arrivals,
    sends,
    consumed,
    records,
    answered,
    link,
    req,
  };
})();

const laneName = (lane) =>
  lane === null || lane === undefined
    ? "the whole process"
    : page.names[lane]
      ? `${page.names[lane]} (${lane})`
      : `island ${lane}`;
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const clock = (ns) =>
  ns >= 1e9
    ? `${(ns / 1e9).toFixed(6)} s`
    : ns >= 1e6
      ? `${(ns / 1e6).toFixed(3)} ms`
      : ns >= 1e3
        ? `${(ns / 1e3).toFixed(2)} µs`
        : `${Math.round(ns)} ns`;
const span = (ns) =>
  ns >= 1e9
    ? `${+(ns / 1e9).toPrecision(4)} s`
    : ns >= 1e6
      ? `${+(ns / 1e6).toPrecision(4)} ms`
      : ns >= 1e3
        ? `${+(ns / 1e3).toPrecision(4)} µs`
        : `${Math.round(ns)} ns`;
const count = (n, one, more) => `${grouped(n)} ${n === 1 ? one : more || one + "s"}`;
const requestName = (r) => `request ${r.number} of client ${r.client}`;
const stampText = (stamp) => {
  const s = BigInt(stamp);
  return `${s >> 16n} ms, ${s & 0xffffn}`;
};
const FATES = {
  in_time: "in time",
  late: "late",
  dropped: "dropped",
  doubled: "doubled",
  cut: "cut off",
};

// One line that says what a happening is.
const saying = (h) => {
  const w = h.what;
  switch (h.is) {
    case "asked":
      return `${w.kind} asked, ${requestName(w.request)}`;
    case "answered":
      return `${w.kind} answered to ${requestName(w.request)}`;
    case "recorded":
      return `#${w.position} ${w.input.kind || "record"}`;
    case "frame_sent":
      return w.load.is === "messages"
        ? `${w.load.kinds.length > 3 ? count(w.load.kinds.length, "message") : w.load.kinds.join(", ")} to ${laneName(w.to)}, ${FATES[w.fate]}`
        : `${w.load.hello === "asks" ? "hello" : "acknowledgement"} to ${laneName(w.to)}, ${FATES[w.fate]}`;
    case "frame_arrived":
      return `frame ${w.frame} arrived`;
    case "suppressed":
      return `${w.first === w.last ? `message ${w.first}` : `messages ${w.first} to ${w.last}`} for ${laneName(w.to)} not sent again`;
    case "resent":
      return `${w.first === w.last ? `message ${w.first}` : `messages ${w.first} to ${w.last}`} for ${laneName(w.to)} sent again`;
    case "commit_begun":
      return `commit ${w.number} begun`;
    case "commit_durable":
      return `commit ${w.number} durable`;
    case "crashed":
      return h.lane === null ? "the process crashed" : "crashed";
    case "restarted":
      return `restarted, ${count(w.replayed, "record")} replayed`;
    case "paused":
      return `paused until ${clock(w.until)}`;
    case "clock_stepped":
      return `clock stepped ${w.by_ns < 0 ? "back" : "ahead"} by ${span(Math.abs(Number(w.by_ns)))}`;
    case "cut":
      return `cut off ${w.peer === null ? "from all" : `from ${laneName(w.peer)}`}${{ out: ", outwards", in: ", inwards", both: "" }[w.ways]}`;
    case "mended":
      return "joined again";
    case "disk_fault":
      return `disk: ${w.kind}`;
    case "refused":
      return "refused to go on";
    case "healed":
      return w.islands.length
        ? `faults end on ${count(w.islands.length, "island")}`
        : "all faults end";
    case "marked":
      return w.name;
    case "violated":
      return `check failed: ${page.violation ? page.violation.check : ""}`;
    default:
      return h.is;
  }
};
