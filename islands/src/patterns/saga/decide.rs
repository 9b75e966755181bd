//! What is decided about sagas: on the island where one lives, and where a step is taken.
//!
//! Rule: an answer is looked at on a copy of its saga that has heard it.
//!
//! It doesn't know what steps do.

use archipelago_core::island::{Origin, Turn};
use archipelago_core::time::Millis;

use super::state::{Running, Sagas, StepState};
use super::words::{
    Answer, AtEnd, Ending, Job, Phase, Plan, STEPS_MAX, SagaEvent, SagaMessage, Stage, StepNumber,
    Verb, Why,
};
use super::{SagaIsland, SagaName, Work};

/// What a message about a saga means to the island that got it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum News<N, W> {
    /// Nothing.
    Nothing,
    /// A step is to be taken: say in this turn with [`Sagas::answer`] whether it is.
    Do(Job<N, W>),
    /// A step that was taken here is undone, or kept.
    Acted(Job<N, W>),
    /// All steps of the saga are done; it waits for [`Sagas::close`] or [`Sagas::cancel`].
    Held(N),
    /// The saga is over.
    Ended(N, Ending),
}

/// Why a saga cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSaga {
    /// One of that name lives here.
    #[error("a saga of that name is not over yet")]
    InUse,
    /// As many as may live here do.
    #[error("as many sagas as an island may have are not over yet; try again later")]
    TooMany,
    /// It has none, or too many.
    #[error("a saga has 1 to {STEPS_MAX} steps, not {0}")]
    Steps(usize),
}

impl<N: SagaName, W: Work> Sagas<N, W> {
    /// Begins a saga, on the island of its key.
    ///
    /// # Errors
    /// [`BadSaga`]; nothing has happened then.
    pub fn begin<I>(&self, saga: N, plan: Plan<W>, turn: &mut Turn<I>) -> Result<(), BadSaga>
    where
        I: SagaIsland<N, W>,
    {
        match plan.steps.len() {
            _ if self.running.contains(&saga) => return Err(BadSaga::InUse),
            _ if self.running.len() >= self.sagas_max as usize => return Err(BadSaga::TooMany),
            1..=STEPS_MAX => {}
            steps => return Err(BadSaga::Steps(steps)),
        }
        turn.emit(SagaEvent::Began(saga, plan.clone()));
        let _ = Running::new(saga, plan).enter(Phase::Forward(Stage(0)), turn);
        Ok(())
    }

    /// Turns a saga back, wherever it stands; [`News::Ended`] comes. Returns where it stood: one in
    /// [`Phase::Back`] goes on as it was, for its first reason.
    pub fn cancel<I: SagaIsland<N, W>>(&self, saga: N, turn: &mut Turn<I>) -> Option<Phase> {
        let running = self.running.get(&saga)?;
        if !matches!(running.phase, Phase::Back(..)) {
            // It has a step that may be done, so it is not over at once.
            let _ = running.back(Why::Cancelled, turn);
        }
        Some(running.phase)
    }

    /// Keeps what a saga has done, if it is [`Phase::Held`]. Returns where it stood.
    pub fn close<I: SagaIsland<N, W>>(&self, saga: N, turn: &mut Turn<I>) -> Option<Phase> {
        let running = self.running.get(&saga)?;
        if running.phase == Phase::Held {
            let _ = running.keep(turn);
        }
        Some(running.phase)
    }

    /// Decides a message of another island, or of a timer.
    pub fn decide<I>(&self, message: SagaMessage<N, W>, turn: &mut Turn<I>) -> News<N, W>
    where
        I: SagaIsland<N, W>,
    {
        match (message, turn.origin()) {
            (SagaMessage::Job(job), Origin::Island { .. }) => self.asked(job, turn),
            (SagaMessage::Answer(saga, step, answer), Origin::Island { .. }) => {
                let Some(running) = self.running.get(&saga) else { return News::Nothing };
                running.heard(step, answer, turn)
            }
            (SagaMessage::Overdue(saga), Origin::Timer(timer)) => match self.running.get(&saga) {
                Some(running) if running.timer == Some(timer) => running.back(Why::Overdue, turn),
                _ => News::Nothing,
            },
            _ => News::Nothing,
        }
    }

    /// Says of a `Do` that it is done, or refused.
    pub fn answer<I: SagaIsland<N, W>>(&self, job: &Job<N, W>, with: Answer, turn: &mut Turn<I>) {
        if with == Answer::Done {
            turn.emit(SagaEvent::Acted(job.saga, job.step, job.verb, job.work.clone()));
        }
        turn.send_to_key(job.saga.key(), SagaMessage::Answer(job.saga, job.step, with));
    }

