//! Theatre tickets on 4 islands: sell some, stop without warning, open again from the journal.
use std::collections::BTreeMap;

use archipelago::{Island, Turn, builder};
use serde::{Deserialize, Serialize};

/// The seats sold, by play. Each island holds the plays whose names hash to it.
#[derive(Default, Serialize, Deserialize)]
struct BoxOffice(BTreeMap<String, u32>);

#[derive(Debug, Serialize, Deserialize)]
struct Buy(String, u32);
#[derive(Debug, Serialize, Deserialize)]
struct Sold(String, u32);

impl Island for BoxOffice {
    type Command = Buy;
    type Event = Sold;
    type Reply = Result<u32, String>; // seats left, or why not

    fn decide(&self, Buy(play, seats): Buy, turn: &mut Turn<Self>) {
        let left = 10 - self.0.get(&play).unwrap_or(&0);
        if seats > left {
            return turn.reply(Err(format!("only {left} seats are left")));
        }
        turn.emit(Sold(play, seats));
        turn.reply(Ok(left - seats));
    }

    fn evolve(&mut self, Sold(play, seats): &Sold) {
        *self.0.entry(play.clone()).or_default() += seats;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = tempfile::tempdir()?;
    let open = || builder().islands(4).journal(data.path()).open(|_| BoxOffice::default());
    let sea = open()?;
    println!("6 seats: {:?}", sea.ask("Hamlet", Buy("Hamlet".into(), 6))?.wait()?);
    println!("6 seats: {:?}", sea.ask("Hamlet", Buy("Hamlet".into(), 6))?.wait()?);
    drop(sea); // ends at once, as a crash would; what was answered is in the journal
    let left = open()?.ask("Hamlet", Buy("Hamlet".into(), 4))?.wait()??;
    println!("4 seats after a restart: {left} left");
    if left == 0 { Ok(()) } else { Err("a sale was forgotten".into()) }
}
