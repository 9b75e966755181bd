//! The kernel: one island as a function. Inputs go in, one at a time; records gather into a block;
//! what they cause waits at the gate until the driver says that the block is durable.
//!
//! ```text
//! ask / receive / tick ─▶ decide ─▶ record ─▶ evolve        seal ─▶ block ─▶ (journal) ─▶ durable ─▶ drain
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
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decider::Island;
use super::gate::Gate;
use super::reason::{cut, panic_text};
use super::turn::{Origin, Turn};
use super::values::{Admitted, Answer, Counters, Limits, Output, Refusal, Request};
use crate::codec;
use crate::command::dedup::{Given, Kept, Known};
use crate::command::route::Table;
use crate::id::{IslandId, JournalPosition, Life, LinkSeq, Session};
use crate::journal::frame::Block;
use crate::journal::record::{self, Cause, Entry, RecordView, Source};
use crate::link::chunk::{Chunk, Message};
use crate::link::frame::{Control, Frame, Parcel};
use crate::link::{Arrival, Links};
use crate::replay::{Image, SnapshotError};
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
    input: Vec<u8>,
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
            input: Vec::new(),
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
        codec::encode(&command, &mut self.input).map_err(|error| unwritable(error.to_string()))?;
        if self.input.len() > record::RECORD_BYTES_MAX / 4 {
            return Err(unwritable(format!(
                "{} bytes; the most is {}",
                self.input.len(),
                record::RECORD_BYTES_MAX / 4
            )));
        }
        let source = Source::Client { asker, answered_below };
        self.decide(now, source, Origin::Client(asker), Stamp::ZERO, Ok(command))?;
        Ok(Admitted::Decided)
    }

    /// Takes a frame from a peer.
    ///
    /// # Errors
    /// [`Refusal::Stopped`]; the frame is dropped, it will come again.
    pub fn receive(&mut self, now: Millis, frame: &Frame) -> Result<(), Refusal> {
        self.running()?;
        match frame {
            Frame::Control(control) => {
                self.receive_control(control);
                Ok(())
            }
            Frame::Data(parcel) => self.receive_parcel(now, parcel),
        }
    }

    fn receive_control(&mut self, control: &Control) {
        let applied = self.image.applied_from(control.envelope.from);
        self.links.on_control(control, applied);
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
                let command = codec::decode(message.command).map_err(|error| error.to_string());
                (message.stamp, message.cause, command)
            }
            Err(error) => (Stamp::ZERO, Cause::default(), Err(error.to_string())),
        };
        let source = Source::Island { from, number, cause };
        self.decide(now, source, Origin::Island { from, number }, stamp, command)?;
        self.gate.open.consumed.insert(from, number);
        Ok(())
    }

    /// Fires the timers that are due, and looks at the links.
    ///
    /// # Errors
    /// [`Refusal::Stopped`].
    pub fn tick(&mut self, now: Millis) -> Result<(), Refusal> {
        self.running()?;
        while let Some((deadline, number, command)) = self.image.timers.first() {
            if deadline > now {
                break;
            }
            self.input.clear();
            self.input.extend_from_slice(command);
            let command = codec::decode(&self.input).map_err(|error| error.to_string());
            self.decide(now, Source::Timer(number), Origin::Timer(number), Stamp::ZERO, command)?;
        }
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

    /// Decides the command whose bytes stand in `self.input`, writes the record, evolves.
    fn decide(
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
        // The record's replies stand in the decision's order.
        let mut replies = self.turn.decision_mut().replies.drain(..);
        let walked: Result<(), crate::bytes::Malformed> = record.walk(|entry| {
            match entry {
                Entry::Event(_) => {}
                Entry::Send { to, number, command } => {
                    counters.sends += 1;
                    counters.sends_to_self += u64::from(to == island);
                    let message = Message { stamp, cause, command };
                    open.sends.entry(to).or_default().push(number, &message);
                }
                Entry::Reply { .. } => {
                    let (asker, reply) = replies.next().expect("written just now");
                    if image.note(&entry) == Given::Now {
                        open.answers.push((asker, Answer::Reply(reply)));
                    }
                }
                _ => drop(image.note(&entry)),
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

    /// The records made since the last seal, to be journaled as one block.
    pub fn seal(&mut self) -> Option<Block> {
        // An answer given again waits for no new record, but for all older ones.
        self.gate.seal(self.image.position);
        if self.block_records == 0 {
            return None;
        }
        let records = std::mem::take(&mut self.block_records);
        let first = JournalPosition(self.image.position.0 + 1 - u64::from(records));
        let body = std::mem::take(&mut self.block);
        Some(Block { island: self.island, first, records, body })
    }

    /// Gives back the memory of a block that has been written.
    pub fn recycle(&mut self, mut body: Vec<u8>) {
        if self.block.capacity() == 0 {
            body.clear();
            self.block = body;
        }
    }

    /// Whether [`Kernel::seal`] has something to close.
    #[must_use]
    pub fn has_unsealed(&self) -> bool {
        self.block_records > 0 || !self.gate.is_open_empty()
    }

    /// Whether nothing waits for durability.
    #[must_use]
    pub fn is_gate_empty(&self) -> bool {
        self.gate.is_empty()
    }

    /// Bytes of records not sealed yet.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.block.len()
    }

    /// Everything up to `position` is durable.
    pub fn durable(&mut self, position: JournalPosition) {
        self.gate.open_upto(position);
    }

    /// Hands out everything that may leave now.
    pub fn drain(&mut self, mut out: impl FnMut(Output<I::Reply>)) {
        while let Some(mut held) = self.gate.pop() {
            for (to, chunk) in held.take_chunks() {
                self.links.release(to, chunk);
                self.next_look.get_or_insert(self.image.stamp.millis().plus(LOOK_PERIOD));
            }
            for (from, number) in held.consumed {
                self.links.consumed(from, number);
            }
            held.answers.into_iter().for_each(|(asker, answer)| out(Output::Answer(asker, answer)));
        }
        let out = std::cell::RefCell::new(out);
        self.links.drain(
            |frame| (out.borrow_mut())(Output::Frame(frame)),
            |to, first| (out.borrow_mut())(Output::Refill { to, first }),
        );
        let mut out = out.into_inner();
        self.links.take_breaches().into_iter().for_each(|breach| out(Output::Breach(breach)));
    }

    /// Messages to `to` read again from the journal after an [`Output::Refill`]; `None` when they
    /// could not be read. Returns whether there is more to drain now.
    pub fn refill(&mut self, to: IslandId, chunk: Option<Chunk>) -> bool {
        self.links.refill(to, chunk)
    }

    /// Whether new client commands should wait (links rule R11).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.image.timers.len() >= self.limits.timers_max
            || self.links.spilled() >= self.limits.spilled_max
    }

    /// Whether nothing is on its way: no record undurable, no message unacked.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.block_records == 0
            && self.gate.is_empty()
            && self.gate.durable() == self.image.position
            && self.links.is_settled()
    }

    /// Appends a snapshot to `out`: the image and the unacked messages that stand in memory.
    ///
    /// # Errors
    /// [`SnapshotError::Codec`] when the state refuses to be serialised.
    pub fn save(&self, out: &mut Vec<u8>) -> Result<(), SnapshotError> {
        self.image.save(self.links.unacked_chunks(), out)
    }

    /// Takes over the unacked messages of a snapshot, before the first frame goes out.
    pub fn adopt(&mut self, unacked: Vec<(IslandId, Chunk)>) {
        unacked.into_iter().for_each(|(to, chunk)| self.links.adopt(to, chunk));
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
        Kept::Replied(bytes) => match codec::decode(bytes) {
            Ok(reply) => Answer::Reply(reply),
            Err(error) => Answer::DeadLetter(format!("the first reply: {error}").into()),
        },
        Kept::Dead(reason) => Answer::DeadLetter((&**reason).into()),
        Kept::Pending => unreachable!("a pending request has no first answer"),
    }
}
