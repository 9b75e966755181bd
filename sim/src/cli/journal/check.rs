//! `journal check`: every commit, every record, and what stands behind the damage.
//!
//! It doesn't know the application: a record is whole when its parts are.

use archipelago::journal::repair::{CutAt, Finding, diagnose};
use archipelago::journal::{BlockRef, DataDirectory, Ending, JournalError};
use archipelago_core::bytes::Malformed;
use archipelago_core::journal::record::RecordsView;

use super::super::failure::Failure;
use super::{CheckArgs, CheckReport, DamageView, LostView, TailView, TornView};

/// Reads a whole journal and says what is wrong with it.
///
/// # Errors
/// When there is no journal, it is in use, or its files or its description cannot be read
/// (exit 2).
pub fn check(args: &CheckArgs) -> Result<CheckReport, Failure> {
    let data = DataDirectory::open_read_only(&args.data)?;
    let mut report = CheckReport {
        directory: args.data.display().to_string(),
        application: data.description().application.clone(),
        life: format!("{:016x}", data.description().life.0),
        ..CheckReport::default()
    };
    let (mut records, mut data_commits, mut last, mut broken) = (0, 0, 0, None);
    let found = diagnose(&data, &mut |block: BlockRef| -> Result<(), JournalError> {
        let header = &block.header;
        data_commits += u64::from(header.commit.0 != last);
        last = header.commit.0;
        let (read, wrong) = read_records(block.records());
        records += read;
        let wrong = wrong.map(|malformed| malformed.to_string());
        let wrong = wrong.or_else(|| {
            let said = u64::from(header.records);
            (read != said).then(|| format!("it holds {read} records, its header says {said}"))
        });
        if let Some(wrong) = wrong {
            broken.get_or_insert_with(|| {
                format!("{}: island {}, commit {last}: {wrong}", header.here, header.island)
            });
        }
        Ok(())
    })?;
    report.commits = found.commit.0 - 1;
    report.seals = report.commits - data_commits;
    report.records = records;
    report.bytes = found.bytes;
    report.sealed = found.ending == Ending::Seal;
    report.islands = (0..)
        .zip(&found.islands)
        .map(|(island, tail)| TailView { island, position: tail.upto.0 })
        .collect();
    let at = CutAt::Place(found.at).to_string();
    match found.finding {
        Finding::Sound => {}
        Finding::Torn { label, detail } => {
            report.torn = Some(TornView { at, what: label.to_owned(), detail });
        }
        Finding::Damaged(error) => {
            report.damage = Some(DamageView {
                what: error.to_string(),
                cut_at: at,
                commit: found.commit.0,
                lost: found.lost.iter().map(LostView::from).collect(),
            });
        }
    }
    report.malformed = broken;
    Ok(report)
}

/// Walks a body's records; returns how many are whole, and what is wrong with the next.
fn read_records(body: &[u8]) -> (u64, Option<Malformed>) {
    let mut view = RecordsView::new(body);
    let mut records = 0;
    loop {
        let walked = match view.next_record() {
            Ok(None) => return (records, None),
            Ok(Some(record)) => record.walk(|_| Ok(())),
            Err(malformed) => Err(malformed),
        };
        match walked {
            Ok(()) => records += 1,
            Err(malformed) => return (records, Some(malformed)),
        }
    }
}
