//! The laws of bookings.
//!
//! Rules:
//! 1. At every consistent cut a booking and the islands of its steps agree: what it calls done is
//!    done there, what it calls undone is not; only between question and answer it may be either.
//!    So what is held everywhere is what bookings hold, and what is in flight.
//! 2. A step is taken once, and undone or kept once; money comes after all rooms, and goes back
//!    before any of them.
//! 3. Twin: at rest no booking is under way, nobody waits for an end, no timer is set; each step of
//!    a booking that was kept is kept, each of one that was undone is undone.
//!
//! It doesn't know what goes wrong, nor when a cut is taken.

use std::collections::BTreeMap;

use archipelago::patterns::saga::{
    Answer, Ending, Phase, SagaEvent, Stage, StepNumber, StepState, Verb, Why,
};
use archipelago_core::command::route::Table;

use super::books::{Books, of_island};
use super::command::{End, Event, Task, What};
use super::island::Hotels;
use super::name::BookingId;
use super::scenario::PATIENCE;
use crate::check::{Check, Cut, Seen, Wants};

/// Rule 1.
///
/// # Errors
/// The first step of which they do not agree.
pub fn agree(cut: Cut<'_, Hotels>) -> Result<(), String> {
    let table = Table::modulo(cut.len() as u32).map_err(|error| error.to_string())?;
    for hotels in cut.iter().map(|image| &image.state) {
        for (booking, steps) in hotels.sagas().all() {
            for (step, (task, state)) in (0..).map(StepNumber).zip(steps) {
                let home = match task.what {
                    What::Room(night) => table.island_of(&night.key()),
                    What::Pay(bank, _) => table.island_of(&bank.key()),
                };
                let held = cut[home.0 as usize].state.sagas().holds(booking, step);
                let fits = match state {
                    StepState::Asked | StepState::Undoing => true,
                    StepState::Told(Answer::Done) => held,
                    StepState::Planned | StepState::Told(_) => !held,
                };
                if !fits {
                    let is = if held { "done" } else { "not done" };
                    return Err(format!(
                        "booking {booking}, {task:?}: {state:?}, but on island {home} it is {is}"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The books of each island that has changed.
///
/// # Errors
/// The first that does not fit.
pub fn books(cut: Cut<'_, Hotels>) -> Result<(), String> {
    for island in cut.changed() {
        let wrong = |wrong| format!("island {island}: {wrong}");
        of_island(&cut[island.0 as usize].state).map_err(wrong)?;
    }
    Ok(())
}

/// Rule 3.
///
/// # Errors
/// The first thing that does not fit.
pub fn at_rest(cut: Cut<'_, Hotels>) -> Result<(), String> {
    let (mut held, mut steps) = (0, 0);
    for (island, image) in cut.iter().enumerate() {
        let hotels = &image.state;
        for (booking, open) in hotels.bookings.sorted() {
            let phase = hotels.sagas().phase(*booking);
            if phase != Some(Phase::Held) || open.end.is_some() {
                let waits = hotels.sagas().waiting(image.stamp.millis());
                return Err(format!(
                    "island {island}: booking {booking} is stuck in {phase:?}, {open:?}; what \
                     waits there: {waits:?}"
                ));
            }
        }
        let (sagas, open) = (hotels.sagas().all().count(), hotels.open());
        if (sagas, image.timers.len(), hotels.closed.len()) != (open, 0, 0) {
            let (timers, closed) = (image.timers.len(), hotels.closed.len());
            return Err(format!(
                "island {island}: {open} bookings, {sagas} sagas, {timers} timers, {closed} closed"
            ));
        }
        steps += hotels.sagas().all().map(|(_, steps)| steps.count()).sum::<usize>();
        held += hotels.sagas().steps_held();
    }
    if steps != held {
        return Err(format!("open bookings have {steps} steps, but {held} are done"));
    }
    Books::of(cut.iter().map(|image| &image.state)).wrong.map_or(Ok(()), Err)
}

/// What became of a booking.
#[derive(Clone, Debug, Default)]
struct Story {
    tasks: usize,
    /// What was done to each step, in order.
    acts: BTreeMap<StepNumber, Vec<Verb>>,
    ending: Option<Ending>,
}

impl Story {
    fn is_done(&self, step: StepNumber) -> bool {
        self.acts.get(&step).is_some_and(|acts| acts.as_slice() == [Verb::Do])
    }

    fn act(&mut self, step: StepNumber, verb: Verb) -> Result<(), String> {
        let rooms = self.tasks as u32 - 1;
        let pay = StepNumber(rooms);
        let acts = self.acts.entry(step).or_default();
        acts.push(verb);
        if !matches!(**acts, [Verb::Do] | [Verb::Do, Verb::Undo | Verb::Keep]) {
            return Err(format!("step {} is taken so: {acts:?}", step.0));
        }
        match verb {
            Verb::Do if step == pay && !(0..rooms).all(|room| self.is_done(StepNumber(room))) => {
                Err("it pays before it has all its rooms".to_owned())
            }
            Verb::Undo if step != pay && self.is_done(pay) => {
                Err(format!("room {} is given back before the money", step.0))
            }
            _ => Ok(()),
        }
    }
}

/// Rules 2 and 3, record by record.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    stories: BTreeMap<BookingId, Story>,
}

impl Check<Hotels> for Steps {
    fn name(&self) -> &str {
        "each step is taken once, and undone once in reverse"
    }

    fn wants(&self) -> Wants {
        Wants::Records
    }

    fn record(&mut self, seen: &Seen<'_, Hotels>) -> Result<(), String> {
        for event in seen.events()? {
            let Event::Saga(event) = event else { continue };
            match event {
                SagaEvent::Began(booking, plan) => {
                    let tasks = plan.works().count();
                    self.stories.insert(booking, Story { tasks, ..Story::default() });
                }
                SagaEvent::Acted(booking, step, verb, _) => {
                    let story = self.stories.get_mut(&booking).ok_or("a step of no booking")?;
                    story.act(step, verb).map_err(|wrong| format!("booking {booking}: {wrong}"))?;
                }
                SagaEvent::Ended(booking, ending) => {
                    self.stories.entry(booking).or_default().ending = Some(ending);
                }
                SagaEvent::Moved(..) | SagaEvent::Heard(..) => {}
            }
        }
        Ok(())
    }

    fn finally(&mut self, _: Cut<'_, Hotels>) -> Result<(), String> {
        for (booking, story) in &self.stories {
            for step in (0..story.tasks as u32).map(StepNumber) {
                let acts = story.acts.get(&step).map_or(&[][..], Vec::as_slice);
                let fits = match story.ending {
                    None => acts == [Verb::Do],
                    Some(Ending::Kept) => acts == [Verb::Do, Verb::Keep],
                    Some(Ending::Undone(_)) => matches!(acts, [] | [Verb::Do, Verb::Undo]),
                };
                if !fits {
                    let (step, ending) = (step.0, story.ending);
                    return Err(format!("booking {booking}, {ending:?}: step {step} was {acts:?}"));
                }
            }
        }
        Ok(())
    }
}

/// Whether a cut shows something.
pub type Sight = fn(Cut<'_, Hotels>) -> bool;

/// Rare paths, which a big batch of worlds must take.
pub const MARKS: [(&str, Sight); 12] = [
    ("a booking is accepted", |cut| any(cut, |one| one.counters().accepted > 0)),
    ("a booking is refused", |cut| any(cut, |one| one.counters().refused > 0)),
    ("a booking is given up unanswered", |cut| any(cut, |one| one.counters().unanswered > 0)),
    ("a guest checks out", |cut| any(cut, |one| one.counters().checked_out > 0)),
    ("a guest never comes", |cut| any(cut, |one| one.counters().no_shows > 0)),
    ("an accepted booking is cancelled", |cut| {
        any(cut, |one| one.counters().cancelled > one.counters().cancelled_early)
    }),
    ("a booking is cancelled in mid-flight", |cut| {
        any(cut, |one| one.counters().cancelled_early > 0)
    }),
    ("a bank refuses, and rooms are given back", |cut| {
        any_phase(cut, |phase, tasks| {
            let Phase::Back(_, Why::Refused(step)) = phase else { return false };
            matches!(tasks.get(step.0 as usize), Some(Task { what: What::Pay(..), .. }))
        })
    }),
    ("money goes back before rooms", |cut| {
        any_phase(cut, |phase, tasks| {
            tasks.len() > 1 && matches!(phase, Phase::Back(Stage(1), Why::Cancelled))
        })
    }),
    ("a check-out waits for its booking", |cut| {
        any(cut, |one| {
            let waits = |end| matches!(end, Some((End::CheckOut, _)));
            one.bookings.sorted().iter().any(|(_, booking)| waits(booking.end))
        })
    }),
    ("a closed desk does not pass something on", |cut| {
        any(cut, |one| one.counters().not_passed_on > 0)
    }),
    ("an undo is asked for again", |cut| {
        cut.changed().iter().any(|island| {
            let image = &cut[island.0 as usize];
            let before = image.stamp.millis().0.saturating_sub(PATIENCE.0);
            let waits = image.state.sagas().waiting(archipelago::Millis(before));
            waits.iter().any(|waiting| matches!(waiting.phase, Phase::Back(..)))
        })
    }),
];

/// Whether one of the islands that have changed shows it.
fn any(cut: Cut<'_, Hotels>, sight: impl Fn(&Hotels) -> bool) -> bool {
    cut.changed().iter().any(|island| sight(&cut[island.0 as usize].state))
}

/// Whether a booking of one of the islands that have changed shows it.
fn any_phase(cut: Cut<'_, Hotels>, sight: impl Fn(Phase, &[Task]) -> bool) -> bool {
    any(cut, |one| {
        one.sagas().all().any(|(booking, steps)| {
            let tasks: Vec<Task> = steps.map(|(task, _)| *task).collect();
            one.sagas().phase(booking).is_some_and(|phase| sight(phase, &tasks))
        })
    })
}