    fn asked<I: SagaIsland<N, W>>(&self, job: Job<N, W>, turn: &mut Turn<I>) -> News<N, W> {
        if job.verb == Verb::Undo {
            self.answer(&job, Answer::Undone, turn);
        }
        match (job.verb, self.holds(job.saga, job.step)) {
            (Verb::Do, false) => News::Do(job),
            (Verb::Do, true) | (Verb::Undo | Verb::Keep, false) => News::Nothing,
            (verb, true) => {
                turn.emit(SagaEvent::Acted(job.saga, job.step, verb, job.work.clone()));
                News::Acted(job)
            }
        }
    }
}

impl<N: SagaName, W: Work> Running<N, W> {
    fn heard<I>(&self, step: StepNumber, answer: Answer, turn: &mut Turn<I>) -> News<N, W>
    where
        I: SagaIsland<N, W>,
    {
        match (self.states.get(step.0 as usize), answer) {
            (Some(StepState::Asked), Answer::Done | Answer::Refused)
            | (Some(StepState::Undoing), Answer::Undone) => {}
            // Late (rule 3), or for the second time (rule 4).
            _ => return News::Nothing,
        }
        turn.emit(SagaEvent::Heard(self.saga, step, answer));
        let mut now = self.clone();
        now.states[step.0 as usize] = StepState::Told(answer);
        let waits = (0..now.states.len()).any(|at| now.is_open(at));
        match now.phase {
            Phase::Forward(_) if answer == Answer::Refused => now.back(Why::Refused(step), turn),
            Phase::Back(_, why) if !waits => now.back(why, turn),
            Phase::Forward(Stage(stage)) if !waits => {
                let next = Phase::Forward(Stage(stage + 1));
                match now.plan.at_end {
                    _ if now.asked_by(next).next().is_some() => now.enter(next, turn),
                    AtEnd::Keep => now.keep(turn),
                    AtEnd::Hold => now.enter(Phase::Held, turn),
                }
            }
            _ => News::Nothing,
        }
    }

    /// Undoes the last stage of which a step may be done; a saga without one is over. One that has
    /// turned back before keeps its reason.
    fn back<I: SagaIsland<N, W>>(&self, why: Why, turn: &mut Turn<I>) -> News<N, W> {
        let why = if let Phase::Back(_, first) = self.phase { first } else { why };
        match (0..self.states.len()).rev().find_map(|at| self.stage_if_done(at)) {
            Some(stage) => self.enter(Phase::Back(stage, why), turn),
            None => self.end(Ending::Undone(why), turn),
        }
    }

    fn keep<I: SagaIsland<N, W>>(&self, turn: &mut Turn<I>) -> News<N, W> {
        (0..self.states.len()).for_each(|at| self.ask(at, Verb::Keep, turn));
        self.end(Ending::Kept, turn)
    }

    fn end<I: SagaIsland<N, W>>(&self, ending: Ending, turn: &mut Turn<I>) -> News<N, W> {
        self.timer.into_iter().for_each(|timer| turn.cancel_timer(timer));
        turn.emit(SagaEvent::Ended(self.saga, ending));
        News::Ended(self.saga, ending)
    }

    /// Asks for the steps of a phase, and sets the timer that ends its patience.
    fn enter<I: SagaIsland<N, W>>(&self, phase: Phase, turn: &mut Turn<I>) -> News<N, W> {
        self.timer.into_iter().for_each(|timer| turn.cancel_timer(timer));
        let verb = if matches!(phase, Phase::Back(..)) { Verb::Undo } else { Verb::Do };
        self.asked_by(phase).for_each(|at| self.ask(at, verb, turn));
        // Asked again for the same, it waits as long again as it has waited.
        let since = if phase == self.phase { self.since } else { turn.now() };
        let waited = Millis(turn.now().0.saturating_sub(since.0));
        let (patience, overdue) = (self.plan.patience, SagaMessage::Overdue(self.saga));
        let patience = patience.filter(|_| phase != Phase::Held);
        // Without any it would ask to undo for ever in one instant.
        let timer = patience.map(|span| turn.timer(span.max(Millis(1)).plus(waited), overdue));
        turn.emit(SagaEvent::Moved(self.saga, phase, turn.now(), timer));
        if phase == Phase::Held { News::Held(self.saga) } else { News::Nothing }
    }

    fn ask<I: SagaIsland<N, W>>(&self, at: usize, verb: Verb, turn: &mut Turn<I>) {
        let (saga, step, work) = (self.saga, StepNumber(at as u32), self.plan.steps[at].1.clone());
        let key = self.plan.steps[at].1.key();
        turn.send_to_key(key, SagaMessage::Job(Job { saga, step, verb, work }));
    }
}
