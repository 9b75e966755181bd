//! A small world around real kernels: journals that lose what is not durable, a network that
//! loses, doubles, delays and reorders, clients that ask again.
//!
//! Rules:
//! 1. Everything that leaves a kernel is compared with the index of its durable records: a frame,
//!    an ack or an answer that no durable record holds fails the test where it happens.
//! 2. A schedule is plain data; the same schedule gives the same run.
//!
//! It doesn't know proptest, nor what the tests look for.

pub(crate) mod journal;
mod laws;
pub(crate) mod ledger;

use std::collections::BTreeMap;
use std::sync::Arc;

use archipelago_core::command::route::{Table, client_id};
use archipelago_core::id::{
    Asker, IslandId, JournalPosition, Life, LinkSeq, RequestNumber, Session, Slot,
};
use archipelago_core::island::{
    Admitted, Answer, DigestPolicy, Kernel, Limits, Output, Refusal, Request,
};
use archipelago_core::link::frame::{Frame, Parcel};
use archipelago_core::link::{Breach, LinkLimits};
use archipelago_core::replay::{Digest, Image, SnapshotError};
use archipelago_core::time::Millis;
use journal::{Journal, each_record};
pub(crate) use laws::{check_always, check_settled};
use ledger::{Command, Ledger, Reply};

/// The life of every directory here.
pub(crate) const LIFE: Life = Life(7);

/// Limits of the links, the others large. Each block holds a digest.
pub(crate) fn limits(window: u32, held_max: u32, kept_max: u32) -> Limits {
    let (links, digests) = (LinkLimits { window, held_max, kept_max }, DigestPolicy::every(1));
    Limits { links, digests, ..Limits::default() }
}

/// One island and what outlives it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: IslandId,
    pub(crate) kernel: Option<Kernel<Ledger>>,
    pub(crate) session: Session,
    pub(crate) journal: Journal,
    /// The last snapshot, and its position.
    pub(crate) snapshot: Option<(JournalPosition, Vec<u8>)>,
    /// The live digest after each record that was seen alone.
    digests: BTreeMap<JournalPosition, Digest>,
}

impl Node {
    /// The journal is another one now: what was seen live need not come again.
    pub(crate) fn forget_after_restore(&mut self) {
        self.digests.clear();
        self.snapshot = None;
    }
}

/// One request of a client.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) island: IslandId,
    pub(crate) asker: Asker,
    pub(crate) command: Command,
    /// The first answer its client heard.
    pub(crate) answer: Option<Answer<Reply>>,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Millis,
    pub(crate) limits: Limits,
    table: Arc<Table>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) network: Vec<Frame>,
    pub(crate) breaches: Vec<(IslandId, Breach)>,
    pub(crate) asked: Vec<Asked>,
    /// The data frames that left, with the sessions in which they did.
    pub(crate) parcels: Vec<Parcel>,
    /// What each receiver has granted each sender, over all frames that left.
    credit: BTreeMap<(IslandId, IslandId), LinkSeq>,
    /// How many messages a refill may bring.
    pub(crate) refill_most: u32,
}

impl World {
    pub(crate) fn new(islands: u32, limits: Limits) -> Self {
        let node = |id| Node {
            id: IslandId(id),
            kernel: None,
            session: Session(0),
            journal: Journal::new(IslandId(id)),
            snapshot: None,
            digests: BTreeMap::new(),
        };
        let mut world = Self {
            now: Millis(1_000),
            limits,
            table: Arc::new(Table::modulo(islands).unwrap()),
            nodes: (0..islands).map(node).collect(),
            network: Vec::new(),
            breaches: Vec::new(),
            asked: Vec::new(),
            parcels: Vec::new(),
            credit: BTreeMap::new(),
            refill_most: limits.links.kept_max.max(1),
        };
        (0..islands as usize).for_each(|at| world.start(at));
        world
    }

    pub(crate) fn kernel(&self, at: usize) -> &Kernel<Ledger> {
        self.nodes[at].kernel.as_ref().expect("running")
    }

    pub(crate) fn kernel_mut(&mut self, at: usize) -> &mut Kernel<Ledger> {
        self.nodes[at].kernel.as_mut().expect("running")
    }

    /// Loses everything of the island that is not durable.
    pub(crate) fn crash(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.kernel = None;
        node.journal.pending.clear();
        let durable = node.journal.index.position;
        node.digests.retain(|position, _| *position <= durable);
    }

