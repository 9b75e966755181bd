//! The island under test: a ledger. Keys hold units; transfers travel as messages, hop over other
//! islands, answer late, set timers, send to themselves; some commands misbehave on purpose.
//!
//! Rules:
//! 1. Units move by a debit in the record that sends them and a credit in the one that takes them.
//! 2. A request that is not answered at once is remembered by its number, not by the message.
//!
//! It doesn't know how it is driven.

use std::collections::BTreeMap;

use archipelago_core::id::{Asker, IslandId, TimerNumber};
use archipelago_core::island::{Island, Turn};
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

/// What a ledger is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Make units on an account.
    Mint { account: u8, units: u64 },
    /// Move units over `hops` islands, the last of which is `to`; answered when the receipt is
    /// back.
    Transfer { account: u8, units: u64, to: IslandId, hops: u8 },
    /// Units on their way.
    Carry { units: u64, account: u8, to: IslandId, hops: u8, home: IslandId, ticket: u64 },
    /// They came to their account.
    Receipt { ticket: u64 },
    /// Answer after a while.
    Alarm { span: u64 },
    /// The while is over.
    Ring { ticket: u64 },
    /// Set a timer and take it back at once; take an older one's place.
    SetAndCancel { span: u64 },
    /// So many messages to every island, itself included.
    Flood { messages: u8 },
    /// One of them.
    Drop { seed: u64 },
    /// Answer twice.
    Twice,
    /// Answer now, and another thing later.
    TwiceLater { span: u64 },
    /// The other thing.
    Again { ticket: u64 },
    /// Make `decide` panic after it has said much.
    PanicInDecide,
    /// Make `evolve` panic.
    PanicInEvolve,
    /// Send to all, and then say more than a record holds.
    TooMuch,
    /// Send a message of so many bytes.
    Big { to: IslandId, bytes: u32 },
    /// It.
    Load(Vec<u8>),
    /// Set a timer whose command has so many bytes.
    BigTimer { bytes: u32 },
    /// Answer whoever this is.
    AnswerTo(Asker),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    Minted { account: u8, units: u64 },
    Taken { account: u8, units: u64 },
    Credited { account: u8, units: u64 },
    Waits { ticket: u64, asker: Option<Asker> },
    Served { ticket: u64 },
    Rang { ticket: u64 },
    Got { random: u64 },
    Noted(TimerNumber),
    Poison,
    Ballast(Vec<u8>),
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    Done,
    Refused,
    Delivered,
    Rang,
    Other,
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) accounts: BTreeMap<u8, u64>,
    pub(crate) minted: u64,
    pub(crate) waiting: BTreeMap<u64, Asker>,
    pub(crate) rings: BTreeMap<u64, u32>,
    pub(crate) drops: u64,
    mixed: u64,
}

impl Command {
    /// The units that travel in it.
    pub(crate) const fn units(&self) -> u64 {
        match self {
            Self::Carry { units, .. } => *units,
            _ => 0,
        }
    }
}

/// More bytes than a record may have.
pub(crate) const BALLAST: usize = 1 << 20;

