// The panel beside the timeline: one happening, its causes, what came of it, and the state there.
// All that comes from a run is shown as text. It doesn't know how anything is drawn.
const el = (tag, given = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "onclick") node.addEventListener("click", value); else if (name === "class") node.className = value; else node.setAttribute(name, value);
  }
  node.append(...inside.filter((one) => one !== null && one !== undefined));
  return node;
};

const inspector = (() => {
  const root = document.getElementById("inspector"), now = document.getElementById("now");
  const self = { go: () => {}, step: () => {} };
  const link = (i, text) => i < 0 ? document.createTextNode(text) : el("button", { class: "link", type: "button", "data-go": i, onclick: () => self.go(i) }, text);
  const said = (one) => el("span", { class: "said" }, one.kind || "value", one.text && one.text !== one.kind ? el("small", {}, one.text) : null);
  const rows = (list) => { const dl = el("dl"); for (const [name, value] of list) if (value !== null && value !== undefined) dl.append(el("dt", {}, name), el("dd", {}, value)); return dl; };
  const list = (items, none) => items.length ? el("ul", {}, ...items.map((one) => el("li", {}, one))) : none;
  const full = (h) => h.lane === null ? saying(h) : h.is === "recorded" ? `${laneName(h.lane)} ${saying(h)}` : `${laneName(h.lane)}: ${saying(h)}`;
  const outside = page.window.count < page.window.of ? "not in this window" : "nowhere in this run";

  const source = (h) => {
    const s = h.what.source, i = trace.cause(h.i), from = (text) => el("span", {}, link(i, text), i < 0 ? ` (${outside})` : "");
    if (s.is === "client") return from(requestName(s));
    if (s.is === "message") return from(`message ${s.number} of ${laneName(s.from)}`);
    return from(`timer ${s.number}`);
  };
  const durable = (h) => {
    if (h.lost !== undefined) return el("span", { class: "warn" }, "never: ", link(h.lost, "a crash took it"));
    if (h.commit !== undefined) return el("span", {}, link(h.commit, `commit ${trace.all[h.commit].what.number}`), `, ${span(h.durable - h.t)} later`);
    if (h.found !== undefined) return el("span", {}, link(h.found, "found at the restart"));
    return "not seen here";
  };
  const recordRows = (h) => {
    const w = h.what;
    return [
      ["position", `#${w.position}`], ["stamp", el("span", { class: "num" }, stampText(w.stamp))],
      ["brought by", source(h)],
      ["root", w.root ? link(trace.records.last(`${w.root.island}:${w.root.position}`, h.i), `${laneName(w.root.island)} #${w.root.position}`) : "itself"],
      ["input", said(w.input)], ["dead letter", w.dead ? el("span", { class: "warn" }, w.dead) : null],
      ["events", list(w.events.map(said), "none")],
      ["sends", list(w.sends.map((s) => { const i = trace.effect(h, s); return el("span", {}, said(s.said), el("small", { class: "hint" }, `${s.number} to ${laneName(s.to)}: `, i < 0 ? "not consumed here" : link(i, `consumed as #${trace.all[i].what.position}`))); }), "none")],
      ["replies", w.replies.length ? list(w.replies.map((r) => { const i = trace.answered.first(trace.req(r.request), h.i); return el("span", {}, said(r.said), el("small", { class: "hint" }, i < 0 ? `${requestName(r.request)}: not heard here` : link(i, `heard ${span(trace.all[i].t - h.t)} later`))); })) : "none"],
      ["timers set", w.timers.length ? w.timers.join(", ") : null],
      ["durable", durable(h)],
    ];
  };
  const messageRows = (from, to, first, kinds, i) => kinds.slice(0, 40).map((kind, n) => {
    const number = first + n, sent = trace.sends.last(trace.link(from, to, number), i), used = trace.consumed.first(trace.link(from, to, number), 0);
    return el("span", {}, `${number} ${kind} `, sent >= 0 ? link(sent, `sent by #${trace.all[sent].what.position}`) : "", sent >= 0 && used >= 0 ? ", " : "", used >= 0 ? link(used, `consumed as #${trace.all[used].what.position}`) : "");
  });
  const details = (h) => {
    const w = h.what;
    switch (h.is) {
      case "recorded": return recordRows(h);
      case "asked": case "answered": return [["request", requestName(w.request)], [h.is === "asked" ? "command" : "answer", w.kind], ["latency", w.latency === undefined ? null : span(w.latency)]];
      case "frame_sent": { const got = trace.arrivals.first(w.id, h.i); return [["frame", String(w.id)], ["from", laneName(h.lane)], ["to", laneName(w.to)], ["fate", el("span", { class: w.fate === "in_time" ? "" : "warn" }, FATES[w.fate])],
        ["arrives", w.arrivals.length ? list(w.arrivals.map((t) => `${clock(t)}, after ${span(t - h.t)}`)) : "never"],
        ["received", got >= 0 ? link(got, clock(trace.all[got].t)) : w.arrivals.length ? "by nobody: the island was down, or it is outside the window" : null],
        ...(w.load.is === "messages" ? [["messages", list(messageRows(h.lane, w.to, w.load.first, w.load.kinds, h.i))]] : [["says", w.load.hello === "asks" ? "hello, what do you have?" : "latest values"], ["consumed up to", String(w.load.acked)]])]; }
      case "frame_arrived": { const i = trace.frames.last(w.frame, h.i); return [["frame", i >= 0 ? link(i, `${w.frame}, ${saying(trace.all[i])}`) : String(w.frame)]]; }
      case "suppressed": case "resent": return [["to", laneName(w.to)], ["messages", w.first === w.last ? String(w.first) : `${w.first} to ${w.last}`], ["why", h.is === "suppressed" ? "their records were replayed, and replay sends nothing: the receiver has them" : "they were never acknowledged: they go out with their old numbers"]];
      case "commit_begun": case "commit_durable": { const c = trace.commits.find((c) => c.begun === h.i || c.done === h.i) || {}; return [["commit", String(w.number)], ["bytes", grouped(w.bytes)], ["took", c.to !== null && c.begun >= 0 ? span(c.to - c.from) : c.lost ? el("span", { class: "warn" }, "never told durable") : null],
        ["up to", list(w.upto.map((p) => link(trace.records.last(`${p.island}:${p.position}`, h.i), `${laneName(p.island)} #${p.position}`)))]]; }
      case "restarted": return [["snapshot", w.snapshot === null ? "none: from the beginning" : `#${w.snapshot}`], ["replayed", count(w.replayed, "record")], ["last record", `#${w.upto}`]];
      case "cut": return [["ways", { out: "nothing leaves", in: "nothing comes in", both: "both" }[w.ways]], ["from", w.peer === null ? "all others" : laneName(w.peer)]];
      case "disk_fault": return [["kind", w.kind], ["segment", String(w.segment)], ["offset", grouped(w.offset)]];
      case "refused": return [["damage", el("span", { class: "warn" }, w.damage)]];
      case "healed": return [["islands", w.islands.length ? w.islands.map(laneName).join(", ") : "all"]];
      case "marked": return [["mark", w.name]];
      case "violated": return [["check", page.violation.check], ["seen", el("span", { class: "warn" }, page.violation.detail)], ["record", page.violation.position === null ? null : link(trace.violatedRecord, `${laneName(page.violation.island)} #${page.violation.position}`)]];
      default: return [];
    }
  };
  const TAGS = { recorded: "Record", asked: "Request", answered: "Answer", frame_sent: "Frame", frame_arrived: "Arrival", suppressed: "Replay", resent: "Sent again", commit_begun: "Commit", commit_durable: "Commit", crashed: "Crash", restarted: "Restart", paused: "Pause", clock_stepped: "Clock", cut: "Cut", mended: "Mended", disk_fault: "Disk fault", refused: "Refusal", healed: "Second phase", marked: "Mark", violated: "Check failed" };
  const BAD = new Set(["crashed", "disk_fault", "refused", "violated", "cut"]);

  const flat = (value, path, into) => {
    if (value !== null && typeof value === "object" && Object.keys(value).length) for (const key of Object.keys(value)) flat(value[key], path ? `${path}.${key}` : key, into);
    else into.set(path || "state", JSON.stringify(value));
    return into;
  };
  const parsed = (text) => { try { return { value: JSON.parse(text) }; } catch { return null; } };
  const state = (h) => {
    if (h.lane === null) return [];
    const found = trace.stateAt(h.lane, h.t, h.is === "recorded" ? h.what.position : undefined);
    const title = el("h3", {}, `State of ${laneName(h.lane)} here`);
    if (!found) return [title, el("p", { class: "hint" }, page.states_of ? "It was not kept for this time." : "This run kept no states.")];
    const { now: s, before, exact } = found, value = parsed(s.text);
    const note = exact ? `after #${s.position}` : `after #${s.position}, ${span(h.t - s.at)} before`;
    if (!value) return [title, el("p", { class: "hint" }, note), el("pre", { id: "state" }, s.text)];
    const old = before && parsed(before.text), changed = [];
    if (old) {
      const a = flat(old.value, "", new Map()), b = flat(value.value, "", new Map());
      for (const [path, text] of b) if (a.get(path) !== text) changed.push([path, a.get(path), text]);
      for (const [path, text] of a) if (!b.has(path)) changed.push([path, text, undefined]);
    }
    const diff = el("pre", { id: "changes" });
    for (const [path, was, is] of changed.slice(0, 30)) diff.append(`${path}: `, el("span", { class: "old" }, was === undefined ? "–" : was), " → ", el("span", { class: "new" }, is === undefined ? "gone" : is), "\n");
    if (changed.length > 30) diff.append(`… and ${changed.length - 30} more`);
    return [title, el("p", { class: "hint" }, note + (old ? `; since #${before.position}, ${changed.length ? count(changed.length, "value") + " changed:" : "nothing changed"}` : "")), changed.length ? diff : null,
      el("details", changed.length ? {} : { open: "" }, el("summary", { class: "hint" }, "the whole state"), el("pre", { id: "state" }, JSON.stringify(value.value, null, 2)))];
  };
  const chain = (i) => {
    const all = trace.chain(i); if (all.length < 2) return [];
    const ol = el("ol", { class: "chain", id: "chain" });
    all.forEach((n, at) => {
      const h = trace.all[n], before = at ? trace.all[all[at - 1]].t : null;
      ol.append(el("li", n === i ? { class: "here" } : {}, n === i ? full(h) : link(n, full(h)), el("small", {}, before === null ? clock(h.t) : h.t === before ? "at the same time" : `${span(h.t - before)} later`)));
    });
    const first = trace.all[all[0]], known = first.is === "asked" || first.is !== "recorded" || first.what.source.is === "timer";
    return [el("h3", {}, first.is === "asked" ? "Causes, from the client's request" : known ? "Causes" : `Causes (what came before is ${outside})`), ol];
  };

  self.show = (i) => {
    if (i < 0) {
      root.replaceChildren(el("h2", {}, "Nothing chosen"), el("p", { class: "hint" }, "Click a happening, or press → on the timeline: its record, its causes back to the client's request, and the island's state stand here then."));
      return;
    }
    const h = trace.all[i];
    const head = el("div", { class: "kind" }, el("span", { class: BAD.has(h.is) ? "tag bad" : "tag" }, TAGS[h.is] || h.is), el("h2", {}, h.is === "recorded" ? `${laneName(h.lane)}, ${saying(h)}` : saying(h)),
      el("span", { class: "walk" }, el("button", { type: "button", class: "quiet", "aria-label": "Before", title: "Before (←)", onclick: () => self.step(-1) }, "←"), el("button", { type: "button", class: "quiet", "aria-label": "After", title: "After (→)", onclick: () => self.step(1) }, "→")));
    const failed = trace.violatedRecord === i && h.is === "recorded" ? el("p", { class: "warn" }, `Here a check failed: ${page.violation.check}. ${page.violation.detail}`) : null;
    root.replaceChildren(...[head, el("p", { class: "when" }, `${clock(h.t)} · ${laneName(h.lane)} · happening ${grouped(h.place + 1)} of ${grouped(page.window.of)}`), failed, rows(details(h)), ...chain(i), ...state(h)].filter((one) => one));
    root.dataset.shown = i;
  };

  // What each island is, at a time.
  self.at = (t) => {
    const up = Array.from({ length: islands }, () => "up"), last = Array(islands).fill(null), sure = Array(islands).fill(null);
    for (const b of trace.bands) if (b.from <= t && t < b.to) up[b.lane] = b.kind === "cut" ? (up[b.lane] === "up" ? "cut off" : up[b.lane]) : b.kind;
    for (const h of trace.all) {
      if (h.t > t) break;
      if (h.is === "recorded") last[h.lane] = h.what.position;
      else if (h.is === "commit_durable") { for (const p of h.what.upto) sure[p.island] = p.position; }
      else if (h.is === "restarted") { last[h.lane] = h.what.upto; sure[h.lane] = h.what.upto; }
    }
    const body = el("tbody");
    for (let lane = 0; lane < islands; lane++) body.append(el("tr", {}, el("td", {}, laneName(lane)), el("td", { class: up[lane] === "up" ? "" : "down" }, up[lane]), el("td", {}, last[lane] === null ? "–" : `#${last[lane]}`), el("td", {}, sure[lane] === null ? "–" : `#${sure[lane]}`)));
    now.replaceChildren(el("h2", {}, `Islands at ${clock(t)}`), el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "island"), el("th", {}, ""), el("th", {}, "last record"), el("th", {}, "durable"))), body)));
  };
  self.full = full;
  return self;
})();
