//! Reads an order file row by row, checked field by field.
//!
//! Rules:
//! 1. The four columns used are UTF-8 and within their limits; all others may hold any bytes.
//! 2. A row that breaks a rule is an error with its line and column; what follows can still be
//!    read.
//!
//! It doesn't know what an order is, nor how a file is read ([`Table`]).

use std::num::IntErrorKind;
use std::path::Path;

use super::load_error::{LoadError, RowFault};
use crate::workload::table::{self, Table, quote};

/// The longest InvoiceNo.
pub const NUMBER_BYTES_MAX: usize = 15;
/// The longest StockCode.
pub const CODE_BYTES_MAX: usize = 16;
/// The longest CustomerID: as long as the longest guest's login.
pub const CUSTOMER_BYTES_MAX: usize = GUEST_PREFIX.len() + NUMBER_BYTES_MAX;
/// What the login of a guest begins with.
pub const GUEST_PREFIX: &str = "guest:";
/// The columns that are used.
pub const COLUMNS: [&str; 4] = ["InvoiceNo", "StockCode", "Quantity", "CustomerID"];

/// The place of InvoiceNo in [`COLUMNS`].
pub(in crate::workload) const NUMBER: usize = 0;
const CODE: usize = 1;
/// The place of Quantity in [`COLUMNS`].
pub(in crate::workload) const QUANTITY: usize = 2;
/// The place of CustomerID in [`COLUMNS`].
pub(in crate::workload) const CUSTOMER: usize = 3;

/// One checked row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workload) struct Row<'a> {
    /// InvoiceNo.
    pub(in crate::workload) number: &'a str,
    /// StockCode.
    pub(in crate::workload) code: &'a str,
    /// Quantity: within ±`u32::MAX`.
    pub(in crate::workload) quantity: i64,
    /// CustomerID, if there is one.
    pub(in crate::workload) customer: Option<&'a str>,
}

/// A file being read.
pub(in crate::workload) struct Rows(Table);

impl Rows {
    /// Opens a file and reads its header.
    pub(in crate::workload) fn open(file: &Path) -> Result<Self, LoadError> {
        Ok(Self(Table::open(file, &COLUMNS, "--orders")?))
    }

    /// The next row, or `None` at the end.
    pub(in crate::workload) fn next(&mut self) -> Result<Option<Row<'_>>, LoadError> {
        let Some(line) = self.0.next()? else { return Ok(None) };
        let checked = line.row.map_err(|(column, fault)| (column, fault.into()));
        checked.and_then(check).map(Some).map_err(|(column, fault): (_, RowFault)| LoadError::Row {
            file: line.file.into(),
            line: line.number,
            column,
            fault: fault.into(),
        })
    }

    /// An error at the row that was read last; `column` is a place in [`COLUMNS`].
    pub(in crate::workload) fn error(&self, column: usize, fault: RowFault) -> LoadError {
        let (file, line) = (self.0.file().into(), self.0.line());
        LoadError::Row { file, line, column: COLUMNS[column].to_owned(), fault: fault.into() }
    }
}

/// The row that the fields are, or the column that is wrong and why.
fn check(fields: table::Fields<'_>) -> Result<Row<'_>, (String, RowFault)> {
    let at = |column: usize| move |fault| (COLUMNS[column].to_owned(), fault);
    Ok(Row {
        number: number(fields.at(NUMBER)).map_err(at(NUMBER))?,
        code: code(fields.at(CODE)).map_err(at(CODE))?,
        quantity: quantity(fields.at(QUANTITY)).map_err(at(QUANTITY))?,
        customer: customer(fields.at(CUSTOMER)).map_err(at(CUSTOMER))?,
    })
}

fn number(field: &[u8]) -> Result<&str, RowFault> {
    let number = text(field, NUMBER_BYTES_MAX)?;
    // Replies are written as `<number> accepted`, one a line: a space would break that.
    no_characters(number, |c| c.is_whitespace() || c.is_control())
}

fn code(field: &[u8]) -> Result<&str, RowFault> {
    no_characters(text(field, CODE_BYTES_MAX)?, char::is_control)
}

fn customer(field: &[u8]) -> Result<Option<&str>, RowFault> {
    if field.is_empty() {
        return Ok(None);
    }
    let id = text(field, CUSTOMER_BYTES_MAX)?;
    if id.starts_with(GUEST_PREFIX) {
        return Err(RowFault::LooksLikeGuest(quote(field)));
    }
    no_characters(id, |c| c.is_whitespace() || c.is_control()).map(Some)
}

fn quantity(field: &[u8]) -> Result<i64, RowFault> {
    let not_a_number = || RowFault::NotANumber(quote(field));
    let text = std::str::from_utf8(field).map_err(|_| not_a_number())?;
    match text.parse::<i64>() {
        Ok(units) if units.unsigned_abs() <= u64::from(u32::MAX) => Ok(units),
        Ok(units) => Err(RowFault::TooManyUnits(units.to_string())),
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                Err(RowFault::TooManyUnits(quote(field)))
            }
            IntErrorKind::Empty => Err(RowFault::Empty),
            _ => Err(not_a_number()),
        },
    }
}

fn text(field: &[u8], bytes_max: usize) -> Result<&str, RowFault> {
    if field.is_empty() {
        return Err(RowFault::Empty);
    }
    let bytes = field.len();
    if bytes > bytes_max {
        return Err(RowFault::TooLong { text: quote(field), bytes, bytes_max });
    }
    std::str::from_utf8(field).map_err(|_| RowFault::NotUtf8(quote(field)))
}

fn no_characters(text: &str, bad: impl Fn(char) -> bool) -> Result<&str, RowFault> {
    if text.contains(bad) { Err(RowFault::BadCharacter(quote(text.as_bytes()))) } else { Ok(text) }
}
