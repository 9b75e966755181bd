//! The witness: it sees what becomes durable, in order, and holds the laws against it.
//!
//! Rules (numbers of the invariants in `docs/ARCHITECTURE.md`):
//! 1. (1, 4) A message is consumed only if it was durably sent, with those bytes, once, in order.
//! 2. (3) Replaying the durable records gives the state; after a restart the same digest.
//! 3. (7) A client hears only what a durable record says, and always the first reply.
//! 4. (5, 10) What was acknowledged is still there after a crash.
//! 5. Twins: at the end every message is consumed and every request answered.
//!
//! It doesn't know the islands' words; users' own laws see the [`Cut`].

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use archipelago_core::id::{ClientId, IslandId, JournalPosition, LinkSeq, RequestNumber};
use archipelago_core::island::Island;
use archipelago_core::journal::record::{Entry, RecordView, RecordsView, Source};
use archipelago_core::replay::{Digest, Image, ReplayError};

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: String,
    /// What was seen.
    pub seen: String,
}

impl Violation {
    /// A violation of `law`.
    pub fn new(law: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { law: law.into(), seen: seen.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.seen)
    }
}

/// A consistent cut: every island as its durable records leave it. No message is consumed in it
/// that is not sent in it.
pub type Cut<'a, I> = &'a [Image<I>];

/// Whether a command may become a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetters {
    /// It breaks a law: `decide` panicked, or its decision could not be written.
    Refused,
    /// It may.
    Allowed,
}

/// Messages on their way on one link: number and bytes, oldest first.
type OnTheirWay = VecDeque<(LinkSeq, Vec<u8>)>;

/// The witness of one world.
#[derive(Debug)]
pub(super) struct Witness<I> {
    images: Vec<Image<I>>,
    client: ClientId,
    dead_letters: DeadLetters,
    /// Messages durably sent and not durably consumed, by pair.
    on_their_way: BTreeMap<(IslandId, IslandId), OnTheirWay>,
    /// First replies, by request; what a dead letter said has no bytes.
    replies: BTreeMap<RequestNumber, Vec<u8>>,
    pub(super) records: u64,
    pub(super) messages: u64,
    /// Rolls over every durable record: two runs of one seed must agree.
    pub(super) digest: Digest,
}

impl<I: Island> Witness<I> {
    pub(super) fn new(images: Vec<Image<I>>, client: ClientId, dead_letters: DeadLetters) -> Self {
        Self {
            images,
            client,
            dead_letters,
            on_their_way: BTreeMap::new(),
            replies: BTreeMap::new(),
            records: 0,
            messages: 0,
            digest: Digest::default(),
        }
    }

    pub(super) fn cut(&self) -> Cut<'_, I> {
        &self.images
    }

    /// A block has become durable. One that was seen before is passed over.
    pub(super) fn see(
        &mut self,
        island: IslandId,
        first: JournalPosition,
        body: &[u8],
    ) -> Result<(), Violation> {
        let law = "replay equals live";
        let broken = |error: &dyn fmt::Display| {
            Violation::new(law, format!("island {island}, block at {first}: {error}"))
        };
        let mut records = RecordsView::new(body);
        let mut position = first;
        while let Some(record) = records.next_record().map_err(|error| broken(&error))? {
            let at = self.images[island.0 as usize].position;
            if position > at {
                if position != at.next() {
                    return Err(broken(&format!("record {position} follows record {at}")));
                }
                self.see_record(island, position, &record)?;
                let image = &mut self.images[island.0 as usize];
                image.apply(&record).map_err(|error: ReplayError| broken(&error))?;
            }
            position = position.next();
        }
        let upto = position.0;
        let chained = (self.digest.0, island.0, upto, crc_of(body));
        self.digest = Digest::of(&chained).map_err(|error| broken(&error))?;
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
            return Err(Violation::new("no command becomes a dead letter", seen));
        }
        if let Source::Island { from, number, .. } = record.source {
            let sent = self.on_their_way.get_mut(&(from, island)).and_then(VecDeque::pop_front);
            let as_sent =
                sent.as_ref().is_some_and(|(n, bytes)| *n == number && bytes == record.input);
            if !as_sent {
                let seen = format!(
                    "island {island}, record {position} consumes message {number} of island {from}; \
                     durably sent and next is {:?}",
                    sent.map(|(number, _)| number)
                );
                return Err(Violation::new(law, seen));
            }
        }
        let walked = record.walk(|entry| -> Result<(), archipelago_core::bytes::Malformed> {
            match entry {
                Entry::Send { to, number, command } => {
                    self.messages += 1;
                    let pair = self.on_their_way.entry((island, to)).or_default();
                    pair.push_back((number, command.to_vec()));
                }
                Entry::Reply { asker, reply } if asker.client == self.client => {
                    self.replies.entry(asker.number).or_insert_with(|| reply.to_vec());
                }
                _ => {}
            }
            Ok(())
        });
        walked.map_err(|error| Violation::new(law, error.to_string()))
    }

    /// The client hears a reply.
    pub(super) fn hear(&self, number: RequestNumber, reply: &[u8]) -> Result<(), Violation> {
        match self.replies.get(&number) {
            Some(first) if first == reply => Ok(()),
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

    /// The process has restarted with `images`.
    pub(super) fn compare(&self, images: &[Image<I>]) -> Result<(), Violation> {
        for (island, (mine, theirs)) in self.images.iter().zip(images).enumerate() {
            if theirs.position < mine.position {
                return Err(Violation::new(
                    "what was durable stays",
                    format!(
                        "island {island} had {} durable records and comes back with {}",
                        mine.position, theirs.position
                    ),
                ));
            }
            if mine.digest() != theirs.digest() {
                return Err(Violation::new(
                    "replay equals live",
                    format!("island {island} at record {}: another state", mine.position),
                ));
            }
        }
        Ok(())
    }

    /// Everything has come to rest.
    pub(super) fn finish(&self) -> Result<(), Violation> {
        let left = self.on_their_way.iter().find(|(_, messages)| !messages.is_empty());
        match left {
            None => Ok(()),
            Some(((from, to), messages)) => Err(Violation::new(
                "every message arrives in the end",
                format!("{} messages from island {from} to island {to} never did", messages.len()),
            )),
        }
    }
}

fn crc_of(body: &[u8]) -> u32 {
    archipelago_core::journal::frame::body_crc(body)
}