    /// Starts the island from its snapshot, if any, and its durable records.
    pub(crate) fn start(&mut self, at: usize) {
        let (image, unacked) = self.replay(at);
        let node = &mut self.nodes[at];
        node.session = Session(node.session.0 + 1);
        let table = Arc::clone(&self.table);
        let mut kernel = Kernel::start(node.id, table, LIFE, node.session, self.limits, image);
        kernel.adopt(unacked);
        node.kernel = Some(kernel);
        self.drain(at);
    }

    /// The image that the durable records give; each record is checked against the live digest.
    pub(crate) fn replay(&self, at: usize) -> (Image<Ledger>, Unacked) {
        let node = &self.nodes[at];
        let (mut image, unacked) = match &node.snapshot {
            Some((_, bytes)) => Image::load(bytes).expect("a snapshot loads"),
            None => (Image::new(Ledger::default()), Vec::new()),
        };
        for block in &node.journal.durable {
            each_record(node.id, block, |position, record| {
                if position <= image.position {
                    return;
                }
                assert_eq!(position, image.position.next(), "the journal has a hole");
                image.apply(record).expect("a record follows");
                if let Some(live) = node.digests.get(&position) {
                    assert_eq!(*live, image.digest().unwrap(), "replay differs at {position}");
                }
            });
            // An island that has stopped digests no more.
            if let Some(trailer) = block.trailer.filter(|_| block.upto() == image.position) {
                let replayed = image.digest().unwrap();
                assert_eq!(trailer.digest, replayed, "another digest at {}", image.position);
            }
        }
        assert_eq!(image.position, node.journal.index.position);
        (image, unacked)
    }

    /// Asks something new; what the client heard is kept in `asked`.
    pub(crate) fn ask(&mut self, at: usize, command: Command) -> usize {
        let number = RequestNumber(self.asked.len() as u64 + 1);
        let asker = Asker { client: client_id("alice"), slot: Slot(at as u16), number };
        self.asked.push(Asked { island: IslandId(at as u32), asker, command, answer: None });
        let index = self.asked.len() - 1;
        self.ask_again(index).expect("a new request is taken");
        index
    }

    /// Asks the same again.
    pub(crate) fn ask_again(&mut self, index: usize) -> Result<Admitted, Refusal> {
        let Asked { island, asker, command, .. } = self.asked[index].clone();
        let at = island.0 as usize;
        let now = self.now;
        let answered_below = RequestNumber(1);
        let request = Request { asker, answered_below, command };
        let admitted = self.kernel_mut(at).ask(now, request);
        self.saw(at);
        admitted
    }

    /// Hands a frame to its receiver, if that runs.
    pub(crate) fn deliver(&mut self, frame: &Frame) {
        let at = frame.envelope().to.0 as usize;
        let now = self.now;
        if self.nodes[at].kernel.is_some() {
            let _ = self.kernel_mut(at).receive(now, frame);
            self.saw(at);
            self.drain(at);
        }
    }

    pub(crate) fn tick(&mut self, at: usize) {
        let now = self.now;
        let _ = self.kernel_mut(at).tick(now);
        self.saw(at);
        self.drain(at);
    }

    fn saw(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let kernel = node.kernel.as_ref().expect("running");
        if kernel.stopped().is_none() {
            let image = kernel.image();
            let digest = image.digest().unwrap();
            let before = node.digests.insert(image.position, digest);
            assert!(before.is_none_or(|before| before == digest), "changed without a record");
        }
    }

    pub(crate) fn seal(&mut self, at: usize) {
        if let Some(block) = self.kernel_mut(at).seal() {
            self.nodes[at].journal.pending.push_back(block);
        }
        self.drain(at);
    }

    /// The oldest sealed block becomes durable.
    pub(crate) fn flush_one(&mut self, at: usize) -> bool {
        let flushed = self.nodes[at].journal.flush_one();
        if let Some(position) = flushed {
            self.kernel_mut(at).durable(position);
        }
        self.drain(at);
        flushed.is_some()
    }

    /// Seals, and makes all of it durable.
    pub(crate) fn commit(&mut self, at: usize) {
        self.seal(at);
        while self.flush_one(at) {}
    }

    /// Carries out what the kernel says, and checks that it may say it.
    pub(crate) fn drain(&mut self, at: usize) {
        for round in 0.. {
            assert!(round < 1_000, "island {at} asks for refills without end");
            let mut outputs = Vec::new();
            self.kernel_mut(at).drain(|output| outputs.push(output));
            let mut refilled = false;
            for output in outputs {
                match output {
                    Output::Answer(asker, answer) => self.heard(at, asker, answer),
                    Output::Frame(frame) => self.sent(at, frame),
                    Output::Breach(breach) => self.breaches.push((self.nodes[at].id, breach)),
                    Output::Refill { to, first } => {
                        refilled = true;
                        let most = self.refill_most;
                        let chunk = self.nodes[at].journal.messages(to, first, most);
                        assert!(chunk.is_some(), "island {at} asks for {first}, which is gone");
                        self.kernel_mut(at).refill(to, chunk);
                    }
                }
            }
            self.check_memory(at);
            if !refilled {
                return;
            }
        }
    }

