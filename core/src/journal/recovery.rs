//! What the end of a journal means: the facts a scan finds, and the verdict, as one table.
//!
//! Let n be the first commit that a scan did not find whole and in order.
//!
//! Rules:
//! 1. What a crash can leave is cut: an unfinished commit n, and commits after it that were
//!    written while n was not yet durable (their watermark is below n).
//! 2. What a crash cannot leave is refused: a commit after n whose watermark is n or higher proves
//!    that n was durable once, so n is damaged now.
//! 3. Without a later commit, damage to the last commit looks like a torn write. A seal after it
//!    shrinks this window; the seal itself holds nothing that could be lost.
//! 4. Every combination of facts matches exactly one row of [`TABLE`].
//!
//! It reads no bytes itself: the scan gathers the facts.

/// What stands where commit n was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// Zeros, or the end of the segment.
    Empty,
    /// Something that is not a whole commit: a header or body whose checksum is wrong, or blocks
    /// that are missing.
    Broken,
    /// A sound block that says it belongs elsewhere: another commit number, chain, index, place,
    /// or a position that does not continue its island.
    OutOfOrder,
    /// A sound block of another life.
    Foreign,
    /// A sound block that reaches past the end of its segment: the file was shortened.
    PastEnd,
    /// A sound header of a format, or with a field, that this code does not read.
    Unreadable,
}

/// What stands behind the place of commit n, in its segment and in later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Zeros only.
    Zeros,
    /// Bytes, but no sound block of a later commit.
    Remains,
    /// Sound blocks of later commits, all written before n was known to be durable.
    Unacknowledged,
    /// A sound block of a later commit that was written when n was known to be durable.
    Acknowledged,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The journal ends here; append here.
    End,
    /// Zero everything from here on, flush, then append here: nobody was told of what is lost.
    Cut,
    /// Change nothing, and say where the damage is.
    Refuse,
}

/// One line of [`TABLE`]. `None` matches every value.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What stands at n.
    pub here: Option<Here>,
    /// What stands behind it.
    pub after: Option<After>,
    /// What to do.
    pub verdict: Verdict,
    /// What it means, in a few words that fit into a message.
    pub label: &'static str,
}

const fn row(
    here: Option<Here>,
    after: Option<After>,
    verdict: Verdict,
    label: &'static str,
) -> Row {
    Row { here, after, verdict, label }
}

/// The decision: each combination of facts matches one row.
#[rustfmt::skip]
pub const TABLE: [Row; 12] = [
    row(Some(Here::Empty),      Some(After::Zeros),          Verdict::End,    "clean end"),
    row(Some(Here::Empty),      Some(After::Remains),        Verdict::Cut,    "torn write, its start is missing"),
    row(Some(Here::Empty),      Some(After::Unacknowledged), Verdict::Cut,    "unacknowledged commits behind one that was never written"),
    row(Some(Here::Empty),      Some(After::Acknowledged),   Verdict::Refuse, "an acknowledged commit is missing"),
    row(Some(Here::Broken),     Some(After::Zeros),          Verdict::Cut,    "torn write"),
    row(Some(Here::Broken),     Some(After::Remains),        Verdict::Cut,    "torn write with remains"),
    row(Some(Here::Broken),     Some(After::Unacknowledged), Verdict::Cut,    "torn write before unacknowledged commits"),
    row(Some(Here::Broken),     Some(After::Acknowledged),   Verdict::Refuse, "an acknowledged commit is damaged"),
    row(Some(Here::OutOfOrder), None,                        Verdict::Refuse, "a sound block does not follow the one before"),
    row(Some(Here::Foreign),    None,                        Verdict::Refuse, "a block of another data directory"),
    row(Some(Here::PastEnd),    None,                        Verdict::Refuse, "the segment was shortened"),
    row(Some(Here::Unreadable), None,                        Verdict::Refuse, "a block this code cannot read"),
];

/// The row that these facts match.
#[must_use]
pub fn decide(here: Here, after: After) -> &'static Row {
    let matches = |row: &&Row| {
        row.here.is_none_or(|fact| fact == here) && row.after.is_none_or(|fact| fact == after)
    };
    // The table is total (see the test), so the fallback is never taken; refusing is safe.
    TABLE.iter().find(matches).unwrap_or(&TABLE[TABLE.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: [Here; 6] = [
        Here::Empty,
        Here::Broken,
        Here::OutOfOrder,
        Here::Foreign,
        Here::PastEnd,
        Here::Unreadable,
    ];
    const AFTER: [After; 4] =
        [After::Zeros, After::Remains, After::Unacknowledged, After::Acknowledged];

    #[test]
    fn every_combination_of_facts_matches_one_row_and_every_row_is_used() {
        let mut used = [0_usize; TABLE.len()];
        for here in HERE {
            for after in AFTER {
                let matching: Vec<usize> = (0..TABLE.len())
                    .filter(|at| {
                        TABLE[*at].here.is_none_or(|fact| fact == here)
                            && TABLE[*at].after.is_none_or(|fact| fact == after)
                    })
                    .collect();
                assert_eq!(matching.len(), 1, "{here:?} {after:?}: {matching:?}");
                used[matching[0]] += 1;
                assert_eq!(decide(here, after).label, TABLE[matching[0]].label);
            }
        }
        assert!(used.iter().all(|times| *times > 0), "{used:?}");
    }

    #[test]
    fn an_acknowledged_commit_is_never_cut_and_a_crash_is_never_refused() {
        for here in HERE {
            assert_eq!(decide(here, After::Acknowledged).verdict, Verdict::Refuse, "{here:?}");
        }
        for here in [Here::Empty, Here::Broken] {
            for after in [After::Zeros, After::Remains, After::Unacknowledged] {
                assert_ne!(decide(here, after).verdict, Verdict::Refuse, "{here:?} {after:?}");
            }
        }
        assert_eq!(decide(Here::Empty, After::Zeros).verdict, Verdict::End);
    }
}
