//! Rare paths of the stock protocol, which a big batch of worlds must take.
//!
//! Rules:
//! 1. A mark is seen in the state of a cut, so it is there for at least one commit.
//! 2. It looks only at islands that have changed.
//! 3. Marks are for the lease on two islands or more: no other policy takes these paths.
//!
//! It doesn't know how a world takes them.

use archipelago::patterns::stock::{Epoch, Phase, Units};
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, LinkSeq};
use archipelago_core::replay::Image;

use crate::check::Cut;
use crate::workload::warehouse::island::Waiting;
use crate::workload::warehouse::{ProductCode, Warehouse};

/// Whether a cut shows something.
pub type Sight = fn(Cut<'_, Warehouse>) -> bool;

/// All marks, with their names.
pub const MARKS: [(&str, Sight); 20] = [
    ("an order is accepted", |cut| any(cut, |one| one.counters().orders_accepted > 0)),
    ("an order is refused", |cut| any(cut, |one| one.counters().orders_refused > 0)),
    ("an order waits", |cut| any(cut, |one| one.stock().waits().answers > 0)),
    ("a grant", |cut| any(cut, |one| one.stock().counters().grants > 0)),
    ("a denial", |cut| any(cut, |one| one.stock().counters().denies > 0)),
    ("a drain", |cut| any(cut, |one| one.stock().counters().drains > 0)),
    ("two needs wait for one drain", |cut| {
        any_book(cut, |one, product| one.stock().queue_len(product) > 1)
    }),
    ("a drained product opens again", |cut| {
        any_book(cut, |one, product| {
            let phase = one.stock().phase(product);
            phase.is_some_and(|phase| matches!(phase, Phase::Open(epoch) if epoch > Epoch(1)))
        })
    }),
    ("a product begins drained", |cut| {
        any_book(cut, |one, product| {
            one.stock().phase(product) == Some(Phase::Pooled(Epoch(0)))
                && one.ledger(product).pool > Units::ZERO
        })
    }),
    ("a refund", |cut| any(cut, |one| one.stock().counters().refunds > 0)),
    ("a refund after a denial", refund_after_denial),
    ("an accepted order is cancelled", |cut| any(cut, |one| one.counters().orders_cancelled > 0)),
    ("a cancel that gives back to the broker", |cut| {
        let given_back = |one: &Warehouse| one.stock().waits().give_backs > 0;
        any(cut, |one| given_back(one) && one.counters().orders_cancelled > 0)
    }),
    ("an order is refused before its answer comes", |cut| {
        any(cut, |one| one.stock().waits().late_answers > 0)
    }),
    ("a grant comes for an order refused before", late_grant),
    ("a return is accepted", |cut| any(cut, |one| one.counters().returns_accepted > 0)),
    ("a return is refused", |cut| any(cut, |one| one.counters().returns_refused > 0)),
    ("a return waits for its refund", |cut| any(cut, |one| one.stock().waits().give_backs > 0)),
    ("units are written off", |cut| {
        any_book(cut, |one, product| one.ledger(product).burned > Units::ZERO)
    }),
    ("all of a product is sold", |cut| {
        any_book(cut, |one, product| {
            let book = one.ledger(product);
            // The broker's book: what it made went out, and none of it is free here.
            book.minted > Units::ZERO && book.pool == Units::ZERO && sold_out(cut, product)
        })
    }),
];

/// Whether one of the islands that have changed shows it.
fn any(cut: Cut<'_, Warehouse>, sight: impl Fn(&Warehouse) -> bool) -> bool {
    cut.changed().iter().any(|island| sight(&cut[island.0 as usize].state))
}

/// Whether a product on one of the islands that have changed shows it.
fn any_book(cut: Cut<'_, Warehouse>, sight: impl Fn(&Warehouse, &ProductCode) -> bool) -> bool {
    any(cut, |one| one.ledgers().iter().any(|(product, _)| sight(one, product)))
}

/// A refused order waits for its refund, and nobody has cancelled it.
fn refund_after_denial(cut: Cut<'_, Warehouse>) -> bool {
    any(cut, |one| {
        let uncancelled = |waiting: &Waiting| waiting.canceller.is_none();
        one.stock().refused().any(|claim| one.waiting.get(&claim).is_some_and(uncancelled))
    })
}

/// A refused claim's need has reached its broker, which has answered it and never denied anyone:
/// so the answer on its way is a grant.
fn late_grant(cut: Cut<'_, Warehouse>) -> bool {
    let Ok(table) = Table::modulo(cut.len() as u32) else { return false };
    cut.changed().iter().any(|island| {
        let asker = &cut[island.0 as usize];
        asker.state.stock().late().any(|product| {
            let broker = table.island_of(product.as_str().as_bytes());
            let desk = &cut[broker.0 as usize];
            sent(asker, broker) == applied(desk, *island)
                && desk.state.stock().queue_len(&product) == 0
                && desk.state.stock().counters().denies == 0
                && desk.state.stock().phase(&product).is_some()
        })
    })
}

fn sent(image: &Image<Warehouse>, to: IslandId) -> Option<LinkSeq> {
    image.sent.get(&to).copied()
}

fn applied(image: &Image<Warehouse>, from: IslandId) -> Option<LinkSeq> {
    image.applied.get(&from).copied()
}

fn sold_out(cut: Cut<'_, Warehouse>, product: &ProductCode) -> bool {
    let books = cut.iter().map(|image| image.state.ledger(product));
    let (mut made, mut sold) = (0, 0);
    for book in books {
        made += book.minted.0 - book.burned.0;
        sold += book.sold.0;
    }
    made > 0 && made == sold
}
