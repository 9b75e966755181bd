//! Tests of the resequencer: an island that writes down what is released, stories, and random runs.

mod random;
mod stories;

use std::collections::BTreeMap;

use archipelago_core::island::{Island, Turn};
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::*;
use crate::carries;
use crate::patterns::letters::LetterNumber;
use crate::patterns::testing::Bench;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Command {
    Begin(u8, u64),
    Arrive(u8, u64, u32),
    AllBelow(u8, u64),
    TakeOut(u64),
    Timer(ResequencerMessage<u8>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Event {
    Inner(ResequencerEvent<u8, u32>),
    /// Released items are acted upon.
    Acted(u8, u64, u32),
    /// The source is to be asked.
    MustAsk(u8, u64, u64),
}

carries! {
    Command::Timer(ResequencerMessage<u8>),
    Event::Inner(ResequencerEvent<u8, u32>),
}

/// What a client hears of an arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Told {
    Done,
    Held,
    Again,
    Late(Closing),
    Full(String),
}

#[derive(Clone, Serialize, Deserialize)]
struct Clerk {
    inbox: Resequencer<u8, u32>,
    acted: BTreeMap<u8, Vec<(u64, u32)>>,
    asked: Vec<(u8, u64, u64)>,
}

impl Clerk {
    fn act(source: u8, step: Step<u32>, turn: &mut Turn<Self>) {
        step.into_iter().for_each(|(n, item)| turn.emit(Event::Acted(source, n.0, item)));
    }
}

impl Island for Clerk {
    type Command = Command;
    type Event = Event;
    type Reply = Told;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let told = match command {
            Command::Begin(source, first) => {
                match self.inbox.begin(source, SerialNumber(first), turn) {
                    Ok(true) => Told::Done,
                    Ok(false) => Told::Again,
                    Err(full) => Told::Full(full.to_string()),
                }
            }
            Command::Arrive(source, number, item) => {
                let line = self.inbox.of(source, turn);
                match line.and_then(|line| line.arrive(SerialNumber(number), item)) {
                    Ok(Arrival::Released(step)) => {
                        Self::act(source, step, turn);
                        Told::Done
                    }
                    Ok(Arrival::Held) => Told::Held,
                    Ok(Arrival::Again) => Told::Again,
                    Ok(Arrival::Late(reason)) => Told::Late(reason),
                    Err(full) => Told::Full(full.to_string()),
                }
            }
            Command::AllBelow(source, bound) => {
                let line = self.inbox.of(source, turn);
                match line.map(|line| line.all_below(SerialNumber(bound))) {
                    Ok(step) => Self::act(source, step, turn),
                    Err(full) => return turn.reply(Told::Full(full.to_string())),
                }
                Told::Done
            }
            Command::TakeOut(letter) => match self.inbox.take_out(LetterNumber(letter), turn) {
                Some(late) => {
                    turn.emit(Event::Acted(late.source, late.number.0, late.item));
                    Told::Done
                }
                None => Told::Again,
            },
            Command::Timer(message) => {
                let source = message.0;
                let line = self.inbox.of(source, turn).expect("only known sources have timers");
                let (step, gap) = line.look();
                Self::act(source, step, turn);
                if let Some(gap) = gap {
                    turn.emit(Event::MustAsk(source, gap.from.0, gap.upto.0));
                }
                return;
            }
        };
        turn.reply(told);
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Inner(event) => self.inbox.evolve(event),
            Event::Acted(source, number, item) => {
                self.acted.entry(*source).or_default().push((*number, *item));
            }
            Event::MustAsk(source, from, upto) => self.asked.push((*source, *from, *upto)),
        }
    }
}

fn clerk(config: ResequencerConfig) -> Bench<Clerk> {
    let inbox = Resequencer::new(config);
    Bench::new(Clerk { inbox, acted: BTreeMap::new(), asked: Vec::new() })
}

impl Bench<Clerk> {
    /// Number `number` of `source` arrives, with the content that belongs to it.
    fn arrive(&mut self, source: u8, number: u64) -> Told {
        let request = self.ask(Command::Arrive(source, number, content(source, number)));
        self.replies[&request].clone()
    }

    fn all_below(&mut self, source: u8, bound: u64) {
        let request = self.ask(Command::AllBelow(source, bound));
        assert_eq!(self.replies[&request], Told::Done);
    }

    /// The numbers acted upon; their content is checked.
    fn acted(&self, source: u8) -> Vec<u64> {
        let acted = self.island.acted.get(&source).map_or(&[][..], Vec::as_slice);
        acted.iter().for_each(|(n, item)| assert_eq!(*item, content(source, *n), "of {n}"));
        acted.iter().map(|(number, _)| *number).collect()
    }

    fn gaps(&self, source: u8) -> Vec<(u64, u64, u64)> {
        let gaps = self.island.inbox.gaps(&source);
        gaps.iter().map(|gap| (gap.from.0, gap.upto.0, gap.since.0)).collect()
    }
}

fn content(source: u8, number: u64) -> u32 {
    u32::from(source) << 24 | number as u32
}

fn skip(after: u64) -> ResequencerConfig {
    let gap = Some(Patience { every: Millis(after), asks: 0 });
    ResequencerConfig { gap, ..ResequencerConfig::default() }
}

fn ask(every: u64, times: u32) -> ResequencerConfig {
    let gap = Some(Patience { every: Millis(every), asks: times });
    ResequencerConfig { gap, ..ResequencerConfig::default() }
}
