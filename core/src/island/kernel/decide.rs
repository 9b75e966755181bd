//! Deciding: one input → one record → evolved state, and what waits at the gate.
//!
//! It doesn't know where inputs come from, nor when records become durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Kernel;
use crate::bytes::Malformed;
use crate::command::dedup::Given;
use crate::id::JournalPosition;
use crate::island::decider::Island;
use crate::island::deciding::{self, Input};
use crate::island::reason::{cut, panic_text};
use crate::island::values::{Answer, Refusal};
use crate::journal::record::{Entry, RecordView, Source};
use crate::link::chunk::Message;
use crate::time::{Millis, Stamp};

impl<I: Island> Kernel<I> {
    /// Decides the command whose bytes stand in `self.input`, writes the record, evolves.
    pub(super) fn decide(
        &mut self,
        now: Millis,
        source: Source,
        cause: Stamp,
        command: Result<I::Command, String>,
    ) -> Result<(), Refusal> {
        let stamp = self.image.stamp.next(cause, now);
        let position = self.image.position.next();
        let input = Input { source: &source, stamp, bytes: &self.input };
        let decided = deciding::decide(&self.image, &mut self.turn, input, command);
        self.image.begin(&source).expect("inputs are checked before they are decided");
        let start = self.block.len();
        let (image, turn) = (&mut self.image, &mut self.turn);
        let dead = deciding::write(image, turn, input, decided, &mut self.block);
        self.evolve(start)?;
        self.image.finish(&source, stamp, dead.as_deref().map(cut));
        self.block_records += 1;
        self.note(&source, start, stamp, position, dead);
        Ok(())
    }

    fn evolve(&mut self, start: usize) -> Result<(), Refusal> {
        let (state, events) = (&mut self.image.state, &self.turn.decision().events);
        let evolved = catch_unwind(AssertUnwindSafe(|| {
            events.iter().for_each(|event| state.evolve(event));
        }));
        self.counters.events += events.len() as u64;
        evolved.map_err(|panic| {
            self.block.truncate(start);
            let at = self.image.position.next();
            let reason = format!("evolve panicked at record {at}: {}", panic_text(panic.as_ref()));
            let reason: Arc<str> = reason.into();
            self.stopped = Some(Arc::clone(&reason));
            Refusal::Stopped(self.island, reason)
        })
    }

    /// Takes what the record says beside its events into the image and the gate.
    fn note(
        &mut self,
        source: &Source,
        start: usize,
        stamp: Stamp,
        position: JournalPosition,
        dead: Option<String>,
    ) {
        let record = RecordView::parse(&self.block[start + 4..]).expect("written just now");
        let cause = source.cause_of_sends(self.island, position);
        let (image, open, counters) = (&mut self.image, &mut self.gate.open, &mut self.counters);
        let island = self.island;
        let mut replies = self.turn.decision_mut().replies.drain(..);
        let walked: Result<(), Malformed> = record.walk(|entry| {
            match entry {
                Entry::Event(_) => {}
                Entry::Send { to, number, command } => {
                    counters.sends += 1;
                    counters.sends_to_self += u64::from(to == island);
                    let message = Message { stamp, cause, command };
                    open.sends_to(to).push(number, &message);
                }
                Entry::Reply { .. } => {
                    let (asker, reply) = replies.next().expect("written just now");
                    if image.note(&entry) == Given::Now {
                        open.answers.push((asker, Answer::Reply(reply)));
                    }
                }
                Entry::Timer { .. } | Entry::Cancelled(_) => {
                    image.note(&entry);
                }
            }
            Ok(())
        });
        walked.expect("written just now");
        drop(replies);
        if let Some(reason) = dead {
            self.counters.dead_letters += 1;
            if let Source::Client { asker, .. } = source {
                open.answers.push((*asker, Answer::DeadLetter(cut(&reason).into())));
            }
        }
        self.counters.records += 1;
    }
}
