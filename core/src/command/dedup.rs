//! Client sessions: the same request is decided once and answered the same.
//!
//! Rules:
//! 1. Kept by client. Each request has its slot beside it, so that a slot can move with what it has
//!    answered.
//! 2. A request is known by its number and slot. It is new, pending, answered (its first answer is
//!    kept), or forgotten.
//! 3. A client says with each request below which number it has all its answers, or will never ask
//!    again; those are forgotten, in whatever slot. At most [`SPAN_MAX`] numbers lie between that
//!    mark and the newest request, so a session is bounded.
//!
//! It doesn't know what a reply means.
//!
//! Source: RIFL (Lee et al., SOSP 2015): "first incomplete" sequence numbers.

use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::id::{Asker, ClientId, RequestNumber};
use crate::lookup::Lookup;

pub use super::kept::{Kept, ReplyBytes};

/// The most request numbers a client may run ahead of its oldest unanswered request.
pub const SPAN_MAX: u64 = 16_384;

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

/// All sessions of an island.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sessions {
    by_client: Lookup<ClientId, Session>,
}

impl Sessions {
    /// How many clients are kept.
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
        let ahead = asker.number.0.checked_sub(mark.0);
        let Some(session) = self.by_client.get(&asker.client) else {
            return match ahead {
                None => Known::Forgotten,
                Some(SPAN_MAX..) => Known::TooFarAhead,
                _ if self.by_client.len() >= clients_max => Known::TooManyClients,
                _ => Known::New,
            };
        };
        if ahead.is_none() || asker.number < session.floor {
            return Known::Forgotten;
        }
        let found = session.find((asker.number, asker.slot));
        match found.and_then(|at| session.kept(&at)) {
            Some(kept) => Known::Kept(kept),
            None if ahead >= Some(SPAN_MAX) => Known::TooFarAhead,
            None => Known::New,
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
        for (client, mut session) in std::mem::take(&mut self.by_client).into_sorted() {
            for bytes in session.replies_mut() {
                *bytes = bytes.with(&mut rewrite)?.as_slice().into();
            }
            self.by_client.insert(client, session);
        }
        Ok(())
    }

    /// The highest number that `client` has used.
    #[must_use]
    pub fn highest(&self, client: ClientId) -> RequestNumber {
        let Some(session) = self.by_client.get(&client) else { return RequestNumber::ZERO };
        let kept = session.newest.as_ref().map_or(RequestNumber::ZERO, |newest| newest.number);
        // What is below the floor was used, the floor itself may not have been.
        kept.max(RequestNumber(session.floor.0.saturating_sub(1)))
    }

    /// Keeps a new request as pending and forgets the answered ones below `mark`. Pending ones stay
    /// until they are answered: somebody may wait, though nobody will ask again.
    pub fn begin(&mut self, asker: &Asker, mark: RequestNumber) {
        let session = self.session(asker, mark);
        if session.find((asker.number, asker.slot)).is_none() {
            session.insert(asker.number, asker.slot, Kept::Pending);
        }
    }

    /// [`Sessions::begin`] and [`Sessions::answer`] in one look.
    #[inline(always)]
    pub fn begin_answered(&mut self, asker: &Asker, mark: RequestNumber, reply: &[u8]) -> Given {
        let Some(short) = ReplyBytes::short(reply) else {
            self.begin(asker, mark);
            return self.answer(asker, Kept::Replied(reply.into()));
        };
        let Asker { number, slot, .. } = *asker;
        let session = self.session(asker, mark);
        match session.find((number, slot)) {
            Some(at) => return session.answer(&at, Kept::Replied(short)),
            None if number < session.floor => {}
            None => session.insert(number, slot, Kept::Replied(short)),
        }
        Given::Now
    }

    /// The asker's session, without what `mark` says is answered.
    #[inline(always)]
    fn session(&mut self, asker: &Asker, mark: RequestNumber) -> &mut Session {
        let session = self.by_client.get_or_insert_with(asker.client, Session::default);
        session.raise(mark);
        session
    }

