//! How a stash decides: newcomers, releases, deadlines.
//!
//! Rules:
//! 1. A release is one command a turn, and goes on by timers of no span, so that each command is
//!    decided on what the one before it left.
//! 2. Two of these timers are always set. The step of the first replaces both; where the second
//!    finds both as they were, that step's turn failed, and with it nothing but the first command
//!    that is ready.
//!
//! It doesn't change anything: see `evolve` in the module above.

use archipelago_core::island::{Island, Origin, Turn};
use archipelago_core::time::Millis;

use super::event::{Alarm, Release, StashEvent, StashMessage};
use super::{Away, Deferred, Queue, Stash, StashIsland, StashNumber, Verdict, Who, Why};
use crate::patterns::letters::LetterNumber;
use crate::patterns::{Key, Value};

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is done.
    Acted,
    /// It waits; it is answered later.
    Deferred,
    /// It is not done, and told so.
    TurnedAway,
}

/// A dead letter that was not put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPutBack {
    /// There is none of that number (any more).
    #[error("there is no such dead letter")]
    Unknown,
    /// It would have to wait again, and there is no room.
    #[error("as many as allowed wait already")]
    Full,
}

/// A command that waits, and why: for whoever wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait<'a, C> {
    /// Its place in the order.
    pub number: StashNumber,
    /// The command, who brought it, and since when it waits.
    pub deferred: &'a Deferred<C>,
    /// What it waits for, as things are now.
    pub why: Why,
}

impl<K: Key, C: Value> Stash<K, C> {
    /// A command comes to an entity: it is done, waits, or is turned away.
    pub fn take<I>(&self, island: &I, key: K, command: C, turn: &mut Turn<I>) -> Taken
    where
        I: StashIsland<K, C>,
    {
        let who = Who::brings(turn);
        let releasing = self.is_releasing(&key);
        let why = match island.verdict(&key, &command) {
            Verdict::Defer(why) => why,
            Verdict::Accept | Verdict::Refuse(_) if releasing => BEHIND,
            Verdict::Accept => {
                let before = turn.decision().events.len();
                island.act(&key, command, who, turn);
                if turn.decision().events.len() > before {
                    self.wake(key, turn);
                }
                return Taken::Acted;
            }
            Verdict::Refuse(why) => {
                island.turn_away(&key, command, who, Away::Refused(why), turn);
                return Taken::TurnedAway;
            }
        };
        if self.is_full(&key) {
            island.turn_away(&key, command, who, Away::Full(why), turn);
            return Taken::TurnedAway;
        }
        let deadline = self.deadline(&key, turn);
        let deferred = Deferred { command, who, since: turn.now(), deadline };
        turn.emit(StashEvent::Deferred(key, deferred));
        Taken::Deferred
    }

    /// An entity changed by other means than a command of its own: looks at what waits for it.
    pub fn wake<I: StashIsland<K, C>>(&self, key: K, turn: &mut Turn<I>) {
        if let Some(queue) = self.queues.get(&key) {
            // A release under way begins anew: its timers may have fired in turns that failed.
            queue.release.into_iter().for_each(|release| release.take_back(turn));
            let (next, then) = (step(&key, turn), step(&key, turn));
            turn.emit(StashEvent::Releases(key, Some(Release { next, then })));
        }
    }

    /// A timer's word.
    pub fn decide<I>(&self, island: &I, message: StashMessage<K>, turn: &mut Turn<I>)
    where
        I: StashIsland<K, C>,
    {
        let (StashMessage::Release(key) | StashMessage::Deadline(key)) = &message;
        let Some(queue) = self.queues.get(key) else { return };
        let origin = turn.origin();
        let fired = |alarm: Alarm| Origin::Timer(alarm.timer) == origin;
        match message {
            StashMessage::Release(key) => match queue.release {
                Some(release) if fired(release.next) => {
                    self.release(island, key, queue, release, turn);
                }
                Some(release) if fired(release.then) => self.give_up(island, key, queue, turn),
                _ => {}
            },
            StashMessage::Deadline(key) => {
                let expires = |one: &Deferred<C>| one.deadline.is_some_and(fired);
                let Some((number, one)) = queue.waiting.iter().find(|(_, one)| expires(one)) else {
                    return;
                };
                let why = match island.verdict(&key, &one.command) {
                    Verdict::Defer(why) => why,
                    // The release goes on: one of its timers has not fired yet.
                    Verdict::Accept | Verdict::Refuse(_)
                        if queue.release.map(|release| release.then) > one.deadline =>
                    {
                        let deadline = self.deadline(&key, turn);
                        return turn.emit(StashEvent::Granted(key, *number, deadline));
                    }
                    Verdict::Accept | Verdict::Refuse(_) => BEHIND,
                };
                turn.emit(StashEvent::Expired(key.clone(), *number, why.clone(), turn.now()));
                if queue.release.is_some() {
                    // If it was this one that failed in its turn, the others go on.
                    self.go_on(&key, queue, turn);
                }
                let (command, who) = (one.command.clone(), one.who);
                island.turn_away(&key, command, who, Away::Expired(why), turn);
            }
        }
    }

