//! When the digest of an island's state goes into its journal.
//!
//! Rules:
//! 1. One is due when enough records have gone by *and* enough bytes of journal for what the last
//!    one hashed: so what digests cost stays a small share of the work, however large the state.
//! 2. It counts what this island has journaled since its last digest, or since its start.
//!
//! What it costs: to digest is to serialise and to hash the whole state, and the island waits for
//! it. With the factor of 256, each 256 bytes of journal pay for one byte hashed. What the last one
//! hashed is not known before the first; and a state that grows as fast as its journal is larger
//! at the next: it is hashed about once for each byte by which it grows.
//!
//! It doesn't know states or blocks.

/// How often the digest of an island's state goes into its journal, at the end of a block. Each
/// replay (a start, a snapshot, `verify`) then compares its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestPolicy {
    /// After at least so many records of the island; `None`: never.
    pub records: Option<u64>,
    /// And after at least so many bytes of its journal for each byte that the last one hashed.
    pub factor: u32,
}

impl Default for DigestPolicy {
    /// After 65,536 records, and 256 bytes of journal for each byte hashed.
    fn default() -> Self {
        Self { records: Some(65_536), factor: 256 }
    }
}

impl DigestPolicy {
    /// No digests.
    pub const NEVER: Self = Self { records: None, factor: 256 };

    /// One at the end of the first block with which `records` have gone by, whatever it costs: for
    /// tests and simulations.
    #[must_use]
    pub const fn every(records: u64) -> Self {
        Self { records: Some(records), factor: 0 }
    }
}

/// Whether a digest is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Yes,
    NotYet,
}

/// What has gone by since the last digest.
#[derive(Debug)]
pub(super) struct Digests {
    policy: DigestPolicy,
    records: u64,
    bytes: u64,
    /// What the last one hashed.
    hashed: u64,
}

impl Digests {
    pub(super) const fn new(policy: DigestPolicy) -> Self {
        Self { policy, records: 0, bytes: 0, hashed: 0 }
    }

    /// Notes a block of so many records and bytes. Says whether a digest is due behind it.
    pub(super) fn note(&mut self, records: u32, bytes: usize) -> Due {
        self.records += u64::from(records);
        self.bytes += bytes as u64;
        let paid = self.hashed.saturating_mul(u64::from(self.policy.factor)) <= self.bytes;
        match self.policy.records {
            Some(every) if paid && self.records >= every => Due::Yes,
            _ => Due::NotYet,
        }
    }

    /// One was taken, and hashed so many bytes.
    pub(super) const fn taken(&mut self, hashed: u64) {
        (self.records, self.bytes, self.hashed) = (0, 0, hashed);
    }

    /// None can be taken of this state.
    pub(super) const fn give_up(&mut self) {
        self.policy = DigestPolicy::NEVER;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn never_is_never_and_one_that_fails_is_not_tried_again() {
        let mut never = Digests::new(DigestPolicy::NEVER);
        assert_eq!(never.note(u32::MAX, 1 << 40), Due::NotYet);
        let mut every = Digests::new(DigestPolicy::every(1));
        assert_eq!(every.note(1, 1), Due::Yes);
        every.give_up();
        assert_eq!(every.note(1, 1), Due::NotYet);
    }

    proptest! {
        /// Each digest is due at the first block with which both have gone by, and what all before
        /// it have hashed is paid for.
        #[test]
        fn a_digest_waits_for_records_and_for_what_the_last_one_cost(
            every in 1_u64..50,
            factor in 0_u32..5,
            blocks in prop::collection::vec((1_u32..20, 1_usize..500, 0_u64..900), 1..200),
        ) {
            let mut digests = Digests::new(DigestPolicy { records: Some(every), factor });
            let (mut records, mut bytes, mut last) = (0, 0, 0);
            let (mut journaled, mut hashed_before) = (0, 0);
            for (more, size, hashed) in blocks {
                records += u64::from(more);
                bytes += size as u64;
                journaled += size as u64;
                let due = records >= every && bytes >= last * u64::from(factor);
                prop_assert_eq!(digests.note(more, size) == Due::Yes, due);
                if due {
                    hashed_before += last;
                    prop_assert!(hashed_before * u64::from(factor) <= journaled);
                    digests.taken(hashed);
                    (records, bytes, last) = (0, 0, hashed);
                }
            }
        }
    }
}
