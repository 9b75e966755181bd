//! What an aggregator decides of an input; see the rules in the module above.
//!
//! It doesn't change anything: it emits events.

use std::borrow::Cow;

use archipelago_core::island::Turn;

use super::state::{Aggregator, Group, Phase};
use super::words::{
    AggregatorEvent, Deadline, Ending, Expected, Happened, Late, Outcome, Refusal, Version,
};
use super::{AggregatorIsland, Key, Value};

impl<G: Key, M: Key, R: Value + PartialEq> Aggregator<G, M, R> {
    /// Says who is expected in a group, for the first time or anew. A version that is not higher
    /// than the one before changes nothing.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn announce<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        version: Version,
        expected: Expected<M>,
        turn: &mut Turn<I>,
    ) -> Result<Outcome<M, R>, Refusal> {
        let last = self.known(&group).and_then(|known| known.expected.as_ref());
        if last.is_some_and(|(last, _)| version <= *last) {
            return Ok(Outcome::Same);
        }
        if expected.members() > self.config.members_max as usize {
            return Err(Refusal::TooManyMembers);
        }
        let before = self.find_or_open(&group, turn)?;
        let mut after = Group::clone(&before);
        after.expected = Some((version, expected.clone()));
        let announced = Happened::Announced(version, expected);
        Ok(self.change(group, &before, &after, announced, turn))
    }

    /// Takes in a member's report. One whose version is not higher than that of the member's last
    /// one changes nothing.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn report<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        member: M,
        version: Version,
        report: R,
        turn: &mut Turn<I>,
    ) -> Result<Outcome<M, R>, Refusal> {
        let known = self.known(&group);
        let last = known.and_then(|known| known.reports.get(&member));
        if last.is_some_and(|(last, _)| version <= *last) {
            return Ok(Outcome::Same);
        }
        let members = known.map_or(0, |known| known.reports.len());
        if last.is_none() && members >= self.config.members_max as usize {
            return Err(Refusal::TooManyMembers);
        }
        let before = self.find_or_open(&group, turn)?;
        // The many reports before the last one cost no copy of their group.
        if before.phase == Phase::Open && !before.nears_its_end() {
            let happened = Happened::Reported(member, version, report);
            turn.emit(AggregatorEvent { group, happened });
            return Ok(Outcome::Noted);
        }
        let mut after = Group::clone(&before);
        after.reports.insert(member.clone(), (version, report.clone()));
        let reported = Happened::Reported(member, version, report);
        Ok(self.change(group, &before, &after, reported, turn))
    }

    /// Ends a group with what is there: at its [`Deadline`], or when the user wants it. One that is
    /// not open stays as it is.
    pub fn close<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        let Some(open) = self.open.get(&group) else { return Outcome::Same };
        Self::end(group, open, open.ending(self.config.quorum), turn)
    }

    /// A group; one that is not known opens and gets its deadline, as `evolve` will make it.
    fn find_or_open<I: AggregatorIsland<G, M, R>>(
        &self,
        group: &G,
        turn: &mut Turn<I>,
    ) -> Result<Cow<'_, Group<M, R>>, Refusal> {
        if let Some(known) = self.known(group) {
            return Ok(Cow::Borrowed(known));
        }
        if self.is_forgotten(group) {
            return Err(Refusal::Forgotten);
        }
        if self.open.len() >= self.config.open_max as usize {
            return Err(Refusal::TooManyGroups);
        }
        let timer = self.config.deadline.map(|span| turn.timer(span, Deadline(group.clone())));
        let at = turn.now();
        let happened = Happened::Opened(at, timer);
        turn.emit(AggregatorEvent { group: group.clone(), happened });
        Ok(Cow::Owned(Group::new(at, timer)))
    }

    /// Ends an open group that is now as `known` says.
    fn end<I: AggregatorIsland<G, M, R>>(
        group: G,
        known: &Group<M, R>,
        ending: Ending,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        known.timer.into_iter().for_each(|timer| turn.cancel_timer(timer));
        turn.emit(AggregatorEvent { group, happened: Happened::Ended(ending) });
        Outcome::Ended(known.gathered(ending))
    }

    /// What `happened` makes `before` into `after`; in a group that has ended, if it may.
    fn change<I: AggregatorIsland<G, M, R>>(
        &self,
        group: G,
        before: &Group<M, R>,
        after: &Group<M, R>,
        happened: Happened<M, R>,
        turn: &mut Turn<I>,
    ) -> Outcome<M, R> {
        let now = after.ending(self.config.quorum);
        let ending = match before.phase {
            Phase::Open => {
                turn.emit(AggregatorEvent { group: group.clone(), happened });
                return match now {
                    Ending::Complete => Self::end(group, after, now, turn),
                    Ending::Partial | Ending::Short => Outcome::Noted,
                };
            }
            Phase::Ended(ending) => ending,
            Phase::Undone => return Outcome::Late,
        };
        let (was, is) = (before.gathered(ending), after.gathered(now));
        match self.config.late {
            Late::Ignore => Outcome::Late,
            Late::Compensate if was == is => Outcome::Late,
            Late::Compensate => {
                turn.emit(AggregatorEvent { group, happened: Happened::Undone });
                Outcome::Undo(was)
            }
            Late::Amend => {
                turn.emit(AggregatorEvent { group: group.clone(), happened });
                if now != ending {
                    turn.emit(AggregatorEvent { group, happened: Happened::Ended(now) });
                }
                if was == is { Outcome::Noted } else { Outcome::Amended(is) }
            }
        }
    }
}
