//! A front end that asks out of order and twice, crashes, and puts a dead letter back.
use std::time::Duration;

use archipelago::replay::Log;
use archipelago::{AskError, Island, RequestNumber as Number, Turn, builder};
use serde::{Deserialize, Serialize};

/// Money shared out so far.
#[derive(Default, Serialize, Deserialize)]
struct Till(u64);

/// A sum, and how many share it.
#[derive(Debug, Serialize, Deserialize)]
struct Share(u64, u64);

impl Island for Till {
    type Command = Share;
    type Event = u64;
    type Reply = u64; // all that was shared out
    fn decide(&self, Share(sum, people): Share, turn: &mut Turn<Self>) {
        let shared = sum / people * people;
        turn.emit(shared);
        turn.reply(self.0 + shared);
    }
    fn evolve(&mut self, shared: &u64) {
        self.0 += shared;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = tempfile::tempdir()?;
    let open = || builder().islands(4).journal(data.path()).open(|_| Till::default());
    let sea = open()?;
    let shop = sea.client("shop 7")?;
    shop.reserve(Number(1))?; // it comes later
    let second = shop.ask_as(Number(2), "till", Share(10, 2))?.wait()?;
    drop((shop, sea)); // a crash; whoever asks did not hear the answer
    let sea = open()?;
    let shop = sea.client("shop 7")?;
    shop.reserve(Number(1))?;
    assert_eq!(shop.ask_as(Number(2), "till", Share(10, 2))?.wait()?, second);
    assert_eq!(shop.ask_as(Number(1), "till", Share(7, 2))?.wait()?, 16);
    let patience = Duration::from_secs(5); // Busy: nothing was taken, so it is asked again
    assert_eq!(shop.ask_within(patience, "till", Share(4, 1))?.wait()?, 20);
    let old = shop.ask_as(Number(1), "till", Share(7, 2))?.wait();
    assert!(matches!(old, Err(AskError::Refused(_))), "number 3 said: all below 3 is answered");
    let dead = shop.ask_as(Number(4), "till", Share(9, 0))?.wait();
    assert!(matches!(dead, Err(AskError::DeadLetter(_))), "a panic, and the till goes on");
    drop((shop, sea));

    let letters = Log::open(data.path())?.dead_letters(10)?.letters;
    let sea = open()?; // with a program that can decide them, or with better commands
    for letter in &letters {
        let Share(sum, people) = letter.command::<Till>()?;
        println!("{people} people had to share {sum}: {}", letter.reason);
        let first = sea.put_back(letter, Share(sum, people.max(1)))?.wait()?;
        assert_eq!(sea.put_back(letter, Share(sum, 3))?.wait()?, first, "put back once");
    }
    Ok(())
}
