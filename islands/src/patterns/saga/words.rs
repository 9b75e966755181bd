//! The words of a saga: its plan, what islands say to each other about it, and what happened.
//!
//! It doesn't know what is done about them.

use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

/// The most steps of a saga: all messages of a stage leave in one record, which has its limit.
pub const STEPS_MAX: usize = 1024;

/// A step of a saga: 0, 1, 2 … over all its stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepNumber(pub u32);

/// A stage of a saga: 0, 1, 2 …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stage(pub u32);

/// What a saga does when all its steps are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AtEnd {
    /// It keeps them and is over.
    Keep,
    /// It holds them until it is closed or cancelled.
    Hold,
}

/// The steps of a saga, in stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan<W> {
    pub(super) steps: Vec<(Stage, W)>,
    pub(super) patience: Option<Millis>,
    pub(super) at_end: AtEnd,
}

impl<W> Plan<W> {
    /// A plan without steps, and with endless patience.
    #[must_use]
    pub const fn new(at_end: AtEnd) -> Self {
        Self { steps: Vec::new(), patience: None, at_end }
    }

    /// Adds a stage: steps that are taken together. One without steps is none.
    #[must_use]
    pub fn stage(mut self, works: impl IntoIterator<Item = W>) -> Self {
        let stage = self.steps.last().map_or(Stage(0), |(last, _)| Stage(last.0 + 1));
        self.steps.extend(works.into_iter().map(|work| (stage, work)));
        self
    }

    /// How long a stage may take before the saga turns back, or asks again to undo.
    #[must_use]
    pub const fn patience(mut self, span: Millis) -> Self {
        self.patience = Some(span);
        self
    }

    /// What the steps do, in order.
    pub fn works(&self) -> impl Iterator<Item = &W> {
        self.steps.iter().map(|(_, work)| work)
    }
}

/// Why a saga turned back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// That step was refused.
    Refused(StepNumber),
    /// Patience ended.
    Overdue,
    /// Somebody cancelled it.
    Cancelled,
}

/// Where a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It takes the steps of that stage.
    Forward(Stage),
    /// All its steps are done.
    Held,
    /// It undoes the steps of that stage.
    Back(Stage, Why),
}

/// How a saga ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// All its steps are done, for ever.
    Kept,
    /// None of its steps is done.
    Undone(Why),
}

/// What is asked of a step's island.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// Take the step, or refuse it.
    Do,
    /// Undo it.
    Undo,
    /// It stays: forget whose it was.
    Keep,
}

/// A step as its island is asked for it. It may be sent on to another key as it is, if an island
/// sent it: a client's (also a dead letter that is put back) may come when its saga is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job<N, W> {
    /// Whose.
    pub saga: N,
    /// Which.
    pub step: StepNumber,
    /// What is asked.
    pub verb: Verb,
    /// What the step does.
    pub work: W,
}

/// What a step's island answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is not done, and will not be.
    Refused,
    /// It is not done any more, or never was.
    Undone,
}

/// What islands say to each other; a client who says it is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SagaMessage<N, W> {
    /// To the key of the work.
    Job(Job<N, W>),
    /// To the key of the saga.
    Answer(N, StepNumber, Answer),
    /// From a timer of the saga's island: patience ends.
    Overdue(N),
}

/// What happened: the first four where the saga lives, the last where the step is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SagaEvent<N, W> {
    /// It began.
    Began(N, Plan<W>),
    /// It entered a phase, then, and that timer ends its patience.
    Moved(N, Phase, Millis, Option<TimerNumber>),
    /// It heard of a step.
    Heard(N, StepNumber, Answer),
    /// It is over.
    Ended(N, Ending),
    /// A step was taken, undone or kept here: book what it does.
    Acted(N, StepNumber, Verb, W),
}
