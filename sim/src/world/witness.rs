//! The witness: it sees what becomes durable, in order, and holds the laws against it.
//!
//! Rules (numbers of the invariants in `docs/ARCHITECTURE.md`):
//! 1. (1, 4) A message is consumed only if it was durably sent, with those bytes, once, in order.
//! 2. (3) Replaying the durable records gives the state; after a restart the same digest.
//! 3. (7) A client hears only what a durable record says, and always the first reply; what it asked
//!    is decided once ([`Requests`]).
//! 4. (5, 10) What was acknowledged is still there after a crash.
//! 5. A record is stamped after those before it on its island, and after its cause.
//! 6. Twins: at the end every message is consumed and every request answered.
//!
//! It doesn't know the islands' words; users' own laws see the [`Cut`].

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use archipelago_core::bytes::Malformed;
use archipelago_core::id::{ClientId, IslandId, JournalPosition, LinkSeq, RequestNumber};
use archipelago_core::island::{Island, panic_text};
use archipelago_core::journal::record::{Cause, Entry, RecordView, RecordsView, Source};
use archipelago_core::lookup::Lookup;
use archipelago_core::replay::{Image, ReplayError};
use archipelago_core::time::Stamp;

use super::hash::Rolling;
use super::requests::{Ending, Requests};
use super::revive::hinted;
use crate::check::{Check, Cut, Seen, Wants};

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: String,
    /// What was seen.
    pub seen: String,
    /// The record at which it was seen, if it was one.
    pub record: Option<(IslandId, JournalPosition)>,
    /// When, in nanoseconds of virtual time, and at which of the world's events.
    pub at: (u64, u64),
}

impl Violation {
    /// A violation of `law`.
    pub fn new(law: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { law: law.into(), seen: seen.into(), record: None, at: (0, 0) }
    }

    /// The same, seen at a record.
    pub(super) fn at_record(self, island: IslandId, position: JournalPosition) -> Self {
        Self { record: Some((island, position)), ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nanos, step) = self.at;
        let (millis, micros) = (nanos / 1_000_000, nanos / 1000 % 1000);
        write!(f, "{}: {} (at {millis}.{micros:03} ms, step {step}", self.law, self.seen)?;
        match self.record {
            Some((island, position)) => write!(f, ", island {island}, record {position})"),
            None => f.write_str(")"),
        }
    }
}

/// Whether a command may become a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetters {
    /// It breaks a law: `decide` panicked, or its decision could not be written.
    Refused,
    /// It may.
    Allowed,
}

/// Messages on their way on one link: number, hash, and the stamp of the record that sent it,
/// oldest first.
type OnTheirWay = VecDeque<(LinkSeq, u64, Stamp)>;

/// The witness of one world.
pub(super) struct Witness<I: Island> {
    images: Vec<Image<I>>,
    client: ClientId,
    dead_letters: DeadLetters,
    /// Messages durably sent and not durably consumed, by pair.
    on_their_way: Lookup<(IslandId, IslandId), OnTheirWay>,
    flying: u64,
    pub(super) requests: Requests,
    /// Hashes of first replies, by request.
    replies: Lookup<RequestNumber, u64>,
    /// Islands changed since the last commit began.
    changed: Vec<IslandId>,
    pub(super) records: u64,
    pub(super) messages: u64,
    /// Per island, rolls over every durable record.
    digests: Vec<Rolling>,
    checks: Vec<Box<dyn Check<I>>>,
    keep: Keep,
    history: Vec<Kept>,
    /// The requests that records of clients are, when causes are kept.
    roots: Lookup<(IslandId, JournalPosition), RequestNumber>,
}

/// What is kept of each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    #[default]
    Nothing,
    /// The request at the root of it.
    Causes,
    /// A digest of it and of the state after it.
    Digests,
}

/// What is kept of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The island.
    pub island: IslandId,
    /// The record.
    pub position: JournalPosition,
    /// The request that caused it, by however many messages; none for a timer.
    pub root: Option<RequestNumber>,
    /// The digest of it and of the state after it; 0 if it was not wanted.
    pub digest: u64,
}

impl<I: Island> Witness<I> {
    pub(super) fn new(
        images: Vec<Image<I>>,
        client: ClientId,
        dead_letters: DeadLetters,
        checks: Vec<Box<dyn Check<I>>>,
        keep: Keep,
    ) -> Self {
        Self {
            digests: vec![Rolling::default(); images.len()],
            images,
            client,
            dead_letters,
            on_their_way: Lookup::new(),
            flying: 0,
            requests: Requests::default(),
            replies: Lookup::new(),
            changed: Vec::new(),
            checks,
            records: 0,
            messages: 0,
            keep,
            history: Vec::new(),
            roots: Lookup::new(),
        }
    }

