//! The requests of the client, beside what durable records say of them.
//!
//! Rules:
//! 1. A request is decided at most once, by the island that owns its key, and its record holds the
//!    command that was asked.
//! 2. The same number always asks the same: a workload is a function of (seed, number).
//! 3. An answer that it is a dead letter stands in a durable record, like any other.
//!
//! It doesn't know replies; the witness has them.

use archipelago_core::id::{IslandId, JournalPosition, RequestNumber};
use archipelago_core::lookup::Lookup;

use super::hash::Rolling;
use super::witness::Violation;

/// What is known of one request.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// Who owns its key.
    island: IslandId,
    /// A hash of the command.
    command: u64,
    /// The record that decides it.
    decided: Option<JournalPosition>,
    ending: Ending,
}

/// How a request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Rightly, or not yet.
    Open,
    /// It is a dead letter.
    Dead,
}

/// All requests that were asked.
#[derive(Debug, Default)]
pub(super) struct Requests(Lookup<RequestNumber, Request>);

impl Requests {
    /// The client asks `island`; `command` is the command as a record holds it.
    pub(super) fn ask(
        &mut self,
        number: RequestNumber,
        island: IslandId,
        command: &[u8],
    ) -> Result<(), Violation> {
        let command = Rolling::of(command);
        let new = || Request { island, command, decided: None, ending: Ending::Open };
        let request = self.0.get_or_insert_with(number, new);
        if (request.island, request.command) == (island, command) {
            return Ok(());
        }
        Err(Violation::new(
            "the workload asks the same again",
            format!(
                "request {number} is another command the second time: make it of the dice and the \
                 number alone, and keep it free of hash maps"
            ),
        ))
    }

    /// A durable record decides a request of the client.
    pub(super) fn decide(
        &mut self,
        (island, position): (IslandId, JournalPosition),
        number: RequestNumber,
        input: &[u8],
        ending: Ending,
    ) -> Result<(), Violation> {
        let law = "each request is decided once, as asked";
        let wrong = |seen: String| Err(Violation::new(law, seen));
        let Some(request) = self.0.get_mut(&number) else {
            return wrong(format!(
                "island {island}, record {position} decides request {number}, which nobody asked"
            ));
        };
        if let Some(first) = request.decided {
            return wrong(format!(
                "request {number} is decided at record {first} and again at \
                 record {position} of island {island}"
            ));
        }
        if request.island != island {
            return wrong(format!(
                "request {number} is decided by island {island}; its key is of island {}",
                request.island
            ));
        }
        if request.command != Rolling::of(input) {
            return wrong(format!(
                "island {island}, record {position} decides another command than request {number} \
                 asked"
            ));
        }
        request.decided = Some(position);
        request.ending = ending;
        Ok(())
    }

    /// The client hears that a request is a dead letter.
    pub(super) fn hear_dead(&self, number: RequestNumber, reason: &str) -> Result<(), Violation> {
        match self.0.get(&number) {
            Some(Request { ending: Ending::Dead, .. }) => Ok(()),
            _ => Err(Violation::new(
                "nothing leaves before it is durable",
                format!(
                    "request {number} heard that it is a dead letter ({reason}), and no durable \
                     record says so"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: RequestNumber = RequestNumber(1);
    const HERE: IslandId = IslandId(2);

    fn asked() -> Requests {
        let mut requests = Requests::default();
        requests.ask(ONE, HERE, b"pay").unwrap();
        requests
    }

    fn decided(requests: &mut Requests, island: IslandId, at: u64, input: &[u8]) -> String {
        let at = (island, JournalPosition(at));
        let said = requests.decide(at, ONE, input, Ending::Open);
        said.err().map_or_else(String::new, |broken| broken.seen)
    }

    #[test]
    fn a_request_is_decided_once_as_asked_and_by_its_owner() {
        assert_eq!(decided(&mut asked(), HERE, 5, b"pay"), "");
        assert!(decided(&mut asked(), HERE, 5, b"pal").contains("another command"));
        assert!(decided(&mut asked(), IslandId(1), 5, b"pay").contains("its key is of island 2"));
        assert!(decided(&mut Requests::default(), HERE, 5, b"pay").contains("nobody asked"));
        let mut twice = asked();
        assert_eq!(decided(&mut twice, HERE, 5, b"pay"), "");
        assert!(decided(&mut twice, HERE, 9, b"pay").contains("at record 5 and again"));
    }

    #[test]
    fn the_same_is_asked_again_and_a_dead_letter_stands_in_a_record() {
        let mut requests = asked();
        requests.ask(ONE, HERE, b"pay").unwrap();
        assert!(requests.ask(ONE, HERE, b"pal").is_err());
        assert!(requests.hear_dead(ONE, "why").is_err());
        let at = (HERE, JournalPosition(3));
        requests.decide(at, ONE, b"pay", Ending::Dead).unwrap();
        requests.hear_dead(ONE, "why").unwrap();
    }
}
