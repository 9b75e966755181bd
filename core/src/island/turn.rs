//! A turn: what one decision sees of the world, and what it says shall happen.
//!
//! Rules:
//! 1. Sends, replies and timers are data in the decision; nothing happens while deciding.
//! 2. Time is the record's stamp; chance is a hash of (island, position, draw).
//!
//! It doesn't know how a decision is written or carried.

use std::sync::Arc;

use super::decider::Island;
use crate::command::route::{self, Table};
use crate::id::{Asker, IslandId, JournalPosition, LinkSeq, TimerNumber};
use crate::journal::record::Source;
use crate::time::{Millis, Stamp};

/// Where a command came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client asked; it can be answered.
    Client(Asker),
    /// An island sent it (perhaps this one).
    Island {
        /// The sender.
        from: IslandId,
        /// The message's number on the link from the sender to this island.
        number: LinkSeq,
    },
    /// A timer of this island fired.
    Timer(TimerNumber),
}

impl Origin {
    /// What a decision sees of a record's source.
    #[must_use]
    pub const fn of(source: &Source) -> Self {
        match *source {
            Source::Client { asker, .. } => Self::Client(asker),
            Source::Island { from, number, .. } => Self::Island { from, number },
            Source::Timer(number) => Self::Timer(number),
        }
    }
}

/// All that one decision says shall happen. The kernel makes it one record.
#[derive(Debug)]
pub struct Decision<I: Island> {
    /// What happened, in order.
    pub events: Vec<I::Event>,
    /// Messages to islands, in order.
    pub sends: Vec<(IslandId, I::Command)>,
    /// Answers to clients, in order.
    pub replies: Vec<(Asker, I::Reply)>,
    /// Timers set: number, when it is due, and the command it will bring.
    pub timers: Vec<(TimerNumber, Millis, I::Command)>,
    /// Timers taken back.
    pub cancelled: Vec<TimerNumber>,
}

impl<I: Island> Default for Decision<I> {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            sends: Vec::new(),
            replies: Vec::new(),
            timers: Vec::new(),
            cancelled: Vec::new(),
        }
    }
}

impl<I: Island> Decision<I> {
    /// Empties it; the vectors keep their memory for the next turn.
    pub fn clear(&mut self) {
        self.events.clear();
        self.sends.clear();
        self.replies.clear();
        self.timers.clear();
        self.cancelled.clear();
    }
}

/// One decision's view of the world, and its answer.
#[derive(Debug)]
pub struct Turn<I: Island> {
    island: IslandId,
    table: Arc<Table>,
    origin: Origin,
    position: JournalPosition,
    stamp: Stamp,
    timer_next: TimerNumber,
    draws: u64,
    decision: Decision<I>,
}

impl<I: Island> Turn<I> {
    /// A turn for `island`; [`Turn::begin`] must be called before each decision.
    #[must_use]
    pub fn new(island: IslandId, table: Arc<Table>) -> Self {
        Self {
            island,
            table,
            origin: Origin::Timer(TimerNumber::ZERO),
            position: JournalPosition::ZERO,
            stamp: Stamp::ZERO,
            timer_next: TimerNumber(1),
            draws: 0,
            decision: Decision::default(),
        }
    }

    /// Makes it ready for one decision: where the command came from, the position and stamp its
    /// record will have, and the number the next timer will get. Drivers and tests of a decider
    /// call this; a decider never does.
    pub fn begin(
        &mut self,
        origin: Origin,
        position: JournalPosition,
        stamp: Stamp,
        timer_next: TimerNumber,
    ) {
        self.origin = origin;
        self.position = position;
        self.stamp = stamp;
        self.timer_next = timer_next;
        self.draws = 0;
        self.decision.clear();
    }

    /// What has been said so far.
    #[must_use]
    pub const fn decision(&self) -> &Decision<I> {
        &self.decision
    }

    /// The same, to take from.
    pub const fn decision_mut(&mut self) -> &mut Decision<I> {
        &mut self.decision
    }

    /// The island that decides.
    #[must_use]
    pub const fn island(&self) -> IslandId {
        self.island
    }

    /// How many islands there are.
    #[must_use]
    pub fn islands(&self) -> u32 {
        self.table.islands()
    }

    /// The island that owns `key`.
    #[must_use]
    pub fn island_of(&self, key: impl AsRef<[u8]>) -> IslandId {
        self.table.island_of(key.as_ref())
    }

    /// Where the command came from.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Who asked, if a client did: keep it in an event to answer later.
    #[must_use]
    pub const fn asker(&self) -> Option<Asker> {
        match self.origin {
            Origin::Client(asker) => Some(asker),
            Origin::Island { .. } | Origin::Timer(_) => None,
        }
    }

    /// The time of this decision: its record's stamp.
    #[must_use]
    pub const fn now(&self) -> Millis {
        self.stamp.millis()
    }

    /// The position this decision's record will have.
    #[must_use]
    pub const fn position(&self) -> JournalPosition {
        self.position
    }

    /// Says that `event` happened; it is applied after the decision, in order.
    pub fn emit(&mut self, event: impl Into<I::Event>) {
        self.decision.events.push(event.into());
    }

    /// Sends `command` to an island (also to itself), exactly once, after what was sent before.
    ///
    /// # Panics
    /// When there is no such island. The kernel makes that a dead letter.
    pub fn send(&mut self, to: IslandId, command: impl Into<I::Command>) {
        assert!(to.0 < self.islands(), "send to island {to}, but there are {}", self.islands());
        self.decision.sends.push((to, command.into()));
    }

    /// Sends `command` to the island that owns `key`.
    pub fn send_to_key(&mut self, key: impl AsRef<[u8]>, command: impl Into<I::Command>) {
        let to = self.table.owner(route::slot(key.as_ref()));
        self.decision.sends.push((to, command.into()));
    }

    /// Answers the client that asked.
    ///
    /// # Panics
    /// When no client asked (the command came from an island or a timer); answer a remembered
    /// [`Asker`] with [`Turn::reply_to`]. The kernel makes that a dead letter.
    pub fn reply(&mut self, reply: I::Reply) {
        let asker = self.asker().expect("reply, but no client asked: use reply_to");
        self.decision.replies.push((asker, reply));
    }

    /// Answers a client that asked this island earlier.
    pub fn reply_to(&mut self, asker: Asker, reply: I::Reply) {
        self.decision.replies.push((asker, reply));
    }

    /// Brings `command` to this island after `span`; survives a restart.
    pub fn timer(&mut self, span: Millis, command: impl Into<I::Command>) -> TimerNumber {
        let number = self.timer_next;
        self.timer_next = number.next();
        self.decision.timers.push((number, self.now().plus(span), command.into()));
        number
    }

    /// Takes a timer back; one that has fired already is passed over.
    pub fn cancel_timer(&mut self, number: TimerNumber) {
        self.decision.cancelled.push(number);
    }

    /// A number drawn from (island, position, draw): the same in every replay.
    ///
    /// Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), which mixes all 64 bits.
    pub fn random(&mut self) -> u64 {
        self.draws += 1;
        let mut mixed = u64::from(self.island.0) << 48 ^ self.position.0;
        for part in [self.stamp.0, self.draws] {
            mixed = (mixed ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
        }
        mixed
    }
}
