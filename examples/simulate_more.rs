//! More of the simulator, on purses that have a bug: laws, a check with a memory, a story, faults
//! about messages, strategies; then the failure, shrunk, kept and drawn. `docs/SIMULATION.md` tells
//! it piece by piece: `cargo run --release --example simulate_more`.
//!
//! It doesn't know how a world works.
use std::error::Error;

use archipelago::{Island, IslandId, Turn};
use archipelago_sim::check::{Seen, Wants};
use archipelago_sim::{Capsule, Check, Cut, Effort, Faults, Misfortune, Preset};
use archipelago_sim::{Simulation, Verb, Ways, report};
use proptest::prelude::{Strategy, any};
use serde::{Deserialize, Serialize};

/// One island's share of all coins, and how many it has room for.
#[derive(Serialize, Deserialize)]
struct Purse {
    coins: i64,
    room: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Coins {
    Earn(i64),
    Pay(String, i64),
    Receive(i64),
}

#[derive(Debug, Serialize, Deserialize)]
enum Moved {
    Earned(i64),
    Paid(i64),
    Received(i64),
}

impl Island for Purse {
    type Command = Coins;
    type Event = Moved;
    type Reply = Result<i64, String>; // The coins left, or why not.

    fn decide(&self, coins: Coins, turn: &mut Turn<Self>) {
        match coins {
            Coins::Earn(amount) => {
                turn.emit(Moved::Earned(amount));
                turn.reply(Ok(self.coins + amount));
            }
            Coins::Pay(_, amount) if amount > self.coins => {
                turn.reply(Err(format!("only {} coins", self.coins)));
            }
            Coins::Pay(to, amount) => {
                turn.emit(Moved::Paid(amount));
                turn.send_to_key(to, Coins::Receive(amount));
                turn.reply(Ok(self.coins - amount));
            }
            // The bug: what a full purse has no room for falls to the ground.
            Coins::Receive(amount) => {
                turn.emit(Moved::Received(amount.min(self.room - self.coins)))
            }
        }
    }

    fn evolve(&mut self, moved: &Moved) {
        self.coins += match moved {
            Moved::Earned(amount) | Moved::Received(amount) => *amount,
            Moved::Paid(amount) => -amount,
        };
    }
}

/// All coins ever earned are in a purse or on their way: after every commit.
#[derive(Default)]
struct NoCoinIsLost {
    earned: i64,
    on_their_way: i64,
}

impl Check<Purse> for NoCoinIsLost {
    fn name(&self) -> &str {
        "no coin is lost"
    }

    fn wants(&self) -> Wants {
        Wants::Records
    }

    fn record(&mut self, seen: &Seen<'_, Purse>) -> Result<(), String> {
        match seen.command()? {
            Coins::Earn(amount) => self.earned += amount,
            Coins::Receive(amount) => self.on_their_way -= amount,
            Coins::Pay(..) => {}
        }
        for (_, _, sent) in seen.sends()? {
            if let Coins::Receive(amount) = sent {
                self.on_their_way += amount;
            }
        }
        Ok(())
    }

