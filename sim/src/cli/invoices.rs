//! `run invoices`: the invoices of an order file, shuffled and doubled, put in order.
//!
//! Rules:
//! 1. The series are begun by requests 1, 2, …; then come invoices and words, in the order of the
//!    plan. A word waits until all before it of its series is answered.
//! 2. What the islands found is held against the file: the same gaps, and the checksum of booking
//!    it straight through.
//! 3. Refused rows are told on standard error, by line, and the others go on.
//!
//! It doesn't know how requests are carried.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use archipelago::patterns::resequencer::{Closed, Closing, ResequencerConfig, SerialNumber};
use archipelago::{Closed as ClosedSea, Island};
use archipelago_core::id::RequestNumber;
use serde::{Deserialize, Serialize};

use super::args::InvoicesArgs;
use super::failure::Failure;
use super::harness::{Feeder, Listener, Place, Ran, Request, Turn, World, differs};
use super::progress::Progress;
use super::report::InvoicesReport;
use crate::workload::fingerprint::Fingerprint;
use crate::workload::invoices::feed::{self, Plan, Sent};
use crate::workload::invoices::file::{Invoices, Numbered, Sharing, missing};
use crate::workload::invoices::{Command, Event, Ledger, Reply, Series};

/// Refused rows that are told one by one.
const REFUSED_TOLD: usize = 20;

/// What must not change under a journal of invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoicesSetting {
    invoices: Fingerprint,
    sharing: Sharing,
    plan: Plan,
}

impl World for Ledger {
    const APPLICATION: &'static str = "invoices";
    type Setting = InvoicesSetting;

    fn born(setting: &InvoicesSetting) -> Self {
        Self::new(ResequencerConfig {
            held_max: feed::held_max(setting.plan),
            // Every gap is to be in the report.
            closed_max: u32::MAX,
            ..ResequencerConfig::default()
        })
    }

    fn agree(asked: &InvoicesSetting, stored: &InvoicesSetting) -> Result<(), Failure> {
        if asked.sharing != stored.sharing {
            let name = |sharing| match sharing {
                Sharing::One => "one",
                Sharing::ByLetter => "letter",
            };
            differs("--series", &name(stored.sharing), &name(asked.sharing))?;
        }
        if asked.invoices != stored.invoices {
            differs("the invoices", &stored.invoices, &asked.invoices)?;
        }
        let chance = |ppm| f64::from(ppm) / 1e6;
        if asked.plan.resend_ppm != stored.plan.resend_ppm {
            let (stored, asked) = (stored.plan.resend_ppm, asked.plan.resend_ppm);
            differs("--resend", &chance(stored), &chance(asked))?;
        }
        if asked.plan.shuffle != stored.plan.shuffle {
            differs("--shuffle", &stored.plan.shuffle, &asked.plan.shuffle)?;
        }
        if asked.plan.seed != stored.plan.seed {
            differs("--seed", &stored.plan.seed, &asked.plan.seed)?;
        }
        Ok(())
    }
}

/// What is counted of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Taken: booked or held.
    Taken,
    /// It had come before.
    Again,
    /// It was a dead letter.
    Late,
    /// None of these: the run cannot go on.
    Wrong,
}

const fn told(reply: &Reply) -> Told {
    match reply {
        Reply::Booked(_) | Reply::Held => Told::Taken,
        Reply::Again => Told::Again,
        Reply::Late => Told::Late,
        Reply::NoRoom(_) | Reply::Issued(_) | Reply::NotYours => Told::Wrong,
    }
}

/// Hears the answers.
#[derive(Default)]
struct Answers {
    again: u64,
    late: u64,
}

/// Whether a request is an invoice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Invoice,
    Other,
}

impl Answers {
    fn count(&mut self, asked: Asked, told: Told) {
        self.again += u64::from(asked == Asked::Invoice && told == Told::Again);
        self.late += u64::from(told == Told::Late);
    }
}

impl Listener<Ledger> for Answers {
    type Key = [u8; 4];
    type Tag = Asked;
    type Kept = Told;

    fn answered(
        &mut self,
        number: RequestNumber,
        asked: Asked,
        reply: Reply,
    ) -> Result<(), Failure> {
        self.count(asked, told(&reply));
        match told(&reply) {
            Told::Wrong => Err(Failure::check(format!("request {number}: {reply:?}"))),
            Told::Taken | Told::Again | Told::Late => Ok(()),
        }
    }

    fn known(&mut self, asked: Asked, kept: &Told) -> Result<(), Failure> {
        self.count(asked, *kept);
        Ok(())
    }
}

/// Runs invoices.
///
/// # Errors
/// Bad input (exit 2), or islands that did not do what they should (exit 1).
pub fn invoices(args: &InvoicesArgs) -> Result<InvoicesReport, Failure> {
    let place = Place::of(&args.sea)?;
    let file = load(args)?;
    let (sharing, plan) = (args.sharing(), args.plan());
    let setting = InvoicesSetting { invoices: file.fingerprint, sharing, plan };
    let history = place.history::<Ledger, _>(&setting, told)?;
    let sea = place.open(&setting, history)?;
    let sent = feed::sent(&file.all, plan);
    let mut feeder = sea.feeder(Answers::default());
    feeder.set_pace(args.sea.pace());
    let began = Instant::now();
    submit(&mut feeder, &file, &sent)?;
    let seconds = began.elapsed().as_secs_f64();
    let (answered, busy) = (feeder.answered(), feeder.busy());
    let Answers { again, late } = *feeder.listener();
    drop(feeder);
    let ran = Ran { answered, busy, seconds, before_us: None };
    let (report, common) = sea.finish(ran, |closed| {
        let report = report(&file, plan, closed);
        if let Some(path) = &args.gaps {
            write_gaps(path, closed, sharing)?;
        }
        Ok(report)
    })?;
    let is_invoice = |one: &&Sent| matches!(one, Sent::Invoice(_));
    let sent = sent.iter().filter(is_invoice).count() as u64;
    Ok(InvoicesReport { sent, again, late, common, ..report })
}

