//! A plausible trace from one seed: orders that borrow stock from a broker, on islands that crash,
//! over links that lose, double and delay.
//!
//! Rules:
//! 1. It keeps the promises of the schema: times never go back, frames leave after their records
//!    are durable, a consumed message was sent, records that a crash took come again.
//! 2. It is data to draw a page with. Nothing about the product follows from it.
//!
//! It doesn't know the simulator.

use std::collections::{BTreeMap, BTreeSet};

use archipelago_core::id::{IslandId, JournalPosition, LinkSeq, RequestNumber};
use archipelago_core::journal::frame::CommitNumber;
use archipelago_core::time::{Millis, Stamp};
use archipelago_sim::trace::{
    Commit, Fate, Frame, FrameId, Happening, Hello, Latency, Load, Nanos, Place, Queue, Record,
    Reply, Request, Said, Sample, Send, Source, StateAt, Trace, Violated, Ways, What,
};

/// What a page must show as text.
pub(crate) const NASTY: &str = "</script><img src=x onerror=\"console.error('ran')\"><!-- & 'q'";

const BROKER: IslandId = IslandId(0);

enum Due {
    Ask(Request),
    Arrive { id: FrameId, to: IslandId, from: IslandId, number: LinkSeq, said: Said, root: Place },
    SendAgain { from: IslandId, to: IslandId, number: LinkSeq, said: Said, root: Place },
    Durable(Commit),
    Crash,
    Restart(BTreeMap<IslandId, u64>),
    Sample,
}

#[derive(Default)]
struct Island {
    position: u64,
    durable: u64,
    stock: i64,
    sold: i64,
    consumed: BTreeSet<(IslandId, LinkSeq)>,
    waiting: Vec<(Request, Place)>,
    /// Messages by record that are not durable yet.
    held: Vec<(u64, IslandId, LinkSeq, Said, Place)>,
    replies: Vec<(u64, Request, String)>,
}

struct Making {
    trace: Trace,
    state: u64,
    heap: BTreeMap<(u64, u64), Due>,
    order: u64,
    islands: Vec<Island>,
    links: BTreeMap<(IslandId, IslandId), u64>,
    commit: u64,
    committing: bool,
    frames: u64,
    down: bool,
    asked: BTreeMap<Request, u64>,
    latencies: Vec<u64>,
    answered: u64,
}

