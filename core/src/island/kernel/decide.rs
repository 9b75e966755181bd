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
use crate::island::reason::{cut, panic_text};
use crate::island::turn::Origin;
use crate::island::values::{Answer, Refusal};
use crate::journal::record::{self, Entry, RecordView, Source};
use crate::link::chunk::Message;
use crate::time::{Millis, Stamp};

impl<I: Island> Kernel<I> {
    /// Decides the command whose bytes stand in `self.input`, writes the record, evolves.
    pub(super) fn decide(
        &mut self,
        now: Millis,
        source: Source,
        origin: Origin,
        cause: Stamp,
        command: Result<I::Command, String>,
    ) -> Result<(), Refusal> {
        let stamp = self.image.stamp.next(cause, now);
        let position = self.image.position.next();
        self.turn.begin(origin, position, stamp, self.image.timers.next_number());
        let decided = command.and_then(|command| {
            let (state, turn) = (&self.image.state, &mut self.turn);
            catch_unwind(AssertUnwindSafe(|| state.decide(command, turn)))
                .map_err(|panic| panic_text(panic.as_ref()))
        });
        self.image.begin(&source).expect("inputs are checked before they are decided");
        let start = self.block.len();
        let dead = match decided {
            Ok(()) => self.write(&source, stamp, None).err(),
            Err(reason) => Some(reason),
        };
        if let Some(reason) = &dead {
            self.turn.decision_mut().clear();
            let reason = cut(reason);
            self.write(&source, stamp, Some(reason)).expect("an input alone fits a record");
        }
        self.evolve(start)?;
        self.image.finish(&source, stamp, dead.as_deref().map(cut));
        self.block_records += 1;
        self.note(&source, start, stamp, position, dead);
        Ok(())
    }

    /// Writes the record; on failure takes back the link numbers it gave.
    fn write(&mut self, source: &Source, stamp: Stamp, dead: Option<&str>) -> Result<(), String> {
        let (image, decision) = (&mut self.image, self.turn.decision());
        let mut given = 0;
        let written =
            record::write(&mut self.block, source, stamp, &self.input, dead, decision, |to| {
                given += 1;
                image.give_number(to)
            });
        written.map_err(|error| {
            decision.sends[..given].iter().for_each(|(to, _)| image.take_back_number(*to));
            error.to_string()
        })
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
