//! **Link**: the fourth station. One FIFO, gapless, exactly-once stream per ordered pair of
//! islands.
//!
//! Rules (numbers as in the design of links; each with what a crash does to it):
//! - **R2** data, acks and replies leave only after their record is durable.
//! - **R3** an ack is cumulative: the highest *durable* consumed number. Lost acks cost duplicates
//!   only.
//! - **R4** link numbers run 1, 2, 3 … for a life; they stand in the record and come back from it.
//! - **R5** the receiver applies only `applied + 1`; at or below: drop and ack again; above: hold
//!   in a bounded window, else drop (it comes again). Never advance over a hole.
//! - **R6** `applied[source]` is in the image: in the same record as its effect, and in the
//!   snapshot.
//! - **R7** the journal is the outbox: in memory stand only {durable, acked, credit, cursor} and
//!   some chunks; what does not fit is read again from the journal when there is room.
//! - **R9** on every start the pair says hello:
//!   `acked(sender) <= applied(receiver) < next(sender)`; a breach means that a journal was
//!   restored from another time: the link is refused, with the fact. Until the peer has answered
//!   this session nothing is sent, on a new link too: else new messages under old numbers would be
//!   dropped as seen before.
//! - **R12** an island's message to itself goes the same way.
//!
//! Reorderings allowed: any. A control frame holds only values that grow, so a late one changes
//! nothing; the hello rule is checked only against frames that cannot be late: the first of a newer
//! session, or an answer that echoes our own.
//!
//! It doesn't know what a message means, nor what carries frames.

pub mod chunk;
pub mod frame;
mod links;
mod outbox;

pub(crate) use links::Arrival;
pub use links::{Breach, LinkLimits, Links};