    fn always(&mut self, cut: Cut<'_, Purse>) -> Result<(), String> {
        let held: i64 = cut.iter().map(|island| island.state.coins).sum();
        let missing = self.earned - held - self.on_their_way;
        if missing == 0 { Ok(()) } else { Err(format!("{missing} coins are missing")) }
    }
}

/// Purses with so much room, where people earn and pay.
fn purses(room: i64) -> Simulation<Purse> {
    Simulation::of(move |_| Purse { coins: 0, room })
        .islands(4)
        .commands(300)
        .workload(|_, n| {
            let coins = match n % 3 {
                0 => Coins::Earn(40),
                _ => Coins::Pay(format!("p{}", n * 7 % 20), (n % 40) as i64),
            };
            (format!("p{}", n % 20), coins)
        })
        .preset(Preset::Swarm)
        .check(NoCoinIsLost::default)
}

/// What a simulation can be told beside that.
fn laws() -> Result<(), Box<dyn Error>> {
    let summary = purses(1_000_000)
        .always("no purse owes", |cut| {
            let owes = cut.iter().position(|island| island.state.coins < 0);
            owes.map_or(Ok(()), |island| Err(format!("island {island} does")))
        })
        .finally("nothing is on its way", |cut| match cut.on_their_way() {
            0 => Ok(()),
            other => Err(format!("{other} messages are")),
        })
        .sometimes("a rich purse", |cut| cut.iter().any(|island| island.state.coins > 500))
        .seeds(0..40)?;
    println!("{} worlds, {} crashes", summary.worlds, summary.total.crashes);
    println!("rare paths that none of them took: {:?}", summary.missed());
    Ok(())
}

/// Deeds at moments of virtual time instead of chance.
fn story() -> Result<(), Box<dyn Error>> {
    Simulation::of(|_| Purse { coins: 0, room: 1_000 })
        .islands(3)
        .check(NoCoinIsLost::default)
        .ask_at_ms(1, "ann", &Coins::Earn(10), |reply| match reply {
            Ok(10) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .at_ms(2, Verb::Partition(vec![IslandId(0)], Ways::Both))
        .ask_at_ms(3, "ann", &Coins::Pay("bob".into(), 4), |_| Ok(()))
        .at_ms(4, Verb::Crash)
        .ask_at_ms(5, "ann", &Coins::Pay("bob".into(), 7), |reply| match reply {
            Err(why) if why == "only 6 coins" => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .at_ms(60, Verb::Corrupt)
        .at_ms(300, Verb::Heal)
        .seeds(0..20)?;
    Ok(())
}

/// Every third payment above 20 coins loses its frame, whatever else goes well.
fn typed() -> Result<(), Box<dyn Error>> {
    let summary = purses(1_000_000)
        .faults(Faults { crash_every_ms: 100, ..Faults::calm() })
        .misfortune(
            Misfortune::Lost,
            3,
            |letter| matches!(letter.command, Coins::Receive(amount) if *amount > 20),
        )
        .seeds(0..10)?;
    assert!(summary.total.frames_lost > 0);
    Ok(())
}

/// Commands drawn by a strategy of proptest; each world twice, compared record by record.
fn strategies() -> Result<(), Box<dyn Error>> {
    let earn = (1..50_i64).prop_map(Coins::Earn);
    let pay = (0..20_u8, 1..50_i64).prop_map(|(to, n)| Coins::Pay(format!("p{to}"), n));
    let drawn = (any::<u16>(), proptest::prop_oneof![earn, pay]);
    let purses = purses(1_000_000)
        .strategy(drawn.prop_map(|(who, coins)| (format!("p{}", who % 20), coins)));
    for seed in 0..10 {
        purses.twice(seed)?;
    }
    Ok(())
}

/// The failure: found, shrunk, told, kept, replayed and drawn.
fn failure() -> Result<(), Box<dyn Error>> {
    let purses = purses(100);
    let Err(broken) = purses.seeds(0..100) else { return Err("the bug was not found".into()) };
    println!("{broken}");

    let shrunk = purses.shrink(broken.seed, Effort::default()).ok_or("it does not fail again")?;
    print!("{}", purses.story(broken.seed, &shrunk));

    let folder = tempfile::tempdir()?;
    let config = serde_json::json!({ "room": 100 });
    let capsule = Capsule::new(config, broken.seed, &shrunk);
    std::fs::write(folder.path().join("purses.capsule.json"), capsule.to_text())?;
    println!("{}", purses.replay(&capsule));

    let page = report::html(&purses.trace_of(&capsule));
    std::fs::write(folder.path().join("purses.html"), page)?;
    if shrunk.decisions.len() > 20 { Err("too long a story".into()) } else { Ok(()) }
}

fn main() -> Result<(), Box<dyn Error>> {
    laws()?;
    story()?;
    typed()?;
    strategies()?;
    failure()
}
