//! One island on a bench, for the tests of patterns: its timers fire when time is let go by, and
//! all of it goes through the codec, as it would through a journal.
//!
//! It doesn't know which island, nor what is expected of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use archipelago_core::codec::{Wire, decode, encode};
use archipelago_core::command::route::Table;
use archipelago_core::id::{
    Asker, ClientId, IslandId, JournalPosition, RequestNumber, Slot, TimerNumber,
};
use archipelago_core::island::{Island, Origin, Turn};
use archipelago_core::time::{Millis, Stamp};

/// An island, its timers and its time.
pub(super) struct Bench<I: Island> {
    pub island: I,
    pub now: u64,
    pub timers: BTreeMap<(Millis, TimerNumber), I::Command>,
    /// All replies, by request.
    pub replies: BTreeMap<u64, I::Reply>,
    /// All messages sent, to whomever.
    pub sent: Vec<I::Command>,
    /// What the last turn emitted.
    pub last: Vec<I::Event>,
    requests: u64,
    turns: u64,
    timer_next: TimerNumber,
}

fn through_wire<T: Wire>(value: &T) -> T {
    let mut bytes = Vec::new();
    value.encode(&mut bytes).expect("encodes");
    T::decode(&bytes).expect("decodes")
}

impl<I: Island> Bench<I> {
    pub(super) fn new(island: I) -> Self {
        Self {
            island,
            now: 1,
            timers: BTreeMap::new(),
            replies: BTreeMap::new(),
            sent: Vec::new(),
            last: Vec::new(),
            requests: 0,
            turns: 0,
            timer_next: TimerNumber(1),
        }
    }

    /// A client asks; returns the number of its request.
    pub(super) fn ask(&mut self, command: I::Command) -> u64 {
        self.requests += 1;
        let number = RequestNumber(self.requests);
        let asker = Asker { client: ClientId(1), slot: Slot(0), number };
        self.turn(Origin::Client(asker), command);
        self.requests
    }

    /// Time goes by; timers fire in their order, also those that others set.
    pub(super) fn wait(&mut self, millis: u64) {
        let until = self.now + millis;
        while let Some((&(due, number), _)) = self.timers.first_key_value()
            && due.0 <= until
        {
            let command = self.timers.remove(&(due, number)).expect("it is the first");
            self.now = self.now.max(due.0);
            self.turn(Origin::Timer(number), command);
        }
        self.now = until;
    }

    fn turn(&mut self, origin: Origin, command: I::Command) {
        self.turns += 1;
        let table = Arc::new(Table::modulo(1).expect("one island"));
        let mut turn = Turn::new(IslandId(0), table);
        let (position, stamp) = (JournalPosition(self.turns), Stamp(self.now << 16));
        turn.begin(origin, position, stamp, self.timer_next);
        self.island.decide(through_wire(&command), &mut turn);
        let decision = std::mem::take(turn.decision_mut());
        for event in &decision.events {
            self.island.evolve(&through_wire(event));
        }
        // A restart, from what a snapshot would hold.
        let mut bytes = Vec::new();
        encode(&self.island, &mut bytes).expect("a state can be written");
        self.island = decode(&bytes).expect("a state can be read");
        for (number, due, command) in decision.timers {
            self.timer_next = self.timer_next.max(number.next());
            self.timers.insert((due, number), command);
        }
        for number in decision.cancelled {
            self.timers.retain(|(_, set), _| *set != number);
        }
        for (asker, reply) in decision.replies {
            let before = self.replies.insert(asker.number.0, reply);
            assert!(before.is_none(), "request {} is answered twice", asker.number);
        }
        self.sent.extend(decision.sends.into_iter().map(|(_, command)| command));
        self.last = decision.events;
    }
}
