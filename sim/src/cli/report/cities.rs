//! The report of `run cities`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Common, Failure, Report};
use crate::cli::text::{Facts, share, thousands};
use crate::workload::cities::Summary;
use crate::workload::cities::fixed::decimal;
use crate::workload::cities::readings::Readings;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CitiesReport {
    /// Hours of the file.
    pub hours: u64,
    /// Hours for which all stations reported.
    pub complete: u64,
    /// Hours that were closed before.
    pub partial: u64,
    /// Readings that are missing in them.
    pub missing_reports: u64,
    /// The sum of the means of all hours, each rounded half away from zero to four decimals.
    pub checksum: String,
    /// Tells the results of all hours from others, whatever the number of islands.
    pub results: String,
    /// Stations of the file.
    pub stations: u64,
    /// Readings of the file that are not NA.
    pub readings: u64,
    /// Readings that were sent again.
    pub resent: u64,
    /// How often the model ran again on an hour that had ended.
    pub amended: u64,
    /// What no hour took in: it came when its hour was forgotten.
    pub turned_away: u64,
    /// Rows that were passed over.
    pub bad_rows: u64,
    /// Hours that still wait: none, unless something is wrong.
    pub open: u64,
    /// What every run has.
    #[serde(flatten)]
    pub common: Common,
}

impl CitiesReport {
    /// Puts it together.
    pub(in crate::cli) fn of(
        readings: &Readings,
        resent: usize,
        summary: &Summary,
        common: Common,
    ) -> Self {
        let (hours, stations) = (readings.hours.len() as u64, readings.stations.len() as u64);
        Self {
            hours,
            complete: summary.complete,
            partial: summary.partial,
            missing_reports: (hours * stations).saturating_sub(summary.stations),
            checksum: decimal(summary.checksum),
            results: summary.results.map(|results| results.to_string()).unwrap_or_default(),
            stations,
            readings: readings.readings.len() as u64,
            resent: resent as u64,
            amended: summary.amended,
            turned_away: summary.turned_away,
            bad_rows: readings.bad.len() as u64,
            open: summary.open,
            common,
        }
    }
}

impl Report for CitiesReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        let stations = format!("of {} stations", thousands(self.stations));
        facts.add("hours", thousands(self.hours), stations);
        facts.add("  complete", thousands(self.complete), share(self.complete, self.hours));
        facts.add("  partial", thousands(self.partial), share(self.partial, self.hours));
        facts.add("readings", thousands(self.readings), "");
        facts.add("  missing", thousands(self.missing_reports), "");
        if self.resent > 0 {
            facts.add("  sent again", thousands(self.resent), "");
        }
        if self.amended > 0 {
            facts.add("amended", thousands(self.amended), "times an hour that had ended");
        }
        if self.bad_rows > 0 {
            facts.add("bad rows", thousands(self.bad_rows), "passed over");
        }
        if self.turned_away > 0 {
            facts.add("turned away", thousands(self.turned_away), "their hour was forgotten");
        }
        facts.add("messages", thousands(self.common.messages), "");
        self.common.add(&mut facts, "requests");
        facts.write(out)?;
        writeln!(out, "checksum: {}", self.checksum)?;
        writeln!(out, "results: {}", self.results)?;
        self.common.write_digests(out)
    }

    fn verdict(&self) -> Result<(), Failure> {
        let ended = self.complete + self.partial;
        if self.open > 0 || ended != self.hours {
            let (open, hours) = (self.open, self.hours);
            return Err(Failure::check(format!(
                "{ended} of {hours} hours have ended, and {open} still wait"
            )));
        }
        self.common.verdict()
    }
}
