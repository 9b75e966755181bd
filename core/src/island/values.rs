//! What goes into a kernel and what comes out of it.
//!
//! It doesn't know how either is carried.

use std::sync::Arc;

use super::digests::DigestPolicy;
use crate::id::{Asker, IslandId, LinkSeq, RequestNumber};
use crate::link::frame::Frame;
use crate::link::{Breach, LinkLimits};

/// What bounds an island's memory, and the work it does beside deciding.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The links' limits.
    pub links: LinkLimits,
    /// Clients whose requests are remembered.
    pub clients_max: usize,
    /// Timers set; at the limit, client commands are refused.
    pub timers_max: usize,
    /// Messages that wait for peers to take them; at the limit, client commands are refused.
    pub spilled_max: u64,
    /// How often the digest of the state goes into the journal.
    pub digests: DigestPolicy,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            links: LinkLimits { window: 4096, held_max: 4096, kept_max: 16_384 },
            clients_max: 1 << 20,
            timers_max: 1 << 20,
            spilled_max: 1 << 20,
            digests: DigestPolicy::default(),
        }
    }
}

/// A client's request.
#[derive(Debug)]
pub struct Request<C> {
    /// Who asks.
    pub asker: Asker,
    /// The client has its answers to all lower numbers.
    pub answered_below: RequestNumber,
    /// What it asks for.
    pub command: C,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It was decided now, and its answer waits for its record to be durable: of all answers that
    /// are still to come out of the kernel it is the last.
    Answered,
    /// It was decided now; the answer comes later.
    Decided,
    /// It was decided before and is not answered yet.
    Pending,
    /// It was decided before; its first answer comes again.
    Again,
}

/// Why a request was not taken. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The island stopped.
    #[error("island {0} has stopped: {1}")]
    Stopped(IslandId, Arc<str>),
    /// The client said that it has this answer.
    #[error("request {0} was answered before, and its client said that it has the answer")]
    Forgotten(RequestNumber),
    /// The client runs too far ahead of its oldest unanswered request.
    #[error("request {0} is too far ahead of the client's oldest unanswered one; wait for answers")]
    TooFarAhead(RequestNumber),
    /// The island remembers as many clients as it may.
    #[error("island {0} remembers as many clients as it may; raise clients_max")]
    TooManyClients(IslandId),
    /// The command's bytes are too many, or it cannot be encoded.
    #[error("the command cannot be kept: {0}")]
    Unwritable(String),
}

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<R> {
    /// The island's reply.
    Reply(R),
    /// The command became a dead letter, for this reason.
    DeadLetter(Arc<str>),
}

/// What the driver must carry out. Everything in it is durable already.
#[derive(Debug)]
pub enum Output<R> {
    /// Answer a client.
    Answer(Asker, Answer<R>),
    /// Carry a frame to its receiver.
    Frame(Frame),
    /// Read this island's messages to `to` again from the journal, from number `first` on, and
    /// hand them to [`Kernel::refill`](super::Kernel::refill).
    Refill {
        /// The receiver.
        to: IslandId,
        /// The first number wanted.
        first: LinkSeq,
    },
    /// A link is refused; say so loudly.
    Breach(Breach),
}

/// What an island has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records made.
    pub records: u64,
    /// Events evolved.
    pub events: u64,
    /// Messages sent.
    pub sends: u64,
    /// Messages of these that go to the island itself.
    pub sends_to_self: u64,
    /// Requests that had been decided before.
    pub duplicates: u64,
    /// Dead letters made.
    pub dead_letters: u64,
    /// Digests of the state that went into the journal.
    pub digests: u64,
}
