// The report in a browser: it opens without a network and without complaint, and a reader can walk it.
// It reads the page's data itself, so that what the page shows is compared with something.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const { CHROMIUM, PAGES, PROFILES, SHOTS, MORE } = process.env;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
let browser;

before(async () => {
  const profile = mkdtempSync(join(PROFILES, "profile-"));
  const options = {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    viewport: { width: 1500, height: 1000 },
  };
  browser = await chromium.launchPersistentContext(profile, options);
  await browser.setOffline(true);
});
after(() => browser?.close());

// A page, and all that went wrong on it; `done` says that nothing did.
const open = async (name, hash = "", scheme = "light") => {
  const page = await browser.newPage(),
    wrong = [];
  await page.emulateMedia({ colorScheme: scheme });
  page.on("console", (message) => wrong.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(error.stack));
  const own = name.startsWith("/")
    ? pathToFileURL(name).href
    : pathToFileURL(join(PAGES, name)).href;
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== own) wrong.push(`asked for ${request.url()}`);
  });
  await page.goto(own + hash);
  await frame(page);
  const data = JSON.parse(await page.locator("#trace").textContent());
  const done = async () => {
    assert.deepEqual(wrong, []);
    await page.close();
  };
  return { page, data, done };
};
const frame = (page) =>
  page.evaluate(() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))));
// Clicks happening `i` as a hand does: where it is drawn.
const click = async (page, i) => {
  await page.evaluate((i) => {
    const h = window.report.trace.all[i];
    window.report.timeline.around(h.t, 30);
    window.report.timeline.reveal(h.t, h.lane);
  }, i);
  await frame(page);
  await page.locator("#timeline").scrollIntoViewIfNeeded();
  const { x, y } = await page.evaluate((i) => window.report.timeline.where(i), i);
  await page.mouse.click(x, y);
  await frame(page);
};
const shown = async (page) => Number(await page.locator("#inspector").getAttribute("data-shown"));
const inspector = (page) => page.locator("#inspector").innerText();
const picture = (page) => page.evaluate(() => document.getElementById("timeline").toDataURL());
// Causes of a record, from the data alone: records only, the root first.
const causes = (data, i) => {
  const list = [i];
  for (;;) {
    const { island, what } = data.happenings[list[0]];
    if (what.source.is !== "message") return list;
    const { from, number } = what.source;
    let n = list[0] - 1;
    const sent = (h) =>
      h.what.is === "recorded" &&
      h.island === from &&
      h.what.sends.some((send) => send.to === island && send.number === number);
    while (n >= 0 && !sent(data.happenings[n])) n--;
    if (n < 0) return list;
    list.unshift(n);
  }
};

test("every page opens offline, asks for nothing, and nothing complains", async () => {
  const names = readdirSync(PAGES).concat((MORE || "").split("\n").filter((name) => name));
  assert.ok(names.length >= 5);
  for (const name of names)
    for (const scheme of ["light", "dark"]) {
      const { page, data, done } = await open(name, "", scheme);
      assert.equal(
        await page.locator("#verdict").innerText(),
        data.violation ? "A check failed" : "All checks hold",
      );
      if (SHOTS)
        await page.screenshot({
          path: join(SHOTS, `${name.split("/").pop()}-${scheme}.png`),
          fullPage: true,
        });
      await done();
    }
});

test("text of a run stays text", async () => {
  const { page, data, done } = await open("small.html");
  assert.match(data.title, /<\/script><img/);
  assert.equal(await page.locator("#title").innerText(), data.title);
  const nasty = data.happenings.findIndex(
    (h) => h.what.is === "recorded" && h.what.input.text.startsWith("</script>"),
  );
  await click(page, nasty);
  assert.ok((await inspector(page)).includes(data.happenings[nasty].what.input.text));
  assert.equal(await page.locator("img").count(), 0);
  await done();
});

test("a click on a record shows it, its causes back to the client's request, and the state there", async () => {
  const { page, data, done } = await open("small.html");
  const records = data.happenings
    .map((h, i) => i)
    .filter((i) => data.happenings[i].what.is === "recorded");
  const depth = (i) => causes(data, i).length;
  const deep = records.filter((i) => depth(i) >= 3).slice(0, 6);
  assert.ok(deep.length >= 2, "some records have causes of causes");
  for (const i of deep) {
    await click(page, i);
    assert.equal(await shown(page), i);
    const { what, at, island } = data.happenings[i],
      text = await inspector(page);
    for (const word of [
      `#${what.position} ${what.input.kind}`,
      what.input.text,
      ...what.events.map((e) => e.text),
    ])
      assert.ok(text.includes(word), word);
    // The request, then a record for each cause, then this one.
    const rows = await page.locator("#chain li").allInnerTexts(),
      chain = causes(data, i);
    assert.equal(rows.length, chain.length + 1);
    assert.match(rows[0], /asked, request \d+ of client \d+/);
    chain.forEach((n, k) =>
      assert.ok(
        rows[k + 1].includes(
          `#${data.happenings[n].what.position} ${data.happenings[n].what.input.kind}`,
        ),
        rows[k + 1],
      ),
    );
    const state = data.states.find(
      (s) => s.at === at && s.island === island && s.position === what.position,
    );
    const told = await page.locator("#state").evaluate((pre) => pre.textContent);
    assert.deepEqual(JSON.parse(told), JSON.parse(state.text));
  }
  // The chain is a way: its first record is one click away.
  const [root] = causes(data, deep[0]);
  await click(page, deep[0]);
  await page.locator("#chain li button").nth(1).click();
  assert.equal(await shown(page), root);
  await done();
});