fn load(args: &InvoicesArgs) -> Result<Invoices, Failure> {
    let progress = Progress::unknown("reading invoices");
    let file = Invoices::load(&args.orders, args.sharing())?;
    drop(progress);
    for refused in file.refused.iter().take(REFUSED_TOLD) {
        eprintln!("refused: {refused}");
    }
    if file.refused.len() > REFUSED_TOLD {
        eprintln!("refused: {} rows more", file.refused.len() - REFUSED_TOLD);
    }
    Ok(file)
}

fn submit(
    feeder: &mut Feeder<'_, Ledger, Answers>,
    file: &Invoices,
    sent: &[Sent],
) -> Result<(), Failure> {
    let progress = Progress::of("invoices and words", sent.len() as u64);
    let mut number = RequestNumber::ZERO;
    let begin = |(series, first): (Series, SerialNumber)| {
        (series, Command::Begin(series, first), Turn::Beside, Asked::Other)
    };
    let send = |one: &Sent| match *one {
        Sent::Invoice(place) => {
            let Numbered { series, number, invoice } = &file.all[place];
            let deliver = Command::Deliver(*series, *number, invoice.clone());
            (*series, deliver, Turn::Beside, Asked::Invoice)
        }
        Sent::AllBelow(series, bound) => {
            (series, Command::AllBelow(series, bound), Turn::After, Asked::Other)
        }
    };
    let requests = file.firsts().into_iter().map(begin).chain(sent.iter().map(send));
    for (series, command, turn, tag) in requests {
        number = number.next();
        feeder.submit(Request { number, key: series.key(), command, turn, tag })?;
        progress.add(1);
    }
    feeder.drain()
}

/// What the islands found, beside what is in the file.
fn report(file: &Invoices, plan: Plan, closed: &ClosedSea<Ledger>) -> InvoicesReport {
    let islands = || closed.images.iter().map(|image| &image.state);
    if let Some(wrong) = islands().find_map(Ledger::wrong) {
        eprintln!("out of order: {wrong}");
    }
    let found = gaps(closed);
    let pairs = |(series, gaps): (&Series, &Vec<Closed>)| {
        (*series, gaps.iter().map(|it| (it.gap.from.0, it.gap.upto.0)).collect())
    };
    let as_found: BTreeMap<Series, Vec<(u64, u64)>> = found.iter().map(pairs).collect();
    let missing = || found.values().flatten().map(|closed| missing(&closed.gap));
    let checksum = islands().map(Ledger::checksum).fold(0, u64::wrapping_add);
    let accounts = || islands().flat_map(|ledger| ledger.accounts().values());
    InvoicesReport {
        invoices: file.all.len() as u64,
        rows: file.rows,
        rows_refused: file.refused.len() as u64,
        series: found.len() as u64,
        booked: islands().flat_map(|it| it.books().values()).map(|book| book.invoices).sum(),
        gaps: found.values().map(|gaps| gaps.len() as u64).sum(),
        missing: missing().sum(),
        longest_gap: missing().max().unwrap_or(0),
        gaps_as_in_file: as_found == file.gaps(),
        held_most: islands().map(Ledger::held_most).max().unwrap_or(0),
        held_max: u64::from(feed::held_max(plan)),
        customers: accounts().count() as u64,
        posted: accounts().map(|account| account.invoices).sum(),
        in_order: islands().all(|ledger| ledger.wrong().is_none()) && checksum == straight(file),
        checksum: format!("{checksum:016x}"),
        ..InvoicesReport::default()
    }
}

/// The gaps that were closed, by series.
fn gaps(closed: &ClosedSea<Ledger>) -> BTreeMap<Series, Vec<Closed>> {
    let mut all = BTreeMap::new();
    for image in &closed.images {
        let inbox = image.state.inbox();
        for series in inbox.sources() {
            all.insert(*series, inbox.closed(series).copied().collect());
        }
    }
    all
}

/// The checksum of a ledger that books the file straight through.
fn straight(file: &Invoices) -> u64 {
    let mut ledger = Ledger::new(ResequencerConfig::default());
    for Numbered { series, number, invoice } in &file.all {
        ledger.evolve(&Event::Booked(*series, *number, invoice.clone()));
        ledger.evolve(&Event::Posted(*series, *number, invoice.clone()));
    }
    ledger.checksum()
}

fn write_gaps(
    path: &std::path::Path,
    closed: &ClosedSea<Ledger>,
    sharing: Sharing,
) -> Result<(), Failure> {
    let mut text = "series,from,upto,missing,since_ms,closed_ms,why\n".to_owned();
    for (series, gaps) in gaps(closed) {
        let name = match (sharing, series.0) {
            (Sharing::One, _) => "all",
            (Sharing::ByLetter, 1) => "C",
            (Sharing::ByLetter, 2) => "A",
            (Sharing::ByLetter, _) => "",
        };
        for Closed { gap, at, closing } in gaps {
            let why = match closing {
                Closing::Void => "void".to_owned(),
                Closing::Forgotten => "forgotten".to_owned(),
                Closing::Skipped(asked) => format!("skipped after {asked} questions"),
            };
            let (from, upto, missing) = (gap.from, gap.upto, missing(&gap));
            let (since, at) = (gap.since.0, at.0);
            let _ = writeln!(text, "{name},{from},{upto},{missing},{since},{at},{why}");
        }
    }
    std::fs::write(path, text)
        .map_err(|error| Failure::input(format!("{}: cannot be written: {error}", path.display())))
}
