//! What can be wrong with an order file, each said in one line: what, where, what to do.
//!
//! It doesn't know how the file is read.

use std::io;
use std::path::PathBuf;

use super::rows::COLUMNS;

/// Why an order file was refused. The message is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened: {reason}; check the path given with --orders", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// Nothing is in the file.
    #[error(
        "{}: the file is empty; it must begin with the header line {}",
        file.display(), COLUMNS.join(",")
    )]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The first line is not the header of an order file.
    #[error(
        "{}:1: the header must name each of the columns {} once, but {fault}; \
         the line begins \"{found}\"",
        file.display(), COLUMNS.join(",")
    )]
    Header {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        fault: String,
        /// How the line begins, with odd characters escaped.
        found: String,
    },
    /// The compressed data ends before its end.
    #[error(
        "{}:{line}: the gzip data is cut off after this line; copy or download the file again",
        file.display()
    )]
    TruncatedGzip {
        /// The file.
        file: PathBuf,
        /// The last line that was read whole; 0 when there was none.
        line: u64,
    },
    /// The compressed data is damaged.
    #[error(
        "{}:{line}: the gzip data is damaged after this line ({reason}); \
         copy or download the file again",
        file.display()
    )]
    DamagedGzip {
        /// The file.
        file: PathBuf,
        /// The last line that was read whole; 0 when there was none.
        line: u64,
        /// What the decoder says.
        reason: io::Error,
    },
    /// The system cannot read on.
    #[error("{}:{line}: cannot read on after this line: {reason}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The last line that was read whole; 0 when there was none.
        line: u64,
        /// What the system says.
        reason: io::Error,
    },
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
    /// The row ends before this column.
    #[error("missing: the row has {fields} fields, the header {columns}")]
    Missing {
        /// Fields of the row.
        fields: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// The row goes on after the last column.
    #[error("the row has {fields} fields, the header only {columns}")]
    TooManyFields {
        /// Fields of the row.
        fields: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// A field goes on in the next line.
    #[error("the field goes on in the next line; is a quote left open?")]
    LineBreak,
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
