//! **Command**, the machinery: client handles, what they wait on, and bounded admission.
//!
//! Rules:
//! 1. An ask is admitted or refused at once; [`AskError::Busy`] is the answer of a full system.
//! 2. An admitted ask is answered once: by its reply, or by an error that says why there is none.
//! 3. A client numbers its requests; asking a number again gives the first answer again.
//!
//! It doesn't know how islands decide, nor how answers become durable.

mod answers;
mod client;
mod completions;
mod error;
mod numbers;
mod pending;
mod waiter;

pub use answers::{Answers, Completion};
pub(crate) use client::Again;
pub use client::Client;
pub use completions::{Completions, NotAsked};
pub use error::{AskError, Busy};
pub use pending::Pending;
pub(crate) use waiter::HandOut;
pub use waiter::Waiter;
