//! The runtime's parts, for another driver: a simulator puts the same [`Driver`]s on a fake disk,
//! fake links and a fake clock. Programs that embed islands don't need this.
//!
//! ```text
//! restore ─▶ Kernel::start ─▶ Driver: ask / receive / tick ─▶ seal
//!                                                              └▶ GroupJournal ─▶ durable ─▶ drain
//! ```
//!
//! It doesn't know why somebody drives.

pub use crate::command::{Answers, Waiter};
pub use crate::island::Driver;
pub use crate::journal::{Book, GroupJournal};
pub use crate::link::Rereader;
pub use crate::replay::{apply_block, merged, restore};
