// The panel beside the timeline: one happening, its causes, and the state there; and what each
// island is at the time shown. It doesn't know how anything is drawn.
const inspector = (() => {
  const root = document.getElementById("inspector"),
    now = document.getElementById("now");
  const self = { go: () => {}, step: () => {} };

  const flat = (value, path, into) => {
    if (value !== null && typeof value === "object" && Object.keys(value).length)
      for (const key of Object.keys(value)) flat(value[key], path ? `${path}.${key}` : key, into);
    else into.set(path || "state", JSON.stringify(value));
    return into;
  };
  const parsed = (text) => {
    try {
      return { value: JSON.parse(text) };
    } catch {
      return null;
    }
  };
  const state = (h) => {
    if (h.lane === null) return [];
    const found = trace.stateAt(h.lane, h.t, h.is === "recorded" ? h.what.position : undefined);
    const title = el("h3", {}, `State of ${laneName(h.lane)} here`);
    if (!found)
      return [
        title,
        el(
          "p",
          { class: "hint" },
          page.states_of ? "It was not kept for this time." : "This run kept no states.",
        ),
      ];
    const { now: s, before, exact } = found,
      value = parsed(s.text);
    const note = exact
      ? `after #${s.position}`
      : `after #${s.position}, ${span(h.t - s.at)} before`;
    if (!value)
      return [title, el("p", { class: "hint" }, note), el("pre", { id: "state" }, s.text)];
    const old = before && parsed(before.text),
      changed = [];
    if (old) {
      const a = flat(old.value, "", new Map()),
        b = flat(value.value, "", new Map());
      for (const [path, text] of b)
        if (a.get(path) !== text) changed.push([path, a.get(path), text]);
      for (const [path, text] of a) if (!b.has(path)) changed.push([path, text, undefined]);
    }
    const diff = el("pre", { id: "changes" });
    for (const [path, was, is] of changed.slice(0, 30))
      diff.append(
        `${path}: `,
        el("span", { class: "old" }, was === undefined ? "–" : was),
        " → ",
        el("span", { class: "new" }, is === undefined ? "gone" : is),
        "\n",
      );
    if (changed.length > 30) diff.append(`… and ${changed.length - 30} more`);
    return [
      title,
      el(
        "p",
        { class: "hint" },
        note +
          (old
            ? `; since #${before.position}, ${changed.length ? count(changed.length, "value") + " changed:" : "nothing changed"}`
            : ""),
      ),
      changed.length ? diff : null,
      el(
        "details",
        changed.length ? {} : { open: "" },
        el("summary", { class: "hint" }, "the whole state"),
        el("pre", { id: "state" }, JSON.stringify(value.value, null, 2)),
      ),
    ];
  };
  const chain = (i) => {
    const all = trace.chain(i);
    if (all.length < 2) return [];
    const ol = el("ol", { class: "chain", id: "chain" });
    all.forEach((n, at) => {
      const h = trace.all[n],
        before = at ? trace.all[all[at - 1]].t : null;
      ol.append(
        el(
          "li",
          n === i ? { class: "here" } : {},
          n === i ? full(h) : link(n, full(h)),
          el(
            "small",
            {},
            before === null
              ? clock(h.t)
              : h.t === before
                ? "at the same time"
                : `${span(h.t - before)} later`,
          ),
        ),
      );
    });
    const first = trace.all[all[0]],
      known = first.is === "asked" || first.is !== "recorded" || first.what.source.is === "timer";
    return [
      el(
        "h3",
        {},
        first.is === "asked"
          ? "Causes, from the client's request"
          : known
            ? "Causes"
            : `Causes (what came before is ${outside})`,
      ),
      ol,
    ];
  };

  self.show = (i) => {
    if (i < 0) {
      root.replaceChildren(
        el("h2", {}, "Nothing chosen"),
        el(
          "p",
          { class: "hint" },
          "Click a happening, or press → on the timeline: its record, its causes back to the client's request, and the island's state stand here then.",
        ),
      );
      return;
    }
    const h = trace.all[i];
    const head = el(
      "div",
      { class: "kind" },
      el("span", { class: BAD.has(h.is) ? "tag bad" : "tag" }, TAGS[h.is] || h.is),
      el("h2", {}, h.is === "recorded" ? `${laneName(h.lane)}, ${saying(h)}` : saying(h)),
      el(
        "span",
        { class: "walk" },
        el(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": "Before",
            title: "Before (←)",
            onclick: () => self.step(-1),
          },
          "←",
        ),
        el(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": "After",
            title: "After (→)",
            onclick: () => self.step(1),
          },
          "→",
        ),
      ),
    );
    const failed =
      trace.violatedRecord === i && h.is === "recorded"
        ? el(
            "p",
            { class: "warn" },
            `Here a check failed: ${page.violation.check}. ${page.violation.detail}`,
          )
        : null;
    root.replaceChildren(
      ...[
        head,
        el(
          "p",
          { class: "when" },
          `${clock(h.t)} · ${laneName(h.lane)} · happening ${grouped(h.place + 1)} of ${grouped(page.window.of)}`,
        ),
        failed,
        rows(details(h)),
        ...chain(i),
        ...state(h),
      ].filter((one) => one),
    );
    root.dataset.shown = i;
  };

  // What each island is, at a time.
  self.at = (t) => {
    const up = Array.from({ length: islands }, () => "up"),
      last = Array(islands).fill(null),
      sure = Array(islands).fill(null);
    for (const b of trace.bands)
      if (b.from <= t && t < b.to)
        up[b.lane] = b.kind === "cut" ? (up[b.lane] === "up" ? "cut off" : up[b.lane]) : b.kind;
    for (const h of trace.all) {
      if (h.t > t) break;
      if (h.is === "recorded") last[h.lane] = h.what.position;
      else if (h.is === "commit_durable") {
        for (const p of h.what.upto) sure[p.island] = p.position;
      } else if (h.is === "restarted") {
        last[h.lane] = h.what.upto;
        sure[h.lane] = h.what.upto;
      }
    }
    const body = el("tbody");
    for (let lane = 0; lane < islands; lane++)
      body.append(
        el(
          "tr",
          {},
          el("td", {}, laneName(lane)),
          el("td", { class: up[lane] === "up" ? "" : "down" }, up[lane]),
          el("td", {}, last[lane] === null ? "–" : `#${last[lane]}`),
          el("td", {}, sure[lane] === null ? "–" : `#${sure[lane]}`),
        ),
      );
    now.replaceChildren(
      el("h2", {}, `Islands at ${clock(t)}`),
      el(
        "div",
        { class: "scroll" },
        el(
          "table",
          {},
          el(
            "thead",
            {},
            el(
              "tr",
              {},
              el("th", {}, "island"),
              el("th", {}, ""),
              el("th", {}, "last record"),
              el("th", {}, "durable"),
            ),
          ),
          body,
        ),
      ),
    );
  };
  return self;
})();
