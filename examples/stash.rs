//! An item may come before its order: `cargo run --release --example stash`.
use archipelago::patterns::stash::*;
use archipelago::{Island, IslandId, Turn, builder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
#[derive(Serialize, Deserialize)]
struct Shop(Stash<u32, String>, BTreeMap<u32, Vec<String>>); // what waits, and the orders
#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Do(u32, String), // "open" an order, or add an item to it
    Timer(StashMessage<u32>),
}
#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Waits(StashEvent<u32, String>),
    Done(u32, String),
}
archipelago::carries! { Command::Timer(StashMessage<u32>), Event::Waits(StashEvent<u32, String>) }
impl StashIsland<u32, String> for Shop {
    fn verdict(&self, order: &u32, deed: &String) -> Verdict {
        match (self.1.contains_key(order), deed == "open") {
            (false, true) | (true, false) => Verdict::Accept,
            (false, false) => Verdict::Defer("the order to be opened".into()),
            (true, true) => Verdict::Refuse("it is open already".into()),
        }
    }
    fn act(&self, order: &u32, deed: String, who: Who, turn: &mut Turn<Self>) {
        who.answer(format!("order {order}: {deed}: done"), turn);
        turn.emit(Event::Done(*order, deed));
    }
    fn turn_away(&self, order: &u32, deed: String, who: Who, away: Away, turn: &mut Turn<Self>) {
        who.answer(format!("order {order}: {deed}: {away:?}"), turn);
    }
}
impl Island for Shop {
    type Command = Command;
    type Event = Event;
    type Reply = String;
    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Do(order, deed) => _ = self.0.take(self, order, deed, turn),
            Command::Timer(message) => self.0.decide(self, message, turn),
        }
    }
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Waits(event) => self.0.evolve(event),
            Event::Done(order, deed) => self.1.entry(*order).or_default().push(deed.clone()),
        }
    }
}
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shop = |_| Shop(Stash::new(StashConfig::default()), BTreeMap::new());
    let sea = builder().islands(1).in_memory().open(shop)?;
    let lamp = sea.ask("7", Command::Do(7, "a lamp".into()))?;
    let waits = sea.query(IslandId(0), |it| format!("{:?}", it.0.waits(it, &7)))?.wait()?;
    sea.ask("7", Command::Do(7, "open".into()))?.wait()?;
    println!("What waits for order 7, and why? {waits}\n{}", lamp.wait()?);
    Ok(())
}