/// A trace of about `happenings` happenings; `broken` ends it with a check that failed.
pub(crate) fn trace(seed: u64, islands: u32, happenings: usize, broken: Option<&str>) -> Trace {
    let mut making = Making {
        trace: Trace {
            title: format!("warehouse, swarm {NASTY}"),
            seed,
            islands,
            names: vec!["broker".to_owned()],
            code: "0.1.0 (9360c70)".to_owned(),
            repeat: format!("archipelago sim warehouse --faults swarm --seed {seed}"),
            config: [("faults", "swarm"), ("loss", "12 %"), ("delay, mean", "0.9 ms")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            level_names: vec!["on the shelf".into(), "sold".into()],
            ..Trace::default()
        },
        state: seed,
        heap: BTreeMap::new(),
        order: 0,
        islands: (0..islands).map(|_| Island { stock: 20, ..Island::default() }).collect(),
        links: BTreeMap::new(),
        commit: 0,
        committing: false,
        frames: 0,
        down: false,
        asked: BTreeMap::new(),
        latencies: Vec::new(),
        answered: 0,
    };
    making.run(happenings);
    if let Some(check) = broken {
        making.fail(check);
    }
    making.trace
}

/// One of each happening that this small world has no reason for, with its time.
fn odd(length: u64) -> Vec<(u64, What)> {
    let until = Nanos(length / 3);
    let damage = "commit 9 in segment 1 at 36,864 is damaged, and it was durable".to_owned();
    vec![
        (length / 6, What::Cut { ways: Ways::Both, peer: None }),
        (length / 5, What::ClockStepped { by_ns: -40_000_000 }),
        (length / 4, What::Mended { peer: None }),
        (length * 3 / 10, What::Paused { until }),
        (length * 7 / 10, What::DiskFault { kind: "EIO".into(), segment: 2, offset: 8192 }),
        (length * 7 / 10 + 9, What::Refused { damage }),
        (length * 17 / 20, What::Healed { islands: vec![IslandId(1), IslandId(2)] }),
    ]
}

impl Making {
    fn run(&mut self, happenings: usize) {
        let length = happenings as u64 * 40_000;
        let every = (length / 240).max(1);
        for (n, due) in (0..happenings as u64 / 9).zip(1..) {
            let at = n * length / (happenings as u64 / 9).max(1) + self.below(30_000);
            let request = Request { client: (due % 3) as u32, number: RequestNumber(due) };
            self.put(at, Due::Ask(request));
        }
        self.put(length * 2 / 5, Due::Crash);
        self.put(length * 4 / 5, Due::Crash);
        for n in 0..260 {
            self.put(n * every, Due::Sample);
        }
        let mut odd = odd(length).into_iter().peekable();
        while let Some(((at, _), due)) = self.heap.pop_first() {
            while let Some((_, what)) = odd.next_if(|(when, _)| *when <= at) {
                let island = (!matches!(what, What::Healed { .. })).then_some(IslandId(1));
                self.tell(at, island, what);
            }
            match due {
                Due::Ask(request) => self.ask(at, request),
                Due::Arrive { id, to, from, number, said, root } => {
                    self.arrive(at, (id, from, to, number), said, root);
                }
                Due::SendAgain { from, to, number, said, root } if !self.down => {
                    self.tell(at, Some(from), What::Resent { to, first: number, last: number });
                    self.send(at, (from, to, number), said, root);
                }
                again @ Due::SendAgain { .. } => self.put(at + 700_000, again),
                Due::Durable(commit) => self.durable(at, commit),
                Due::Crash => self.crash(at),
                Due::Restart(upto) => self.restart(at, &upto),
                Due::Sample => self.sample(at),
            }
            self.trace.ended = Nanos(at);
        }
    }

    fn tell(&mut self, at: u64, island: Option<IslandId>, what: What) {
        self.trace.happenings.push(Happening { at: Nanos(at), island, what });
    }

    fn put(&mut self, at: u64, due: Due) {
        self.order += 1;
        self.heap.insert((at, self.order), due);
    }

    /// SplitMix64.
    fn below(&mut self, most: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most.max(1)
    }

    fn ask(&mut self, at: u64, request: Request) {
        if self.down {
            self.put(at + 400_000, Due::Ask(request));
            return;
        }
        let islands = self.islands.len() as u64;
        let island =
            IslandId((1 + request.number.0 % (islands - 1).max(1)) as u32 % islands as u32);
        self.asked.entry(request).or_insert(at);
        self.tell(at, Some(island), What::Asked { request, kind: "PlaceOrder".into() });
        let units = 1 + self.below(9) as i64;
        let text = match request.number.0 {
            7 => NASTY.to_owned(),
            n => format!("PlaceOrder {{ invoice: {}, units: {units} }}", 536_365 + n),
        };
        let said = Said { kind: "PlaceOrder".into(), text };
        self.decide(at, island, (Source::Client(request), None), said, units);
    }

    fn decide(
        &mut self,
        at: u64,
        on: IslandId,
        (source, root): (Source, Option<Place>),
        input: Said,
        units: i64,
    ) {
        let islands = self.islands.len() as u32;
        let island = &mut self.islands[on.0 as usize];
        island.position += 1;
        let position = JournalPosition(island.position);
        let place = Place { island: on, position };
        let from = root.unwrap_or(place);
        let (mut events, mut sends, mut replies) = (Vec::new(), Vec::new(), Vec::new());
        let said = |kind: &str, text: String| Said { kind: kind.into(), text };
        match (&source, input.kind.as_str()) {
            (Source::Client(request), _) if island.stock >= units + 2 => {
                island.stock -= units;
                island.sold += units;
                events.push(said("Sold", format!("Sold {{ units: {units} }}")));
                replies
                    .push(Reply { request: *request, said: said("Accepted", "Accepted".into()) });
            }
            (Source::Client(request), _) => {
                island.waiting.push((*request, place));
                events.push(said("Parked", format!("Parked {{ needs: {units} }}")));
                sends.push((BROKER, said("Borrow", format!("Borrow {{ units: {} }}", units + 20))));
            }
            (Source::Message { from, .. }, "Borrow") => {
                island.stock -= 30;
                events.push(said("Lent", "Lent { units: 30 }".into()));
                sends.push((*from, said("Grant", "Grant { units: 30, claim: 4 }".into())));
            }
            _ => {
                island.stock += 30;
                events.push(said("Received", "Received { units: 30 }".into()));
                if let Some((request, _)) = island.waiting.pop() {
                    island.stock -= 5;
                    island.sold += 5;
                    events.push(said("Sold", "Sold { units: 5 }".into()));
                    replies.push(Reply { request, said: said("Accepted", "Accepted".into()) });
                }
                if islands > 2 {
                    let next = IslandId(1 + on.0 % (islands - 1));
                    sends.push((next, said("Hint", "Hint { low: true }".into())));
                }
            }
        }
        if input.kind == "Hint" {
            (events, sends, replies) = (Vec::new(), Vec::new(), Vec::new());
            island.stock -= 30;
        }
        let state = format!(
            "{{\"stock\":{},\"sold\":{},\"waiting\":{},\"leases\":{{\"85123A\":{}}}}}",
            island.stock,
            island.sold,
            island.waiting.len(),
            position.0 % 7
        );
        for reply in &replies {
            island.replies.push((position.0, reply.request, reply.said.kind.clone()));
        }
        let mut numbered = Vec::new();
        for (to, said) in sends {
            let number = self.links.entry((on, to)).or_default();
            *number += 1;
            let number = LinkSeq(*number);
            self.islands[on.0 as usize].held.push((position.0, to, number, said.clone(), from));
            numbered.push(Send { to, number, said });
        }
        let record = Record {
            position,
            stamp: Stamp::ZERO.next(Stamp::ZERO, Millis(at / 1_000_000 + 1_700_000_000_000)),
            source,
            root,
            input,
            dead: None,
            events,
            sends: numbered,
            replies,
            timers: Vec::new(),
        };
        self.tell(at, Some(on), What::Recorded(Box::new(record)));
        self.trace.states.push(StateAt { at: Nanos(at), place, text: state });
        if !self.committing {
            self.begin(at);
        }
    }

    fn begin(&mut self, at: u64) {
        let dirty = |(n, island): (usize, &Island)| {
            (island.position > island.durable).then_some(Place {
                island: IslandId(n as u32),
                position: JournalPosition(island.position),
            })
        };
        let upto: Vec<Place> = self.islands.iter().enumerate().filter_map(dirty).collect();
        if upto.is_empty() || self.down {
            self.committing = false;
            return;
        }
        self.commit += 1;
        self.committing = true;
        let bytes = 4096 * upto.len() as u64;
        let commit = Commit { number: CommitNumber(self.commit), upto, bytes };
        self.tell(at, None, What::CommitBegun(commit.clone()));
        let longer = self.below(160_000);
        self.put(at + 90_000 + longer, Due::Durable(commit));
    }

    fn durable(&mut self, at: u64, commit: Commit) {
        if self.down || commit.number.0 != self.commit {
            return;
        }
        self.tell(at, None, What::CommitDurable(commit.clone()));
        for Place { island: on, position } in commit.upto {
            let island = &mut self.islands[on.0 as usize];
            island.durable = position.0;
            let (replies, later): (Vec<_>, _) = std::mem::take(&mut island.replies)
                .into_iter()
                .partition(|reply| reply.0 <= position.0);
            island.replies = later;
            let (held, later): (Vec<_>, _) =
                std::mem::take(&mut island.held).into_iter().partition(|held| held.0 <= position.0);
            island.held = later;
            for (_, request, kind) in replies {
                let latency = at - self.asked[&request];
                self.latencies.push(latency);
                self.answered += 1;
                let what = What::Answered { request, kind, latency: Nanos(latency) };
                self.tell(at, Some(on), what);
            }
            for (_, to, number, said, root) in held {
                self.send(at, (on, to, number), said, root);
            }
            if let Some(&(from, number)) = self.islands[on.0 as usize].consumed.last() {
                self.frames += 1;
                let load = Load::Control { hello: Hello::Tells, acked: number };
                let (id, fate) = (FrameId(self.frames), Fate::InTime);
                let arrivals = vec![Nanos(at + 30_000)];
                let frame = Frame { id, to: from, load, fate, arrivals };
                self.tell(at, Some(on), What::FrameSent(Box::new(frame)));
            }
        }
        self.begin(at);
    }

    fn send(
        &mut self,
        at: u64,
        (from, to, number): (IslandId, IslandId, LinkSeq),
        said: Said,
        root: Place,
    ) {
        self.frames += 1;
        let id = FrameId(self.frames);
        let late = self.below(10) == 0;
        let first = at + 20_000 + self.below(60_000) + if late { 700_000 } else { 0 };
        let (fate, arrivals) = match self.below(12) {
            0 => (Fate::Dropped, vec![]),
            1 => (Fate::Doubled, vec![first, first + 150_000]),
            2 if from == IslandId(1) => (Fate::Cut, vec![]),
            _ if late => (Fate::Late, vec![first]),
            _ => (Fate::InTime, vec![first]),
        };
        let load = Load::Messages { first: number, kinds: vec![said.kind.clone()] };
        let told = arrivals.iter().copied().map(Nanos).collect();
        let frame = Frame { id, to, load, fate, arrivals: told };
        self.tell(at, Some(from), What::FrameSent(Box::new(frame)));
        for when in &arrivals {
            let said = said.clone();
            self.put(*when, Due::Arrive { id, to, from, number, said, root });
        }
        if arrivals.is_empty() {
            self.put(at + 900_000, Due::SendAgain { from, to, number, said, root });
        }
    }

    fn arrive(
        &mut self,
        at: u64,
        (id, from, to, number): (FrameId, IslandId, IslandId, LinkSeq),
        said: Said,
        root: Place,
    ) {
        if self.down {
            let said = said.clone();
            self.put(at + 500_000, Due::Arrive { id, to, from, number, said, root });
            return;
        }
        self.tell(at, Some(to), What::FrameArrived { frame: id });
        if self.islands[to.0 as usize].consumed.insert((from, number)) {
            let source = Source::Message { from, number };
            self.decide(at, to, (source, Some(root)), said, 0);
        }
    }

    fn crash(&mut self, at: u64) {
        self.down = true;
        self.committing = false;
        self.tell(at, None, What::Crashed);
        let kind = "torn sector".to_owned();
        self.tell(at, None, What::DiskFault { kind, segment: 1, offset: self.commit * 4096 });
        let upto = (0..).map(IslandId).zip(&self.islands).map(|(id, i)| (id, i.durable)).collect();
        self.put(at + 600_000, Due::Restart(upto));
    }

    fn restart(&mut self, at: u64, upto: &BTreeMap<IslandId, u64>) {
        self.down = false;
        for (&id, &upto) in upto {
            let restarted =
                What::Restarted { snapshot: None, replayed: upto, upto: JournalPosition(upto) };
            self.tell(at, Some(id), restarted);
            let island = &mut self.islands[id.0 as usize];
            let lost: Vec<Request> = island.replies.drain(..).map(|reply| reply.1).collect();
            let held: Vec<_> = island.held.drain(..).collect();
            island.position = upto;
            for request in lost {
                self.put(at + 50_000, Due::Ask(request));
            }
            // Link numbers of records that the crash took are given again, to others.
            for (_, to, _, _, _) in held {
                *self.links.get_mut(&(id, to)).expect("it was numbered") -= 1;
            }
            let mut peers = self.links.clone();
            peers.retain(|link, sent| link.0 == id && *sent > 0);
            for ((_, to), sent) in peers {
                let what = What::Suppressed { to, first: LinkSeq(1), last: LinkSeq(sent) };
                self.tell(at, Some(id), what);
                if sent % 3 == 0 {
                    let last = LinkSeq(sent);
                    self.tell(at, Some(id), What::Resent { to, first: last, last });
                }
            }
        }
        self.tell(at, None, What::Marked { name: "a restart with unacknowledged messages".into() });
    }

    fn sample(&mut self, at: u64) {
        let mut latencies = std::mem::take(&mut self.latencies);
        latencies.sort_unstable();
        let part = |of: usize| latencies.get((latencies.len() * of / 100).min(latencies.len() - 1));
        let latency = (!latencies.is_empty()).then(|| Latency {
            p50: Nanos(*part(50).expect("there is one")),
            p99: Nanos(*part(99).expect("there is one")),
        });
        let queues = self.islands.iter().map(|island| Queue {
            undurable: island.position - island.durable,
            unacked: island.held.len() as u64,
        });
        let sample = Sample {
            at: Nanos(at),
            answered: self.answered,
            latency,
            queues: queues.collect(),
            levels: vec![
                self.islands.iter().map(|island| island.stock.max(0)).collect(),
                self.islands.iter().map(|island| island.sold).collect(),
            ],
        };
        self.trace.samples.push(sample);
    }

    /// The check fails at the last record that a message caused, a bit before the end.
    fn fail(&mut self, check: &str) {
        let all = &mut self.trace.happenings;
        let wrong = |happening: &Happening| match &happening.what {
            What::Recorded(record) => record.input.kind == "Grant",
            _ => false,
        };
        let place = all[..all.len() * 9 / 10].iter().rposition(wrong).expect("there is a grant");
        let (at, island) = (all[place].at, all[place].island);
        let What::Recorded(record) = &all[place].what else { unreachable!("it was a record") };
        self.trace.violation = Some(Violated {
            check: check.to_owned(),
            detail: "made 1,000 = burned 0 + sold 412 + held 583 + in flight 0: 5 are missing"
                .into(),
            at,
            island,
            position: Some(record.position),
        });
        all.insert(place + 1, Happening { at, island, what: What::Violated });
    }
}
