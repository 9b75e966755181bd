//! A user's own island in a hostile world: `cargo run --release --example simulate_my_island`.
use archipelago::{Island, Turn};
use archipelago_sim::{Faults, Simulation};
use serde::{Deserialize, Serialize};
#[derive(Default, Serialize, Deserialize)]
struct Purse(i64); // One island's share of all coins.
#[derive(Debug, Serialize, Deserialize)]
enum Coins {
    Pay(String, i64), // To whoever owns this key.
    Receive(i64),
}
impl Island for Purse {
    type Command = Coins;
    type Event = i64;
    type Reply = ();
    fn decide(&self, coins: Coins, turn: &mut Turn<Self>) {
        if let Coins::Pay(to, amount) = coins {
            turn.emit(-amount);
            turn.send_to_key(to, Coins::Receive(amount));
            turn.reply(());
        } else if let Coins::Receive(amount) = coins {
            turn.emit(amount);
        }
    }
    fn evolve(&mut self, amount: &i64) {
        self.0 += amount;
    }
}
fn main() {
    let purses = Simulation::of(|_| Purse::default())
        .commands(100)
        .workload(|_, n| (format!("p{n}"), Coins::Pay(format!("p{}", n * 7), n as i64)))
        .faults(Faults { loss_ppm: 100_000, ..Faults::crash_loop() })
        .finally("no coin is lost or made", |all| {
            let sum: i64 = all.iter().map(|island| island.state.0).sum();
            if sum == 0 { Ok(()) } else { Err(format!("{sum} too many")) }
        });
    println!("{:#?}", purses.seeds(0..50).expect("the laws hold").total);
}