    pub(super) fn cut(&self) -> Cut<'_, I> {
        Cut { images: &self.images, changed: &self.changed, on_their_way: self.flying }
    }

    /// Lets all checks look at the cut.
    pub(super) fn look(
        &mut self,
        mut at: impl FnMut(&mut dyn Check<I>, Cut<'_, I>) -> Result<(), String>,
    ) -> Result<(), Violation> {
        let cut = Cut { images: &self.images, changed: &self.changed, on_their_way: self.flying };
        self.checks.iter_mut().try_for_each(|check| {
            let said = guarded(|| at(&mut **check, cut));
            told(check.name(), said)
        })
    }

    /// Rolls over every durable record.
    pub(super) fn digest(&self) -> u64 {
        let mut all = Rolling::default();
        self.digests.iter().for_each(|digest| all.add(digest.value()));
        all.value()
    }

    /// What was kept of each record, in the order in which they became durable.
    pub(super) fn take_history(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.history)
    }

    fn keep(&mut self, island: IslandId, position: JournalPosition, record: &RecordView<'_>) {
        let root = match record.source {
            Source::Client { asker, .. } => {
                self.roots.insert((island, position), asker.number);
                Some(asker.number)
            }
            Source::Island { cause, .. } => {
                self.roots.get(&(cause.island, cause.position)).copied()
            }
            Source::Timer(_) => None,
        };
        self.history.push(Kept { island, position, root, digest: 0 });
    }

    /// What is seen from now on has changed since.
    pub(super) fn begin_commit(&mut self) {
        self.changed.clear();
    }

    /// A block has become durable. One that was seen before is passed over.
    pub(super) fn see(
        &mut self,
        island: IslandId,
        first: JournalPosition,
        body: &[u8],
    ) -> Result<(), Violation> {
        let at = self.images[island.0 as usize].position;
        let broken = |position: JournalPosition, error: &dyn fmt::Display| {
            Violation::new("replay equals live", format!("island {island}: {error}"))
                .at_record(island, position)
        };
        let mut records = RecordsView::new(body);
        let mut position = first;
        let mut fresh = false;
        while let Some(record) = records.next_record().map_err(|error| broken(position, &error))? {
            if position > at {
                fresh = true;
                let last = self.images[island.0 as usize].position;
                if position != last.next() {
                    let seen = format!("record {position} follows record {last}");
                    return Err(broken(position, &seen));
                }
                if self.keep != Keep::Nothing {
                    self.keep(island, position, &record);
                }
                self.see_record(island, position, &record)?;
                let image = &mut self.images[island.0 as usize];
                let applied = image.apply(&record);
                applied.map_err(|error: ReplayError| broken(position, &error))?;
                if let (Keep::Digests, Some(kept)) = (self.keep, self.history.last_mut()) {
                    let mut one = self.digests[island.0 as usize];
                    one.add(record.stamp.0);
                    one.add_bytes(record.input);
                    one.add(image.digest().map_err(|error| broken(position, &error))?.0 as u64);
                    kept.digest = one.value();
                }
            }
            position = position.next();
        }
        if fresh {
            self.digests[island.0 as usize].add_bytes(body);
            self.changed.push(island);
        }
        Ok(())
    }

    fn see_record(
        &mut self,
        island: IslandId,
        position: JournalPosition,
        record: &RecordView<'_>,
    ) -> Result<(), Violation> {
        let law = "each message once, in order, as sent";
        self.records += 1;
        if let (Some(reason), DeadLetters::Refused) = (record.dead, self.dead_letters) {
            let seen = format!("island {island}, record {position}: {reason}");
            return Err(Violation::new("no command becomes a dead letter", seen)
                .at_record(island, position));
        }
        for check in &mut self.checks {
            if check.wants() == Wants::Records {
                let before = &self.images[island.0 as usize];
                let seen = Seen { island, position, before, record };
                let said = guarded(|| check.record(&seen));
                told(check.name(), said).map_err(|broken| broken.at_record(island, position))?;
            }
        }
        let after = |earlier: Stamp, what: &str| {
            if earlier < record.stamp {
                return Ok(());
            }
            let stamp = record.stamp;
            let seen = format!(
                "island {island}, record {position} is stamped {stamp}, and {what} {earlier}"
            );
            let law = "a record is stamped after its cause and those before it";
            Err(Violation::new(law, seen).at_record(island, position))
        };
        after(self.images[island.0 as usize].stamp, "the one before")?;
        if let Source::Timer(number) = record.source {
            let law = "timers fire in order of their deadlines, and not before";
            let first = self.images[island.0 as usize].timers.first();
            let due = first.map(|(deadline, number, _)| (number, deadline));
            if !due.is_some_and(|(due, at)| due == number && at <= record.stamp.millis()) {
                let seen = format!(
                    "island {island}, record {position} fires timer {number} at {}; the first is \
                     {due:?}",
                    record.stamp.millis()
                );
                return Err(Violation::new(law, seen).at_record(island, position));
            }
        }
        if let Source::Client { asker, .. } = &record.source
            && asker.client == self.client
        {
            let ending = if record.dead.is_some() { Ending::Dead } else { Ending::Open };
            let at = (island, position);
            let decided = self.requests.decide(at, asker.number, record.input, ending);
            decided.map_err(|broken| broken.at_record(island, position))?;
        }
        if let Source::Island { from, number, cause } = record.source {
            let pair = self.on_their_way.get_mut(&(from, island));
            let sent = pair.and_then(VecDeque::pop_front);
            let cause_stamp = match sent {
                Some((next, hash, stamp))
                    if (next, hash) == (number, as_sent(cause, record.input)) =>
                {
                    stamp
                }
                _ => {
                    let seen = format!(
                        "island {island}, record {position} consumes message {number} of island \
                         {from}; durably sent and next is {:?}",
                        sent.map(|(number, ..)| number)
                    );
                    return Err(Violation::new(law, seen).at_record(island, position));
                }
            };
            after(cause_stamp, "its cause")?;
            self.flying -= 1;
        }
        let cause = record.source.cause_of_sends(island, position);
        let walked = record.walk(|entry| -> Result<(), Malformed> {
            match entry {
                Entry::Send { to, number, command } => {
                    self.messages += 1;
                    self.flying += 1;
                    let pair = self.on_their_way.get_or_insert_with((island, to), VecDeque::new);
                    pair.push_back((number, as_sent(cause, command), record.stamp));
                }
                Entry::Reply { asker, reply } if asker.client == self.client => {
                    self.replies.get_or_insert_with(asker.number, || Rolling::of(reply));
                }
                _ => {}
            }
            Ok(())
        });
        walked.map_err(|error| Violation::new(law, error.to_string()).at_record(island, position))
    }

    /// The client hears a reply.
    pub(super) fn hear(&self, number: RequestNumber, reply: &[u8]) -> Result<(), Violation> {
        match self.replies.get(&number) {
            Some(first) if *first == Rolling::of(reply) => Ok(()),
            Some(_) => Err(Violation::new(
                "the same request, the same reply",
                format!("request {number} heard another reply than its record says"),
            )),
            None => Err(Violation::new(
                "nothing leaves before it is durable",
                format!("request {number} heard a reply that no durable record holds"),
            )),
        }
    }

    /// An island is as `image` says, all of it durable.
    pub(super) fn compare(&self, island: IslandId, image: &Image<I>) -> Result<(), Violation> {
        let mine = &self.images[island.0 as usize];
        if image.position < mine.position {
            return Err(Violation::new(
                "what was durable stays",
                format!(
                    "island {island} had {} durable records and comes back with {}",
                    mine.position, image.position
                ),
            ));
        }
        if mine.digest() != image.digest() {
            let seen = format!("island {island} at record {}: another state", mine.position);
            let seen = hinted(&seen);
            return Err(Violation::new("replay equals live", seen).at_record(island, mine.position));
        }
        Ok(())
    }

    /// The pairs with messages on their way, and how many.
    pub(super) fn on_their_way(&self) -> Vec<((IslandId, IslandId), u64)> {
        let pairs = self.on_their_way.sorted().into_iter();
        let some = pairs.filter(|(_, messages)| !messages.is_empty());
        some.map(|(pair, messages)| (*pair, messages.len() as u64)).collect()
    }

    /// Everything has come to rest.
    pub(super) fn finish(&self) -> Result<(), Violation> {
        match self.on_their_way().first() {
            None => Ok(()),
            Some(((from, to), count)) => Err(Violation::new(
                "every message arrives in the end",
                format!("{count} messages from island {from} to island {to} never did"),
            )),
        }
    }
}

/// A hash of a message: what caused it and what it says.
fn as_sent(cause: Cause, command: &[u8]) -> u64 {
    let mut hash = Rolling::default();
    hash.add(u64::from(cause.hops) << 32 | u64::from(cause.island.0));
    hash.add(cause.position.0);
    hash.add_bytes(command);
    hash.value()
}

/// How what is said of a panic begins.
pub(crate) const PANICKED: &str = "it panicked";

/// Runs a user's closure; a panic in it is what it says, so that it keeps its seed.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|panic| format!("{PANICKED}: {}", panic_text(panic.as_ref())))
}

/// What a check said.
fn told(name: &str, said: Result<Result<(), String>, String>) -> Result<(), Violation> {
    said.and_then(|said| said).map_err(|seen| Violation::new(name, seen))
}
