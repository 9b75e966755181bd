//! What was sent and what was consumed, as the records themselves say it: the oracle's own account,
//! beside the images.
//!
//! Rules:
//! 1. A message is consumed only after a commit before has sent it, in the order it was sent, with
//!    the bytes it was sent with.
//! 2. What is left on a link, sent and not consumed, is what a restart owes: no more, no less.
//!
//! It doesn't know how a restart finds what it owes.

use std::collections::{BTreeMap, VecDeque};

use archipelago_core::bytes::{Malformed, Reader};
use archipelago_core::id::{IslandId, JournalPosition, LinkSeq};
use archipelago_core::journal::frame::CommitNumber;
use archipelago_core::journal::record::{Cause, Entry, RecordView, Source};
use archipelago_core::link::chunk::Message;
use archipelago_core::time::Stamp;

/// A link: sender and receiver.
pub type Pair = (IslandId, IslandId);

/// A message on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Its number.
    pub number: LinkSeq,
    /// The stamp of the record that sent it.
    pub stamp: Stamp,
    /// What it goes back to.
    pub cause: Cause,
    /// The command's bytes.
    pub command: Vec<u8>,
}

impl Owed {
    /// `count` messages from number `first` on, as they travel and as they are read again: each a
    /// part.
    ///
    /// # Errors
    /// [`Malformed`], with the byte.
    pub fn read(first: LinkSeq, count: u32, bytes: &[u8]) -> Result<Vec<Self>, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut all = Vec::with_capacity(count as usize);
        for number in (first.0..).take(count as usize).map(LinkSeq) {
            let Message { stamp, cause, command } = Message::parse(reader.part("a message")?)?;
            all.push(Self { number, stamp, cause, command: command.to_vec() });
        }
        if reader.is_empty() { Ok(all) } else { Err(reader.expected("the end of the messages")) }
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) commit: CommitNumber,
    /// What its island's journal had in bytes before its block.
    pub(super) behind: u64,
}

/// One link.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    pub(super) sent: LinkSeq,
    pub(super) consumed: LinkSeq,
    pub(super) owed: VecDeque<Owed>,
    /// Where each owed message was sent.
    pub(super) origins: VecDeque<Origin>,
}

/// All links. The public part is what stands in a boundary: what a restart owes there.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) links: BTreeMap<Pair, Link>,
}

impl Ledger {
    /// What each link owes, oldest first; links that owe nothing are left out.
    #[must_use]
    pub fn owed(&self) -> BTreeMap<Pair, Vec<Owed>> {
        let owing = self.links.iter().filter(|(_, link)| !link.owed.is_empty());
        owing.map(|(pair, link)| (*pair, link.owed.iter().cloned().collect())).collect()
    }

    /// Takes in a record of `island`: calls `touched` for each link it changes, and says what
    /// contradicts the account.
    pub(super) fn note(
        &mut self,
        island: IslandId,
        position: JournalPosition,
        record: &RecordView<'_>,
        origin: Origin,
        mut touched: impl FnMut(Pair),
    ) -> Result<(), String> {
        if let Source::Island { from, number, .. } = record.source {
            touched((from, island));
            let link = self.links.entry((from, island)).or_default();
            let before = link.origins.pop_front().is_some_and(|sent| sent.commit < origin.commit);
            match link.owed.pop_front() {
                Some(owed) if owed.number == number && owed.command == record.input => {
                    link.consumed = number;
                    if !before {
                        return Err(format!(
                            "message {number} of island {from} before it was sent"
                        ));
                    }
                }
                next => {
                    let next = next.map(|owed| owed.number.0);
                    return Err(format!("message {number} of island {from}; next is {next:?}"));
                }
            }
        }
        let cause = record.source.cause_of_sends(island, position);
        let mut wrong = None;
        let walked = record.walk(|entry| -> Result<(), Malformed> {
            if let Entry::Send { to, number, command } = entry {
                touched((island, to));
                let link = self.links.entry((island, to)).or_default();
                if number != link.sent.next() && wrong.is_none() {
                    wrong = Some(format!("message {number} to {to} follows {}", link.sent));
                }
                link.sent = number;
                let (stamp, command) = (record.stamp, command.to_vec());
                link.owed.push_back(Owed { number, stamp, cause, command });
                link.origins.push_back(origin);
            }
            Ok(())
        });
        walked.map_err(|malformed| malformed.to_string())?;
        wrong.map_or(Ok(()), Err)
    }
}
