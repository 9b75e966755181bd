//! A depot: an island of parcels, timers and tasks.
//!
//! Rules:
//! 1. A task is a request that is answered later: when all it waits for has come. Its last step
//!    answers twice; the second answer must never be heard.
//! 2. Each event is folded into a digest that sees their order.
//! 3. What cannot be is noted once, the first of its kind, and changes nothing else.
//!
//! It doesn't know the links, nor when anything is durable.

use std::collections::BTreeMap;
use std::panic::resume_unwind;

use archipelago::{Asker, Island, IslandId, Millis, Origin, RequestNumber, Turn};
use archipelago_core::codec;
use archipelago_core::id::{ClientId, TimerNumber};
use archipelago_core::journal::record::COMMAND_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::command::{Command, Errand, Event, Reply, Way};
use super::content::Parcel;
use crate::mix::mix;

/// A task: who waits, and for how many acknowledgements or alarms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    asker: Asker,
    awaited: u32,
}

/// A timer as the depot remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// When it is due.
    pub due: Millis,
    /// Of which task.
    pub task: u64,
}

/// A depot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Depot {
    sent: BTreeMap<IslandId, u64>,
    received: BTreeMap<IslandId, u64>,
    tasks: BTreeMap<u64, Task>,
    alarms: BTreeMap<TimerNumber, Alarm>,
    asked: BTreeMap<(ClientId, RequestNumber), u64>,
    answered: u64,
    /// The last timer ever set, and the time of the last decision.
    timer: TimerNumber,
    clock: Millis,
    history: u64,
    wrong: Option<String>,
}

impl Island for Depot {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        turn.emit(Event::Clock { at: turn.now() });
        match turn.origin() {
            Origin::Client(asker) => self.asked(asker, command, turn),
            Origin::Island { from, .. } => self.came(from, command, turn),
            Origin::Timer(timer) => self.rang(timer, command, turn),
        }
    }

    fn evolve(&mut self, event: &Event) {
        self.history = mix(self.history ^ fold(event));
        match event {
            Event::Clock { at } => {
                if *at < self.clock {
                    self.note(format!("time goes back from {} to {at}", self.clock));
                }
                self.clock = *at;
            }
            Event::Asked { asker, draw } => {
                if self.asked.insert((asker.client, asker.number), *draw).is_some() {
                    self.note(format!("request {} is decided twice", asker.number));
                }
            }
            Event::Opened { task, asker, awaited } => {
                self.tasks.insert(*task, Task { asker: *asker, awaited: *awaited });
            }
            Event::Came { task } => {
                let Some(left) = self.tasks.get(task).map(|task| task.awaited) else { return };
                if left > 1 {
                    self.tasks.entry(*task).and_modify(|task| task.awaited = left - 1);
                } else {
                    self.answered += 1;
                    self.tasks.remove(task);
                }
            }
            Event::Sent { to } => *self.sent.entry(*to).or_default() += 1,
            Event::Received { from, count } => drop(self.received.insert(*from, *count)),
            Event::Set { timer, due, task } => {
                if *timer <= self.timer {
                    self.note(format!("timer {timer} is set after timer {}", self.timer));
                }
                self.timer = *timer;
                self.alarms.insert(*timer, Alarm { due: *due, task: *task });
            }
            Event::Unset { timer } => drop(self.alarms.remove(timer)),
            Event::Wrong(what) => self.note(what.clone()),
        }
    }
}

impl Depot {
    /// The first thing seen that cannot be.
    #[must_use]
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    /// Parcels sent to an island.
    #[must_use]
    pub fn sent_to(&self, island: IslandId) -> u64 {
        self.sent.get(&island).copied().unwrap_or_default()
    }

    /// Parcels received from an island.
    #[must_use]
    pub fn received_from(&self, island: IslandId) -> u64 {
        self.received.get(&island).copied().unwrap_or_default()
    }

    /// Timers set and neither fired nor taken back.
    #[must_use]
    pub const fn alarms(&self) -> &BTreeMap<TimerNumber, Alarm> {
        &self.alarms
    }

    /// The time of the last decision.
    #[must_use]
    pub const fn clock(&self) -> Millis {
        self.clock
    }

