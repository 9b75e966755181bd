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
//! 4. The newest request stands in the session itself: a client that asks one thing at a time costs
//!    one look at memory.
//!
//! It doesn't know what a reply means.
//!
//! Source: RIFL (Lee et al., SOSP 2015): "first incomplete" sequence numbers.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{Asker, ClientId, RequestNumber, Slot};
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

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    number: RequestNumber,
    slot: Slot,
    kept: Kept,
}

impl Request {
    const fn key(&self) -> (RequestNumber, Slot) {
        (self.number, self.slot)
    }
}

/// One client's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Session {
    /// All lower numbers are forgotten, but for those that are not answered yet.
    floor: RequestNumber,
    /// The one with the highest number.
    newest: Option<Request>,
    /// All others, if there were ever any.
    others: Option<Box<Others>>,
}

/// A client's requests before its newest one, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Others {
    /// Below the floor, and not answered: somebody may wait, though nobody will ask again.
    overdue: VecDeque<Request>,
    /// From the floor on.
    older: VecDeque<Request>,
}

/// Where a request stands in a session.
enum At {
    Newest,
    Older(usize),
    Overdue(usize),
}

fn place(all: &VecDeque<Request>, key: (RequestNumber, Slot)) -> Result<usize, usize> {
    match all.back() {
        None => Err(0),
        // What came last is mostly what is looked for.
        Some(last) if last.key() < key => Err(all.len()),
        Some(last) if last.key() == key => Ok(all.len() - 1),
        Some(_) => all.binary_search_by_key(&key, Request::key),
    }
}

impl Session {
    #[inline(always)]
    fn find(&self, key: (RequestNumber, Slot)) -> Option<At> {
        match &self.newest {
            Some(newest) if newest.key() == key => return Some(At::Newest),
            Some(newest) if newest.key() > key => {}
            _ => return None,
        }
        let others = self.others.as_ref()?;
        match key.0 < self.floor {
            true => place(&others.overdue, key).ok().map(At::Overdue),
            false => place(&others.older, key).ok().map(At::Older),
        }
    }

    #[inline(always)]
    fn kept(&self, at: &At) -> Option<&Kept> {
        let request = match (at, &self.others) {
            (At::Newest, _) => self.newest.as_ref(),
            (At::Older(at), Some(others)) => others.older.get(*at),
            (At::Overdue(at), Some(others)) => others.overdue.get(*at),
            (_, None) => None,
        };
        request.map(|request| &request.kept)
    }

    /// Takes in a request that is not there.
    #[inline(always)]
    fn insert(&mut self, request: Request) {
        let key = request.key();
        match &mut self.newest {
            None => self.newest = Some(request),
            Some(newest) if newest.key() < key => {
                let before = std::mem::replace(newest, request);
                // Below the floor it is kept only while somebody waits for it.
                let others = match (before.number >= self.floor, before.kept == Kept::Pending) {
                    (true, _) => &mut self.others.get_or_insert_default().older,
                    (false, true) => &mut self.others.get_or_insert_default().overdue,
                    (false, false) => return,
                };
                put(others, before);
            }
            Some(_) => {
                let others = self.others.get_or_insert_default();
                put(
                    if key.0 < self.floor { &mut others.overdue } else { &mut others.older },
                    request,
                );
            }
        }
    }

    /// Moves the floor up; what is below it and answered goes.
    #[inline(always)]
    fn raise(&mut self, floor: RequestNumber) {
        if floor <= self.floor {
            return;
        }
        self.floor = floor;
        if let Some(others) = &mut self.others {
            while others.older.front().is_some_and(|request| request.number < floor) {
                let request = others.older.pop_front().expect("it was seen just now");
                if request.kept == Kept::Pending {
                    others.overdue.push_back(request);
                }
            }
        }
        // It stays as the newest while it waits.
        if self.newest.as_ref().is_some_and(|it| it.number < floor && it.kept != Kept::Pending) {
            self.newest = self.pop_newest();
        }
    }

