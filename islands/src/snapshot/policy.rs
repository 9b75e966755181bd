//! When the running system makes a snapshot by itself, and what it does with the segments that no
//! start needs any more.
//!
//! It doesn't know how one is made.

use std::path::PathBuf;
use std::time::Duration;

/// A snapshot is due when any of these has gone by since the last one, and something is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// So many durable records.
    pub records: Option<u64>,
    /// So many bytes of journal, headers and padding included.
    pub bytes: Option<u64>,
    /// So much time.
    pub time: Option<Duration>,
}

/// What becomes, in a running system, of the segments before the older of its two snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Archive {
    /// They stay: all of the past can be shown and verified.
    #[default]
    KeepAll,
    /// They are moved to this directory; put back, they make the journal whole again.
    Move(PathBuf),
    /// They go, and their files are filled with zeros and used for the segments to come: the
    /// journal takes bounded room.
    Recycle,
}

impl Default for SnapshotPolicy {
    /// One for each 256 MiB of journal: a start then replays for about a second.
    fn default() -> Self {
        Self { records: None, bytes: Some(256 << 20), time: None }
    }
}

/// What has gone by since the last snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

/// Whether a snapshot is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Yes,
    NotYet,
}

impl SnapshotPolicy {
    /// None but those asked for.
    pub const NEVER: Self = Self { records: None, bytes: None, time: None };

    pub(super) fn due(&self, since: &Since) -> Due {
        let over = self.records.is_some_and(|limit| since.records >= limit)
            || self.bytes.is_some_and(|limit| since.bytes >= limit)
            || self.time.is_some_and(|limit| since.time >= limit);
        if over && since.bytes > 0 { Due::Yes } else { Due::NotYet }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_alone_makes_it_due_and_nothing_new_never_does() {
        let none = SnapshotPolicy::NEVER;
        let much = Since { records: 10, bytes: 10, time: Duration::from_secs(10) };
        assert_eq!(none.due(&much), Due::NotYet);
        let ten = Duration::from_secs(10);
        for policy in [
            SnapshotPolicy { records: Some(10), ..none },
            SnapshotPolicy { bytes: Some(10), ..none },
            SnapshotPolicy { time: Some(ten), ..none },
        ] {
            assert_eq!(policy.due(&much), Due::Yes, "{policy:?}");
            let less = Since { records: 9, bytes: 9, time: ten / 2 };
            assert_eq!(policy.due(&less), Due::NotYet, "{policy:?}");
            let nothing = Since { records: 0, bytes: 0, time: ten };
            assert_eq!(policy.due(&nothing), Due::NotYet, "{policy:?}");
        }
    }
}
