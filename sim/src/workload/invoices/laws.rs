//! The laws of invoices.
//!
//! Rules:
//! 1. At every cut: what a book has booked and what it has given up are together all numbers below
//!    the next one; it holds no more than it may; nothing was booked or posted out of order.
//! 2. At rest: a book booked exactly the invoices below its next number that are not in a closed
//!    gap, with their content, in order. Where gaps end by the source's word, the closed numbers
//!    are the void ones, to a number; elsewhere what was given up wrongly is a dead letter, or
//!    never came.
//! 3. Twin, at rest: nothing is held, no gap is open; every invoice that was sent is booked or a
//!    dead letter; all that is booked is posted.
//!
//! It doesn't know what goes wrong, nor when a cut is taken.

use std::collections::BTreeSet;

use archipelago::patterns::resequencer::SerialNumber;
use archipelago_core::id::IslandId;

use super::command::{Invoice, Series};
use super::ledger::Ledger;
use super::office::{Office, Standing};
use super::scenario::{HELD_MAX, goes_by_word};
use crate::check::Cut;

/// Holds at every consistent cut.
///
/// # Errors
/// The first thing that does not fit.
pub(super) fn always(ledgers: Cut<'_, Ledger>) -> Result<(), String> {
    for island in ledgers.changed() {
        let ledger = &ledgers[island.0 as usize].state;
        if let Some(wrong) = ledger.wrong() {
            return Err(format!("island {island}: {wrong}"));
        }
        let inbox = ledger.inbox();
        for series in inbox.sources() {
            let held = inbox.held(series);
            if held > HELD_MAX as usize {
                return Err(format!("{held} of series {series} are held"));
            }
            let closed: u64 =
                inbox.closed(series).map(|it| it.gap.upto.0 + 1 - it.gap.from.0).sum();
            let booked = ledger.books().get(series).map_or(0, |book| book.invoices);
            let below = inbox.next(series).map_or(0, |next| next.0 - 1);
            if booked + closed != below {
                return Err(format!(
                    "series {series}: {booked} are booked and {closed} given up, below {below}"
                ));
            }
        }
    }
    Ok(())
}

/// Holds when all is at rest.
///
/// # Errors
/// The first thing that does not fit.
pub(super) fn all_booked(ledgers: Cut<'_, Ledger>) -> Result<(), String> {
    let mut to_post = 0;
    for image in ledgers.iter() {
        for (series, office) in image.state.offices().iter() {
            let book = ledgers.iter().position(|it| it.state.inbox().next(series).is_some());
            let Some(book) = book else {
                if office.numbers.contains(&Standing::Settled) {
                    return Err(format!("nobody has a book of series {series}"));
                }
                continue;
            };
            let ledger = &ledgers[book].state;
            to_post += compare(ledger, IslandId(book as u32), *series, office)?;
        }
    }
    let accounts = ledgers.iter().flat_map(|image| image.state.accounts().values());
    let posted: u64 = accounts.map(|account| account.invoices).sum();
    if posted == to_post { Ok(()) } else { Err(format!("{posted} of {to_post} are posted")) }
}

/// A series at rest: its book beside its office. Returns how many invoices have an account.
fn compare(
    ledger: &Ledger,
    island: IslandId,
    series: Series,
    office: &Office,
) -> Result<u64, String> {
    let wrong = |what: String| Err(format!("series {series}: {what}"));
    let inbox = ledger.inbox();
    let next = inbox.next(&series).map_or(1, |next| next.0);
    let (held, gaps) = (inbox.held(&series), inbox.gaps(&series).len());
    if held + gaps > 0 {
        return wrong(format!("at rest {held} are held, {gaps} gaps are open"));
    }
    let closed: BTreeSet<u64> =
        inbox.closed(&series).flat_map(|it| it.gap.from.0..=it.gap.upto.0).collect();
    let letters = inbox.letters().iter().map(|(_, letter)| &letter.content);
    let late: BTreeSet<u64> =
        letters.filter(|late| late.source == series).map(|late| late.number.0).collect();
    let by_word = goes_by_word(island);
    let (mut chain, mut to_post) = (0, 0);
    for (number, standing) in (1..).map(SerialNumber).zip(&office.numbers) {
        let (is_closed, is_late) = (closed.contains(&number.0), late.contains(&number.0));
        let fits = match standing {
            Standing::Void => (is_closed || number.0 >= next) && !is_late,
            // What is lost and not missed: nothing above it has come.
            Standing::Lost => number.0 >= next || (is_closed && !by_word),
            Standing::Underway | Standing::TurnedAway => false,
            Standing::Settled if is_closed => is_late && !by_word,
            Standing::Settled => number.0 < next && !is_late,
        };
        if !fits {
            return wrong(format!(
                "{number} is {standing:?}; closed: {is_closed}, late: {is_late}, next: {next}"
            ));
        }
        if *standing == Standing::Settled && !is_closed {
            let invoice = Invoice::of(series, number);
            chain = invoice.chained(chain, number);
            to_post += u64::from(invoice.customer.is_some());
        }
    }
    let book = ledger.books().get(&series).copied().unwrap_or_default();
    if book.chain != chain {
        return wrong("what is booked is not what was issued, in order".to_owned());
    }
    Ok(to_post)
}
