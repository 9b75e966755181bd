//! Trips on 4 islands: a bed in each night and then a seat home, all or nothing, two of everything.
use std::{collections::BTreeMap, time::Duration};

use archipelago::patterns::saga::*;
use archipelago::{Island, Turn, builder};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Book(u64, Vec<String>),
    Saga(SagaMessage<u64, String>),
}
impl From<SagaMessage<u64, String>> for Command {
    fn from(message: SagaMessage<u64, String>) -> Self {
        Self::Saga(message)
    }
}

#[derive(Serialize, Deserialize)]
struct Agency(Sagas<u64, String>, BTreeMap<String, i8>); // trips; what is taken of each thing

impl Island for Agency {
    type Command = Command;
    type Event = SagaEvent<u64, String>;
    type Reply = bool;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Book(trip, beds) => {
                let plan = Plan::new(AtEnd::Keep).stage(beds).stage(["seat".to_owned()]);
                let begun = self.0.begin(trip, plan, turn).is_ok();
                turn.reply(begun);
            }
            Command::Saga(message) => {
                if let News::Do(job) = self.0.decide(message, turn) {
                    let free = self.1.get(&job.work).is_none_or(|taken| *taken < 2);
                    self.0.answer(&job, if free { Answer::Done } else { Answer::Refused }, turn);
                }
            }
        }
    }
    fn evolve(&mut self, event: &SagaEvent<u64, String>) {
        self.0.evolve(event);
        if let SagaEvent::Acted(_, _, verb, thing) = event {
            let more = [1, -1, 0][*verb as usize]; // Do, Undo, Keep
            *self.1.entry(thing.clone()).or_default() += more;
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sea = builder().islands(4).in_memory().open(|_| Agency(Sagas::new(9), BTreeMap::new()))?;
    for (trip, beds) in [(1_u64, ["Mon", "Tue"]), (2, ["Tue", "Wed"]), (3, ["Mon", "Tue"])] {
        sea.ask(trip.key(), Command::Book(trip, beds.map(str::to_owned).to_vec()))?.wait()?;
    }
    let closed = sea.close(Duration::from_secs(10))?;
    let taken: BTreeMap<_, _> = closed.images.into_iter().flat_map(|i| i.state.1).collect();
    println!("{taken:?}: one of the trips got no bed on Tuesday, and gave the others back");
    if taken.values().sum::<i8>() == 6 { Ok(()) } else { Err("a trip is taken in part".into()) }
}
