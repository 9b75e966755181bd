//! Hotels on several islands in memory: one queue per ordered pair; which is served next, chance
//! says. No timers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use archipelago::{Asker, Island, IslandId, Origin, Turn};
use archipelago_core::command::route::{Table, slot};
use archipelago_core::id::{ClientId, JournalPosition, LinkSeq, RequestNumber, TimerNumber};
use archipelago_core::time::Stamp;

use crate::workload::bookings::{Command, Config, Hotels, Reply};

pub(super) struct Net {
    pub islands: Vec<Hotels>,
    table: Arc<Table>,
    turns: Vec<Turn<Hotels>>,
    links: BTreeMap<(u32, u32), VecDeque<Command>>,
    replies: BTreeMap<RequestNumber, Reply>,
    chance: u64,
    records: u64,
    requests: u64,
}

impl Net {
    pub(super) fn new(islands: u32, config: &Config, seed: u64) -> Self {
        let table = Arc::new(Table::modulo(islands).unwrap());
        let turn = |island| Turn::new(IslandId(island), Arc::clone(&table));
        Self {
            islands: (0..islands).map(|_| Hotels::new(config.clone())).collect(),
            turns: (0..islands).map(turn).collect(),
            table,
            links: BTreeMap::new(),
            replies: BTreeMap::new(),
            chance: seed,
            records: 0,
            requests: 0,
        }
    }

    /// Asks and waits for the answer; what is on its way beside it stays there.
    pub(super) fn ask(&mut self, command: Command) -> Reply {
        self.requests += 1;
        let number = RequestNumber(self.requests);
        let key = command.key().expect("guests' commands have keys");
        let asker = Asker { client: ClientId(1), slot: slot(&key), number };
        self.turn(self.table.island_of(&key), Origin::Client(asker), command);
        loop {
            if let Some(reply) = self.replies.remove(&number) {
                return reply;
            }
            assert!(self.step(), "request {number} is never answered");
        }
    }

    pub(super) fn settle(&mut self) {
        while self.step() {}
    }

    fn step(&mut self) -> bool {
        if self.links.is_empty() {
            return false;
        }
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let chosen = (self.chance >> 33) as usize % self.links.len();
        let pair = *self.links.keys().nth(chosen).expect("it is one of them");
        let queue = self.links.get_mut(&pair).expect("it is there");
        let command = queue.pop_front().expect("no queue is empty");
        if queue.is_empty() {
            self.links.remove(&pair);
        }
        let origin = Origin::Island { from: IslandId(pair.0), number: LinkSeq(self.records) };
        self.turn(IslandId(pair.1), origin, command);
        true
    }

    fn turn(&mut self, at: IslandId, origin: Origin, command: Command) {
        self.records += 1;
        let (island, turn) = (&mut self.islands[at.0 as usize], &mut self.turns[at.0 as usize]);
        let (position, stamp) = (JournalPosition(self.records), Stamp(self.records << 16));
        turn.begin(origin, position, stamp, TimerNumber(1));
        island.decide(command, turn);
        let decision = turn.decision_mut();
        decision.events.iter().for_each(|event| island.evolve(event));
        for (to, command) in decision.sends.drain(..) {
            self.links.entry((at.0, to.0)).or_default().push_back(command);
        }
        for (asker, reply) in decision.replies.drain(..) {
            let before = self.replies.insert(asker.number, reply);
            assert!(before.is_none(), "answered twice: {before:?}");
        }
    }
}