    /// Tasks that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.tasks.len()
    }

    /// Client requests decided, by client and number.
    pub fn decided(&self) -> impl Iterator<Item = (ClientId, RequestNumber)> {
        self.asked.keys().copied()
    }

    fn note(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    fn asked(&self, asker: Asker, command: Command, turn: &mut Turn<Self>) {
        let task = self.asked.len() as u64 + 1;
        let draw = turn.random();
        turn.emit(Event::Asked { asker, draw });
        let mut out = Outgoing { depot: self, more: BTreeMap::new() };
        let awaited = match command {
            Command::Count => {
                turn.reply(Reply { decided: task, answered: self.answered });
                return;
            }
            Command::Post { to, parcels, bytes } => {
                (0..parcels).for_each(|_| out.send(to, bytes, Errand::Deliver(task), turn));
                parcels
            }
            Command::PostToAll { bytes } => {
                let all = turn.islands();
                (0..all).for_each(|to| out.send(IslandId(to), bytes, Errand::Deliver(task), turn));
                all
            }
            Command::Ring { hops } => {
                let home = turn.island();
                out.send(next(turn), 8, Errand::PassOn { hops, home, task }, turn);
                1
            }
            Command::Remind { span } => {
                set(span, task, turn);
                1
            }
            Command::RemindOnce { span, later } => {
                set(span, task, turn);
                set(span.plus(later), task, turn);
                1
            }
            Command::Fail { to, parcels, way } => {
                (0..parcels).for_each(|_| out.send(to, 8, Errand::Deliver(task), turn));
                match way {
                    // Without the hook's report: it would be one a world.
                    Way::Panic => resume_unwind(Box::new("it was asked to fail")),
                    Way::TooLarge => {
                        let bytes = COMMAND_BYTES_MAX as u32 + 1;
                        out.send(to, bytes, Errand::Deliver(task), turn);
                    }
                }
                1
            }
            Command::Parcel { .. } | Command::Alarm { .. } => {
                turn.emit(Event::Wrong("a client says what only depots say".to_owned()));
                1
            }
        };
        turn.emit(Event::Opened { task, asker, awaited });
    }

    fn came(&self, from: IslandId, command: Command, turn: &mut Turn<Self>) {
        let Command::Parcel { parcel, errand } = command else {
            let what = format!("island {from} says what only clients or timers say");
            return turn.emit(Event::Wrong(what));
        };
        let (me, had) = (turn.island(), self.received_from(from));
        if let Err(what) = parcel.check(from, me, had, turn.now()) {
            turn.emit(Event::Wrong(what));
        }
        turn.emit(Event::Received { from, count: parcel.count });
        let mut out = Outgoing { depot: self, more: BTreeMap::new() };
        match errand {
            Errand::Deliver(task) => out.send(from, 8, Errand::Acknowledge(task), turn),
            Errand::PassOn { hops: 0, home, task } => {
                // By key, as one who knows a key and not its owner: any key of its owner's will do.
                let mut keys = (0_u32..).map(u32::to_le_bytes);
                let key = keys.find(|key| turn.island_of(key) == home).expect("home has slots");
                let parcel = out.parcel(home, 8, turn);
                let errand = Errand::Acknowledge(task);
                turn.send_to_key(key, Command::Parcel { parcel, errand });
            }
            Errand::PassOn { hops, home, task } => {
                let errand = Errand::PassOn { hops: hops - 1, home, task };
                out.send(next(turn), 8, errand, turn);
            }
            Errand::Acknowledge(task) => self.step(task, turn),
        }
    }

    fn rang(&self, timer: TimerNumber, command: Command, turn: &mut Turn<Self>) {
        let wrong = |what: String, turn: &mut Turn<Self>| turn.emit(Event::Wrong(what));
        let Command::Alarm { task, due } = command else {
            return wrong(format!("timer {timer} says what only others say"), turn);
        };
        match self.alarms.get(&timer) {
            None => return wrong(format!("timer {timer} fires but is not set"), turn),
            Some(alarm) if *alarm != (Alarm { due, task }) => {
                return wrong(format!("timer {timer} fires with another's command"), turn);
            }
            Some(_) if turn.now() < due => {
                let now = turn.now();
                wrong(format!("timer {timer}, due at {due}, fires at {now}"), turn);
            }
            Some(_) => {}
        }
        turn.emit(Event::Unset { timer });
        for (other, _) in self.alarms.iter().filter(|(_, alarm)| alarm.task == task) {
            // Not this one: it has fired, and must be gone without being taken back.
            if *other != timer {
                turn.cancel_timer(*other);
                turn.emit(Event::Unset { timer: *other });
            }
        }
        self.step(task, turn);
    }

    /// One of the things came that a task waits for.
    fn step(&self, task: u64, turn: &mut Turn<Self>) {
        let Some(Task { asker, awaited }) = self.tasks.get(&task) else {
            return turn.emit(Event::Wrong(format!("task {task} has all it waits for already")));
        };
        turn.emit(Event::Came { task });
        if *awaited == 1 {
            let decided = self.asked.len() as u64;
            for answered in [self.answered, u64::MAX] {
                turn.reply_to(*asker, Reply { decided, answered });
            }
        }
    }
}

/// Counts the parcels of one decision: they are not in the state yet.
struct Outgoing<'a> {
    depot: &'a Depot,
    more: BTreeMap<IslandId, u64>,
}

impl Outgoing<'_> {
    fn send(&mut self, to: IslandId, bytes: u32, errand: Errand, turn: &mut Turn<Depot>) {
        let parcel = self.parcel(to, bytes, turn);
        turn.send(to, Command::Parcel { parcel, errand });
    }

    fn parcel(&mut self, to: IslandId, bytes: u32, turn: &mut Turn<Depot>) -> Parcel {
        let more = self.more.entry(to).or_default();
        *more += 1;
        turn.emit(Event::Sent { to });
        Parcel::new(turn.island(), to, self.depot.sent_to(to) + *more, turn.now(), bytes)
    }
}

/// The next island of the ring.
fn next(turn: &Turn<Depot>) -> IslandId {
    IslandId((turn.island().0 + 1) % turn.islands())
}

fn set(span: Millis, task: u64, turn: &mut Turn<Depot>) {
    let due = turn.now().plus(span);
    let timer = turn.timer(span, Command::Alarm { task, due });
    turn.emit(Event::Set { timer, due, task });
}

/// The bytes of an event as one number.
fn fold(event: &Event) -> u64 {
    let mut folded = 0;
    let told = codec::encode_into(event, &mut |bytes| {
        folded = bytes.iter().fold(folded, |folded, byte| mix(folded ^ u64::from(*byte)));
    });
    told.map_or(u64::MAX, |()| folded)
}
