//! A small sea whose journal is made step by step, as a test says: asks, commits on their way,
//! commits done, messages delivered.
//!
//! It doesn't know what is checked.

use std::collections::VecDeque;
use std::sync::Arc;

use archipelago::drive::{Book, Rereader};
use archipelago::journal::{
    Commit, Durability, JournalError, JournalSettings, Memory, ScanMode, Storage, scan,
};
use archipelago_core::command::route::Table;
use archipelago_core::id::{Asker, ClientId, IslandId, Life, RequestNumber, Session, Slot};
use archipelago_core::island::{Island, Kernel, Limits, Output, Request, Turn};
use archipelago_core::journal::frame::SchemaVersion;
use archipelago_core::link::frame::Frame;
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;
use proptest::prelude::*;

/// How many islands.
pub(crate) const ISLANDS: u32 = 3;

/// Adds up what it hears, and passes on a part of it.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Toy {
    pub(crate) total: u64,
}

/// What a toy hears.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Word {
    /// Tell the others as often as this says.
    Tell(u8, u64),
    /// A number.
    Hear(u64),
}

impl Island for Toy {
    type Command = Word;
    type Event = u64;
    type Reply = u64;

    fn decide(&self, word: Word, turn: &mut Turn<Self>) {
        match word {
            Word::Tell(times, number) => {
                for more in 0..u64::from(times) {
                    let to = (number + more) % u64::from(ISLANDS);
                    turn.send(IslandId(to as u32), Word::Hear(number + more));
                }
                turn.emit(number);
                turn.reply(self.total);
            }
            Word::Hear(number) => {
                turn.emit(number);
                if number % 3 == 1 {
                    let to = (number / 3) % u64::from(ISLANDS);
                    turn.send(IslandId(to as u32), Word::Hear(number / 3));
                }
            }
        }
    }

    fn evolve(&mut self, number: &u64) {
        self.total = self.total.wrapping_mul(31).wrapping_add(*number);
    }
}

/// A step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Ask { island: u32, times: u8, number: u64 },
    Commit,
    Done,
    Deliver(usize),
    Seal,
}

/// Steps that make a journal of some commits, often with several on their way at once.
pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..ISLANDS, 0_u8..4, any::<u16>())
            .prop_map(|(island, times, n)| Step::Ask { island, times, number: n.into() }),
        3 => Just(Step::Commit),
        2 => Just(Step::Done),
        4 => (0_usize..8).prop_map(Step::Deliver),
        1 => Just(Step::Seal),
    ];
    prop::collection::vec(step, 1..most)
}

/// The islands, and their journal.
pub(crate) struct Sea {
    pub(crate) storage: Arc<Memory>,
    pub(crate) settings: JournalSettings,
    kernels: Vec<Kernel<Toy>>,
    book: Book,
    rereader: Rereader,
    frames: VecDeque<Frame>,
    writing: VecDeque<Commit>,
    asked: u64,
}

impl Sea {
    /// A sea that went through `steps`.
    pub(crate) fn after(steps: &[Step]) -> Self {
        let mut sea = Self::new();
        steps.iter().for_each(|step| sea.step(step));
        sea
    }

    fn new() -> Self {
        let settings = JournalSettings {
            life: Life(7),
            islands: ISLANDS,
            segment_bytes: 3 * 4096,
            schema: SchemaVersion::default(),
            durability: Durability::Disk,
        };
        let storage = Arc::new(Memory::new());
        let nothing = |_| Ok::<_, JournalError>(());
        let found = scan(&*storage, &settings, ScanMode::Repair, &mut { nothing }).unwrap();
        let table = Arc::new(Table::modulo(ISLANDS).unwrap());
        let start = |island| {
            let image = Image::new(Toy::default());
            let limits = Limits::default();
            Kernel::start(island, Arc::clone(&table), settings.life, Session(1), limits, image)
        };
        Self {
            kernels: (0..ISLANDS).map(|island| start(IslandId(island))).collect(),
            book: Book::resume(settings, &found).unwrap(),
            rereader: Rereader::new::<Toy>(Arc::<Memory>::clone(&storage), settings.life),
            frames: VecDeque::new(),
            writing: VecDeque::new(),
            asked: 0,
            storage,
            settings,
        }
    }

    fn step(&mut self, step: &Step) {
        const NOW: Millis = Millis(1);
        match *step {
            Step::Ask { island, times, number } => {
                self.asked += 1;
                let number_asked = RequestNumber(self.asked);
                let asker = Asker { client: ClientId(1), slot: Slot(0), number: number_asked };
                let command = Word::Tell(times, number);
                let request = Request { asker, answered_below: number_asked, command };
                self.kernels[island as usize].ask(NOW, request).unwrap();
            }
            Step::Commit if self.writing.len() < 3 => self.commit(),
            Step::Commit => {}
            Step::Done => self.done(),
            Step::Deliver(count) => {
                for _ in 0..count {
                    let Some(frame) = self.frames.pop_front() else { return };
                    let to = frame.envelope().to.0 as usize;
                    self.kernels[to].receive(NOW, &frame).unwrap();
                    self.drain(to);
                }
            }
            Step::Seal => {
                while !self.writing.is_empty() {
                    self.done();
                }
                if let Some(seal) = self.book.prepare_seal() {
                    self.write(&seal);
                    self.book.complete(seal);
                }
            }
        }
    }

    fn commit(&mut self) {
        let mut blocks = self.kernels.iter_mut().filter_map(Kernel::seal).collect();
        if let Some(commit) = self.book.prepare(&mut blocks).unwrap() {
            self.write(&commit);
            self.writing.push_back(commit);
        }
    }

    fn write(&self, commit: &Commit) {
        if let Some(segment) = commit.create() {
            self.storage.create(segment).unwrap();
        }
        let place = commit.place();
        self.storage.write_at(place.segment, place.offset.into(), commit.image()).unwrap();
    }

    fn done(&mut self) {
        let Some(commit) = self.writing.pop_front() else { return };
        for durable in self.book.complete(commit) {
            let island = durable.island.0 as usize;
            self.kernels[island].durable(durable.upto);
            self.drain(island);
        }
    }

    fn drain(&mut self, island: usize) {
        let frames = &mut self.frames;
        let mut refills = Vec::new();
        self.kernels[island].drain(|output| match output {
            Output::Frame(frame) => frames.push_back(frame),
            Output::Refill { to, first } => refills.push((to, first)),
            Output::Answer(..) => {}
            Output::Breach(breach) => panic!("{breach}"),
        });
        for (to, first) in refills {
            let tail = self.book.islands()[island].place;
            let chunk = self.rereader.reread(IslandId(island as u32), tail, to, first);
            self.kernels[island].refill(to, chunk);
        }
    }
}
