//! A shop: an island of orders, each a machine, with a stash for what comes too early.
//!
//! Rules:
//! 1. The machine's table is [`Stage::verdict`]; the stash does the rest.
//! 2. What cannot be is noted once, the first of its kind, and changes nothing else.
//!
//! It doesn't know the links, nor when anything is durable.

use std::collections::BTreeMap;
use std::panic::resume_unwind;

use archipelago::patterns::stash::{
    Away, Stash, StashConfig, StashEvent, StashIsland, Verdict, Who,
};
use archipelago::{Asker, Island, Turn};
use serde::{Deserialize, Serialize};

use super::command::{Command, Deed, Event, Reply, Task};

/// What a turn says that fails as it should.
pub(super) const SPOILED: &str = "the item is spoiled";

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Items may be added.
    Open,
    /// It may be shipped.
    Paid,
    /// It is done.
    Shipped,
    /// It is given up.
    Cancelled,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It is done.
    Done,
    /// The order refused it.
    Refused,
    /// It would have had to wait, and there was no room.
    NoRoom,
}

impl Stage {
    /// What an order in this stage (none: it is not there) says to a deed.
    #[must_use]
    pub fn verdict(stage: Option<Self>, deed: Deed) -> Verdict {
        match (stage, deed) {
            (None, Deed::Open)
            | (Some(Self::Open), Deed::Add | Deed::Spoil | Deed::Pay | Deed::Cancel)
            | (Some(Self::Paid), Deed::Ship) => Verdict::Accept,
            (None, _) => Verdict::Defer("the order to be opened".into()),
            (Some(Self::Open), Deed::Ship) => Verdict::Defer("the order to be paid".into()),
            (Some(stage), _) => Verdict::Refuse(format!("it is {stage:?}").into()),
        }
    }

    /// The stage after a deed that is accepted.
    const fn after(deed: Deed) -> Self {
        match deed {
            Deed::Open | Deed::Add | Deed::Spoil => Self::Open,
            Deed::Pay => Self::Paid,
            Deed::Ship => Self::Shipped,
            Deed::Cancel => Self::Cancelled,
        }
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where it stands.
    pub stage: Stage,
    /// Its items: the tasks that added them, in order.
    pub items: Vec<u64>,
}

/// A shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shop {
    stash: Stash<u32, Task>,
    orders: BTreeMap<u32, Order>,
    ended: BTreeMap<u64, End>,
    put_back: u64,
    /// How many tasks became dead letters.
    died: u64,
    /// Clients of tasks that were handed on.
    waiting: BTreeMap<u64, Asker>,
    wrong: Option<String>,
}

impl Shop {
    /// A shop without orders.
    #[must_use]
    pub fn new(config: StashConfig) -> Self {
        Self {
            stash: Stash::new(config),
            orders: BTreeMap::new(),
            ended: BTreeMap::new(),
            put_back: 0,
            died: 0,
            waiting: BTreeMap::new(),
            wrong: None,
        }
    }

    /// What waits.
    #[must_use]
    pub const fn stash(&self) -> &Stash<u32, Task> {
        &self.stash
    }

    /// An order, once it is opened.
    #[must_use]
    pub fn order(&self, order: u32) -> Option<&Order> {
        self.orders.get(&order)
    }

    /// How tasks ended, by number.
    #[must_use]
    pub const fn ended(&self) -> &BTreeMap<u64, End> {
        &self.ended
    }

    /// How many dead letters were put back.
    #[must_use]
    pub const fn put_back(&self) -> u64 {
        self.put_back
    }

    /// How many tasks became dead letters.
    #[must_use]
    pub const fn died(&self) -> u64 {
        self.died
    }

    /// The first thing seen that cannot be.
    #[must_use]
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    fn end(&mut self, order: u32, task: Task, end: End) {
        let stage = self.orders.get(&order).map(|order| order.stage);
        if let Some(before) = self.ended.insert(task.number, end) {
            self.wrong.get_or_insert(format!("{task:?} ends twice: {before:?}, then {end:?}"));
        }
        if end != End::Done {
            return;
        }
        if Stage::verdict(stage, task.deed) != Verdict::Accept {
            self.wrong.get_or_insert(format!("{task:?} is done while order {order} is {stage:?}"));
        }
        let stage = Stage::after(task.deed);
        let entry = self.orders.entry(order).or_insert(Order { stage, items: Vec::new() });
        entry.stage = stage;
        if task.deed == Deed::Add {
            entry.items.push(task.number);
        }
    }
}

impl StashIsland<u32, Task> for Shop {
    fn verdict(&self, order: &u32, task: &Task) -> Verdict {
        Stage::verdict(self.order(*order).map(|order| order.stage), task.deed)
    }

    fn act(&self, order: &u32, task: Task, who: Who, turn: &mut Turn<Self>) {
        if task.deed == Deed::Spoil {
            // A panic without the word on standard error.
            resume_unwind(Box::new(SPOILED));
        }
        turn.emit(Event::Ended { order: *order, task, end: End::Done });
        tell(who, task, Reply::Ended(End::Done), turn);
    }

    fn turn_away(&self, order: &u32, task: Task, who: Who, away: Away, turn: &mut Turn<Self>) {
        let end = match away {
            Away::Expired(_) => return tell(who, task, Reply::Expired, turn),
            Away::Failed => return tell(who, task, Reply::Failed, turn),
            Away::Refused(_) => End::Refused,
            Away::Full(_) => End::NoRoom,
        };
        turn.emit(Event::Ended { order: *order, task, end });
        tell(who, task, Reply::Ended(end), turn);
    }
}

/// Whoever brought a task hears what became of it.
fn tell(who: Who, task: Task, reply: Reply, turn: &mut Turn<Shop>) {
    match who {
        Who::Island(island) => turn.send(island, Command::Told { task, reply }),
        Who::Client(_) | Who::Timer => who.answer(reply, turn),
    }
}

impl Island for Shop {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Do { order, task } => _ = self.stash.take(self, order, task, turn),
            Command::HandOn { order, task } => {
                let Some(asker) = turn.asker() else { return };
                turn.send_to_key(order.to_le_bytes(), Command::Do { order, task });
                turn.emit(Event::HandedOn(task, asker));
            }
            Command::Told { .. } if turn.asker().is_some() => turn.reply(Reply::NotYours),
            Command::Told { task, reply } => {
                if let Some(asker) = self.waiting.get(&task.number) {
                    turn.reply_to(*asker, reply);
                    turn.emit(Event::Answered(task));
                }
            }
            Command::PutBack => {
                let mut letters = self.stash.letters().iter();
                let oldest = letters.find(|(_, letter)| {
                    // It would only fail again, and stay the oldest.
                    letter.content.deferred.command.deed != Deed::Spoil
                });
                let oldest = oldest.map(|(number, _)| number);
                let back = oldest.map(|letter| self.stash.put_back(self, letter, turn));
                if !matches!(back, Some(Ok(_))) {
                    turn.reply(Reply::NotPutBack);
                }
            }
            Command::Stash(message) => self.stash.decide(self, message, turn),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Stash(event) => {
                self.stash.evolve(event);
                self.put_back += u64::from(matches!(event, StashEvent::TakenOut(_)));
                self.died += u64::from(matches!(event, StashEvent::Expired(..)));
            }
            Event::HandedOn(task, asker) => drop(self.waiting.insert(task.number, *asker)),
            Event::Answered(task) => drop(self.waiting.remove(&task.number)),
            Event::Ended { order, task, end } => self.end(*order, *task, *end),
        }
    }
}
