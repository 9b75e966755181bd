//! Client sessions: the same request is decided once and answered the same.
//!
//! Rules:
//! 1. Kept by (slot, client), so that a slot can move with what it has answered.
//! 2. A request number is new, pending, answered (its first answer is kept), or forgotten.
//! 3. A client says with each request below which number it has all its answers, or will never ask
//!    again; those are forgotten. At most [`SPAN_MAX`] numbers lie between that mark and the newest
//!    request, so a session is bounded.
//!
//! It doesn't know what a reply means.
//!
//! Source: RIFL (Lee et al., SOSP 2015): "first incomplete" sequence numbers.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::id::{Asker, ClientId, RequestNumber, Slot};
use crate::lookup::Lookup;

/// The most request numbers a client may run ahead of its oldest unanswered request.
pub const SPAN_MAX: u64 = 16_384;

/// What is kept of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// Decided, or being decided, and not answered yet.
    Pending,
    /// The first reply's bytes.
    Replied(Box<[u8]>),
    /// It became a dead letter, for this reason.
    Dead(Box<str>),
}

/// What is known of a request that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Never seen.
    New,
    /// Seen, and what is kept of it.
    Kept(&'a Kept),
    /// Answered, and the client said it has the answer.
    Forgotten,
    /// Further than [`SPAN_MAX`] ahead of the mark.
    TooFarAhead,
    /// A new client, but the island keeps as many as it may.
    TooManyClients,
}

/// Whether an answer may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// It is the request's first, as far as is known.
    Now,
    /// Another one was given before, or nobody asked.
    Before,
}

/// One client's requests in one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    /// All lower numbers are forgotten.
    floor: RequestNumber,
    /// Ascending by number.
    requests: VecDeque<(RequestNumber, Kept)>,
}

impl Session {
    fn find(&self, number: RequestNumber) -> Result<usize, usize> {
        match self.requests.back() {
            Some((last, _)) if *last < number => Err(self.requests.len()),
            _ => self.requests.binary_search_by_key(&number, |(number, _)| *number),
        }
    }
}

/// All sessions of an island.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sessions {
    by_client: Lookup<(Slot, ClientId), Session>,
}

impl Sessions {
    /// How many (slot, client) pairs are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_client.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }

