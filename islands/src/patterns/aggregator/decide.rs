//! What an aggregator decides of an input; see the rules in the module above.
//!
//! It doesn't change anything: it emits events.

use archipelago_core::island::Turn;

use super::state::{Aggregator, Group, Phase};
use super::words::{AggregatorEvent, Deadline, Ending, Expected, Late, Outcome, Refusal, Version};
use super::{AggregatorIsland, Part};

impl<G: Part, M: Part, R: Part> Aggregator<G, M, R> {
    /// Says who is expected in a group, for the first time or anew. A version that is not higher
    /// than the one before changes nothing.
    pub fn announce<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        version: Version,
        expected: Expected<M>,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        let last = self.known(&group).and_then(|known| known.expected.as_ref());
        if last.is_some_and(|(last, _)| version <= *last) {
            return Outcome::Same;
        }
        if expected.members() > self.config.limits.members_max as usize {
            return Outcome::Refused(Refusal::TooManyMembers);
        }
        let before = match self.known(&group) {
            Some(known) => known.clone(),
            None => match self.open_up(&group, turn) {
                Ok(opened) => opened,
                Err(refusal) => return Outcome::Refused(refusal),
            },
        };
        let after = Group { expected: Some((version, expected.clone())), ..before.clone() };
        let event = AggregatorEvent::Announced { group: group.clone(), version, expected };
        self.change(group, &before, &after, event, turn)
    }

    /// Takes in a member's report. One whose version is not higher than that of the member's last
    /// one changes nothing.
    pub fn report<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        member: M,
        version: Version,
        report: R,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        let known = self.known(&group);
        let last = known.and_then(|known| known.reports.get(&member));
        if last.is_some_and(|(last, _)| version <= *last) {
            return Outcome::Same;
        }
        let members = known.map_or(0, |known| known.reports.len());
        if last.is_none() && members >= self.config.limits.members_max as usize {
            return Outcome::Refused(Refusal::TooManyMembers);
        }
        let is_met = match known {
            Some(known) => known.phase != Phase::Open || known.is_met(Some(&member)),
            None => match self.open_up(&group, turn) {
                Ok(_) => false,
                Err(refusal) => return Outcome::Refused(refusal),
            },
        };
        let Some(known) = known.filter(|_| is_met) else {
            turn.emit(AggregatorEvent::Reported { group, member, version, report });
            return Outcome::Noted;
        };
        let mut changed = known.clone();
        changed.reports.insert(member.clone(), (version, report.clone()));
        let event = AggregatorEvent::Reported { group: group.clone(), member, version, report };
        self.change(group, known, &changed, event, turn)
    }

    /// A group's timer fired.
    pub fn due<I: AggregatorIsland<G, M, R>>(
        &self,
        deadline: Deadline<G>,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        self.close(deadline.group, turn)
    }

    /// Ends a group with what is there, as at its deadline. One that is not open stays as it is.
    pub fn close<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        match self.open.get(&group) {
            Some(open) => Self::end(group, open, self.ending(open), turn),
            None => Outcome::Same,
        }
    }

    /// Opens a group, and sets its deadline; as `evolve` will make it.
    fn open_up<I: AggregatorIsland<G, M, R>>(
        &self,
        group: &G,
        turn: &mut Turn<I>,
    ) -> Result<Group<M, R>, Refusal> {
        if self.is_forgotten(group) {
            return Err(Refusal::Forgotten);
        }
        if self.open.len() >= self.config.limits.open_max as usize {
            return Err(Refusal::TooManyGroups);
        }
        let deadline = || Deadline { group: group.clone() };
        let timer = self.config.deadline.map(|span| turn.timer(span, deadline()));
        let at = turn.now();
        turn.emit(AggregatorEvent::Opened { group: group.clone(), at, timer });
        Ok(Group::new(at, timer))
    }

    /// Ends an open group that is now as `known` says.
    fn end<I: AggregatorIsland<G, M, R>>(
        group: G,
        known: &Group<M, R>,
        ending: Ending,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        if let Some(timer) = known.timer {
            turn.cancel_timer(timer);
        }
        turn.emit(AggregatorEvent::Ended { group, ending });
        Outcome::Ended(known.gathered(ending))
    }

    /// How a group would end now.
    fn ending(&self, known: &Group<M, R>) -> Ending {
        if known.is_met(None) {
            Ending::Complete
        } else if known.has(self.config.quorum) {
            Ending::Partial
        } else {
            Ending::Short
        }
    }

    /// `event` makes the group `before` the group `after`; in one that has ended, if it may.
    fn change<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        before: &Group<M, R>,
        after: &Group<M, R>,
        event: AggregatorEvent<G, M, R>,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        let ending = match before.phase {
            Phase::Open => {
                turn.emit(event);
                return match after.is_met(None) {
                    true => Self::end(group, after, Ending::Complete, turn),
                    false => Outcome::Noted,
                };
            }
            Phase::Ended(ending) => ending,
            Phase::Undone => return Outcome::Late,
        };
        let (was, is) = (before.gathered(ending), after.gathered(self.ending(after)));
        match self.config.late {
            Late::Ignore => Outcome::Late,
            Late::Compensate if was == is => Outcome::Late,
            Late::Compensate => {
                turn.emit(AggregatorEvent::Undone { group });
                Outcome::Undo(was)
            }
            Late::Amend => {
                turn.emit(event);
                if is.ending != ending {
                    turn.emit(AggregatorEvent::Ended { group, ending: is.ending });
                }
                if was == is { Outcome::Noted } else { Outcome::Amended(is) }
            }
        }
    }
}
