//! The search for a smaller world. See the [station](super).
//!
//! It doesn't know how the result is told.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use archipelago_core::island::Island;

use crate::world::{
    Ask, Choices, Decision, Keep, Kept, Kind, Outcome, PANICKED, Plan, Violation, World,
};

/// Other weathers tried for one set of requests.
const WEATHERS: u64 = 24;
/// The longest time between two requests of a few that are tried alone, in nanoseconds.
const GAP_MAX: u64 = 3_000_000;
/// Steps a smaller world may take beyond twice those of the best one so far.
const STEPS_MORE: u64 = 20_000;

/// How long to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// At most so long.
    pub time: Duration,
}

impl Default for Effort {
    fn default() -> Self {
        Self { time: Duration::from_secs(8) }
    }
}

/// The smallest world found that breaks the same law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// How many islands it has.
    pub islands: u32,
    /// The seed of everything but the commands.
    pub weather: u64,
    /// All its choices.
    pub decisions: Vec<Decision>,
    /// What it breaks.
    pub violation: Violation,
    /// How many choices the world had at the beginning.
    pub from: u64,
    /// How many worlds were tried.
    pub tried: u64,
}

/// A search under way.
struct Search<'a, I: Island> {
    plan: &'a Plan<I>,
    seed: u64,
    until: Instant,
    tried: u64,
    best: Best,
}

/// The best world so far.
struct Best {
    islands: u32,
    weather: u64,
    decisions: Vec<Decision>,
    violation: Violation,
    steps: u64,
    history: Vec<Kept>,
}

/// Shrinks the world of `seed`; `None` when it breaks no law.
pub(crate) fn shrink<I: Island>(plan: &Plan<I>, seed: u64, effort: Effort) -> Option<Shrunk> {
    let ask = Ask { choices: Choices::Recorded, keep: Keep::Causes, ..Ask::default() };
    let first = World::ask_for(plan, seed, ask);
    let from = first.figures.decisions;
    let best = Best {
        islands: plan.islands,
        weather: seed,
        violation: first.broken?,
        decisions: first.decisions,
        steps: first.figures.steps,
        history: first.history,
    };
    let until = Instant::now() + effort.time;
    let mut search = Search { plan, seed, until, tried: 1, best };
    search.run();
    let Best { islands, weather, mut decisions, violation, .. } = search.best;
    decisions.sort_by_key(|decision| (when(decision), *decision));
    Some(Shrunk { islands, weather, decisions, violation, from, tried: search.tried })
}

/// Requests without the long times between them.
fn squeezed(asks: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut last, mut now) = (0, 0);
    let squeeze = |(number, at): &(u64, u64)| {
        now += at.saturating_sub(last).min(GAP_MAX);
        last = *at;
        (*number, now)
    };
    asks.iter().map(squeeze).collect()
}

/// When a choice takes effect, as far as it says.
fn when(decision: &Decision) -> u64 {
    match decision.kind {
        Kind::Ask
        | Kind::Crash
        | Kind::Fall
        | Kind::Cut
        | Kind::Clog
        | Kind::Pause
        | Kind::Step => decision.value,
        _ => u64::MAX,
    }
}

