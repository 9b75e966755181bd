//! kill -9 at random moments of a full-speed run: what was answered stays true, and the run can
//! always be continued to its end.
//!
//! Rules:
//! 1. A moment is drawn from the seed, as so many more replies and so many microseconds after them
//!    (or after the start). The same seed draws the same moments; the machine says what happens
//!    in them, so a repetition is close, not equal.
//! 2. After each kill every whole line of the replies file must be true in `state --orders`, and
//!    replaying must work and change nothing. A run that ended before its moment is noted.
//! 3. After the last kill the run goes on to its end: each order has one answer, each answer
//!    stands once in the file, stock is conserved, and a replay gives the same digest.
//! 4. `ARCHIPELAGO_KILLS` says how many kills each story has (a few by default: the short form).
//!    `ARCHIPELAGO_SEED` says which moments.
//!
//! It doesn't know what a crash leaves on the disk, and cannot make the disk itself lose power.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::harness::{
    Chance, archipelago, good, json, number, place, refused, seed, start, whole_file,
};
use super::replayed::{contents, replay, replays_to_the_same};

/// A run that is killed and continued.
struct Story {
    /// What is run, apart from where.
    words: String,
    orders_file: Option<PathBuf>,
    /// What each start of it waits for before it answers.
    durabilities: &'static [&'static str],
    data: PathBuf,
    replies: PathBuf,
    chance: Chance,
    starts: usize,
    killed: u32,
}

impl Story {
    fn new(number: u64, place: &Path, words: &str) -> Self {
        let seed = seed();
        eprintln!("story {number}, seed {seed}; repeat: ARCHIPELAGO_SEED={seed} {}", repeat());
        Self {
            words: words.to_owned(),
            orders_file: None,
            durabilities: &["os", "disk"],
            data: place.join("sea"),
            replies: place.join("replies.txt"),
            chance: Chance::new(seed, number),
            starts: 0,
            killed: 0,
        }
    }

    /// The command that starts it, or continues it.
    fn run(&mut self) -> Command {
        let durability = self.durabilities[self.starts % self.durabilities.len()];
        self.starts += 1;
        let mut command = archipelago("run warehouse --durability");
        command.arg(durability).args(self.words.split_whitespace());
        command.arg("--data").arg(&self.data).arg("--replies").arg(&self.replies);
        if let Some(file) = &self.orders_file {
            command.arg("--orders").arg(file);
        }
        command
    }

    /// Starts it, waits for `replies` more bytes of replies and then some microseconds, kills it,
    /// and checks what is left.
    fn kill_after(&mut self, bytes: u64, micros_max: u64) {
        let target = size(&self.replies) + bytes;
        let pause = Duration::from_micros(self.chance.below(micros_max));
        let mut child = start(&mut self.run());
        let mut ended = None;
        while size(&self.replies) < target && ended.is_none() {
            std::thread::sleep(Duration::from_micros(200));
            ended = child.try_wait().expect("a child can be asked");
        }
        std::thread::sleep(pause);
        child.kill().expect("a child can be killed");
        let status = child.wait().expect("a child ends");
        match status.code() {
            None => self.killed += 1,
            Some(0) => eprintln!("the run ended before its moment"),
            Some(code) => panic!("{}: ended with {code} before it was killed", self.words),
        }
        self.still_true();
    }

    /// Rule 2.
    fn still_true(&self) {
        let (lines, _) = replies(&self.replies);
        if !self.data.join("archipelago.json").exists() {
            assert!(lines.is_empty(), "nothing is answered before there is a journal");
            let said = refused(archipelago("replay").arg("--data").arg(&self.data));
            assert!(said.contains("no Archipelago journal") || said.contains("cannot"), "{said}");
            return;
        }
        let before = contents(&self.data);
        let first = replay(&self.data, "--threads 1");
        assert_eq!(replay(&self.data, "")["digest"], first["digest"]);
        let orders = orders(&self.data);
        for (order, answer) in &lines {
            let now = orders.get(order).map(String::as_str);
            assert_eq!(now, Some(answer.as_str()), "order {order} was answered {answer}");
        }
        assert!(contents(&self.data) == before, "reading changes nothing");
    }

