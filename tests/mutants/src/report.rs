//! The report: a table for people, one JSON object for programs.
//!
//! Rules:
//! 1. The JSON keys are a promise: new ones come at the end, none is renamed.
//!
//! It doesn't know how anything was found.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hunt::Hunt;
use crate::mutant::Mutant;

/// One mutant, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) mutant: String,
    title: String,
    found: bool,
    check: Option<String>,
    seen: Option<String>,
    world: Option<String>,
    seed: Option<u64>,
    seeds: u64,
    cpu_seconds: f64,
}

impl Row {
    /// What a hunt for `mutant` came to.
    pub(crate) fn new(mutant: &Mutant, hunt: Hunt) -> Self {
        Self::of(&mutant.id, &mutant.title, hunt)
    }

    fn of(id: &str, title: &str, hunt: Hunt) -> Self {
        let Hunt { found, seeds, cpu_ms } = hunt;
        let mut row = Self {
            mutant: id.to_owned(),
            title: title.to_owned(),
            found: found.is_some(),
            check: None,
            seen: None,
            world: None,
            seed: None,
            seeds,
            cpu_seconds: cpu_ms as f64 / 1000.0,
        };
        if let Some(found) = found {
            row.check = Some(found.check);
            row.seen = Some(found.seen);
            row.world = Some(found.world);
            row.seed = found.seed;
        }
        row
    }

    /// In one line.
    pub(crate) fn said(&self) -> String {
        let Self { seeds, cpu_seconds, .. } = self;
        match (&self.check, &self.seen) {
            (Some(check), Some(seen)) => {
                format!("{check} ({seeds} seeds, {cpu_seconds:.2} s): {seen}")
            }
            _ => format!("NOT FOUND in {seeds} seeds, {cpu_seconds:.2} s"),
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    first_seed: u64,
    budget_cpu_seconds: u64,
    /// One a mutant.
    pub(crate) rows: Vec<Row>,
    found: usize,
    /// The same seeds without a mutant: nothing must be found.
    unplanted: Option<Row>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(first_seed: u64, budget_cpu_seconds: u64) -> Self {
        Self { first_seed, budget_cpu_seconds, rows: Vec::new(), found: 0, unplanted: None }
    }

    /// Takes what the unplanted tree came to.
    pub(crate) fn set_unplanted(&mut self, hunt: Hunt) {
        self.found = self.rows.iter().filter(|row| row.found).count();
        self.unplanted = Some(Row::of("none", "the tree as it is", hunt));
    }

    /// Whether every mutant was found, and nothing without one.
    pub(crate) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| row.found)
            && self.unplanted.as_ref().is_none_or(|row| !row.found)
    }

    /// What was seen without a mutant.
    pub(crate) fn unplanted_said(&self) -> String {
        match &self.unplanted {
            Some(row) if row.found => row.said(),
            Some(row) => format!("every check held ({} seeds)", row.seeds),
            None => String::new(),
        }
    }

    /// Prints it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn print(&self, json: bool) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        let written = if json {
            serde_json::to_writer(&mut out, self).map_err(io::Error::from)
        } else {
            self.table(&mut out)
        };
        written.and_then(|()| writeln!(out)).map_err(Error::io("standard output"))
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "| mutant | what it does | found by check | world | seeds | CPU s |")?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let Row { mutant, title, seeds, cpu_seconds, .. } = row;
            let check = row.check.as_deref().unwrap_or("NOT FOUND");
            let world = row.world.as_deref().unwrap_or("all");
            writeln!(
                out,
                "| {mutant} | {title} | {check} | {world} | {seeds} | {cpu_seconds:.2} |"
            )?;
        }
        let (found, all) = (self.found, self.rows.len());
        writeln!(out, "\n{found} of {all} mutants are found, each looked for with at most")?;
        writeln!(out, "{} CPU seconds, seeds from {}.", self.budget_cpu_seconds, self.first_seed)?;
        write!(out, "The same seeds without a mutant: {}", self.unplanted_said())
    }
}
