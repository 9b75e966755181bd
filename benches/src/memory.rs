//! What memory the product takes: with many islands, many clients, many open orders.
//!
//! Rules:
//! 1. Each case has a process of its own, which tells its resident memory before and after: nothing
//!    that another one freed is counted or hidden.
//! 2. It is there to be told that memory is bounded, and by what; the limits stand in `Limits`.
//!
//! It doesn't know where the bytes go.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use archipelago::{
    AskError, Asker, Durability, Island, IslandId, Millis, RequestNumber, SnapshotPolicy, Turn,
    builder,
};
use archipelago_core::command::dedup::{Kept, Sessions};
use archipelago_core::command::route;
use archipelago_core::id::{ClientId, TimerNumber};
use archipelago_core::lookup::Lookup;
use serde::{Deserialize, Serialize};

use crate::rounds::Failed;
use crate::session::Session;
use crate::table::grouped;

/// How long a queue may be full, and how long islands may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// So many islands that have nothing to do.
    Islands(u32),
    /// So many islands, each of which has sent a message to each.
    Links(u32),
    /// So many clients whose last answer is kept, in 16 islands' tables.
    Clients(u64),
    /// So many orders that wait, each with a timer, on 16 islands.
    Orders(u64),
}

/// What memory was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Of what.
    pub what: String,
    /// How many.
    pub count: u64,
    /// Resident memory when it was there, without what the process had before, in bytes.
    pub bytes: u64,
    /// The most resident memory on the way, in bytes.
    pub peak_bytes: u64,
}

/// The cases, and those of a short run.
const CASES: [&[Case]; 2] = [
    &[
        Case::Islands(16),
        Case::Islands(256),
        Case::Islands(4096),
        Case::Links(1024),
        Case::Clients(10_000_000),
        Case::Orders(1_000_000),
    ],
    &[Case::Islands(64), Case::Links(32), Case::Clients(10_000), Case::Orders(1_000)],
];

/// Weighs all cases. `again` makes this program [`run`] the case of that number.
///
/// # Errors
/// A case that failed, or a system without `/proc`.
pub fn memory(
    session: &mut Session<'_>,
    again: impl Fn(usize) -> Result<Command, Failed>,
) -> Result<(), Failed> {
    let cases = CASES[usize::from(session.effort.short)];
    session.say("Memory, beside what the process has before\n")?;
    let head = ["", "count", "bytes", "bytes each", "peak, bytes"];
    session.say(&row(head.map(str::to_owned)))?;
    for number in 0..cases.len() {
        let done = again(number)?.output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).trim().to_owned().into());
        }
        let memory: Memory = serde_json::from_slice(&done.stdout)?;
        let Memory { what, count, bytes, peak_bytes } = &memory;
        let each = bytes / count;
        let [count, bytes, each, peak] = [*count, *bytes, each, *peak_bytes].map(grouped);
        session.say(&row([what.clone(), count, bytes, each, peak]))?;
        session.weigh(memory);
    }
    session.say("")
}

fn row([what, count, bytes, each, peak]: [String; 5]) -> String {
    format!("{what:<44} {count:>12} {bytes:>16} {each:>12} {peak:>16}")
}

/// Makes what the case of this number is about, in this process, and weighs it; files go below
/// `place`.
///
/// # Errors
/// When there is no such case, or it cannot be made.
pub fn run(number: usize, short: bool, place: &Path) -> Result<Memory, Failed> {
    let case = CASES[usize::from(short)].get(number).ok_or("there is no such case")?;
    let folder = tempfile::tempdir_in(place)?;
    let before = resident("VmRSS")?;
    match *case {
        Case::Islands(islands) => {
            let chosen = builder().islands(islands).journal(folder.path().join("sea"));
            let sea = chosen.open(|_| Till::default())?;
            sea.settle(PATIENCE)?;
            weigh("islands with nothing to do", islands.into(), before)
        }
        Case::Links(islands) => {
            let chosen = builder().islands(islands).journal(folder.path().join("sea"));
            let sea = chosen.durability(Durability::Os).open(|_| Till::default())?;
            // The first key of each island reaches it.
            for island in (0..islands).map(IslandId) {
                let mut keys = (0_u64..).map(u64::to_le_bytes);
                let key = keys.find(|key| sea.island_of(key) == island).ok_or("a key")?;
                patient(|| sea.tell(key, Ask::GreetAll))?;
            }
            sea.settle(PATIENCE)?;
            let pairs = u64::from(islands) * u64::from(islands);
            let mut greeted = 0;
            for island in (0..islands).map(IslandId) {
                greeted += sea.query(island, |till| till.greeted)?.wait()?;
            }
            if greeted != pairs {
                return Err(format!("{greeted} greetings, not {pairs}").into());
            }
            weigh("pairs of islands, one message sent on each", pairs, before)
        }
        Case::Clients(clients) => {
            let islands = clients_kept(clients);
            let found: usize = islands.iter().map(Sessions::len).sum();
            if found as u64 != clients {
                return Err(format!("{found} clients are kept, not {clients}").into());
            }
            weigh("clients, each with an answer that is kept", clients, before)
        }
        Case::Orders(orders) => {
            let chosen = builder().islands(16).journal(folder.path().join("sea"));
            let chosen = chosen.durability(Durability::Os).snapshots(SnapshotPolicy::NEVER);
            let sea = chosen.open(|_| Till::default())?;
            for order in 0..orders {
                patient(|| sea.tell(order.to_le_bytes(), Ask::Place(order)))?;
            }
            sea.settle(PATIENCE)?;
            let mut open = 0;
            for island in (0..sea.islands()).map(IslandId) {
                open += sea.query(island, |till| till.open.len())?.wait()?;
            }
            if open as u64 != orders {
                return Err(format!("{open} orders are open, not {orders}").into());
            }
            weigh("open orders, each with a timer", orders, before)
        }
    }
}