    /// Rule 3. Says how often it was killed.
    fn go_on_to_the_end(&mut self) -> u32 {
        let report = json(&mut self.run());
        assert_eq!(report["conserved"], true, "{report}");
        replays_to_the_same(&report, &self.data);
        let all = number(&report, "orders");
        assert_eq!(number(&report, "accepted") + number(&report, "refused"), all);
        let orders = orders(&self.data);
        assert_eq!(orders.len() as u64, all, "each order stands there once");
        let (lines, torn) = replies(&self.replies);
        assert_eq!(torn, "", "a torn line was mended");
        assert_eq!(lines, orders, "the replies are those of the state");
        let accepted = orders.values().filter(|answer| *answer == "accepted").count();
        assert_eq!(accepted as u64, number(&report, "accepted"));
        eprintln!(
            "{}: {} kills, {} starts, {all} orders answered once, {} in the last start",
            self.words, self.killed, self.starts, report["answered_now"]
        );
        self.killed
    }

    /// Kills it `kills` times, spread over a run that leaves about `bytes` of replies; a third is
    /// left for what it answers between a moment and its kill.
    fn kills(&mut self, kills: u64, bytes: u64) {
        let bytes = bytes * 2 / 3;
        for left in (1..=kills).rev() {
            let share = bytes.saturating_sub(size(&self.replies)) / (left + 1) * 2;
            let more = self.chance.below(share.max(1));
            self.kill_after(more, 3_000);
        }
    }
}

/// How often each story is killed: the long form, or else `short`.
fn kills(short: u64) -> u64 {
    std::env::var("ARCHIPELAGO_KILLS").map_or(short, |text| {
        text.parse().unwrap_or_else(|_| panic!("ARCHIPELAGO_KILLS={text} is no whole number"))
    })
}

fn repeat() -> &'static str {
    "cargo test --release --test it kill -- --nocapture"
}

fn size(file: &Path) -> u64 {
    file.metadata().map_or(0, |meta| meta.len())
}

/// The whole lines of a replies file, each order once, and what stands after the last of them.
fn replies(file: &Path) -> (BTreeMap<String, String>, String) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let (whole, torn) = text.rsplit_once('\n').unwrap_or(("", &text));
    (answers(whole), torn.to_owned())
}

/// What the journal says of each order.
fn orders(data: &Path) -> BTreeMap<String, String> {
    answers(&good(archipelago("state warehouse --orders --data").arg(data)))
}

fn answers(text: &str) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    for line in text.lines() {
        let (order, answer) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        assert!(["accepted", "refused", "open"].contains(&answer), "{line:?}");
        let before = answers.insert(order.to_owned(), answer.to_owned());
        assert_eq!(before, None, "order {order} has two lines");
    }
    answers
}

/// Bytes of replies that 20,000 generated orders leave, about.
const GENERATED: &str = "--commands 20000 --stock 60";
const GENERATED_BYTES: u64 = 20_000 * 16;

fn generated_orders_survive(islands: u32) {
    let place = place();
    let words = format!("{GENERATED} --islands {islands}");
    let mut story = Story::new(u64::from(islands), place.path(), &words);
    story.kills(kills(6), GENERATED_BYTES);
    assert!(story.go_on_to_the_end() > 0, "at least one kill hit the run");
}

#[test]
fn a_run_on_4_islands_can_be_killed_at_any_moment() {
    generated_orders_survive(4);
}

#[test]
fn a_run_on_16_islands_can_be_killed_at_any_moment() {
    generated_orders_survive(16);
}

#[test]
fn a_run_on_64_islands_can_be_killed_at_any_moment() {
    generated_orders_survive(64);
}

#[test]
fn the_real_orders_can_be_killed_at_any_moment() {
    let Some(file) = whole_file() else { return };
    let place = place();
    let mut story = Story::new(100, place.path(), "--stock 60 --returns --islands 16");
    story.orders_file = Some(file);
    story.kills(kills(3), 20_725 * 16);
    assert!(story.go_on_to_the_end() > 0, "at least one kill hit the run");
}

#[test]
fn a_run_can_be_killed_while_it_spreads_its_stock() {
    let mut killed = 0;
    for round in 0..kills(6) {
        let place = place();
        let mut story = Story::new(200 + round, place.path(), "--commands 2000 --islands 64");
        // Twice from the start, within the time that making the directory and setup take.
        story.kill_after(0, 150_000);
        story.kill_after(0, 50_000);
        killed += story.go_on_to_the_end();
    }
    assert!(killed > 0, "at least one kill hit a run");
}

#[test]
fn a_run_killed_twice_at_the_same_reply_goes_on() {
    let place = place();
    let mut story = Story::new(300, place.path(), &format!("{GENERATED} --islands 8"));
    story.kill_after(GENERATED_BYTES / 2, 1);
    // Before anything is answered in this start, and again.
    for _ in 0..kills(3) {
        story.kill_after(0, 100_000);
    }
    story.kill_after(1, 1);
    assert!(story.go_on_to_the_end() > 0, "at least one kill hit the run");
}