    /// The highest request but the newest, taken out.
    fn pop_newest(&mut self) -> Option<Request> {
        let others = self.others.as_mut()?;
        others.older.pop_back().or_else(|| others.overdue.pop_back())
    }

    /// Gives the first answer to the request at `at`.
    #[inline(always)]
    fn answer(&mut self, at: &At, answer: Kept) -> Given {
        if self.kept(at) != Some(&Kept::Pending) {
            return Given::Before;
        }
        match (at, &mut self.newest, &mut self.others) {
            (At::Newest, Some(newest), _) if newest.number >= self.floor => newest.kept = answer,
            (At::Newest, _, _) => self.newest = self.pop_newest(),
            (At::Older(at), _, Some(others)) => others.older[*at].kept = answer,
            (At::Overdue(at), _, Some(others)) => drop(others.overdue.remove(*at)),
            (_, _, None) => {}
        }
        Given::Now
    }

    /// All of them, ascending.
    fn all(&self) -> impl Iterator<Item = &Request> {
        let others = self.others.as_deref().into_iter();
        let others = others.flat_map(|others| others.overdue.iter().chain(&others.older));
        others.chain(&self.newest)
    }
}

fn put(all: &mut VecDeque<Request>, request: Request) {
    let (Ok(at) | Err(at)) = place(all, request.key());
    all.insert(at, request);
}

/// The floor and all requests: how they are kept does not show.
impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.floor, self.all().collect::<Vec<_>>()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (floor, all) = <(RequestNumber, Vec<Request>)>::deserialize(deserializer)?;
        if !all.is_sorted_by(|a, b| a.key() < b.key()) {
            return Err(serde::de::Error::custom("requests out of order"));
        }
        let mut session = Self { floor, ..Self::default() };
        all.into_iter().for_each(|request| session.insert(request));
        Ok(session)
    }
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
            let others = session.others.as_deref_mut().into_iter();
            let others = others.flat_map(|others| &mut others.older);
            for request in others.chain(&mut session.newest) {
                if let Kept::Replied(bytes) = &mut request.kept {
                    *bytes = rewrite(bytes)?.as_slice().into();
                }
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
            let Asker { number, slot, .. } = *asker;
            session.insert(Request { number, slot, kept: Kept::Pending });
        }
    }

    /// [`Sessions::begin`] and [`Sessions::answer`] in one look.
    #[inline(always)]
    pub fn begin_answered(&mut self, asker: &Asker, mark: RequestNumber, answer: Kept) -> Given {
        let Asker { number, slot, .. } = *asker;
        let session = self.session(asker, mark);
        match session.find((number, slot)) {
            Some(at) => return session.answer(&at, answer),
            None if number < session.floor => {}
            None => session.insert(Request { number, slot, kept: answer }),
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
        sessions.begin_answered(&Asker { slot: Slot(9), ..asker(7) }, RequestNumber(7), replied(1));
        assert_eq!(sessions.highest(CLIENT), RequestNumber(7));
        sessions.answer(&asker(4), replied(1));
        sessions.begin_answered(&asker(6), RequestNumber(20), replied(1));
        assert_eq!(sessions.highest(CLIENT), RequestNumber(19), "it has all answers below 20");
        assert_eq!(sessions.highest(ClientId(8)), RequestNumber(0));
    }

    #[test]
    fn one_number_in_two_slots_is_two_requests() {
        let mut sessions = Sessions::default();
        let (here, there) = (asker(5), Asker { slot: Slot(9), ..asker(5) });
        sessions.begin_answered(&here, RequestNumber(1), replied(1));
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
                match step {
                    0 | 1 if new => {
                        used.push(key);
                        plain.raise(mark);
                        plain.requests.insert(key, Kept::Pending);
                        if step == 0 {
                            sessions.begin(&asker, RequestNumber(mark));
                        } else {
                            let given =
                                sessions.begin_answered(&asker, RequestNumber(mark), replied(7));
                            prop_assert_eq!(given, Given::Now);
                            plain.answer(key, replied(7));
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
