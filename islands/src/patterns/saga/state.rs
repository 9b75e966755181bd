//! What an island keeps of sagas: those that live here, and the steps done here for any.
//!
//! It doesn't know what moves them.

use archipelago_core::id::TimerNumber;
use archipelago_core::lookup::Lookup;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::words::{Answer, Phase, Plan, SagaEvent, Stage, StepNumber, Verb};
use super::{SagaName, Work};

/// Where a step stands, as its saga knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepState {
    /// Its stage has not begun.
    Planned,
    /// It is to be taken.
    Asked,
    /// It is to be undone.
    Undoing,
    /// Its island has said so.
    Told(Answer),
}

/// A saga that lives here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Running<N, W> {
    pub(super) saga: N,
    pub(super) plan: Plan<W>,
    pub(super) states: Vec<StepState>,
    pub(super) phase: Phase,
    pub(super) since: Millis,
    pub(super) timer: Option<TimerNumber>,
}

impl<N, W> Running<N, W> {
    pub(super) fn new(saga: N, plan: Plan<W>) -> Self {
        let states = vec![StepState::Planned; plan.steps.len()];
        // It holds all that it has asked for: nothing.
        Self { saga, plan, states, phase: Phase::Held, since: Millis(0), timer: None }
    }

    /// The stage of a step, unless it is certainly not done.
    pub(super) fn stage_if_done(&self, at: usize) -> Option<Stage> {
        let may_be = matches!(self.states[at], StepState::Told(Answer::Done)) || self.is_open(at);
        may_be.then_some(self.plan.steps[at].0)
    }

    /// Whether an answer about a step is awaited.
    pub(super) fn is_open(&self, at: usize) -> bool {
        matches!(self.states[at], StepState::Asked | StepState::Undoing)
    }

    /// The steps that entering `phase` asks for.
    pub(super) fn asked_by(&self, phase: Phase) -> impl Iterator<Item = usize> {
        (0..self.states.len()).filter(move |at| match phase {
            Phase::Forward(stage) => self.plan.steps[*at].0 == stage,
            Phase::Back(stage, _) => self.stage_if_done(*at) == Some(stage),
            Phase::Held => false,
        })
    }
}

/// A step that a saga waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting<N> {
    /// Since when.
    pub since: Millis,
    /// Which saga.
    pub saga: N,
    /// For which step.
    pub step: StepNumber,
    /// To be taken, or to be undone and why.
    pub phase: Phase,
}

/// An island's part in sagas. Embed it in the island's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "N: SagaName, W: Work")]
pub struct Sagas<N: SagaName, W: Work> {
    pub(super) sagas_max: u32,
    pub(super) running: Lookup<N, Running<N, W>>,
    /// Steps done here, and neither undone nor kept.
    done: Lookup<(N, StepNumber), ()>,
}

impl<N: SagaName, W: Work> Sagas<N, W> {
    /// None yet; at most so many are to live here at a time.
    #[must_use]
    pub fn new(sagas_max: u32) -> Self {
        Self { sagas_max, running: Lookup::new(), done: Lookup::new() }
    }

    /// Where a saga stands; `None` if it doesn't live here (any more).
    #[must_use]
    pub fn phase(&self, saga: N) -> Option<Phase> {
        self.running.get(&saga).map(|running| running.phase)
    }

    /// Whether a step is done here, and neither undone nor kept.
    #[must_use]
    pub fn holds(&self, saga: N, step: StepNumber) -> bool {
        self.done.contains(&(saga, step))
    }

    /// How many such steps there are.
    #[must_use]
    pub fn steps_held(&self) -> usize {
        self.done.len()
    }

    /// The sagas that live here, ascending, with the work and state of each step. Costs a sort.
    pub fn all(&self) -> impl Iterator<Item = (N, impl Iterator<Item = (&W, StepState)>)> {
        self.running.sorted().into_iter().map(|(saga, running)| {
            (*saga, running.plan.works().zip(running.states.iter().copied()))
        })
    }

    /// Which saga waits for which step since when, if since before `before`: the longest first.
    #[must_use]
    pub fn waiting(&self, before: Millis) -> Vec<Waiting<N>> {
        let mut all = Vec::new();
        for (saga, running) in self.running.sorted() {
            let &Running { since, phase, .. } = running;
            let open =
                (0..running.states.len()).filter(|at| since < before && running.is_open(*at));
            let step = |at| Waiting { since, saga: *saga, step: StepNumber(at as u32), phase };
            all.extend(open.map(step));
        }
        all.sort_by_key(|waiting| waiting.since);
        all
    }

    /// Applies one event.
    pub fn evolve(&mut self, event: &SagaEvent<N, W>) {
        match event {
            SagaEvent::Began(saga, plan) => {
                self.running.insert(*saga, Running::new(*saga, plan.clone()));
            }
            SagaEvent::Moved(saga, phase, at, timer) => {
                let Some(running) = self.running.get_mut(saga) else { return };
                let back = matches!(phase, Phase::Back(..));
                let state = if back { StepState::Undoing } else { StepState::Asked };
                let asked: Vec<usize> = running.asked_by(*phase).collect();
                asked.into_iter().for_each(|step| running.states[step] = state);
                // What is asked for again has been waited for since the first time.
                running.since = if running.phase == *phase { running.since } else { *at };
                (running.phase, running.timer) = (*phase, *timer);
            }
            SagaEvent::Heard(saga, step, answer) => {
                let Some(running) = self.running.get_mut(saga) else { return };
                running.states[step.0 as usize] = StepState::Told(*answer);
            }
            SagaEvent::Ended(saga, _) => drop(self.running.remove(saga)),
            SagaEvent::Acted(saga, step, Verb::Do, _) => {
                self.done.insert((*saga, *step), ());
            }
            SagaEvent::Acted(saga, step, ..) => drop(self.done.remove(&(*saga, *step))),
        }
    }
}
