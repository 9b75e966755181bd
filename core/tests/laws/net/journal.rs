//! A journal in memory: sealed blocks become durable later, in order; a crash loses the others.
//! Beside it an index of everything durable, which the laws are checked against.
//!
//! Rules:
//! 1. The index is read from the bytes of durable records alone, never from a kernel.
//! 2. What was cut off (because a snapshot holds it) stays in the index, but not in the journal.
//!
//! It doesn't know files or kernels.

use std::collections::{BTreeMap, VecDeque};

use archipelago_core::bytes::Malformed;
use archipelago_core::codec;
use archipelago_core::id::{Asker, IslandId, JournalPosition, LinkSeq};
use archipelago_core::island::Answer;
use archipelago_core::journal::frame::Block;
use archipelago_core::journal::record::{Entry, RecordView, RecordsView, Source};
use archipelago_core::link::chunk::{Chunk, ChunkBuilder, Message};

use archipelago_core::time::Stamp;

use super::ledger::{Command, Reply};

/// Everything one island's durable records say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Per receiver, the messages in order, as they travel.
    pub(crate) sent: BTreeMap<IslandId, Vec<Vec<u8>>>,
    /// Per sender, the commands consumed, in order.
    pub(crate) consumed: BTreeMap<IslandId, Vec<Vec<u8>>>,
    /// The first answer of each request.
    pub(crate) answers: BTreeMap<Asker, Answer<Reply>>,
    /// How often each request was decided.
    pub(crate) decided: BTreeMap<Asker, u32>,
    /// Records.
    pub(crate) position: JournalPosition,
    /// The last one's stamp.
    stamp: Stamp,
}

impl Index {
    fn add(&mut self, island: IslandId, block: &Block) {
        assert_eq!(block.first, self.position.next(), "a block is missing");
        each_record(island, block, |position, record| {
            self.position = position;
            assert!(self.stamp < record.stamp, "time went back");
            self.stamp = record.stamp;
            let cause = record.source.cause_of_sends(island, position);
            match record.source {
                Source::Client { asker, .. } => {
                    *self.decided.entry(asker).or_default() += 1;
                    if let Some(reason) = record.dead {
                        self.answers.entry(asker).or_insert(Answer::DeadLetter(reason.into()));
                    }
                }
                Source::Island { from, number, .. } => {
                    let consumed = self.consumed.entry(from).or_default();
                    consumed.push(record.input.to_vec());
                    assert_eq!(consumed.len() as u64, number.0, "consumed with a gap");
                }
                Source::Timer(_) => {}
            }
            walk(record, |entry| match entry {
                Entry::Send { to, number, command } => {
                    let sent = self.sent.entry(to).or_default();
                    sent.push(wire(&Message { stamp: record.stamp, cause, command }));
                    assert_eq!(sent.len() as u64, number.0, "sent with a gap");
                }
                Entry::Reply { asker, reply } => {
                    let reply = Answer::Reply(codec::decode(reply).expect("our own reply"));
                    self.answers.entry(asker).or_insert(reply);
                }
                _ => {}
            });
        });
        assert_eq!(self.position.0, block.first.0 + u64::from(block.records) - 1);
    }

    /// The last message durably sent to `to`.
    pub(crate) fn sent_to(&self, to: IslandId) -> LinkSeq {
        LinkSeq(self.sent.get(&to).map_or(0, Vec::len) as u64)
    }

    /// The last message durably consumed from `from`.
    pub(crate) fn consumed_from(&self, from: IslandId) -> LinkSeq {
        LinkSeq(self.consumed.get(&from).map_or(0, Vec::len) as u64)
    }

    /// Units in messages to `to` above number `consumed`.
    pub(crate) fn units_to(&self, to: IslandId, consumed: LinkSeq) -> u64 {
        let sent = self.sent.get(&to).into_iter().flatten().skip(consumed.0 as usize);
        sent.map(|bytes| command_of(bytes).units()).sum()
    }
}

/// The command in a message as it travels.
pub(crate) fn command_of(message: &[u8]) -> Command {
    codec::decode(Message::parse(message).expect("our own message").command).expect("a command")
}

/// A message as it travels, without its length.
fn wire(message: &Message<'_>) -> Vec<u8> {
    let mut builder = ChunkBuilder::default();
    builder.push(LinkSeq(1), message);
    let chunk = builder.finish().expect("one message");
    archipelago_core::bytes::Reader::new(&chunk.bytes).part("a message").unwrap().to_vec()
}

/// Hands every record of a block to `visit`.
pub(crate) fn each_record(
    island: IslandId,
    block: &Block,
    mut visit: impl FnMut(JournalPosition, &RecordView<'_>),
) {
    assert_eq!(block.island, island);
    let mut position = block.first;
    let mut records = RecordsView::new(&block.body);
    while let Some(record) = records.next_record().expect("our own record") {
        visit(position, &record);
        position = position.next();
    }
}

fn walk<'a>(record: &RecordView<'a>, mut visit: impl FnMut(Entry<'a>)) {
    let walked: Result<(), Malformed> = record.walk(|entry| {
        visit(entry);
        Ok(())
    });
    walked.expect("our own record");
}

/// One island's journal.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    island: IslandId,
    pub(crate) durable: Vec<Block>,
    pub(crate) pending: VecDeque<Block>,
    pub(crate) index: Index,
}

impl Journal {
    pub(crate) fn new(island: IslandId) -> Self {
        Self { island, durable: Vec::new(), pending: VecDeque::new(), index: Index::default() }
    }

    /// The oldest sealed block becomes durable: the last position that is.
    pub(crate) fn flush_one(&mut self) -> Option<JournalPosition> {
        let block = self.pending.pop_front()?;
        self.index.add(self.island, &block);
        self.durable.push(block);
        Some(self.index.position)
    }

    /// Everything up to `position` stands in a snapshot.
    pub(crate) fn cut_upto(&mut self, position: JournalPosition) {
        self.durable.retain(|block| block.first > position);
    }

    /// The journal as it was `blocks` blocks ago, as if restored from a backup.
    pub(crate) fn restore_earlier(&mut self, blocks: usize) {
        self.pending.clear();
        self.durable.truncate(self.durable.len() - blocks);
        self.index = Index::default();
        self.durable.iter().for_each(|block| self.index.add(self.island, block));
    }

    /// At most `most` messages to `to`, from number `first` on: what a driver does for a refill.
    pub(crate) fn messages(&self, to: IslandId, first: LinkSeq, most: u32) -> Option<Chunk> {
        let mut builder = ChunkBuilder::default();
        for block in &self.durable {
            each_record(self.island, block, |position, record| {
                let (stamp, cause) =
                    (record.stamp, record.source.cause_of_sends(self.island, position));
                walk(record, |entry| match entry {
                    Entry::Send { to: receiver, number, command }
                        if receiver == to && number >= first && builder.count() < most =>
                    {
                        builder.push(number, &Message { stamp, cause, command });
                    }
                    _ => {}
                });
            });
        }
        builder.finish()
    }
}