    /// Keeps the first answer of a request; a later one changes nothing and must not be given, nor
    /// one to a request that was never asked here.
    pub fn answer(&mut self, asker: &Asker, answer: Kept) -> Given {
        let Some(session) = self.by_client.get_mut(&asker.client) else { return Given::Before };
        let Some(at) = session.find((asker.number, asker.slot)) else { return Given::Before };
        session.answer(&at, answer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{decode, encode};
    use crate::id::Slot;

    const CLIENT: ClientId = ClientId(7);

    fn asker(number: u64) -> Asker {
        Asker { client: CLIENT, slot: Slot(3), number: RequestNumber(number) }
    }

    fn replied(byte: u8) -> Kept {
        Kept::Replied([byte].as_slice().into())
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
    fn the_highest_number_of_a_client_is_known_also_when_it_is_forgotten() {
        let mut sessions = Sessions::default();
        sessions.begin(&asker(4), RequestNumber(1));
        sessions.begin_answered(&Asker { slot: Slot(9), ..asker(7) }, RequestNumber(7), &[1]);
        assert_eq!(sessions.highest(CLIENT), RequestNumber(7));
        sessions.answer(&asker(4), replied(1));
        sessions.begin_answered(&asker(6), RequestNumber(20), &[1]);
        assert_eq!(sessions.highest(CLIENT), RequestNumber(19), "it has all answers below 20");
        assert_eq!(sessions.highest(ClientId(8)), RequestNumber(0));
    }

    #[test]
    fn one_number_in_two_slots_is_two_requests() {
        let mut sessions = Sessions::default();
        let (here, there) = (asker(5), Asker { slot: Slot(9), ..asker(5) });
        sessions.begin_answered(&here, RequestNumber(1), &[1]);
        assert_eq!(sessions.known(&there, RequestNumber(1), 10), Known::New);
        sessions.begin(&there, RequestNumber(1));
        assert_eq!(sessions.known(&there, RequestNumber(1), 10), Known::Kept(&Kept::Pending));
        assert_eq!(sessions.known(&here, RequestNumber(1), 10), Known::Kept(&replied(1)));
    }

    /// The same in one sorted list, as plainly as it can be said.
    #[derive(Default)]
    struct Plain {
        floor: u64,
        requests: std::collections::BTreeMap<(u64, u16), Kept>,
    }

    impl Plain {
        fn raise(&mut self, mark: u64) {
            self.floor = self.floor.max(mark);
            let floor = self.floor;
            self.requests.retain(|(number, _), kept| *number >= floor || *kept == Kept::Pending);
        }

        fn answer(&mut self, key: (u64, u16), answer: Kept) -> Given {
            match self.requests.get_mut(&key) {
                Some(kept) if *kept == Kept::Pending => *kept = answer,
                _ => return Given::Before,
            }
            self.raise(0);
            Given::Now
        }
    }

    proptest! {
        #[test]
        fn sessions_are_what_one_sorted_list_would_be(
            steps in prop::collection::vec((0..3_u8, 1..30_u64, 0..2_u16, 0..12_u64), 1..80),
        ) {
            let (mut sessions, mut plain) = (Sessions::default(), Plain::default());
            let mut used = Vec::new();
            for (step, number, slot, behind) in steps {
                let asker = Asker { slot: Slot(slot), ..asker(number) };
                let (key, mark) = ((number, slot), number.saturating_sub(behind));
                let new = number >= plain.floor && !plain.requests.contains_key(&key);
                // Short ones and long ones are kept in different ways.
                let reply = vec![7; if number % 2 == 0 { 1 } else { 20 }];
                let kept = Kept::Replied(reply.as_slice().into());
                match step {
                    0 | 1 if new => {
                        used.push(key);
                        plain.raise(mark);
                        plain.requests.insert(key, Kept::Pending);
                        if step == 0 {
                            sessions.begin(&asker, RequestNumber(mark));
                        } else {
                            let given =
                                sessions.begin_answered(&asker, RequestNumber(mark), &reply);
                            prop_assert_eq!(given, Given::Now);
                            plain.answer(key, kept);
                        }
                    }
                    _ => {
                        let given = sessions.answer(&asker, replied(9));
                        prop_assert_eq!(given, plain.answer(key, replied(9)));
                    }
                }
                for (number, slot) in &used {
                    let mark = RequestNumber(0);
                    let asker = Asker { slot: Slot(*slot), ..self::tests::asker(*number) };
                    let known = match plain.requests.get(&(*number, *slot)) {
                        _ if *number < plain.floor => Known::Forgotten,
                        Some(kept) => Known::Kept(kept),
                        None => Known::New,
                    };
                    prop_assert_eq!(sessions.known(&asker, mark, 10), known);
                }
                let all: Vec<_> = sessions.by_client.get(&CLIENT).into_iter()
                    .flat_map(Session::all).map(|it| ((it.number.0, it.slot.0), it.kept.clone()))
                    .collect();
                prop_assert_eq!(all, plain.requests.clone().into_iter().collect::<Vec<_>>());
                let mut bytes = Vec::new();
                encode(&sessions, &mut bytes).unwrap();
                let mut again = Vec::new();
                encode(&decode::<Sessions>(&bytes).unwrap(), &mut again).unwrap();
                prop_assert_eq!(bytes, again);
            }
        }
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
