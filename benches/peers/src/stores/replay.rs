//! The shop's events in a store, read back in order and folded.
//!
//! Rules:
//! 1. A row is one event, in the bytes that the product's codec gives it, or many of them, a byte
//!    of length before each.
//! 2. A store is filled once and kept for the next run; a file in its folder, written last, says
//!    that it is whole.
//! 3. A run opens the store, reads all rows in order, decodes, folds, closes. It must end in the
//!    digest of the product's own journal.
//!
//! It doesn't know how a store works.

use std::path::{Path, PathBuf};

use archipelago_benches::replay::journals::Written;
use archipelago_benches::rounds::{Contender, Failed, Took};
use archipelago_benches::shop::event::{Event, Fixed, Form};
use archipelago_benches::shop::state::{State, Totals};
use archipelago_benches::shop::stream::Stream;
use archipelago_core::bytes::{Part, Reader};
use archipelago_core::codec::Wire;

use super::{Key, Row, Store};

/// What says that a store is whole.
const WHOLE: &str = "whole";
/// Raised when the events or their form change.
const FORM: u32 = 3;
/// Rows of a transaction when a store is filled.
const ROWS_A_COMMIT: usize = 10_000;

/// What is put into a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Events, from number 0 on.
    pub events: u64,
    /// Events of a row, at least one.
    pub events_a_row: u32,
    /// How events are written.
    pub written: Written,
}

/// A store that is filled, and closed.
#[derive(Clone, Debug)]
pub struct Filled<C> {
    spec: Spec,
    folder: PathBuf,
    choice: C,
}

impl<C: Copy> Filled<C> {
    /// The store `name` of this spec below `place`: the one that is there, or a new one.
    ///
    /// # Errors
    /// What the disk or the store says.
    pub fn of<T>(spec: Spec, place: &Path, name: &str, choice: C) -> Result<Self, Failed>
    where
        T: Store<Choice = C>,
    {
        let Spec { events, events_a_row, written } = spec;
        let above = format!("stores-{FORM}-{name}-{written:?}-{events}-{events_a_row}");
        let above = place.join(above);
        let filled = Self { spec, folder: above.join("store"), choice };
        if above.join(WHOLE).exists() {
            return Ok(filled);
        }
        if above.exists() {
            std::fs::remove_dir_all(&above)?;
        }
        std::fs::create_dir_all(&filled.folder)?;
        let mut store = T::open(&filled.folder, choice)?;
        let mut rows: Vec<Row> = Vec::new();
        let mut row = Vec::new();
        let each = u64::from(events_a_row.max(1));
        for (number, event) in (1..).zip(Stream::default().events(0..events)) {
            push(&event, spec, &mut row)?;
            if number % each == 0 || number == events {
                let position = (number - 1) / each;
                rows.push((Key { island: 0, position }, std::mem::take(&mut row)));
            }
            if rows.len() == ROWS_A_COMMIT || number == events {
                store.put(&rows)?;
                rows.clear();
            }
        }
        store.rest()?;
        std::fs::write(above.join(WHOLE), "")?;
        Ok(filled)
    }

    /// The contender that replays it.
    pub fn replayed<'a, T, S>(&'a self, name: &str, digest: &'a str) -> Contender<'a>
    where
        T: Store<Choice = C>,
        S: State,
    {
        Contender::new(name, move || {
            let replay = || match self.spec.written {
                Written::Serde => self.replay::<T, S, Event>(),
                Written::Fixed => self.replay::<T, S, Fixed>(),
            };
            let (state, took) = Took::time(self.spec.events, replay);
            let (state, events) = state?;
            let found = Totals::of([&state]).digest()?.to_string();
            match (events, found.as_str()) == (self.spec.events, digest) {
                true => Ok(took),
                false => Err(format!("{events} events, digest {found}, not {digest}").into()),
            }
        })
    }

    fn replay<T, S, F>(&self) -> Result<(S, u64), Failed>
    where
        T: Store<Choice = C>,
        S: State,
        F: Form,
    {
        let store = T::open(&self.folder, self.choice)?;
        let (mut state, mut events) = (S::default(), 0);
        let mut fold = |event: Part<'_>| -> Result<(), Failed> {
            F::with(event, |event| state.fold(event))?;
            events += 1;
            Ok(())
        };
        match self.spec.events_a_row {
            0 | 1 => store.each(|row| fold(row.into()))?,
            _ => store.each(|row| parts(row, &mut fold))?,
        };
        Ok((state, events))
    }
}

/// Appends `event` to its row. A row of many begins with how many there are.
fn push(event: &Event, spec: Spec, row: &mut Vec<u8>) -> Result<(), Failed> {
    let many = spec.events_a_row > 1;
    if many && row.is_empty() {
        row.push(0);
    }
    let at = row.len();
    if many {
        row[0] = row[0].checked_add(1).ok_or("more than 255 events a row")?;
        row.push(0);
    }
    match spec.written {
        Written::Serde => event.encode(row)?,
        Written::Fixed => Fixed::from(*event).encode(row)?,
    }
    if many {
        row[at] = u8::try_from(row.len() - at - 1)?;
    }
    Ok(())
}

/// Hands over the events of a row of many.
#[inline]
fn parts<'a>(
    row: &'a [u8],
    each: &mut impl FnMut(Part<'a>) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut reader = Reader::new(row);
    let [events] = reader.array("how many events")?;
    reader.parts_in((events.into(), "an event"), row, each)
}

#[cfg(test)]
mod tests {
    use archipelago_benches::shop::state::Dense;

    use super::super::sqlite::{Keyed, Sqlite};
    use super::super::{commitlog, fjall, redb};
    use super::*;

    fn is_kept_by<T: Store>(choice: T::Choice) {
        for (events_a_row, written) in
            [(1, Written::Serde), (7, Written::Serde), (7, Written::Fixed)]
        {
            let folder = tempfile::tempdir().unwrap();
            let spec = Spec { events: 1000, events_a_row, written };
            let filled = Filled::of::<T>(spec, folder.path(), "a", choice).unwrap();
            // The second time it is opened as it was left.
            let filled_again = Filled::of::<T>(spec, folder.path(), "a", choice).unwrap();
            assert_eq!(filled.folder, filled_again.folder);
            let mut state = Dense::default();
            Stream::default().events(0..1000).for_each(|event| state.fold(&event));
            let digest = Totals::of([&state]).digest().unwrap().to_string();
            (filled.replayed::<T, Dense>("a", &digest).run)().unwrap();
            (filled.replayed::<T, Dense>("a", &digest).run)().unwrap();
            assert!((filled.replayed::<T, Dense>("a", "another").run)().is_err());
        }
    }

    #[test]
    fn every_store_gives_back_all_events_in_order() {
        is_kept_by::<Sqlite>(Keyed::ByRowId);
        is_kept_by::<Sqlite>(Keyed::ByIndex);
        is_kept_by::<Sqlite>(Keyed::WithoutRowId);
        is_kept_by::<redb::Redb>(());
        is_kept_by::<commitlog::Log>(());
        is_kept_by::<fjall::Fjall>(fjall::Blocks::Plain);
        is_kept_by::<fjall::Fjall>(fjall::Blocks::Lz4);
        #[cfg(feature = "raft")]
        is_kept_by::<super::super::raft::Raft>(());
        #[cfg(feature = "rocksdb")]
        is_kept_by::<super::super::rocks::Rocks>(super::super::rocks::Blocks::Lz4);
    }
}
