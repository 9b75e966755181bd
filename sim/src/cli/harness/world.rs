//! The worlds that this program knows, and how a journal is told to be of one of them.
//!
//! It doesn't know what their islands decide.

use std::fmt::Display;
use std::path::Path;

use archipelago::Island;
use archipelago::journal::DESCRIPTION_FILE;
use archipelago::replay::Log;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::failure::Failure;

/// An island that `run` knows.
pub trait World: Island {
    /// The application's name in a data directory, and the word behind `run`.
    const APPLICATION: &'static str;

    /// What must not change under a journal, besides the number of islands. It stands as JSON in
    /// the data directory.
    type Setting: Serialize + DeserializeOwned + PartialEq;

    /// An island as it is born.
    fn born(setting: &Self::Setting) -> Self;

    /// Says which option makes a stored setting another one ([`differs`]); what it passes over is
    /// told as "the configuration".
    ///
    /// # Errors
    /// The first option that differs.
    fn agree(asked: &Self::Setting, stored: &Self::Setting) -> Result<(), Failure>;
}

/// Does something with the type of the world that a journal is of: here is the list of them all.
/// `for_world!(log, W => expression)` is a `Result<_, Failure>`, as the expression must be; a
/// second arm says what to do with a journal of an unknown application.
macro_rules! for_world {
    ($log:expr, $world:ident => $do:expr) => {
        $crate::cli::harness::for_world!($log, $world => $do,
            other => Err($crate::cli::harness::unknown(other)))
    };
    ($log:expr, $world:ident => $do:expr, $other:ident => $else:expr) => {
        $crate::cli::harness::for_world!(@ $log, $world => $do, $other => $else;
            $crate::workload::warehouse::Warehouse, $crate::workload::cities::Cities,
            $crate::workload::bookings::Hotels, $crate::workload::invoices::Ledger)
    };
    (@ $log:expr, $world:ident => $do:expr, $other:ident => $else:expr; $($island:ty),+) => {
        match $log.description().application.as_str() {
            $(<$island as $crate::cli::harness::World>::APPLICATION => {
                type $world = $island;
                $do
            })+
            $other => $else,
        }
    };
}
pub(in crate::cli) use for_world;

/// The names of all of them, for messages.
const KNOWN: &str = "\"warehouse\", \"cities\", \"bookings\" and \"invoices\"";

/// Why a journal of an unknown application is refused.
pub(in crate::cli) fn unknown(application: &str) -> Failure {
    Failure::input(format!(
        "the journal was made by the application {application:?}; this program knows {KNOWN}"
    ))
}

/// The setting of a journal.
///
/// # Errors
/// When it is another application's, or written by another version.
pub fn setting<W: World>(log: &Log) -> Result<W::Setting, Failure> {
    let description = log.description();
    if description.application != W::APPLICATION {
        return Err(Failure::input(format!(
            "the journal was made by the application {:?}, not by {:?}",
            description.application,
            W::APPLICATION
        )));
    }
    serde_json::from_str(&description.configuration).map_err(|error| {
        Failure::input(format!(
            "the journal's configuration cannot be read ({error}); was it made by another version?"
        ))
    })
}

/// A setting as the text that stands in the data directory.
pub(super) fn text<W: World>(setting: &W::Setting) -> String {
    serde_json::to_string(setting).expect("a setting is plain data")
}

/// Refuses to go on with `asked` where `stored` was the first time.
///
/// # Errors
/// Always; as a result, so that it can be returned as it is.
pub fn differs(what: &str, stored: &dyn Display, asked: &dyn Display) -> Result<(), Failure> {
    Err(Failure::input(format!(
        "the data directory was made with {what} {stored}, not {asked}: \
         use the same again, or another --data"
    )))
}

/// Opens the journal of an earlier run on `data` with the same setting; `None` when there is none.
///
/// # Errors
/// When there is one, but it is in use, damaged, or made with another setting.
pub(super) fn earlier<W: World>(
    data: &Path,
    asked: &W::Setting,
    islands: u32,
) -> Result<Option<Log>, Failure> {
    if !data.join(DESCRIPTION_FILE).exists() {
        return Ok(None);
    }
    let log = Log::open(data)?;
    let stored = setting::<W>(&log)?;
    W::agree(asked, &stored)?;
    if *asked != stored {
        differs("the configuration", &text::<W>(&stored), &text::<W>(asked))?;
    }
    let before = log.description().islands;
    if before != islands {
        differs("--islands", &before, &islands)?;
    }
    Ok(Some(log))
}
