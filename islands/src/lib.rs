//! **Partitioned, single-threaded islands**: each island owns its slice of every mutable thing,
//! decides one command at a time, keeps what it decided in a journal, and reaches other islands
//! only by messages, which replay never sends again.
//!
//! What it is not: a database you query, a network server, or an async runtime.
//!
//! An application implements [`Island`]; [`builder`] opens it; [`Archipelago::ask`] asks it.
//!
//! ```
//! use archipelago::{Island, Turn, builder};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Counter { count: u64 }
//!
//! #[derive(Debug, Serialize, Deserialize)]
//! struct Add(u64);
//! #[derive(Debug, Serialize, Deserialize)]
//! struct Added(u64);
//!
//! impl Island for Counter {
//!     type Command = Add;
//!     type Event = Added;
//!     type Reply = u64;
//!
//!     fn decide(&self, Add(n): Add, turn: &mut Turn<Self>) {
//!         turn.emit(Added(n));
//!         turn.reply(self.count + n);
//!     }
//!
//!     fn evolve(&mut self, Added(n): &Added) {
//!         self.count += n;
//!     }
//! }
//!
//! let sea = builder().islands(4).in_memory().open(|_| Counter::default())?;
//! assert_eq!(sea.ask("alice", Add(2))?.wait()?, 2);
//! assert_eq!(sea.ask("alice", Add(3))?.wait()?, 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It reports to the program's `metrics` recorder and `tracing` subscriber, if there are any:
//! counters `archipelago_*_total` of records, events, messages_sent, answers, duplicates,
//! dead_letters, busy, commits and commit_bytes, the histogram `archipelago_commit_seconds`, and
//! the spans `open` and `close`.
//!
//! The folders read as the way of a command: [`command`] → [`island`] → [`journal`] → link →
//! [`replay`]; [`patterns`] are parts to build islands from.

mod archipelago;
mod builder;
pub mod command;
pub mod drive;
pub mod island;
pub mod journal;
mod link;
mod machine;
mod meters;
pub mod patterns;
pub mod replay;
pub mod snapshot;

pub use archipelago::{Archipelago, AtRest, Closed, Settled};
pub use archipelago_core as core;
pub use archipelago_core::id::{Asker, IslandId, RequestNumber};
pub use archipelago_core::island::{DigestPolicy, Island, Limits, Origin, Turn};
pub use archipelago_core::journal::frame::SchemaVersion;
pub use archipelago_core::time::Millis;
pub use builder::{Builder, builder};
pub use command::{AskError, Client, Pending};
pub use journal::Durability;
pub use replay::OpenError;
pub use snapshot::SnapshotPolicy;