impl Island for Ledger {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let ticket = turn.position().0;
        match command {
            Command::Mint { account, units } => {
                turn.emit(Event::Minted { account, units });
                turn.reply(Reply::Done);
            }
            Command::Transfer { account, units, .. }
                if self.accounts.get(&account).copied().unwrap_or(0) < units =>
            {
                turn.reply(Reply::Refused);
            }
            Command::Transfer { account, units, to, hops } => {
                turn.emit(Event::Taken { account, units });
                turn.emit(Event::Waits { ticket, asker: turn.asker() });
                let home = turn.island();
                let next = if hops == 0 { to } else { neighbour(turn) };
                turn.send(next, Command::Carry { units, account, to, hops, home, ticket });
            }
            Command::Carry { units, account, to, hops, home, ticket } if hops > 0 => {
                let hops = hops - 1;
                let next = if hops == 0 { to } else { neighbour(turn) };
                turn.send(next, Command::Carry { units, account, to, hops, home, ticket });
            }
            Command::Carry { units, account, home, ticket, .. } => {
                turn.emit(Event::Credited { account, units });
                turn.send(home, Command::Receipt { ticket });
            }
            Command::Receipt { ticket } => {
                turn.emit(Event::Served { ticket });
                let asker = self.waiting.get(&ticket).expect("a receipt comes once");
                turn.reply_to(*asker, Reply::Delivered);
            }
            Command::Alarm { span } => {
                turn.emit(Event::Waits { ticket, asker: turn.asker() });
                turn.timer(Millis(span), Command::Ring { ticket });
            }
            Command::Ring { ticket } => {
                turn.emit(Event::Rang { ticket });
                turn.emit(Event::Served { ticket });
                let asker = self.waiting.get(&ticket).expect("a timer fires once");
                turn.reply_to(*asker, Reply::Rang);
            }
            Command::SetAndCancel { span } => {
                let number = turn.timer(Millis(span), Command::Ring { ticket });
                turn.cancel_timer(number);
                turn.emit(Event::Noted(number));
                turn.reply(Reply::Done);
            }
            Command::Flood { messages } => {
                for seed in 0..u64::from(messages) {
                    let islands = turn.islands();
                    (0..islands).for_each(|to| turn.send(IslandId(to), Command::Drop { seed }));
                }
                turn.reply(Reply::Done);
            }
            Command::Drop { seed } => {
                let random = turn.random() ^ seed;
                turn.emit(Event::Got { random });
            }
            Command::Twice => {
                turn.reply(Reply::Done);
                turn.reply(Reply::Other);
            }
            Command::TwiceLater { span } => {
                turn.reply(Reply::Done);
                turn.emit(Event::Waits { ticket, asker: turn.asker() });
                turn.timer(Millis(span), Command::Again { ticket });
            }
            Command::Again { ticket } => {
                turn.emit(Event::Served { ticket });
                let asker = self.waiting.get(&ticket).expect("a timer fires once");
                turn.reply_to(*asker, Reply::Other);
            }
            Command::PanicInDecide => {
                turn.emit(Event::Minted { account: 0, units: 1 });
                flood(turn);
                turn.timer(Millis(1), Command::PanicInDecide);
                turn.reply(Reply::Done);
                panic!("asked to panic");
            }
            Command::PanicInEvolve => {
                flood(turn);
                turn.emit(Event::Minted { account: 0, units: 1 });
                turn.emit(Event::Poison);
                turn.reply(Reply::Done);
            }
            Command::TooMuch => {
                flood(turn);
                flood(turn);
                turn.timer(Millis(1), Command::TooMuch);
                turn.reply(Reply::Done);
                turn.send(IslandId(0), Command::Load(vec![7; 9]));
                turn.emit(Event::Ballast(vec![7; BALLAST]));
            }
            Command::Big { to, bytes } => {
                turn.send(to, Command::Load(vec![7; bytes as usize]));
                turn.reply(Reply::Done);
            }
            Command::BigTimer { bytes } => {
                turn.timer(Millis(1), Command::Load(vec![7; bytes as usize]));
                turn.reply(Reply::Done);
            }
            Command::Load(load) if load.len() > 1 << 17 => panic!("{}", "too heavy; ".repeat(100)),
            Command::Load(_) => turn.emit(Event::Got { random: 1 }),
            Command::AnswerTo(asker) => {
                turn.reply(Reply::Done);
                turn.reply_to(asker, Reply::Other);
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match *event {
            Event::Minted { account, units } => {
                self.minted += units;
                *self.accounts.entry(account).or_default() += units;
            }
            Event::Taken { account, units } => {
                let held = self.accounts.entry(account).or_default();
                *held = held.checked_sub(units).expect("checked when decided");
            }
            Event::Credited { account, units } => {
                *self.accounts.entry(account).or_default() += units;
            }
            Event::Waits { ticket, asker } => {
                self.waiting.insert(ticket, asker.expect("only clients wait"));
            }
            Event::Served { ticket } => {
                self.waiting.remove(&ticket).expect("served once");
            }
            Event::Rang { ticket } => *self.rings.entry(ticket).or_default() += 1,
            Event::Got { random } => {
                self.drops += 1;
                self.mixed = self.mixed.rotate_left(7) ^ random;
            }
            Event::Noted(number) => self.mixed = self.mixed.rotate_left(9) ^ number.0,
            Event::Poison => panic!("asked to panic in evolve"),
            Event::Ballast(ref bytes) => self.mixed ^= bytes.len() as u64,
        }
    }
}

fn neighbour(turn: &mut Turn<Ledger>) -> IslandId {
    let drawn = turn.random();
    IslandId((drawn % u64::from(turn.islands())) as u32)
}

fn flood(turn: &mut Turn<Ledger>) {
    (0..turn.islands()).for_each(|to| turn.send(IslandId(to), Command::Drop { seed: 9 }));
}