test("frames tell their fate, and each fate looks different", async () => {
  const { page, data, done } = await open("large.html");
  const looks = await page
    .locator("#legend button svg")
    .evaluateAll((all) => all.map((svg) => svg.innerHTML));
  assert.equal(new Set(looks).size, looks.length, "two entries of the legend look the same");
  for (const [fate, words] of [
    ["in_time", "in time"],
    ["late", "late"],
    ["dropped", "dropped"],
    ["doubled", "doubled"],
    ["cut", "cut off"],
  ]) {
    const i = data.happenings.findIndex(
      (h) =>
        h.what.is === "frame_sent" &&
        h.what.fate === fate &&
        h.what.load.is === "messages" &&
        h.at > data.window.from &&
        h.what.arrivals.every((t) => t < data.window.to),
    );
    assert.ok(i >= 0, `a frame that is ${fate}`);
    await click(page, i);
    assert.equal(await shown(page), i, fate);
    assert.ok((await inspector(page)).includes(`fate\n${words}`), fate);
    const with_it = await picture(page);
    await page.locator(`#legend [data-kind=${fate}]`).click();
    await frame(page);
    assert.notEqual(await picture(page), with_it, `hiding ${fate} changes nothing`);
    await page.locator(`#legend [data-kind=${fate}]`).click();
  }
  await done();
});

test("what replay did not send again, and what it did, can be read", async () => {
  const { page, data, done } = await open("many.html");
  for (const is of ["suppressed"]) {
    const i = data.happenings.findIndex((h) => h.what.is === is);
    await page.evaluate((i) => window.report.select(i), i);
    assert.match(await inspector(page), /replay sends nothing/);
    const { x, y } =
      (await frame(page), await page.evaluate((i) => window.report.timeline.where(i), i));
    await page.mouse.click(x, y);
    await frame(page);
    assert.equal(data.happenings[await shown(page)].what.is, is);
  }
  await done();
});

test("what failed is told at the top and marked at its place", async () => {
  const { page, data, done } = await open("large.html");
  const { violation } = data;
  assert.ok(await page.locator("#violation").isVisible());
  assert.ok((await page.locator("#violation").innerText()).includes(violation.detail));
  const { island, what } = data.happenings[await shown(page)];
  assert.deepEqual(
    [island, what.position],
    [violation.island, violation.position],
    "it is chosen at the start",
  );
  assert.ok((await inspector(page)).includes(`Here a check failed: ${violation.check}`));
  // Its ring is drawn around the record in the colour of failure.
  const red = () =>
    page.evaluate(() => {
      const { timeline, trace } = window.report,
        canvas = timeline.canvas,
        box = canvas.getBoundingClientRect(),
        ratio = devicePixelRatio;
      const { x, y } = timeline.where(trace.violatedRecord);
      // Read from a copy: reading the canvas itself would slow it down, and the browser says so.
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {
        willReadFrequently: true,
      });
      copy.drawImage(canvas, 0, 0);
      // On the ring, away from the lane and from the line through it.
      const red = [2.3, 2.7, 3.6, 4].map((angle) => {
        const at = [x - box.left + 14 * Math.cos(angle), y - box.top + 14 * Math.sin(angle)];
        const [r, g, b] = copy.getImageData(at[0] * ratio, at[1] * ratio, 1, 1).data;
        return r > 150 && g < 110 && b < 120;
      });
      return red.filter((one) => one).length;
    });
  assert.ok((await red()) >= 3, "no ring");
  await page.keyboard.press("0");
  await page.keyboard.press("Escape");
  await page.locator("#to-violation").click();
  await frame(page);
  assert.ok((await red()) >= 3, "the button brings it back");
  await done();
});

