//! The kernel: one island as a function. Inputs go in, one at a time; records gather into a block;
//! what they cause waits at the gate until the driver says that the block is durable.
//!
//! ```text
//! ask/receive/tick ─▶ decide ─▶ record ─▶ evolve   seal ─▶ block ─▶ journal ─▶ durable ─▶ drain
//! ```
//! Rules:
//! 1. One input makes one record, or none; the driver drains after each batch of inputs.
//! 2. A panic in `decide`, or a decision that cannot be written, makes a dead letter: a record
//!    without events whose asker gets the reason. A panic in `evolve` stops the island; the record
//!    that caused it is not written.
//! 3. It never waits and never refuses an island's message; clients are refused by name.
//!
//! It doesn't know threads, files, clocks or entropy.

use std::collections::BTreeSet;
use std::sync::Arc;

mod decide;
mod leave;

use super::decider::Island;
use super::digests::Digests;
use super::gate::Gate;
use super::turn::Turn;
use super::values::{Admitted, Answer, Counters, Limits, Refusal, Request};
use crate::codec::Wire;
use crate::command::dedup::{Kept, Known};
use crate::command::route::{SLOTS, Table};
use crate::id::{IslandId, JournalPosition, Life, LinkSeq, Session};
use crate::journal::record::{self, Cause, Source};
use crate::link::chunk::Message;
use crate::link::frame::{Frame, Parcel};
use crate::link::{Arrival, Links};
use crate::replay::Image;
use crate::time::{Millis, Stamp};

/// How often links are looked at for progress.
const LOOK_PERIOD: Millis = Millis(250);

/// One island.
#[derive(Debug)]
pub struct Kernel<I: Island> {
    island: IslandId,
    image: Image<I>,
    turn: Turn<I>,
    links: Links,
    gate: Gate<Answer<I::Reply>>,
    limits: Limits,
    block: Vec<u8>,
    block_records: u32,
    digests: Digests,
    input: Vec<u8>,
    /// What the driver said last; stamps may run far ahead of it.
    now: Millis,
    next_look: Option<Millis>,
    stopped: Option<Arc<str>>,
    counters: Counters,
}

impl<I: Island> Kernel<I> {
    /// An island that starts (or starts again) from `image`; links with a past say hello.
    #[must_use]
    pub fn start(
        island: IslandId,
        table: Arc<Table>,
        life: Life,
        session: Session,
        limits: Limits,
        image: Image<I>,
    ) -> Self {
        let mut links = Links::new(island, life, session, limits.links);
        let peers: BTreeSet<IslandId> =
            image.sent.keys().chain(image.applied.keys()).copied().collect();
        for peer in peers {
            links.resume(peer, image.sent_to(peer), image.applied_from(peer));
        }
        Self {
            island,
            gate: Gate::new(image.position),
            image,
            turn: Turn::new(island, table),
            links,
            limits,
            block: Vec::new(),
            block_records: 0,
            digests: Digests::new(limits.digests),
            input: Vec::new(),
            now: Millis(0),
            next_look: Some(Millis(0)),
            stopped: None,
            counters: Counters::default(),
        }
    }

    /// Takes a client's request.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was recorded.
    pub fn ask(&mut self, now: Millis, request: Request<I::Command>) -> Result<Admitted, Refusal> {
        let Request { asker, answered_below, command } = request;
        self.running()?;
        self.now = now;
        if asker.slot.0 >= SLOTS {
            return Err(Refusal::Unwritable(format!(
                "slot {}; slots are below {SLOTS}",
                asker.slot
            )));
        }
        match self.image.sessions.known(&asker, answered_below, self.limits.clients_max) {
            Known::New => {}
            Known::Kept(Kept::Pending) => {
                self.counters.duplicates += 1;
                return Ok(Admitted::Pending);
            }
            Known::Kept(kept) => {
                let answer = first_answer::<I>(kept);
                self.counters.duplicates += 1;
                self.gate.open.answers.push((asker, answer));
                return Ok(Admitted::Again);
            }
            Known::Forgotten => return Err(Refusal::Forgotten(asker.number)),
            Known::TooFarAhead => return Err(Refusal::TooFarAhead(asker.number)),
            Known::TooManyClients => return Err(Refusal::TooManyClients(self.island)),
        }
        self.input.clear();
        let unwritable = |reason: String| Refusal::Unwritable(reason);
        command.encode(&mut self.input).map_err(|error| unwritable(error.to_string()))?;
        if self.input.len() > record::COMMAND_BYTES_MAX {
            return Err(unwritable(record::Heavy(self.input.len()).to_string()));
        }
        let source = Source::Client { asker, answered_below };
        self.decide(now, source, Stamp::ZERO, Ok(command))?;
        let last = self.gate.open.answers.last();
        let answered = last.is_some_and(|(answered, _)| *answered == asker);
        Ok(if answered { Admitted::Answered } else { Admitted::Decided })
    }

