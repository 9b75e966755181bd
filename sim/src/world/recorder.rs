//! The recorder: it writes a world's trace, for a reader.
//!
//! Rules:
//! 1. It only looks: a world with a recorder is the same world.
//! 2. A record is told when it is sealed, at the time when it was decided; one that was never
//!    sealed is not told.
//! 3. States are kept of the last [`STATES_MAX`] changes only.
//!
//! It doesn't know how a trace is shown.

use std::collections::{BTreeMap, VecDeque};

use archipelago_core::bytes::Malformed;
use archipelago_core::codec::Wire;
use archipelago_core::id::{IslandId, JournalPosition, LinkSeq, RequestNumber};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{Block, CommitNumber};
use archipelago_core::journal::record::{Entry, RecordView, RecordsView, Source};
use archipelago_core::link::chunk::Message;
use archipelago_core::link::frame::{ControlKind, Frame};

use super::links::Carried;
use super::witness::Violation;
use crate::trace::{self, Commit, Fate, FrameId, Hello, Load, Nanos, Place, Said, Trace, What};

/// States kept.
const STATES_MAX: usize = 2_000;
/// Bytes of a value's text.
const TEXT_MAX: usize = 400;

/// Writes a trace.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    trace: Trace,
    /// When records were decided that are not sealed yet.
    decided: BTreeMap<(IslandId, JournalPosition), u64>,
    /// The last record decided, by island.
    last: BTreeMap<IslandId, JournalPosition>,
    /// When a request was first asked, and of whom.
    asked: BTreeMap<RequestNumber, (u64, IslandId)>,
    /// Since the last sample.
    latencies: Vec<u64>,
    answered: u64,
    states: VecDeque<trace::StateAt>,
    sealed: Vec<IslandId>,
}

impl Recorder {
    pub(super) fn say(&mut self, now: u64, island: Option<IslandId>, what: What) {
        self.trace.happenings.push(trace::Happening { at: Nanos(now), island, what });
    }

    pub(super) fn asked<C: Wire>(
        &mut self,
        now: u64,
        island: IslandId,
        number: RequestNumber,
        command: &C,
    ) {
        self.asked.entry(number).or_insert((now, island));
        let what = What::Asked { request: request(number), kind: command.kind() };
        self.say(now, Some(island), what);
    }

    pub(super) fn answered<R: Wire>(&mut self, now: u64, number: RequestNumber, reply: &R) {
        let Some((at, island)) = self.asked.get(&number).copied() else { return };
        self.answered += 1;
        self.latencies.push(now - at);
        let latency = Nanos(now - at);
        let what = What::Answered { request: request(number), kind: reply.kind(), latency };
        self.say(now, Some(island), what);
    }

    /// An island stands at `position`: what it decided since is noted.
    pub(super) fn stands_at(&mut self, now: u64, island: IslandId, position: JournalPosition) {
        let last = self.last.insert(island, position).unwrap_or_default();
        for number in last.0 + 1..=position.0 {
            self.decided.insert((island, JournalPosition(number)), now);
        }
    }

    /// An island starts at `position`, from a snapshot or not.
    pub(super) fn starts_at(
        &mut self,
        now: u64,
        island: IslandId,
        position: JournalPosition,
        snapshot: Option<JournalPosition>,
    ) {
        self.last.insert(island, position);
        self.decided.retain(|(of, _), _| *of != island);
        let replayed = position.0 - snapshot.unwrap_or_default().0;
        self.say(now, Some(island), What::Restarted { snapshot, replayed, upto: position });
    }

    /// What a start did with old messages: those up to `applied` are not sent again, the others
    /// are.
    pub(super) fn resends(
        &mut self,
        now: u64,
        island: IslandId,
        to: IslandId,
        applied: LinkSeq,
        sent: LinkSeq,
    ) {
        if applied > LinkSeq::ZERO {
            let (first, last) = (LinkSeq(1), applied);
            self.say(now, Some(island), What::Suppressed { to, first, last });
        }
        if sent > applied {
            let (first, last) = (applied.next(), sent);
            self.say(now, Some(island), What::Resent { to, first, last });
        }
    }