    /// The first that is ready has its turn; if there is none, the release ends.
    fn release<I>(&self, island: &I, key: K, queue: &Queue<C>, release: Release, turn: &mut Turn<I>)
    where
        I: StashIsland<K, C>,
    {
        let Some((number, one, verdict)) = first_ready(island, &key, queue) else {
            turn.cancel_timer(release.then.timer);
            return turn.emit(StashEvent::Releases(key, None));
        };
        one.deadline.into_iter().for_each(|deadline| turn.cancel_timer(deadline.timer));
        turn.emit(StashEvent::Released(key.clone(), number));
        if queue.waiting.len() > 1 {
            let on = Release { next: release.then, then: step(&key, turn) };
            turn.emit(StashEvent::Releases(key.clone(), Some(on)));
        } else {
            turn.cancel_timer(release.then.timer);
        }
        match verdict {
            Verdict::Refuse(why) => {
                island.turn_away(&key, one.command.clone(), one.who, Away::Refused(why), turn);
            }
            _ => island.act(&key, one.command.clone(), one.who, turn),
        }
    }

    /// The first that is ready failed in its turn: it is a dead letter, and the others go on.
    fn give_up<I>(&self, island: &I, key: K, queue: &Queue<C>, turn: &mut Turn<I>)
    where
        I: StashIsland<K, C>,
    {
        let Some((number, one, _)) = first_ready(island, &key, queue) else {
            return turn.emit(StashEvent::Releases(key, None));
        };
        one.deadline.into_iter().for_each(|deadline| turn.cancel_timer(deadline.timer));
        turn.emit(StashEvent::Expired(key.clone(), number, FAILED, turn.now()));
        self.go_on(&key, queue, turn);
        island.turn_away(&key, one.command.clone(), one.who, Away::Failed, turn);
    }

    /// One of a queue became a dead letter during a release: those behind it go on.
    fn go_on<I: StashIsland<K, C>>(&self, key: &K, queue: &Queue<C>, turn: &mut Turn<I>) {
        match queue.release {
            Some(release) if queue.waiting.len() == 1 => release.take_back(turn),
            _ => self.wake(key.clone(), turn),
        }
    }

    /// Puts a dead letter back: it comes again, brought by whoever says so now.
    ///
    /// # Errors
    /// [`NotPutBack`]; it stays a dead letter then.
    pub fn put_back<I>(
        &self,
        island: &I,
        letter: LetterNumber,
        turn: &mut Turn<I>,
    ) -> Result<Taken, NotPutBack>
    where
        I: StashIsland<K, C>,
    {
        let expired = &self.letters.get(letter).ok_or(NotPutBack::Unknown)?.content;
        let (key, command) = (&expired.key, &expired.deferred.command);
        let ready = !matches!(island.verdict(key, command), Verdict::Defer(_));
        if self.is_full(key) && (!ready || self.is_releasing(key)) {
            return Err(NotPutBack::Full);
        }
        turn.emit(StashEvent::TakenOut(letter));
        Ok(self.take(island, key.clone(), command.clone(), turn))
    }

    /// What waits for an entity, in order, and why.
    pub fn waits<I: StashIsland<K, C>>(&self, island: &I, key: &K) -> Vec<Wait<'_, C>> {
        let why = |one: &Deferred<C>| waits_for(island, key, &one.command);
        let waiting = self.waiting(key);
        waiting.map(|(number, one)| Wait { number, deferred: one, why: why(one) }).collect()
    }

    /// Sets the deadline of a command that waits from now on.
    fn deadline<I>(&self, key: &K, turn: &mut Turn<I>) -> Option<Alarm>
    where
        I: StashIsland<K, C>,
    {
        let deadline = StashMessage::Deadline(key.clone());
        self.config.deadline.map(|span| alarm(span, deadline, turn))
    }

    fn is_full(&self, key: &K) -> bool {
        let entity = self.queues.get(key).map_or(0, |queue| queue.waiting.len());
        entity >= self.config.entity_max as usize || self.len >= self.config.island_max
    }
}

/// What is ready waits for those before it.
const BEHIND: Why = Why::Borrowed("those that came before");

/// Why a dead letter is one whose turn failed.
pub const FAILED: Why = Why::Borrowed("its turn failed");

/// The first that is ready, accepted or refused.
fn first_ready<'a, K: Key, C: Value, I>(
    island: &I,
    key: &K,
    queue: &'a Queue<C>,
) -> Option<(StashNumber, &'a Deferred<C>, Verdict)>
where
    I: StashIsland<K, C>,
{
    queue.waiting.iter().find_map(|(number, one)| match island.verdict(key, &one.command) {
        Verdict::Defer(_) => None,
        verdict => Some((*number, one, verdict)),
    })
}

impl Release {
    /// Neither step is made.
    fn take_back<I: Island>(self, turn: &mut Turn<I>) {
        turn.cancel_timer(self.next.timer);
        turn.cancel_timer(self.then.timer);
    }
}

/// Sets the timer of a step of a release.
fn step<K: Key, C: Value, I: StashIsland<K, C>>(key: &K, turn: &mut Turn<I>) -> Alarm {
    alarm(Millis(0), StashMessage::Release(key.clone()), turn)
}

/// Sets a timer.
fn alarm<I: Island>(span: Millis, message: impl Into<I::Command>, turn: &mut Turn<I>) -> Alarm {
    Alarm { at: turn.now().plus(span), timer: turn.timer(span, message) }
}

fn waits_for<K: Key, C: Value, I>(island: &I, key: &K, command: &C) -> Why
where
    I: StashIsland<K, C>,
{
    match island.verdict(key, command) {
        Verdict::Defer(why) => why,
        Verdict::Accept | Verdict::Refuse(_) => BEHIND,
    }
}
