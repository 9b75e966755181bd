//! Shrinking: a large failing world becomes a short story that breaks the same law, and a capsule
//! of it fails the same way again.
//!
//! Rules: the bank here is wrong on purpose, in a way that needs several requests and a fault.
//!
//! It doesn't know how shrinking searches.

use archipelago::{Island, IslandId, Origin, Turn};
use archipelago_sim::{Capsule, Effort, Faults, Simulation, Stream};
use serde::{Deserialize, Serialize};

/// Accounts of one island, by number.
#[derive(Default, Serialize, Deserialize)]
struct Bank {
    balance: std::collections::BTreeMap<u64, i64>,
    sent: i64,
    received: i64,
}

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Pay { from: u64, to: u64, amount: i64 },
    Credit { to: u64, amount: i64 },
}

#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Debited { from: u64, amount: i64 },
    Credited { to: u64, amount: i64 },
}

impl Island for Bank {
    type Command = Command;
    type Event = Event;
    type Reply = ();

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Pay { from, to, amount } => {
                turn.emit(Event::Debited { from, amount });
                turn.send_to_key(to.to_le_bytes(), Command::Credit { to, amount });
                turn.reply(());
            }
            Command::Credit { to, amount } => {
                assert!(matches!(turn.origin(), Origin::Island { .. }));
                turn.emit(Event::Credited { to, amount });
                // The defect: who has more than 40 gets an eleven twice.
                if amount == 11 && self.balance.get(&to).is_some_and(|has| *has > 40) {
                    turn.emit(Event::Credited { to, amount });
                }
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Debited { from, amount } => {
                *self.balance.entry(*from).or_default() -= amount;
                self.sent += amount;
            }
            Event::Credited { to, amount } => {
                *self.balance.entry(*to).or_default() += amount;
                self.received += amount;
            }
        }
    }
}

fn bank(commands: u64) -> Simulation<Bank> {
    Simulation::of(|_: IslandId| Bank::default())
        .islands(8)
        .commands(commands)
        .workload(|dice, n| {
            let draw = |what, limit| dice.below(Stream::Workload, n, what, limit);
            let (from, to) = (draw(1, 50), draw(2, 50));
            (from.to_le_bytes(), Command::Pay { from, to, amount: 1 + draw(3, 11) as i64 })
        })
        .faults(Faults { loss_ppm: 50_000, ..Faults::reorder() })
        .finally("what is received was sent", |islands| {
            let sum = |of: fn(&Bank) -> i64| islands.iter().map(|i| of(&i.state)).sum::<i64>();
            let (sent, received) = (sum(|bank| bank.sent), sum(|bank| bank.received));
            if sent == received { Ok(()) } else { Err(format!("{sent} sent, {received} received")) }
        })
}

#[test]
fn a_hundred_thousand_choices_become_a_short_story() {
    let simulation = bank(10_000);
    let broken = simulation.seed(5).unwrap_err();
    let shrunk = simulation.shrink(5, Effort::default()).unwrap();
    let story = simulation.story(5, &shrunk);
    eprintln!("{} worlds tried\n{story}", shrunk.tried);
    assert!(shrunk.from >= 30_000, "{}", shrunk.from);
    assert_eq!(shrunk.violation.law, broken.violation.law);
    assert!(shrunk.decisions.len() <= 20, "{story}");
    assert!(story.contains("Pay"), "{story}");

    let capsule = Capsule::new(serde_json::json!({ "bank": 10_000 }), 5, &shrunk);
    let again = Capsule::from_text(&capsule.to_text()).unwrap();
    let told = simulation.replay(&again).to_string();
    assert!(told.starts_with("it fails as it did"), "{told}");
}

#[test]
fn a_world_that_breaks_no_law_is_not_shrunk() {
    assert_eq!(bank(5).shrink(1, Effort::default()), None);
}
