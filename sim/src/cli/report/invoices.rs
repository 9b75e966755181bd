//! The report of `run invoices`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Common, Failure, Report};
use crate::cli::text::{Facts, thousands};

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InvoicesReport {
    /// Invoices of the file.
    pub invoices: u64,
    /// Rows of the file that were taken.
    pub rows: u64,
    /// Rows that were refused.
    pub rows_refused: u64,
    /// Sequences of numbers.
    pub series: u64,
    /// Invoices sent, copies included.
    pub sent: u64,
    /// Of these, told that they had come before.
    pub again: u64,
    /// Of these, dead letters: 0 where the source says the truth.
    pub late: u64,
    /// Invoices booked, each once.
    pub booked: u64,
    /// Gaps found.
    pub gaps: u64,
    /// Numbers in them.
    pub missing: u64,
    /// Numbers in the longest.
    pub longest_gap: u64,
    /// Whether they are those of the file, to a number.
    pub gaps_as_in_file: bool,
    /// The most invoices of one series held at a time.
    pub held_most: u64,
    /// The bound of that.
    pub held_max: u64,
    /// Customers with an account.
    pub customers: u64,
    /// Invoices posted to accounts.
    pub posted: u64,
    /// Whether all was booked and posted in the order of the numbers, as straight from the file.
    pub in_order: bool,
    /// Follows from all that was booked and posted, and the order: the same for every number of
    /// islands.
    pub checksum: String,
    /// What every run has.
    #[serde(flatten)]
    pub common: Common,
}

impl Report for InvoicesReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("invoices", thousands(self.invoices), format!("{} rows", thousands(self.rows)));
        if self.rows_refused > 0 {
            facts.add("  rows refused", thousands(self.rows_refused), "");
        }
        facts.add("sent", thousands(self.sent), "copies included");
        facts.add("  again", thousands(self.again), "had come before");
        if self.late > 0 {
            facts.add("  late", thousands(self.late), "dead letters");
        }
        facts.add("booked", thousands(self.booked), "each once, by number");
        let bound = format!("{} may be", thousands(self.held_max));
        facts.add("  held at most", thousands(self.held_most), bound);
        facts.add("posted", thousands(self.posted), format!("{} accounts", self.customers));
        let numbers = format!("{} numbers are missing", thousands(self.missing));
        facts.add("gaps", thousands(self.gaps), numbers);
        facts.add("  the longest", thousands(self.longest_gap), "");
        facts.add("messages", thousands(self.common.messages), "");
        self.common.add(&mut facts, "requests");
        facts.write(out)?;
        let yes = |good: bool| if good { "yes" } else { "NO" };
        writeln!(out, "in order, as straight from the file: {}", yes(self.in_order))?;
        writeln!(out, "gaps as in the file: {}", yes(self.gaps_as_in_file))?;
        writeln!(out, "checksum: {}", self.checksum)?;
        self.common.write_digests(out)
    }

    fn verdict(&self) -> Result<(), Failure> {
        let bad = [
            (!self.in_order, "what was booked is not the file, in order"),
            (self.booked != self.invoices, "not every invoice was booked once"),
            (!self.gaps_as_in_file, "the gaps are not those of the file"),
            (self.late > 0, "an invoice came after its gap was closed"),
            (self.held_most > self.held_max, "more was held than may be"),
        ];
        match bad.into_iter().find(|(bad, _)| *bad) {
            Some((_, what)) => Err(Failure::check(what)),
            None => self.common.verdict(),
        }
    }
}
