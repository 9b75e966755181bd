//! What can be wrong with an order file, each said in one line: what, where, what to do.
//!
//! It doesn't know how the file is read.

use std::path::PathBuf;

use crate::workload::table::{NoRow, TableError};

/// Why an order file was refused. The message is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read as a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A row is wrong.
    #[error("{}:{line}: column {column}: {fault}", file.display())]
    Row {
        /// The file.
        file: PathBuf,
        /// The line of the row; the header is line 1.
        line: u64,
        /// The name of the column.
        column: String,
        /// What is wrong with it.
        fault: Box<RowFault>,
    },
    /// There is a header but no invoice.
    #[error("{}: no invoice is in it: no row could be taken", file.display())]
    NoInvoices {
        /// The file.
        file: PathBuf,
    },
    /// There is a header but no order.
    #[error(
        "{}: no order is in it: no row has Quantity above 0 and an InvoiceNo without C or A",
        file.display()
    )]
    NoOrders {
        /// The file.
        file: PathBuf,
    },
}

/// What is wrong with one field of a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// It is no row at all.
    #[error(transparent)]
    NoRow(#[from] NoRow),
    /// The field is empty.
    #[error("empty")]
    Empty,
    /// The field is not text.
    #[error("\"{0}\" is not valid UTF-8")]
    NotUtf8(String),
    /// The field is too long.
    #[error("\"{text}\" has {bytes} bytes, at most {bytes_max} are allowed")]
    TooLong {
        /// How the field begins.
        text: String,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The field has a character that an order number, code or id cannot have.
    #[error("\"{0}\" has a space or a control character")]
    BadCharacter(String),
    /// A customer's id that looks like a guest's login.
    #[error("\"{0}\" begins like a guest's login")]
    LooksLikeGuest(String),
    /// The quantity is not an integer.
    #[error("\"{0}\" is not a whole number")]
    NotANumber(String),
    /// The quantity, or the order's units of the product together, exceed 32 bits.
    #[error("{0} units are too many: at most {max} fit in one line of an order", max = u32::MAX)]
    TooManyUnits(String),
    /// A credit note that takes instead of giving back.
    #[error("{0}, but a row of a credit note (InvoiceNo C…) gives back: it must be below 0")]
    ReturnNotBelowZero(i64),
    /// An InvoiceNo that has no number.
    #[error("\"{0}\" is no number, nor one behind a C or an A")]
    NoSerialNumber(String),
    /// Two invoices with one number, whose letters differ.
    #[error("its number is that of {0} already")]
    NumberTaken(String),
    /// The rows of one order belong to different customers.
    #[error("order {number} began with {first}, this row has {this}")]
    OtherCustomer {
        /// The order.
        number: String,
        /// The login of its first row.
        first: String,
        /// The login of this row.
        this: String,
    },
}
