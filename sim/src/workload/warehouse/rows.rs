//! Reads an order file row by row: plain or gzip (told by its first bytes), checked field by
//! field.
//!
//! Rules:
//! 1. The header names the columns; they may stand in any order, others are not looked at.
//! 2. A row is one line with as many fields as the header. A line break inside quotes is refused:
//!    it is nearly always a quote left open, which would swallow orders in silence.
//! 3. The four columns used are UTF-8 and within their limits; all others may hold any bytes.
//! 4. The first row that breaks a rule ends the reading, with its line and column.
//!
//! It doesn't know what an order is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::num::IntErrorKind;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use flate2::bufread::MultiGzDecoder;

use super::load_error::{LoadError, RowFault};

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

const NUMBER: usize = 0;
const CODE: usize = 1;
/// The place of Quantity in [`COLUMNS`].
pub(super) const QUANTITY: usize = 2;
/// The place of CustomerID in [`COLUMNS`].
pub(super) const CUSTOMER: usize = 3;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 256 * 1024;
/// How much of a wrong text a message quotes.
const QUOTE_CHARS_MAX: usize = 60;

/// One checked row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// InvoiceNo.
    pub(super) number: &'a str,
    /// StockCode.
    pub(super) code: &'a str,
    /// Quantity: within ±`u32::MAX`.
    pub(super) quantity: i64,
    /// CustomerID, if there is one.
    pub(super) customer: Option<&'a str>,
}

/// A file being read.
pub(super) struct Rows {
    file: PathBuf,
    packing: Packing,
    reader: csv::Reader<Box<dyn Read>>,
    header_fields: Vec<String>,
    /// Where each of [`COLUMNS`] stands in a row.
    places: [usize; COLUMNS.len()],
    record: ByteRecord,
    line: u64,
}

/// How the file's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
}

impl Rows {
    /// Opens a file and reads its header.
    pub(super) fn open(file: &Path) -> Result<Self, LoadError> {
        let open_error = |reason| LoadError::Open { file: file.into(), reason };
        let mut bytes =
            BufReader::with_capacity(BUFFER_BYTES, File::open(file).map_err(open_error)?);
        let start = bytes.fill_buf().map_err(open_error)?;
        let packing = if start.starts_with(&GZIP_MAGIC) { Packing::Gzip } else { Packing::Plain };
        let bytes: Box<dyn Read> = match packing {
            Packing::Plain => Box::new(bytes),
            Packing::Gzip => Box::new(MultiGzDecoder::new(bytes)),
        };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // With its own choice of line ends the reader loses count of lines.
            .terminator(csv::Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER_BYTES)
            // Now each row ends with a line feed, also the last one: that makes lines countable.
            .from_reader(Box::new(bytes.chain(&b"\n"[..])) as Box<dyn Read>);
        let mut this = Self {
            file: file.into(),
            packing,
            reader,
            header_fields: Vec::new(),
            places: [0; COLUMNS.len()],
            record: ByteRecord::new(),
            line: 0,
        };
        this.read_header()?;
        Ok(this)
    }

