//! The client of a world: it asks, asks again, and hears.
//!
//! Rules:
//! 1. A request stays unanswered until its answer is heard; after a restart it is asked again, with
//!    the same number.
//! 2. It runs at most [`AHEAD_MAX`] numbers ahead of its oldest unanswered request.
//!
//! It doesn't know what commands mean.

use std::sync::Arc;

use archipelago::command::{AskError, Completion};
use archipelago::drive::Waiter;
use archipelago_core::codec::Wire;
use archipelago_core::command::route;
use archipelago_core::id::{Asker, IslandId, RequestNumber, Slot};
use archipelago_core::island::{Island, Request};

use super::decision::Kind;
use super::dice::Stream;
use super::run::{CLIENT, Event, MILLISECOND, World};
use super::turns::guarded;
use super::witness::Violation;
use crate::check::Mark;

/// How far the client runs ahead: less than islands allow.
const AHEAD_MAX: u64 = 12_000;

impl<I: Island> World<'_, I> {
    pub(super) fn first_ask(&mut self, number: RequestNumber) -> Result<(), Violation> {
        let oldest = self.oldest_unanswered(number);
        if number.0 - oldest.0 > AHEAD_MAX {
            self.plan_event(MILLISECOND, Event::Ask(number.0));
            return Ok(());
        }
        self.unasked.remove(&number);
        let again = self.chance.faults.again_ppm > 0;
        let after = if again { self.asks_again(number) } else { 0 };
        if after > 0 {
            self.plan_event(after.saturating_mul(1000), Event::Again(number.0));
        }
        let (key, command) = self.command(number)?;
        let slot = route::slot(&key);
        self.unanswered.insert(number, self.table.owner(slot));
        self.put(number, slot, command)
    }

    fn asks_again(&mut self, number: RequestNumber) -> u64 {
        self.chance.choose(Kind::Again, number.0, 0, |dice, faults| {
            let again = dice.happens(Stream::Arrival, number.0, 1, faults.again_ppm);
            if again { 1 + dice.span(Stream::Arrival, number.0, 2, 20_000) } else { 0 }
        })
    }

    pub(super) fn second_ask(&mut self, number: RequestNumber) -> Result<(), Violation> {
        if number < self.said_below {
            // The islands were told that this answer is here.
            return Ok(());
        }
        if !self.unanswered.contains_key(&number) {
            self.figures.marks.hit(Mark::AskedAgain);
        }
        self.ask(number)
    }

    /// The oldest request without an answer. One that is still to be asked has none: whoever says
    /// that it has all answers below would never get this one.
    fn oldest_unanswered(&self, number: RequestNumber) -> RequestNumber {
        let oldest = self.unanswered.first_key_value().map_or(number, |(first, _)| *first);
        self.unasked.first().map_or(oldest, |first| oldest.min(*first))
    }

    /// The key and command of a request.
    fn command(&self, number: RequestNumber) -> Result<(Vec<u8>, I::Command), Violation> {
        let own = number.0.checked_sub(self.plan.commands + 1);
        if let Some(asked) = own.and_then(|at| self.plan.asked.get(at as usize)) {
            return Ok((asked.key.clone(), (asked.command)()));
        }
        let Some(workload) = &self.plan.workload else {
            let seen = "there are commands, but no workload makes them";
            return Err(Violation::new("the plan can be run", seen));
        };
        guarded("the workload", || workload(&self.chance.dice, number.0))
    }

    /// Asks; if nobody is there to hear, it is asked when the island is back.
    pub(super) fn ask(&mut self, number: RequestNumber) -> Result<(), Violation> {
        let (key, command) = self.command(number)?;
        self.put(number, route::slot(&key), command)
    }

    fn put(
        &mut self,
        number: RequestNumber,
        slot: Slot,
        command: I::Command,
    ) -> Result<(), Violation> {
        let island = self.table.owner(slot);
        let until = self.paused_until[island.0 as usize];
        if until > self.now {
            if until < u64::MAX {
                self.agenda.plan(until, Event::Again(number.0));
            }
            return Ok(());
        }
        let now = self.clock(island);
        let answered_below = self.oldest_unanswered(number).min(number);
        let driver = self.process.as_mut().and_then(|process| process.driver(island));
        let Some(driver) = driver else { return Ok(()) };
        self.said_below = self.said_below.max(answered_below);
        if let Some(recorder) = &mut self.recorder {
            recorder.asked(self.now, island, number, &command);
        }
        self.scratch.clear();
        if command.encode(&mut self.scratch).is_ok() {
            // What cannot be written is refused, and the client hears so.
            self.witness.requests.ask(number, island, &self.scratch)?;
        }
        let asker = Asker { client: route::client_id(CLIENT), slot, number };
        let waiter = Waiter::queued(number, Arc::clone(&self.answers));
        driver.ask(now, Request { asker, answered_below, command }, waiter, self.now);
        self.touched(island)
    }

    /// Asks what is unanswered of an island that is back.
    pub(super) fn ask_all_again(&mut self, of: impl Fn(IslandId) -> bool) -> Result<(), Violation> {
        let unanswered = self.unanswered.iter().filter(|(_, island)| of(**island));
        let numbers: Vec<_> = unanswered.map(|(number, _)| *number).collect();
        numbers.into_iter().try_for_each(|number| self.ask(number))
    }

    pub(super) fn take_answers(&mut self) -> Result<(), Violation> {
        while let Some(Completion { number, answer }) = self.answers.try_next() {
            match answer {
                Ok(reply) => {
                    self.scratch.clear();
                    reply.encode(&mut self.scratch).map_err(|error| {
                        Violation::new("replies are written", error.to_string())
                    })?;
                    self.witness.hear(number, &self.scratch)?;
                    if let Some(recorder) = &mut self.recorder {
                        recorder.answered(self.now, number, &reply);
                    }
                    if self.unanswered.remove(&number).is_some() {
                        self.expect(number, &reply)?;
                    }
                }
                Err(AskError::DeadLetter(reason)) => {
                    self.witness.requests.hear_dead(number, &reason)?;
                    self.unanswered.remove(&number);
                }
                // The island went down: the client asks again.
                Err(AskError::Closed) => {}
                Err(error) => {
                    let seen = format!("request {number}: {error}");
                    return Err(Violation::new("an admitted request is answered", seen));
                }
            }
        }
        Ok(())
    }

    /// Holds a reply against what the plan expects of it.
    fn expect(&self, number: RequestNumber, reply: &I::Reply) -> Result<(), Violation> {
        let own = number.0.checked_sub(self.plan.commands + 1);
        let asked = own.and_then(|at| self.plan.asked.get(at as usize));
        let Some(expectation) = asked.and_then(|asked| asked.expectation.as_ref()) else {
            return Ok(());
        };
        let said = guarded("a reply is as expected", || expectation(reply))?;
        said.map_err(|seen| {
            Violation::new("a reply is as expected", format!("request {number}: {seen}"))
        })
    }
}