    /// A frame is put on its link; returns its number.
    pub(super) fn frame<I: Island>(&mut self, now: u64, frame: &Frame, carried: Carried) -> u64 {
        let envelope = frame.envelope();
        let id = self.trace.happenings.len() as u64 + 1;
        let (fate, arrivals) = match carried {
            Carried::Lost => (Fate::Dropped, vec![]),
            Carried::Cut => (Fate::Cut, vec![]),
            Carried::Once(after) => (Fate::InTime, vec![Nanos(now + after)]),
            Carried::Twice(after, copy) => {
                (Fate::Doubled, vec![Nanos(now + after), Nanos(now + copy)])
            }
        };
        let load = match frame {
            Frame::Data(parcel) => {
                let kinds = parcel.messages().flatten().map(|(_, bytes)| {
                    let command = Message::parse(bytes).ok();
                    command.map_or(String::new(), |it| said::<I::Command>(it.command).kind)
                });
                Load::Messages { first: parcel.first, kinds: kinds.collect() }
            }
            Frame::Control(control) => {
                let asks = control.kind == ControlKind::Hello;
                let hello = if asks { Hello::Asks } else { Hello::Tells };
                Load::Control { hello, acked: control.acked }
            }
        };
        let frame = trace::Frame { id: FrameId(id), to: envelope.to, load, fate, arrivals };
        self.say(now, Some(envelope.from), What::FrameSent(Box::new(frame)));
        id
    }

    /// Islands with a block sealed since the last call.
    pub(super) fn take_sealed(&mut self) -> Vec<IslandId> {
        std::mem::take(&mut self.sealed)
    }

    /// A block is sealed, to go to the disk: its records are told.
    pub(super) fn block<I: Island>(&mut self, block: &Block) {
        let mut records = RecordsView::new(&block.body);
        let (island, mut position) = (block.island, block.first);
        self.sealed.push(island);
        while let Ok(Some(record)) = records.next_record() {
            let at = self.decided.remove(&(island, position)).unwrap_or_default();
            let record = told::<I>(position, &record);
            self.say(at, Some(island), What::Recorded(Box::new(record)));
            position = position.next();
        }
    }

    pub(super) fn commit(&mut self, now: u64, number: u64, upto: Vec<Place>, bytes: u64) -> Commit {
        let commit = Commit { number: CommitNumber(number), upto, bytes };
        self.say(now, None, What::CommitBegun(commit.clone()));
        commit
    }

    /// The state of an island after a durable record.
    pub(super) fn state<S: serde::Serialize>(&mut self, at: u64, place: Place, state: &S) {
        if self.states.len() >= STATES_MAX {
            self.states.pop_front();
        }
        let text = serde_json::to_string_pretty(state)
            .unwrap_or_else(|error| format!("a state that JSON cannot hold: {error}"));
        self.states.push_back(trace::StateAt { at: Nanos(at), place, text });
    }

    /// When a record was decided, if it is told already.
    pub(super) fn told_at(&self, island: IslandId, position: JournalPosition) -> Option<u64> {
        let found = self.trace.happenings.iter().rev().find(|happening| {
            happening.island == Some(island)
                && matches!(&happening.what, What::Recorded(it) if it.position == position)
        });
        found.map(|happening| happening.at.0)
    }

    pub(super) fn sample(&mut self, now: u64, queues: Vec<trace::Queue>, levels: Vec<Vec<i64>>) {
        self.latencies.sort_unstable();
        let count = self.latencies.len();
        let latency = (count > 0).then(|| trace::Latency {
            p50: Nanos(self.latencies[count / 2]),
            p99: Nanos(self.latencies[count * 99 / 100]),
        });
        self.latencies.clear();
        let (at, answered) = (Nanos(now), self.answered);
        self.trace.samples.push(trace::Sample { at, answered, latency, queues, levels });
    }