    /// The next row, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, LoadError> {
        if !self.advance()? {
            return Ok(None);
        }
        // The row borrows the record, so errors are made from the fields beside it.
        let Self { file, record, header_fields, places, line, .. } = self;
        match check(record, header_fields, places) {
            Ok(row) => Ok(Some(row)),
            Err((column, fault)) => {
                Err(LoadError::Row { file: file.clone(), line: *line, column, fault: fault.into() })
            }
        }
    }

    /// An error at the row that was read last; `column` is a place in [`COLUMNS`].
    pub(super) fn error(&self, column: usize, fault: RowFault) -> LoadError {
        let column = COLUMNS[column].to_owned();
        LoadError::Row { file: self.file.clone(), line: self.line, column, fault: fault.into() }
    }

    fn read_header(&mut self) -> Result<(), LoadError> {
        if !self.advance()? {
            return Err(LoadError::Empty { file: self.file.clone() });
        }
        let fields: Vec<String> = (0..self.record.len())
            .map(|place| String::from_utf8_lossy(field(&self.record, place)).into_owned())
            .collect();
        for (place, column) in self.places.iter_mut().zip(COLUMNS) {
            let mut found = fields.iter().enumerate().filter(|(_, field)| *field == column);
            let fault = match (found.next(), found.next()) {
                (Some((at, _)), None) => {
                    *place = at;
                    continue;
                }
                (None, _) => format!("{column} is missing"),
                (Some(_), Some(_)) => format!("{column} is there twice"),
            };
            let found = quote(fields.join(",").as_bytes());
            return Err(LoadError::Header { file: self.file.clone(), fault, found });
        }
        self.header_fields = fields;
        Ok(())
    }

    /// Reads the next line that is not empty; `false` at the end.
    fn advance(&mut self) -> Result<bool, LoadError> {
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) if self.record.as_slice() == b"\r" => {}
                Ok(true) => {
                    self.line = self.line_of_record();
                    return Ok(true);
                }
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.read_error(error)),
            }
        }
    }

    /// The line the record begins at. (Its own position is from before empty lines are skipped.)
    fn line_of_record(&self) -> u64 {
        let bytes = self.record.as_slice();
        let inside = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        // A quote left open to the end of the file has swallowed also the line's own end.
        let own_end = if bytes.ends_with(b"\n") { 0 } else { 1 };
        self.reader.position().line().saturating_sub(inside + own_end)
    }

    fn read_error(&self, error: csv::Error) -> LoadError {
        let reason = match error.into_kind() {
            csv::ErrorKind::Io(reason) => reason,
            // Bytes are read, and rows of any length: nothing else can be wrong.
            other => io::Error::other(format!("{other:?}")),
        };
        let (file, line) = (self.file.clone(), self.line);
        match (self.packing, reason.kind()) {
            (Packing::Gzip, io::ErrorKind::UnexpectedEof) => {
                LoadError::TruncatedGzip { file, line }
            }
            (Packing::Gzip, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                LoadError::DamagedGzip { file, line, reason }
            }
            _ => LoadError::Read { file, line, reason },
        }
    }
}

/// The row in a record, or the column that is wrong and why.
fn check<'a>(
    record: &'a ByteRecord,
    header: &[String],
    places: &[usize; COLUMNS.len()],
) -> Result<Row<'a>, (String, RowFault)> {
    let (fields, columns) = (record.len(), header.len());
    if record.as_slice().contains(&b'\n') {
        let at = record.iter().position(|field| field.contains(&b'\n')).unwrap_or(0);
        return Err((column_name(header, at), RowFault::LineBreak));
    }
    if fields < columns {
        return Err((column_name(header, fields), RowFault::Missing { fields, columns }));
    }
    if fields > columns {
        return Err((column_name(header, columns), RowFault::TooManyFields { fields, columns }));
    }
    let field = |column: usize| field(record, places[column]);
    let at = |column: usize| move |fault| (COLUMNS[column].to_owned(), fault);
    Ok(Row {
        number: number(field(NUMBER)).map_err(at(NUMBER))?,
        code: code(field(CODE)).map_err(at(CODE))?,
        quantity: quantity(field(QUANTITY)).map_err(at(QUANTITY))?,
        customer: customer(field(CUSTOMER)).map_err(at(CUSTOMER))?,
    })
}

/// A field of a record, without what is left of a Windows line end.
fn field(record: &ByteRecord, place: usize) -> &[u8] {
    let field = &record[place];
    match field.strip_suffix(b"\r") {
        Some(stripped) if place + 1 == record.len() => stripped,
        _ => field,
    }
}

/// The name of the column at `place`, or its number behind the last one.
fn column_name(header: &[String], place: usize) -> String {
    header.get(place).map_or_else(|| (place + 1).to_string(), |name| quote(name.as_bytes()))
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

/// The beginning of a text for a message, always one line.
fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut quoted: String =
        text.chars().take(QUOTE_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    quoted
}
