//! One client's requests, and what is kept of each.
//!
//! Rules:
//! 1. Ascending by (number, slot). The newest stands in the session itself: a client that asks one
//!    thing at a time costs one look at memory.
//! 2. Below the floor only those are kept that are not answered yet: somebody may wait, though
//!    nobody will ask again.
//! 3. How they are kept does not show in their serde form.
//!
//! It doesn't know whose they are.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dedup::Given;
use super::kept::{Kept, ReplyBytes};
use crate::id::{RequestNumber, Slot};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) number: RequestNumber,
    pub(super) slot: Slot,
    pub(super) kept: Kept,
}

impl Request {
    const fn key(&self) -> (RequestNumber, Slot) {
        (self.number, self.slot)
    }
}

/// One client's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    /// All lower numbers are forgotten, but for those that are not answered yet.
    pub(super) floor: RequestNumber,
    /// The one with the highest number.
    pub(super) newest: Option<Request>,
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

impl Others {
    fn is_empty(&self) -> bool {
        self.older.is_empty() && self.overdue.is_empty()
    }

    /// The highest, taken out.
    #[cold]
    fn pop(&mut self) -> Option<Request> {
        self.older.pop_back().or_else(|| self.overdue.pop_back())
    }
}

/// Where a request stands in a session.
pub(super) enum At {
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
    pub(super) fn find(&self, key: (RequestNumber, Slot)) -> Option<At> {
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
    pub(super) fn kept(&self, at: &At) -> Option<&Kept> {
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
    pub(super) fn insert(&mut self, number: RequestNumber, slot: Slot, kept: Kept) {
        let key = (number, slot);
        match &mut self.newest {
            None => self.newest = Some(Request { number, slot, kept }),
            Some(newest) if newest.key() < key => {
                // Field by field, or what is kept would be put together on the stack first.
                let before = Request {
                    number: std::mem::replace(&mut newest.number, number),
                    slot: std::mem::replace(&mut newest.slot, slot),
                    kept: std::mem::replace(&mut newest.kept, kept),
                };
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
                    if number < self.floor { &mut others.overdue } else { &mut others.older },
                    Request { number, slot, kept },
                );
            }
        }
    }

    /// Moves the floor up; what is below it and answered goes.
    #[inline(always)]
    pub(super) fn raise(&mut self, floor: RequestNumber) {
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
            self.forget_newest();
        }
    }

    /// The newest one goes; the highest of the others, if there are any, takes its place.
    #[inline(always)]
    fn forget_newest(&mut self) {
        match &mut self.others {
            Some(others) if !others.is_empty() => self.newest = others.pop(),
            _ => self.newest = None,
        }
    }

    /// Gives the first answer to the request at `at`.
    #[inline(always)]
    pub(super) fn answer(&mut self, at: &At, answer: Kept) -> Given {
        if self.kept(at) != Some(&Kept::Pending) {
            return Given::Before;
        }
        match (at, &mut self.newest, &mut self.others) {
            (At::Newest, Some(newest), _) if newest.number >= self.floor => newest.kept = answer,
            (At::Newest, _, _) => self.forget_newest(),
            (At::Older(at), _, Some(others)) => others.older[*at].kept = answer,
            (At::Overdue(at), _, Some(others)) => drop(others.overdue.remove(*at)),
            (_, _, None) => {}
        }
        Given::Now
    }

    /// The replies that are kept.
    pub(super) fn replies_mut(&mut self) -> impl Iterator<Item = &mut ReplyBytes> {
        let others = self.others.as_deref_mut().into_iter();
        let others = others.flat_map(|others| &mut others.older);
        others.chain(&mut self.newest).filter_map(|request| match &mut request.kept {
            Kept::Replied(bytes) => Some(bytes),
            Kept::Pending | Kept::Dead(_) => None,
        })
    }

    /// All of them, ascending.
    pub(super) fn all(&self) -> impl Iterator<Item = &Request> {
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
        for Request { number, slot, kept } in all {
            session.insert(number, slot, kept);
        }
        Ok(session)
    }
}