    /// Takes a frame from a peer.
    ///
    /// # Errors
    /// [`Refusal::Stopped`]; the frame is dropped, it will come again.
    pub fn receive(&mut self, now: Millis, frame: &Frame) -> Result<(), Refusal> {
        self.running()?;
        self.now = now;
        match frame {
            Frame::Control(control) => {
                self.links.on_control(control);
                Ok(())
            }
            Frame::Data(parcel) => self.receive_parcel(now, parcel),
        }
    }

    fn receive_parcel(&mut self, now: Millis, parcel: &Parcel) -> Result<(), Refusal> {
        if !self.links.on_parcel(parcel) {
            return Ok(());
        }
        let from = parcel.envelope.from;
        for message in parcel.messages() {
            // A frame that is not one was damaged on the way: it is dropped and comes again.
            let Ok((number, message)) = message else { return Ok(()) };
            let applied = self.image.applied_from(from);
            if self.links.arrival(from, number, applied, message) == Arrival::Apply {
                self.apply_message(now, from, number, message)?;
                self.apply_held(now, from)?;
            }
        }
        Ok(())
    }

    fn apply_held(&mut self, now: Millis, from: IslandId) -> Result<(), Refusal> {
        while let Some(message) = self.links.take_held(from, self.image.applied_from(from)) {
            let number = self.image.applied_from(from).next();
            self.apply_message(now, from, number, &message)?;
        }
        Ok(())
    }

    fn apply_message(
        &mut self,
        now: Millis,
        from: IslandId,
        number: LinkSeq,
        message: &[u8],
    ) -> Result<(), Refusal> {
        self.input.clear();
        let (stamp, cause, command) = match Message::parse(message) {
            Ok(message) => {
                self.input.extend_from_slice(message.command);
                let command =
                    I::Command::decode(message.command).map_err(|error| error.to_string());
                (message.stamp, message.cause, command)
            }
            Err(error) => (Stamp::ZERO, Cause::default(), Err(error.to_string())),
        };
        let source = Source::Island { from, number, cause };
        self.decide(now, source, stamp, command)?;
        self.gate.open.consume(from, number);
        Ok(())
    }

    /// Fires the timers that are due, and looks at the links.
    ///
    /// # Errors
    /// [`Refusal::Stopped`].
    pub fn tick(&mut self, now: Millis) -> Result<(), Refusal> {
        self.running()?;
        self.now = now;
        // A timer set while firing waits for the next tick, so that a tick always ends.
        let set_now = self.image.timers.next_number();
        while let Some((deadline, number, command)) = self.image.timers.first() {
            if deadline > now || number >= set_now {
                break;
            }
            self.input.clear();
            self.input.extend_from_slice(command);
            let command = I::Command::decode(&self.input).map_err(|error| error.to_string());
            self.decide(now, Source::Timer(number), Stamp::ZERO, command)?;
        }
        // A clock that stepped back must not put the look off.
        self.next_look = self.next_look.map(|at| at.min(now.plus(LOOK_PERIOD)));
        if self.next_look.is_some_and(|at| at <= now) {
            self.links.look();
            self.next_look = (!self.links.is_settled()).then(|| now.plus(LOOK_PERIOD));
        }
        Ok(())
    }

    /// When the driver must call [`Kernel::tick`] next, if nothing else comes. Never, when the
    /// island has stopped: a deadline that stays in the past would keep the driver awake.
    #[must_use]
    pub fn next_tick(&self) -> Option<Millis> {
        if self.stopped.is_some() {
            return None;
        }
        let timer = self.image.timers.first().map(|(deadline, _, _)| deadline);
        [timer, self.next_look].into_iter().flatten().min()
    }

    fn running(&self) -> Result<(), Refusal> {
        match &self.stopped {
            None => Ok(()),
            Some(reason) => Err(Refusal::Stopped(self.island, Arc::clone(reason))),
        }
    }

    /// Whether new client commands should wait (links rule R11).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.image.timers.len() >= self.limits.timers_max
            || self.links.backlog() >= self.limits.spilled_max
    }

    /// Whether nothing is on its way: no record undurable, no message unacked.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.block_records == 0
            && self.gate.is_empty()
            && self.gate.durable() == self.image.position
            && self.links.is_settled()
    }

    /// Everything the journal determines.
    #[must_use]
    pub const fn image(&self) -> &Image<I> {
        &self.image
    }

    /// The island itself, when it is driven no more.
    #[must_use]
    pub fn into_image(self) -> Image<I> {
        self.image
    }

    /// The last durable record.
    #[must_use]
    pub const fn durable_position(&self) -> JournalPosition {
        self.gate.durable()
    }

    /// Its links.
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// What it has done since its start.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Why it stopped, if it did.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }
}

fn first_answer<I: Island>(kept: &Kept) -> Answer<I::Reply> {
    match kept {
        Kept::Replied(bytes) => match bytes.with(I::Reply::decode) {
            Ok(reply) => Answer::Reply(reply),
            Err(error) => Answer::DeadLetter(format!("the first reply: {error}").into()),
        },
        Kept::Dead(reason) => Answer::DeadLetter((&**reason).into()),
        Kept::Pending => unreachable!("a pending request has no first answer"),
    }
}