impl<I: Island> Search<'_, I> {
    fn run(&mut self) {
        self.drop_the_future();
        if self.counts_requests() {
            self.fewer_families();
            return self.fewer(|decision| decision.kind != Kind::Ask, Redraw::No);
        }
        self.try_cones();
        self.try_small();
        let mut size = usize::MAX;
        while self.best.decisions.len() < size && !self.is_over() {
            size = self.best.decisions.len();
            self.fewer_islands();
            self.fewer_families();
            self.fewer(|decision| decision.kind == Kind::Ask, Redraw::Yes);
            self.fewer(|decision| decision.kind != Kind::Ask, Redraw::No);
        }
    }

    /// Whether the law breaks when nothing is asked and nothing goes wrong: then it is about how
    /// many requests there are ("50 are accepted"), and a world with fewer of them says nothing.
    fn counts_requests(&mut self) -> bool {
        self.tried += 1;
        let ask = Ask {
            choices: Choices::Listed(Vec::new()),
            weather: Some(self.best.weather),
            ..Ask::default()
        };
        let idle = World::ask_for(self.plan, self.seed, ask).broken;
        idle.is_some_and(|broken| is_same(&broken, &self.best.violation))
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn asks(&self) -> Vec<(u64, u64)> {
        let asks = self.best.decisions.iter().filter(|decision| decision.kind == Kind::Ask);
        asks.map(|ask| (ask.a, ask.value)).collect()
    }

    /// Tries these choices.
    fn try_list(&mut self, islands: u32, decisions: Vec<Decision>) -> bool {
        let weather = self.best.weather;
        self.attempt(islands, weather, Choices::Listed(decisions.clone()), Some(decisions))
    }

    /// Tries these requests in other weathers.
    fn try_weathers(&mut self, islands: u32, asks: &[(u64, u64)], times: u64) -> bool {
        (0..times).any(|nth| {
            let weather = self.best.weather.wrapping_mul(31).wrapping_add(nth + 1);
            !self.is_over() && self.attempt(islands, weather, Choices::Asking(asks.to_vec()), None)
        })
    }

    fn attempt(
        &mut self,
        islands: u32,
        weather: u64,
        choices: Choices,
        decisions: Option<Vec<Decision>>,
    ) -> bool {
        self.tried += 1;
        let ask = Ask {
            choices,
            keep: Keep::Causes,
            islands: Some(islands),
            weather: Some(weather),
            steps_max: Some(2 * self.best.steps + STEPS_MORE),
            ..Ask::default()
        };
        let Outcome { broken, figures, decisions: drawn, history, .. } =
            World::ask_for(self.plan, self.seed, ask);
        let Some(violation) = broken.filter(|broken| is_same(broken, &self.best.violation)) else {
            return false;
        };
        let mut decisions = decisions.unwrap_or(drawn);
        // What comes after the end does nothing.
        decisions.retain(|decision| match when(decision) {
            u64::MAX => true,
            at => at <= violation.at.0,
        });
        let steps = figures.steps.min(self.best.steps);
        self.best = Best { islands, weather, decisions, violation, steps, history };
        true
    }

    /// What was to happen after the law broke did nothing.
    fn drop_the_future(&mut self) {
        let at = self.best.violation.at.0;
        let past = |decision: &&Decision| when(decision) == u64::MAX || when(decision) <= at;
        let list: Vec<_> = self.best.decisions.iter().filter(past).copied().collect();
        if list.len() < self.best.decisions.len() {
            self.try_list(self.best.islands, list);
        }
    }

    /// The requests at the roots of what the failing island did last: of its last record, of its
    /// last two, four …
    fn try_cones(&mut self) {
        let Some((island, _)) = self.best.violation.record else { return };
        let of_island = self.best.history.iter().rev().filter(|kept| kept.island == island);
        let roots: Vec<u64> = of_island.filter_map(|kept| Some(kept.root?.0)).collect();
        let asks = self.asks();
        let mut last = 0;
        for size in (0..).map(|power| 1_usize << power) {
            let cone: BTreeSet<u64> = roots.iter().take(size).copied().collect();
            if cone.len() > last && cone.len() < asks.len() {
                last = cone.len();
                let inside: Vec<_> =
                    asks.iter().filter(|(number, _)| cone.contains(number)).copied().collect();
                let islands = self.best.islands;
                if self.try_weathers(islands, &squeezed(&inside), WEATHERS / 4) {
                    return;
                }
            }
            if size >= roots.len() || self.is_over() {
                return;
            }
        }
    }

    /// Few requests in other weathers, before anything large is halved: a small world is run in a
    /// thousandth of the time. The first ones (they often set things up), and these with the last.
    fn try_small(&mut self) {
        let asks = self.asks();
        for size in (2..).map(|power| 1_usize << power).take_while(|size| *size < asks.len()) {
            let first = asks[..size].to_vec();
            let ends = [&asks[..size / 2], &asks[asks.len() - size / 2..]].concat();
            for few in [first, ends] {
                let islands = self.best.islands;
                if self.is_over() || self.try_weathers(islands, &squeezed(&few), WEATHERS / 2) {
                    return;
                }
            }
        }
    }

    fn fewer_islands(&mut self) {
        for islands in 1..self.best.islands {
            if self.is_over() {
                return;
            }
            let (list, asks) = (self.best.decisions.clone(), self.asks());
            if self.try_list(islands, list) || self.try_weathers(islands, &asks, WEATHERS / 4) {
                return;
            }
        }
    }

    /// Drops all choices of a family at once.
    fn fewer_families(&mut self) {
        let kinds: BTreeSet<Kind> =
            self.best.decisions.iter().map(|decision| decision.kind).collect();
        for kind in kinds.into_iter().filter(|kind| *kind != Kind::Ask) {
            let others = self.best.decisions.iter().filter(|decision| decision.kind != kind);
            let list: Vec<_> = others.copied().collect();
            if !self.is_over() {
                self.try_list(self.best.islands, list);
            }
        }
    }

    /// Drops parts of the choices that `of` names: halves, quarters … single ones.
    fn fewer(&mut self, of: impl Fn(&Decision) -> bool, redraw: Redraw) {
        let count = |search: &Self| search.best.decisions.iter().filter(|d| of(d)).count();
        let mut parts = 2;
        while count(self) > 0 && !self.is_over() {
            let (total, before) = (count(self), self.best.decisions.len());
            let size = total.div_ceil(parts);
            let mut part = 0;
            while part * size < count(self) && !self.is_over() {
                let mut at = 0;
                let dropped = part * size..(part + 1) * size;
                let stays = |decision: &&Decision| {
                    let named = of(decision);
                    let here = at;
                    at += usize::from(named);
                    !(named && dropped.contains(&here))
                };
                let list: Vec<_> = self.best.decisions.iter().filter(stays).copied().collect();
                let asks: Vec<_> = list.iter().filter(|d| d.kind == Kind::Ask).collect();
                let asks: Vec<_> = asks.iter().map(|ask| (ask.a, ask.value)).collect();
                let islands = self.best.islands;
                let weathers = if redraw == Redraw::Yes { WEATHERS } else { 0 };
                let smaller =
                    self.try_list(islands, list) || self.try_weathers(islands, &asks, weathers);
                // What comes next has moved to this place.
                part += usize::from(!smaller);
            }
            if size == 1 && self.best.decisions.len() >= before {
                return;
            }
            parts =
                if size == 1 { count(self).max(1) } else { (parts * 2).min(count(self).max(1)) };
        }
    }
}

/// Whether a smaller world breaks the same law. A check that panicked only there has not found the
/// same: it may have looked at an island that the smaller world lacks.
fn is_same(smaller: &Violation, first: &Violation) -> bool {
    let panicked = |violation: &Violation| violation.seen.starts_with(PANICKED);
    smaller.law == first.law && panicked(smaller) == panicked(first)
}

/// Whether other weathers are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redraw {
    Yes,
    No,
}
