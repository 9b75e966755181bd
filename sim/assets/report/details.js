// What is told of one happening, line by line, with links to those it hangs together with.
// All that comes from a run is shown as text. It doesn't know where it stands on the page.
const el = (tag, given = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value);
  }
  node.append(...inside.filter((one) => one !== null && one !== undefined));
  return node;
};

const link = (i, text) =>
  i < 0
    ? document.createTextNode(text)
    : el(
        "button",
        { class: "link", type: "button", "data-go": i, onclick: () => inspector.go(i) },
        text,
      );
const said = (one) =>
  el(
    "span",
    { class: "said" },
    one.kind || "value",
    one.text && one.text !== one.kind ? el("small", {}, one.text) : null,
  );
const rows = (list) => {
  const dl = el("dl");
  for (const [name, value] of list)
    if (value !== null && value !== undefined) dl.append(el("dt", {}, name), el("dd", {}, value));
  return dl;
};
const list = (items, none) =>
  items.length ? el("ul", {}, ...items.map((one) => el("li", {}, one))) : none;
const full = (h) =>
  h.lane === null
    ? saying(h)
    : h.is === "recorded"
      ? `${laneName(h.lane)} ${saying(h)}`
      : `${laneName(h.lane)}: ${saying(h)}`;
const outside = page.window.count < page.window.of ? "not in this window" : "nowhere in this run";

const source = (h) => {
  const s = h.what.source,
    i = trace.cause(h.i),
    from = (text) => el("span", {}, link(i, text), i < 0 ? ` (${outside})` : "");
  if (s.is === "client") return from(requestName(s));
  if (s.is === "message") return from(`message ${s.number} of ${laneName(s.from)}`);
  return from(`timer ${s.number}`);
};
const durable = (h) => {
  if (h.lost !== undefined)
    return el("span", { class: "warn" }, "never: ", link(h.lost, "a crash took it"));
  if (h.commit !== undefined)
    return el(
      "span",
      {},
      link(h.commit, `commit ${trace.all[h.commit].what.number}`),
      `, ${span(h.durable - h.t)} later`,
    );
  if (h.found !== undefined) return el("span", {}, link(h.found, "found at the restart"));
  return "not seen here";
};
const recordRows = (h) => {
  const w = h.what;
  return [
    ["position", `#${w.position}`],
    ["stamp", el("span", { class: "num" }, stampText(w.stamp))],
    ["brought by", source(h)],
    [
      "root",
      w.root
        ? link(
            trace.records.last(`${w.root.island}:${w.root.position}`, h.i),
            `${laneName(w.root.island)} #${w.root.position}`,
          )
        : "itself",
    ],
    ["input", said(w.input)],
    ["dead letter", w.dead ? el("span", { class: "warn" }, w.dead) : null],
    ["events", list(w.events.map(said), "none")],
    [
      "sends",
      list(
        w.sends.map((s) => {
          const i = trace.effect(h, s);
          return el(
            "span",
            {},
            said(s.said),
            el(
              "small",
              { class: "hint" },
              `${s.number} to ${laneName(s.to)}: `,
              i < 0 ? "not consumed here" : link(i, `consumed as #${trace.all[i].what.position}`),
            ),
          );
        }),
        "none",
      ),
    ],
    [
      "replies",
      w.replies.length
        ? list(
            w.replies.map((r) => {
              const i = trace.answered.first(trace.req(r.request), h.i);
              return el(
                "span",
                {},
                said(r.said),
                el(
                  "small",
                  { class: "hint" },
                  i < 0
                    ? `${requestName(r.request)}: not heard here`
                    : link(i, `heard ${span(trace.all[i].t - h.t)} later`),
                ),
              );
            }),
          )
        : "none",
    ],
    ["timers set", w.timers.length ? w.timers.join(", ") : null],
    ["durable", durable(h)],
  ];
};
const messageRows = (from, to, first, kinds, i) =>
  kinds.slice(0, 40).map((kind, n) => {
    const number = first + n,
      sent = trace.sends.last(trace.link(from, to, number), i),
      used = trace.consumed.first(trace.link(from, to, number), 0);
    return el(
      "span",
      {},
      `${number} ${kind} `,
      sent >= 0 ? link(sent, `sent by #${trace.all[sent].what.position}`) : "",
      sent >= 0 && used >= 0 ? ", " : "",
      used >= 0 ? link(used, `consumed as #${trace.all[used].what.position}`) : "",
    );
  });
