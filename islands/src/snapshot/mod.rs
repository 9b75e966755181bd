//! **Snapshots**: all islands as they were after one durable commit, in one file, so that a start
//! replays only what came later.
//!
//! ```text
//! data/snapshots/00000000000000001234.snapshot      after commit 1,234
//! ```
//! Rules:
//! 1. A second replayer makes them: it loads the newest snapshot, replays the durable journal
//!    behind it, and writes the next one. Islands that run never wait for it.
//! 2. A snapshot counts when it has been read back and loaded. Two are kept, so one may be damaged.
//! 3. Any snapshot is disposable: it is passed over when it is damaged or of another state
//!    version; the one before it, or the whole journal, takes its place. Only segments that the
//!    older of two verified snapshots has no need of may be archived.
//! 4. Messages sent and not consumed travel with it, so nothing before it is ever read again.
//!
//! It doesn't know what an island decides, nor who asks for a snapshot.

mod archive;
mod at_rest;
mod backup;
mod file;
mod folder;
mod keeper;
mod make;
mod pace;
mod policy;

pub use archive::{Archived, Keep, archive};
pub use at_rest::{AtRest, take_at_rest};
pub use backup::{BackedUp, backup};
pub use file::{Snapshot, Taken, Unacked};
pub use folder::{Folder, SNAPSHOTS_FOLDER, SNAPSHOTS_KEPT};
pub(crate) use keeper::{Keeper, Source};
pub(crate) use make::has_beginning;
pub use make::{Passed, newest, replay_on};
pub use policy::{Archive, SnapshotPolicy};