    /// What stands in memory, over all links: no more than the limit and one block's surplus each.
    fn check_memory(&self, at: usize) {
        let node = &self.nodes[at];
        let links = node.kernel.as_ref().expect("running").links();
        let peers = node.journal.index.sent.len() as u64;
        let kept = links.unacked().saturating_sub(links.spilled());
        let most = peers * u64::from(self.limits.links.kept_max) + FLOOD_MOST;
        assert!(kept <= most, "{kept} messages in memory, the most is {most}");
    }

    fn heard(&mut self, at: usize, asker: Asker, answer: Answer<Reply>) {
        let first = self.nodes[at].journal.index.answers.get(&asker);
        assert_eq!(first, Some(&answer), "island {at} answered {asker:?} before it was durable");
        let asked = self.asked.iter_mut().find(|asked| asked.asker == asker).expect("was asked");
        let before = asked.answer.replace(answer.clone());
        assert!(before.is_none_or(|before| before == answer), "a changed answer");
    }

    fn sent(&mut self, at: usize, frame: Frame) {
        let (node, index) = (&self.nodes[at], &self.nodes[at].journal.index);
        let envelope = *frame.envelope();
        assert_eq!((envelope.from, envelope.session), (node.id, node.session));
        match &frame {
            Frame::Control(control) => {
                assert!(control.acked <= index.consumed_from(envelope.to), "acked too early");
                assert!(control.sent <= index.sent_to(envelope.to), "told too early");
                let credit = self.credit.entry((envelope.to, envelope.from)).or_default();
                *credit = (*credit).max(control.credit);
            }
            Frame::Data(parcel) => {
                let sent = &index.sent[&envelope.to];
                let last = parcel.first.0 + u64::from(parcel.count) - 1;
                let credit = self.credit.get(&(envelope.from, envelope.to));
                assert!(credit.is_some_and(|credit| last <= credit.0), "beyond the credit");
                for message in parcel.messages() {
                    let (number, message) = message.unwrap();
                    let durable = sent.get(number.0 as usize - 1);
                    assert_eq!(durable.map(Vec::as_slice), Some(message), "left too early");
                }
                self.parcels.push(parcel.clone());
            }
        }
        self.network.push(frame);
    }

    /// A snapshot, if everything is durable; `cut` drops the journal that it holds.
    pub(crate) fn save(&mut self, at: usize, cut: bool) {
        let kernel = self.kernel(at);
        let mut bytes = Vec::new();
        match kernel.save(&mut bytes) {
            Ok(()) => assert_eq!(kernel.durable_position(), kernel.image().position),
            Err(SnapshotError::NotNow) => return,
            Err(error) => panic!("{error}"),
        }
        let (position, spilled) = (kernel.image().position, kernel.links().spilled());
        if cut && spilled == 0 {
            self.nodes[at].journal.cut_upto(position);
        } else if cut {
            return;
        }
        self.nodes[at].snapshot = Some((position, bytes));
    }

    /// No more faults: everything arrives, is answered, and rests. Bounded, or it is a livelock.
    pub(crate) fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 3_000, "it does not settle");
            assert_eq!(self.breaches, [], "nobody lost durable data");
            for index in 0..self.asked.len() {
                if self.asked[index].answer.is_none() && round % 50 == 0 {
                    self.ask_again(index).expect("asked before");
                }
            }
            for at in 0..self.nodes.len() {
                self.tick(at);
                self.commit(at);
            }
            for frame in std::mem::take(&mut self.network) {
                self.deliver(&frame);
            }
            let quiet = self.network.is_empty()
                && self.asked.iter().all(|asked| asked.answer.is_some())
                && self.nodes.iter().all(|node| node.kernel.as_ref().unwrap().is_settled());
            let next = self.nodes.iter().filter_map(|n| n.kernel.as_ref().unwrap().next_tick());
            match next.min() {
                None if quiet => return,
                Some(next) if self.network.is_empty() => self.now = self.now.max(next),
                _ => {}
            }
        }
    }
}

/// Unacked messages of a snapshot.
pub(crate) type Unacked = Vec<(IslandId, archipelago_core::link::chunk::Chunk)>;

/// The most messages that one block sends on all links in these tests.
const FLOOD_MOST: u64 = 800;

/// A link number.
pub(crate) const fn seq(number: u64) -> LinkSeq {
    LinkSeq(number)
}
