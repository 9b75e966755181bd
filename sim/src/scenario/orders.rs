//! The orders of a file as the demand of a simulated shop.
//!
//! Rules:
//! 1. The file's orders and returns are asked in its order, as many as are wanted.
//! 2. Each product begins with a share of the units that those orders ask for, rounded down.
//!
//! It doesn't know how a file is read.

use std::path::Path;

use archipelago::patterns::stock::Units;

use crate::workload::warehouse::action::{Action, Line, ProductIndex};
use crate::workload::warehouse::catalog::Percent;
use crate::workload::warehouse::load_error::LoadError;
use crate::workload::warehouse::orders::Orders;
use crate::workload::warehouse::scenario::{Opening, Shop, Source};
use crate::workload::warehouse::{BadName, Command, OrderLine, ProductCode};

/// Why a file's orders cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum BadOrders {
    /// The file is not one of orders.
    #[error(transparent)]
    File(#[from] LoadError),
    /// A name in it is none.
    #[error(transparent)]
    Name(#[from] BadName),
}

/// Gives `shop` the stock and the demand of a file: its first `most` orders and returns.
///
/// # Errors
/// [`BadOrders`] when the file cannot be read.
pub fn serve(shop: &mut Shop, file: &Path, most: u64, stock: Percent) -> Result<(), BadOrders> {
    let orders = Orders::load(file)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let actions = &orders.actions[..orders.actions.len().min(most)];
    let products = orders.catalog.products();
    let codes = products.iter().map(|product| ProductCode::try_from(&*product.code));
    let codes = codes.collect::<Result<Vec<_>, _>>()?;
    // What these ask for: the catalog counts the whole file. A product that is only given back has
    // none, and is there all the same.
    let mut ordered: Vec<Option<u64>> = vec![None; products.len()];
    let mut add = |product: ProductIndex, units: u64| {
        *ordered[product.as_usize()].get_or_insert(0) += units;
    };
    for action in actions {
        match action {
            Action::Order(order) => {
                order.lines.iter().for_each(|line| add(line.product, line.units.into()));
            }
            Action::Return(back) => add(back.product, 0),
        }
    }
    let commands: Result<Vec<_>, BadName> =
        actions.iter().map(|action| command(action, &codes)).collect();
    let share = |units: u64| units * u64::from(stock.get()) / 100;
    let named = codes.iter().zip(&ordered);
    let stocked = named.filter_map(|(code, units)| units.map(|units| (*code, share(units))));
    shop.stock = stocked.map(|(code, units)| (code, Opening::Units(Units(units)))).collect();
    shop.source = Source::Listed(commands?.into());
    Ok(())
}

/// The command that an action is.
fn command(action: &Action, codes: &[ProductCode]) -> Result<Command, BadName> {
    let login = action.login().try_into()?;
    let number = action.number().try_into()?;
    Ok(match action {
        Action::Order(placed) => {
            let line = |line: &Line| OrderLine {
                resource: codes[line.product.as_usize()],
                units: Units(line.units.into()),
            };
            let lines = placed.lines.iter().map(line).collect();
            Command::PlaceOrder { order: number, login, lines }
        }
        Action::Return(back) => Command::Return {
            number,
            login,
            product: codes[back.product.as_usize()],
            units: Units(back.units.into()),
        },
    })
}