    /// The trace, told in order of time.
    pub(super) fn finish(
        mut self,
        now: u64,
        islands: u32,
        level_names: Vec<String>,
        violation: Option<&Violation>,
    ) -> Trace {
        if let Some(violation) = violation {
            let island = violation.record.map(|(island, _)| island);
            self.say(now, island, What::Violated);
            self.trace.violation = Some(trace::Violated {
                check: violation.law.clone(),
                detail: violation.seen.clone(),
                at: Nanos(now),
                island,
                position: violation.record.map(|(_, position)| position),
            });
        }
        self.trace.happenings.sort_by_key(|happening| happening.at);
        find_late(&mut self.trace);
        self.trace.ended = Nanos(now);
        self.trace.islands = islands;
        self.trace.level_names = level_names;
        self.trace.states = self.states.into();
        self.trace.states.sort_by_key(|state| state.at);
        self.trace.code = crate::shrink::code_version();
        self.trace
    }
}

/// Frames that arrive after one that was sent later on the same link are late.
fn find_late(trace: &mut Trace) {
    let mut earliest: BTreeMap<(Option<IslandId>, IslandId), Nanos> = BTreeMap::new();
    for happening in trace.happenings.iter_mut().rev() {
        let What::FrameSent(frame) = &mut happening.what else { continue };
        let Some(arrival) = frame.arrivals.first().copied() else { continue };
        let later = earliest.entry((happening.island, frame.to)).or_insert(arrival);
        if frame.fate == Fate::InTime && arrival > *later {
            frame.fate = Fate::Late;
        }
        *later = arrival.min(*later);
    }
}

/// A record for a reader.
fn told<I: Island>(position: JournalPosition, record: &RecordView<'_>) -> trace::Record {
    let (source, root) = match record.source {
        Source::Client { asker, .. } => (trace::Source::Client(request(asker.number)), None),
        Source::Island { from, number, cause } => {
            let root = Place { island: cause.island, position: cause.position };
            (trace::Source::Message { from, number }, Some(root))
        }
        Source::Timer(number) => (trace::Source::Timer { number }, None),
    };
    let mut out = trace::Record {
        position,
        stamp: record.stamp,
        source,
        root,
        input: said::<I::Command>(record.input),
        dead: record.dead.map(str::to_owned),
        events: Vec::new(),
        sends: Vec::new(),
        replies: Vec::new(),
        timers: Vec::new(),
    };
    // What cannot be read is told by whoever checks it.
    let _ = record.walk(|entry| -> Result<(), Malformed> {
        match entry {
            Entry::Event(bytes) => out.events.push(said::<I::Event>(bytes)),
            Entry::Send { to, number, command } => {
                out.sends.push(trace::Send { to, number, said: said::<I::Command>(command) });
            }
            Entry::Reply { asker, reply } => {
                let (request, said) = (request(asker.number), said::<I::Reply>(reply));
                out.replies.push(trace::Reply { request, said });
            }
            Entry::Timer { number, .. } => out.timers.push(number),
            Entry::Cancelled(_) => {}
        }
        Ok(())
    });
    out
}

const fn request(number: RequestNumber) -> trace::Request {
    trace::Request { client: 0, number }
}

/// A value of a user's type, from its bytes.
fn said<T: Wire>(bytes: &[u8]) -> Said {
    match T::decode(bytes) {
        Ok(value) => Said { kind: value.kind(), text: text(&value) },
        Err(error) => Said { kind: "?".to_owned(), text: error.to_string() },
    }
}

fn text<T: std::fmt::Debug>(value: &T) -> String {
    let mut text = format!("{value:?}");
    if text.len() > TEXT_MAX {
        let end = (0..=TEXT_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