const details = (h) => {
  const w = h.what;
  switch (h.is) {
    case "recorded":
      return recordRows(h);
    case "asked":
    case "answered":
      return [
        ["request", requestName(w.request)],
        [h.is === "asked" ? "command" : "answer", w.kind],
        ["latency", w.latency === undefined ? null : span(w.latency)],
      ];
    case "frame_sent": {
      const got = trace.arrivals.first(w.id, h.i);
      return [
        ["frame", String(w.id)],
        ["from", laneName(h.lane)],
        ["to", laneName(w.to)],
        ["fate", el("span", { class: w.fate === "in_time" ? "" : "warn" }, FATES[w.fate])],
        [
          "arrives",
          w.arrivals.length
            ? list(w.arrivals.map((t) => `${clock(t)}, after ${span(t - h.t)}`))
            : "never",
        ],
        [
          "received",
          got >= 0
            ? link(got, clock(trace.all[got].t))
            : w.arrivals.length
              ? "by nobody: the island was down, or it is outside the window"
              : null,
        ],
        ...(w.load.is === "messages"
          ? [["messages", list(messageRows(h.lane, w.to, w.load.first, w.load.kinds, h.i))]]
          : [
              ["says", w.load.hello === "asks" ? "hello, what do you have?" : "latest values"],
              ["consumed up to", String(w.load.acked)],
            ]),
      ];
    }
    case "frame_arrived": {
      const i = trace.frames.last(w.frame, h.i);
      return [["frame", i >= 0 ? link(i, `${w.frame}, ${saying(trace.all[i])}`) : String(w.frame)]];
    }
    case "suppressed":
    case "resent":
      return [
        ["to", laneName(w.to)],
        ["messages", w.first === w.last ? String(w.first) : `${w.first} to ${w.last}`],
        [
          "why",
          h.is === "suppressed"
            ? "their records were replayed, and replay sends nothing: the receiver has them"
            : "they were never acknowledged: they go out with their old numbers",
        ],
      ];
    case "commit_begun":
    case "commit_durable": {
      const c = trace.commits.find((c) => c.begun === h.i || c.done === h.i) || {};
      return [
        ["commit", String(w.number)],
        ["bytes", grouped(w.bytes)],
        [
          "took",
          c.to !== null && c.begun >= 0
            ? span(c.to - c.from)
            : c.lost
              ? el("span", { class: "warn" }, "never told durable")
              : null,
        ],
        [
          "up to",
          list(
            w.upto.map((p) =>
              link(
                trace.records.last(`${p.island}:${p.position}`, h.i),
                `${laneName(p.island)} #${p.position}`,
              ),
            ),
          ),
        ],
      ];
    }
    case "restarted":
      return [
        ["snapshot", w.snapshot === null ? "none: from the beginning" : `#${w.snapshot}`],
        ["replayed", count(w.replayed, "record")],
        ["last record", `#${w.upto}`],
      ];
    case "cut":
      return [
        ["ways", { out: "nothing leaves", in: "nothing comes in", both: "both" }[w.ways]],
        ["from", w.peer === null ? "all others" : laneName(w.peer)],
      ];
    case "disk_fault":
      return [
        ["kind", w.kind],
        ["segment", String(w.segment)],
        ["offset", grouped(w.offset)],
      ];
    case "refused":
      return [["damage", el("span", { class: "warn" }, w.damage)]];
    case "healed":
      return [["islands", w.islands.length ? w.islands.map(laneName).join(", ") : "all"]];
    case "marked":
      return [["mark", w.name]];
    case "violated":
      return [
        ["check", page.violation.check],
        ["seen", el("span", { class: "warn" }, page.violation.detail)],
        [
          "record",
          page.violation.position === null
            ? null
            : link(
                trace.violatedRecord,
                `${laneName(page.violation.island)} #${page.violation.position}`,
              ),
        ],
      ];
    default:
      return [];
  }
};
const TAGS = {
  recorded: "Record",
  asked: "Request",
  answered: "Answer",
  frame_sent: "Frame",
  frame_arrived: "Arrival",
  suppressed: "Replay",
  resent: "Sent again",
  commit_begun: "Commit",
  commit_durable: "Commit",
  crashed: "Crash",
  restarted: "Restart",
  paused: "Pause",
  clock_stepped: "Clock",
  cut: "Cut",
  mended: "Mended",
  disk_fault: "Disk fault",
  refused: "Refusal",
  healed: "Second phase",
  marked: "Mark",
  violated: "Check failed",
};
const BAD = new Set(["crashed", "disk_fault", "refused", "violated", "cut"]);