    /// What is known of a request; `clients_max` limits how many sessions there may be.
    #[must_use]
    pub fn known(&self, asker: &Asker, mark: RequestNumber, clients_max: usize) -> Known<'_> {
        let Some(session) = self.by_client.get(&(asker.slot, asker.client)) else {
            return match asker.number.0.checked_sub(mark.0) {
                None => Known::Forgotten,
                Some(SPAN_MAX..) => Known::TooFarAhead,
                _ if self.by_client.len() >= clients_max => Known::TooManyClients,
                _ => Known::New,
            };
        };
        if asker.number < session.floor.max(mark) {
            return Known::Forgotten;
        }
        match session.find(asker.number) {
            Ok(at) => Known::Kept(&session.requests[at].1),
            Err(_) if asker.number.0 - mark.0 >= SPAN_MAX => Known::TooFarAhead,
            Err(_) => Known::New,
        }
    }

    /// Rewrites the kept replies.
    ///
    /// # Errors
    /// What `rewrite` says; some are rewritten then, and it must not be used.
    pub(crate) fn rewrite<E>(
        &mut self,
        mut rewrite: impl FnMut(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        for (key, mut session) in std::mem::take(&mut self.by_client).into_sorted() {
            for (_, kept) in &mut session.requests {
                if let Kept::Replied(bytes) = kept {
                    *bytes = rewrite(bytes)?.into();
                }
            }
            self.by_client.insert(key, session);
        }
        Ok(())
    }

    /// The highest number that `client` has used in any of `slots`.
    #[must_use]
    pub fn highest(
        &self,
        client: ClientId,
        slots: impl IntoIterator<Item = Slot>,
    ) -> RequestNumber {
        let in_slot = |slot| {
            let session = self.by_client.get(&(slot, client))?;
            let kept = session.requests.back().map(|(number, _)| *number);
            // What is below the floor was used, the floor itself may not have been.
            Some(kept.unwrap_or_default().max(RequestNumber(session.floor.0.saturating_sub(1))))
        };
        slots.into_iter().filter_map(in_slot).max().unwrap_or_default()
    }

    /// Keeps a new request as pending and forgets the answered ones below `mark`. Pending ones stay
    /// until they are answered: somebody may wait, though nobody will ask again.
    pub fn begin(&mut self, asker: &Asker, mark: RequestNumber) {
        let session =
            self.by_client.get_or_insert_with((asker.slot, asker.client), Session::default);
        session.floor = session.floor.max(mark);
        if session.requests.front().is_some_and(|(number, _)| *number < session.floor) {
            let floor = session.floor;
            session.requests.retain(|(number, kept)| *number >= floor || *kept == Kept::Pending);
        }
        if let Err(at) = session.find(asker.number) {
            session.requests.insert(at, (asker.number, Kept::Pending));
        }
    }

    /// Keeps the first answer of a request; a later one changes nothing and must not be given, nor
    /// one to a request that was never asked here.
    pub fn answer(&mut self, asker: &Asker, answer: Kept) -> Given {
        let session = self.by_client.get_mut(&(asker.slot, asker.client));
        let Some(session) = session else { return Given::Before };
        let Ok(at) = session.find(asker.number) else { return Given::Before };
        if session.requests[at].1 != Kept::Pending {
            return Given::Before;
        }
        if asker.number < session.floor {
            session.requests.remove(at);
        } else {
            session.requests[at].1 = answer;
        }
        Given::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: ClientId = ClientId(7);

    fn asker(number: u64) -> Asker {
        Asker { client: CLIENT, slot: Slot(3), number: RequestNumber(number) }
    }

    fn replied(byte: u8) -> Kept {
        Kept::Replied(Box::new([byte]))
    }

    #[test]
    fn a_request_is_new_then_pending_then_keeps_its_first_answer_until_forgotten() {
        let mut sessions = Sessions::default();
        let mark = RequestNumber(1);
        assert_eq!(sessions.known(&asker(1), mark, 10), Known::New);
        sessions.begin(&asker(1), mark);
        assert_eq!(sessions.known(&asker(1), mark, 10), Known::Kept(&Kept::Pending));
        assert_eq!(sessions.answer(&asker(1), replied(1)), Given::Now);
        assert_eq!(sessions.answer(&asker(1), replied(2)), Given::Before);
        assert_eq!(sessions.answer(&asker(7), replied(2)), Given::Before, "nobody asked");
        assert_eq!(sessions.known(&asker(1), mark, 10), Known::Kept(&replied(1)));
        sessions.begin(&asker(2), RequestNumber(2));
        assert_eq!(sessions.known(&asker(1), RequestNumber(2), 10), Known::Forgotten);
        assert_eq!(sessions.answer(&asker(1), replied(1)), Given::Before, "forgotten");
        assert_eq!(sessions.answer(&asker(2), replied(2)), Given::Now);
    }

    #[test]
    fn a_pending_request_below_the_mark_is_answered_once_and_then_gone() {
        let mut sessions = Sessions::default();
        sessions.begin(&asker(1), RequestNumber(1));
        sessions.begin(&asker(9), RequestNumber(9));
        assert_eq!(sessions.known(&asker(1), RequestNumber(9), 10), Known::Forgotten);
        assert_eq!(sessions.answer(&asker(1), replied(1)), Given::Now);
        assert_eq!(sessions.answer(&asker(1), replied(2)), Given::Before);
    }

    #[test]
    fn requests_may_come_in_any_order_within_the_span() {
        let mut sessions = Sessions::default();
        for number in [5, 2, 9, 3] {
            assert_eq!(sessions.known(&asker(number), RequestNumber(1), 10), Known::New);
            sessions.begin(&asker(number), RequestNumber(1));
            sessions.answer(&asker(number), replied(number as u8));
        }
        for number in [5, 2, 9, 3] {
            let known = sessions.known(&asker(number), RequestNumber(1), 10);
            assert_eq!(known, Known::Kept(&replied(number as u8)));
        }
        let far = asker(SPAN_MAX + 1);
        assert_eq!(sessions.known(&far, RequestNumber(1), 10), Known::TooFarAhead);
        assert_eq!(sessions.known(&far, RequestNumber(2), 10), Known::New);
    }

    #[test]
    fn the_highest_number_of_a_client_is_known_over_its_slots() {
        let mut sessions = Sessions::default();
        sessions.begin(&asker(4), RequestNumber(1));
        sessions.begin(&Asker { slot: Slot(9), ..asker(7) }, RequestNumber(7));
        let highest = |slots: &[u16]| sessions.highest(CLIENT, slots.iter().copied().map(Slot));
        assert_eq!(highest(&[3, 9, 11]), RequestNumber(7));
        assert_eq!(highest(&[3]), RequestNumber(4));
        assert_eq!(highest(&[11]), RequestNumber(0));
    }

    #[test]
    fn sessions_are_bounded() {
        let mut sessions = Sessions::default();
        sessions.begin(&asker(1), RequestNumber(1));
        let other = Asker { client: ClientId(8), ..asker(1) };
        assert_eq!(sessions.known(&other, RequestNumber(1), 1), Known::TooManyClients);
        assert_eq!(sessions.known(&asker(2), RequestNumber(1), 1), Known::New);
    }
}