test("the scrubber shows another time everywhere", async () => {
  const { page, data, done } = await open("small.html");
  const crash = data.happenings.find((h) => h.what.is === "crashed");
  const box = await page.locator("#overview").boundingBox();
  await page.mouse.click(box.x + ((crash.at + 100_000) / data.ended) * box.width, box.y + 20);
  await frame(page);
  const rows = await page.locator("#now tbody tr").allInnerTexts();
  assert.equal(rows.length, data.islands);
  for (const row of rows) assert.match(row, /down/);
  const scrubber = page.locator("#scrubber"),
    before = await picture(page);
  await scrubber.focus();
  await page.keyboard.press("End");
  await frame(page);
  assert.equal(await scrubber.inputValue(), "10000");
  assert.ok(
    (await page.locator("#now h2").innerText()).includes(await page.locator("#clock").innerText()),
  );
  assert.notEqual(await picture(page), before);
  for (const row of await page.locator("#now tbody tr").allInnerTexts())
    assert.doesNotMatch(row, /down/);
  // A click in a chart is a time, too.
  await page.locator("#chart-latency .u-over").scrollIntoViewIfNeeded();
  const over = await page.locator("#chart-latency .u-over").boundingBox(),
    was = await page.locator("#clock").innerText();
  await page.mouse.click(over.x + over.width / 3, over.y + over.height / 2);
  assert.notEqual(await page.locator("#clock").innerText(), was);
  await done();
});

test("keys alone are enough", async () => {
  const { page, data, done } = await open("good.html");
  await page.locator("#timeline").focus();
  await page.keyboard.press("ArrowRight");
  const first = await shown(page);
  await page.keyboard.press("ArrowRight");
  const second = await shown(page);
  assert.ok(second > first);
  await page.keyboard.press("ArrowDown");
  const below = data.happenings[await shown(page)];
  assert.equal(
    below.island,
    data.happenings[second].island === null ? 0 : data.happenings[second].island + 1,
  );
  await page.keyboard.press("/");
  await page.keyboard.type("Lent");
  await page.keyboard.press("Enter");
  const found = data.happenings[await shown(page)];
  assert.ok(JSON.stringify(found.what).includes("Lent"));
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  assert.ok(data.happenings[await shown(page)].at <= found.at);
  const [time, before] = [await page.locator("#clock").innerText(), await picture(page)];
  await page.keyboard.press("+");
  await frame(page);
  assert.notEqual(await picture(page), before);
  assert.equal(await page.locator("#clock").innerText(), time);
  await done();
});

test("a link to a happening opens there", async () => {
  const any = await open("large.html"),
    place = any.data.window.first + 321;
  await any.done();
  const { page, data, done } = await open("large.html", `#h${place}`);
  assert.equal(data.places[await shown(page)], place);
  await done();
});

test("charts are drawn, stand on the same time, and split by island", async () => {
  const { page, data, done } = await open("small.html");
  for (const id of ["throughput", "latency", "queues", "levels"]) {
    const inked = await page.locator(`#chart-${id} canvas`).evaluate((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let n = 3; n < pixels.length; n += 4) if (pixels[n]) count++;
      return count;
    });
    assert.ok(inked > 3000, `${id}: ${inked} pixels`);
  }
  await page.locator("#level").selectOption("0");
  assert.equal(await page.locator("#chart-levels .u-series").count(), data.islands + 1);
  // The last sample, by island, is what the legend says there.
  await page.locator("#chart-levels .u-over").scrollIntoViewIfNeeded();
  const over = await page.locator("#chart-levels .u-over").boundingBox();
  await page.mouse.move(over.x + over.width - 1, over.y + 40);
  await frame(page);
  const values = await page.locator("#chart-levels .u-series .u-value").allInnerTexts();
  const last = data.samples.at(-1).levels[0];
  assert.deepEqual(
    values.slice(1).map((text) => Number(text.replaceAll(",", ""))),
    [...last].reverse(),
  );
  await done();
});

test("a long run says what it leaves out, and moving stays smooth", async (t) => {
  const { page, data, done } = await open("large.html");
  const note = await page.locator("#window-note").innerText();
  for (const number of [data.window.first + 1, data.window.of])
    assert.ok(note.includes(number.toLocaleString("en-US")), note);
  const worst = await page.evaluate(async () => {
    const { timeline } = window.report,
      next = () => new Promise((go) => requestAnimationFrame(go));
    timeline.fit();
    await next();
    const took = [];
    for (let n = 0; n < 40; n++) {
      const began = performance.now();
      timeline.pan(n % 2 ? 0.01 : -0.01);
      await next();
      await next();
      took.push((performance.now() - began) / 2);
    }
    return took.sort((a, b) => a - b)[Math.floor(took.length * 0.9)];
  });
  t.diagnostic(
    `90 of 100 frames with ${data.window.count} happenings in view took no longer than ${worst.toFixed(1)} ms`,
  );
  // No GPU here and perhaps a busy machine: a screen without them is far below.
  assert.ok(worst < 250, `${worst} ms a frame`);
  await done();
});