/// The tables of 16 islands, after each client has asked once and was answered.
fn clients_kept(clients: u64) -> Vec<Sessions> {
    let mut islands = vec![Sessions::default(); 16];
    for client in 0..clients {
        let slot = route::slot(&client.to_le_bytes());
        // As client_id makes them: all bits of the name's hash.
        let id =
            ClientId(u128::from(client).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let asker = Asker { client: id, slot, number: RequestNumber(1) };
        let sessions = &mut islands[usize::from(slot.0) % 16];
        sessions.begin(&asker, RequestNumber(1));
        sessions.answer(&asker, Kept::Replied([1].as_slice().into()));
    }
    islands
}

fn patient<T>(mut ask: impl FnMut() -> Result<T, AskError>) -> Result<T, AskError> {
    let began = Instant::now();
    loop {
        match ask() {
            Err(AskError::Busy(_)) if began.elapsed() < PATIENCE => std::thread::yield_now(),
            done => return done,
        }
    }
}

fn weigh(what: &str, count: u64, before: u64) -> Result<Memory, Failed> {
    let bytes = resident("VmRSS")?.saturating_sub(before);
    Ok(Memory { what: what.to_owned(), count, bytes, peak_bytes: resident("VmHWM")? })
}

/// A line of this process's status, in bytes.
fn resident(line: &str) -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| format!("memory can be measured on Linux only: {error}"))?;
    let found = status.lines().find_map(|told| told.strip_prefix(line)?.strip_prefix(":"));
    let kilobytes = found.and_then(|told| told.split_whitespace().next());
    Ok(kilobytes.ok_or_else(|| format!("no {line} is told"))?.parse::<u64>()? * 1024)
}

/// Orders that wait for an hour, and greetings.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Till {
    open: Lookup<u64, TimerNumber>,
    greeted: u64,
}

#[derive(Debug, Serialize, Deserialize)]
enum Ask {
    Place(u64),
    GiveUp(u64),
    GreetAll,
    Greet,
}

#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Opened(u64, TimerNumber),
    GivenUp(u64),
    Greeted,
}

impl Island for Till {
    type Command = Ask;
    type Event = Event;
    type Reply = ();

    fn decide(&self, ask: Ask, turn: &mut Turn<Self>) {
        match ask {
            Ask::Place(order) => {
                let timer = turn.timer(Millis(3_600_000), Ask::GiveUp(order));
                turn.emit(Event::Opened(order, timer));
                turn.reply(());
            }
            Ask::GiveUp(order) => turn.emit(Event::GivenUp(order)),
            Ask::GreetAll => {
                (0..turn.islands()).for_each(|island| turn.send(IslandId(island), Ask::Greet));
                turn.reply(());
            }
            Ask::Greet => turn.emit(Event::Greeted),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Opened(order, timer) => drop(self.open.insert(*order, *timer)),
            Event::GivenUp(order) => drop(self.open.remove(order)),
            Event::Greeted => self.greeted += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_case_is_made_and_weighs_something() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..CASES[1].len() {
            let memory = run(number, true, folder.path()).unwrap();
            assert!(memory.peak_bytes > 0 && memory.count > 0, "{memory:?}");
        }
        assert!(run(99, true, folder.path()).is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "what was written is gone");
    }
}
