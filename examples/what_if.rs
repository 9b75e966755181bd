//! A rule is about to change: which sales of yesterday's journal would have gone otherwise?
use std::collections::BTreeMap;

use archipelago::replay::Log;
use archipelago::{Island, Turn, builder};
use serde::{Deserialize, Serialize};

/// Theatre tickets: the most seats of one sale, and the seats sold, by play.
#[derive(Serialize, Deserialize)]
struct BoxOffice {
    seats_max: u32,
    sold: BTreeMap<String, u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Buy(String, u32);
#[derive(Debug, Serialize, Deserialize)]
struct Sold(String, u32);

impl Island for BoxOffice {
    type Command = Buy;
    type Event = Sold;
    type Reply = Result<u32, String>;

    fn decide(&self, Buy(play, seats): Buy, turn: &mut Turn<Self>) {
        if seats > self.seats_max {
            return turn.reply(Err(format!("at most {} seats", self.seats_max)));
        }
        turn.reply(Ok(self.sold.get(&play).unwrap_or(&0) + seats));
        turn.emit(Sold(play, seats));
    }

    fn evolve(&mut self, Sold(play, seats): &Sold) {
        *self.sold.entry(play.clone()).or_default() += seats;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = tempfile::tempdir()?;
    let born = |seats_max| move |_| BoxOffice { seats_max, sold: BTreeMap::new() };
    let sea = builder().islands(4).journal(data.path()).open(born(10))?;
    for (play, seats) in [("Hamlet", 2), ("Hamlet", 8), ("Macbeth", 5), ("Othello", 3)] {
        sea.ask(play, Buy(play.to_owned(), seats))?.wait()??;
    }
    drop(sea);

    let log = Log::open(data.path())?;
    let verified = log.again().verify(born(10))?;
    println!("The rule as it was: {verified}.");
    let what_if = log.again().what_if(born(4))?;
    println!("At most 4 seats: {what_if}");
    if verified.differing == 0 && what_if.differing() == 2 { Ok(()) } else { Err("not so".into()) }
}
