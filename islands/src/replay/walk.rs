//! Walking over the records of one block, as whoever replays does.
//!
//! Rules:
//! 1. Records stamped after the end asked for are not handed out. Stamps rise on an island, so
//!    what is handed out is a beginning of its journal.
//! 2. A block holds as many records as its header says.
//! 3. Who knows the island gets records in its current form: those of an older schema rewritten,
//!    one at a time; those of a newer one are an error.
//!
//! It doesn't know what is done with records.

use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockHeader, BlockPlace};
use archipelago_core::journal::record::{RecordView, RecordsView};
use archipelago_core::replay::{Upcast, UpcastError};
use archipelago_core::time::Stamp;

use super::error::OpenError;
use crate::journal::{BlockRef, Storage};

/// A record's length stands before it.
pub(super) const LENGTH_BYTES: usize = 4;

/// After every record.
pub(crate) const FOR_EVER: Stamp = Stamp(u64::MAX);

/// A record that cannot be, with its place.
pub(super) fn failed(
    storage: &dyn Storage,
    header: &BlockHeader,
    position: JournalPosition,
    reason: &dyn std::fmt::Display,
) -> OpenError {
    let place = in_words(storage, header.here);
    OpenError::Record { island: header.island, position, place, reason: reason.to_string() }
}

/// A record that cannot be rewritten, with its place.
pub(super) fn not_ours(
    storage: &dyn Storage,
    (island, position, place): (IslandId, JournalPosition, BlockPlace),
    reason: UpcastError,
) -> OpenError {
    let place = in_words(storage, place);
    OpenError::Form { island, position, place, reason }
}

/// A place as a file and an offset.
pub(super) fn in_words(storage: &dyn Storage, place: BlockPlace) -> String {
    format!("{}, offset {}", storage.name(place.segment), place.offset)
}

/// Whether a block begins after `until`.
pub(super) fn is_after(body: &[u8], until: Stamp) -> bool {
    until != FOR_EVER
        && matches!(RecordsView::new(body).next_record(), Ok(Some(record)) if record.stamp > until)
}

/// The same as [`walk`], with the records in the form that `I` has now.
///
/// # Errors
/// As [`walk`]; [`OpenError::Form`] also for what cannot be rewritten.
#[inline(always)]
pub(super) fn walk_as<I: Island, E: From<OpenError>>(
    block: &BlockRef,
    storage: &dyn Storage,
    until: Stamp,
    mut visit: impl FnMut(JournalPosition, &RecordView<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let header = &block.header;
    let wrong =
        |position, reason| not_ours(storage, (header.island, position, header.here), reason);
    let upcast = Upcast::<I>::from(header.schema).map_err(|error| wrong(header.first, error))?;
    let Some(upcast) = upcast else { return walk(block, storage, until, visit) };
    let mut now = Vec::new();
    walk(block, storage, until, |position, record| {
        let record = rewritten(&upcast, record, &mut now);
        visit(position, &record.map_err(|error| wrong(position, error))?)
    })
}

/// A record in its new form; `now` holds its bytes.
pub(super) fn rewritten<'a, I: Island>(
    upcast: &Upcast<I>,
    record: &RecordView<'_>,
    now: &'a mut Vec<u8>,
) -> Result<RecordView<'a>, UpcastError> {
    now.clear();
    upcast.record(record, now)?;
    Ok(RecordView::parse(&now[LENGTH_BYTES..])?)
}

/// Hands the records of `block` that are stamped up to `until` to `visit`, in order, as they were
/// written.
///
/// # Errors
/// [`OpenError::Record`], or what `visit` says.
#[inline(always)]
pub(super) fn walk<E: From<OpenError>>(
    block: &BlockRef,
    storage: &dyn Storage,
    until: Stamp,
    mut visit: impl FnMut(JournalPosition, &RecordView<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let header = &block.header;
    let mut records = RecordsView::new(block.records());
    let mut position = header.first;
    let malformed = |position, error: Malformed| failed(storage, header, position, &error);
    while let Some(record) = records.next_part().map_err(|error| malformed(position, error))? {
        let record = match RecordView::parse(record) {
            Ok(record) => record,
            Err(error) => return Err(malformed(position, error).into()),
        };
        if record.stamp > until {
            return Ok(());
        }
        visit(position, &record)?;
        position = position.next();
    }
    let end = JournalPosition(header.first.0 + u64::from(header.records));
    if position == end {
        return Ok(());
    }
    Err(failed(storage, header, position, &format_args!("the block ends at {end}")).into())
}
