//! Dead letters: found in the journal, put back into a program that can decide them. Real threads,
//! real files, restarts in between.
//!
//! It doesn't know how records are laid out.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use archipelago::core::journal::record::Source;
use archipelago::replay::{DeadLetter, DeadLetters, Log};
use archipelago::{
    Archipelago, AskError, Island, IslandId, Millis, RequestNumber, Settled, Turn, builder,
};
use serde::{Deserialize, Serialize};

/// Accounts. The first version cannot divide by zero.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Bank {
    version: u32,
    shares: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Command {
    /// Gives each of some people their share of a sum, here.
    Share { account: String, sum: u64, people: u64 },
    /// Has the next island do so.
    Elsewhere(String),
    /// Has this island do so after a moment.
    Later(String),
}

impl Island for Bank {
    type Command = Command;
    type Event = (String, u64);
    type Reply = u64;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Share { account, sum, people } => {
                let divisor = if self.version == 1 { people } else { people.max(1) };
                let share = sum / divisor;
                turn.emit((account, share));
                if turn.asker().is_some() {
                    turn.reply(share);
                }
            }
            Command::Elsewhere(account) => {
                let to = IslandId((turn.island().0 + 1) % turn.islands());
                turn.send(to, Command::Share { account, sum: 20, people: 0 });
                turn.reply(0);
            }
            Command::Later(account) => {
                turn.timer(Millis(1), Command::Share { account, sum: 30, people: 0 });
                turn.reply(0);
            }
        }
    }

    fn evolve(&mut self, (account, share): &(String, u64)) {
        *self.shares.entry(account.clone()).or_default() += share;
    }
}

fn open(data: &Path, version: u32) -> Archipelago<Bank> {
    let make = move |_| Bank { version, ..Bank::default() };
    builder().islands(3).journal(data).open(make).unwrap()
}

fn close(sea: Archipelago<Bank>) -> BTreeMap<String, u64> {
    let closed = sea.close(Duration::from_secs(20)).unwrap();
    assert_eq!(closed.settled, Settled::Yes);
    closed.images.into_iter().flat_map(|image| image.state.shares).collect()
}

fn letters(data: &Path) -> DeadLetters {
    Log::open(data).unwrap().dead_letters(usize::MAX).unwrap()
}

/// One letter of a client, one message, one timer.
fn make_letters(data: &Path) {
    let sea = open(data, 1);
    let client = sea.client("front").unwrap();
    let asked = Command::Share { account: "asked".into(), sum: 10, people: 0 };
    let dead = client.ask_as(RequestNumber(1), "asked", asked).unwrap().wait();
    assert!(matches!(dead, Err(AskError::DeadLetter(_))), "{dead:?}");
    let sent = client.ask_as(RequestNumber(2), "k", Command::Elsewhere("sent".into())).unwrap();
    let later = client.ask_as(RequestNumber(3), "k", Command::Later("later".into())).unwrap();
    assert_eq!((sent.wait(), later.wait()), (Ok(0), Ok(0)));
    std::thread::sleep(Duration::from_millis(20));
    assert!(close(sea).is_empty());
}

fn put_back(sea: &Archipelago<Bank>, letter: &DeadLetter) -> Result<u64, AskError> {
    sea.put_back(letter, letter.command::<Bank>().unwrap()).unwrap().wait()
}

#[test]
fn commands_messages_and_timers_that_failed_are_listed_and_each_put_back_once() {
    let folder = tempfile::tempdir().unwrap();
    make_letters(folder.path());
    let found = letters(folder.path());
    assert_eq!((found.count, found.put_back, found.letters.len()), (3, 0, 3));
    for letter in &found.letters {
        assert!(letter.reason.contains("divide by zero"), "{letter:?}");
        let Command::Share { account, people: 0, .. } = letter.command::<Bank>().unwrap() else {
            panic!("{letter:?}");
        };
        let brought = match letter.source {
            Source::Client { .. } => "asked",
            Source::Island { .. } => "sent",
            Source::Timer(_) => "later",
        };
        assert_eq!(account, brought);
    }
    let sea = open(folder.path(), 2);
    for letter in &found.letters[..2] {
        assert!(put_back(&sea, letter).is_ok());
        assert_eq!(put_back(&sea, letter), put_back(&sea, letter), "the first answer again");
    }
    drop(sea); // As a crash would end it.
    let sea = open(folder.path(), 2);
    for letter in &found.letters {
        assert!(put_back(&sea, letter).is_ok());
    }
    let expected = [("asked", 10), ("sent", 20), ("later", 30)];
    let expected = expected.map(|(account, share)| (account.to_owned(), share));
    assert_eq!(close(sea), BTreeMap::from(expected), "each was decided once");
    let after = letters(folder.path());
    assert_eq!((after.count, after.put_back), (3, 3));
    assert!(after.letters.iter().all(|letter| letter.put_back > Some(letter.position)));
    let few = Log::open(folder.path()).unwrap().dead_letters(1).unwrap();
    assert_eq!((few.letters.len(), few.count, few.put_back), (1, 3, 3));
}

#[test]
fn the_request_that_died_stays_dead_under_its_number_and_lives_under_another() {
    let folder = tempfile::tempdir().unwrap();
    make_letters(folder.path());
    let sea = open(folder.path(), 2);
    let client = sea.client("front").unwrap();
    let asked = Command::Share { account: "asked".into(), sum: 10, people: 0 };
    let again = client.ask_as(RequestNumber(1), "asked", asked.clone()).unwrap().wait();
    assert!(matches!(again, Err(AskError::DeadLetter(_))), "{again:?}");
    assert_eq!(client.ask_as(RequestNumber(4), "asked", asked).unwrap().wait(), Ok(10));
}

#[test]
fn what_fails_again_is_another_letter_and_a_better_command_may_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    make_letters(folder.path());
    let first = letters(folder.path()).letters[0].clone();
    let sea = open(folder.path(), 1);
    assert!(matches!(put_back(&sea, &first), Err(AskError::DeadLetter(_))));
    assert!(matches!(put_back(&sea, &first), Err(AskError::DeadLetter(_))), "the same answer");
    close(sea);
    let found = letters(folder.path());
    assert_eq!((found.count, found.put_back), (4, 1));
    let second = found.letters.last().unwrap();
    assert_eq!(found.letters[0].put_back, Some(second.position));
    let sea = open(folder.path(), 1);
    let better = Command::Share { account: "asked".into(), sum: 10, people: 5 };
    assert_eq!(sea.put_back(second, better).unwrap().wait(), Ok(2));
    close(sea);
}

#[test]
fn a_letter_of_an_island_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    make_letters(folder.path());
    let found = letters(folder.path());
    let message = found.letters.iter().find(|it| matches!(it.source, Source::Island { .. }));
    let mut letter = message.unwrap().clone();
    letter.island = IslandId(7);
    let sea = open(folder.path(), 2);
    let refused = sea.put_back(&letter, letter.command::<Bank>().unwrap()).map(|_| ());
    assert!(
        matches!(&refused, Err(AskError::Refused(why)) if why.to_string().contains("island 7"))
    );
}
