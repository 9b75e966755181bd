//! Reads a table (a CSV file, plain or gzip, told by its first bytes) row by row.
//!
//! Rules:
//! 1. The header names the columns; they may stand in any order, others are not looked at.
//! 2. A row is one line with as many fields as the header. A line break inside quotes is a fault:
//!    it is nearly always a quote left open, which would swallow rows in silence.
//! 3. A row with a fault can be passed over: the next one is read all the same. Where the file
//!    itself cannot be read on, that is an error.
//!
//! It doesn't know what the fields mean.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use flate2::bufread::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 256 * 1024;
/// How much of a wrong text a message quotes.
const QUOTE_CHARS_MAX: usize = 60;

/// Why a table cannot be read, or read on. The message is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened: {reason}; check the path given with {option}", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
        /// The option that named it.
        option: &'static str,
    },
    /// Nothing is in the file.
    #[error(
        "{}: the file is empty; it must begin with the header line {}",
        file.display(), columns.join(",")
    )]
    Empty {
        /// The file.
        file: PathBuf,
        /// The columns that it must have.
        columns: &'static [&'static str],
    },
    /// The first line does not name the columns.
    #[error(
        "{}:1: the header must name each of the columns {} once, but {fault}; \
         the line begins \"{found}\"",
        file.display(), columns.join(",")
    )]
    Header {
        /// The file.
        file: PathBuf,
        /// The columns that it must have.
        columns: &'static [&'static str],
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
}

/// Why a row is no row of its table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRow {
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
}

/// A table being read.
pub struct Table {
    file: PathBuf,
    packing: Packing,
    reader: csv::Reader<Box<dyn Read>>,
    columns: &'static [&'static str],
    header_fields: Vec<String>,
    /// Where each of the columns stands in a row.
    places: Vec<usize>,
    record: ByteRecord,
    line: u64,
}

/// A line of a table: what stands in it, or why it is no row, with the name of the column.
#[derive(Debug)]
pub struct Line<'a> {
    /// The file.
    pub file: &'a Path,
    /// The line's number; the header is line 1.
    pub number: u64,
    /// Its fields, or what is wrong.
    pub row: Result<Fields<'a>, (String, NoRow)>,
}

/// The fields of a row, by the place of their column in the list given to [`Table::open`].
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    record: &'a ByteRecord,
    places: &'a [usize],
}

impl<'a> Fields<'a> {
    /// The bytes of a field.
    ///
    /// # Panics
    /// When there are fewer columns.
    #[must_use]
    pub fn at(&self, column: usize) -> &'a [u8] {
        field(self.record, self.places[column])
    }
}

/// How the file's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
}

impl Table {
    /// Opens a file and reads its header; `option` is what named the file, for messages.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn open(
        file: &Path,
        columns: &'static [&'static str],
        option: &'static str,
    ) -> Result<Self, TableError> {
        let open_error = |reason| TableError::Open { file: file.into(), reason, option };
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
            columns,
            header_fields: Vec::new(),
            places: Vec::new(),
            record: ByteRecord::new(),
            line: 0,
        };
        this.read_header()?;
        Ok(this)
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line of the row that was read last; the header is line 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The next line that is not empty; `None` at the end.
    ///
    /// # Errors
    /// [`TableError`]: the file cannot be read on.
    #[allow(clippy::should_implement_trait)] // What it gives borrows from the table.
    pub fn next(&mut self) -> Result<Option<Line<'_>>, TableError> {
        if !self.advance()? {
            return Ok(None);
        }
        let Self { file, record, header_fields, places, line, .. } = self;
        let row = check(record, header_fields).map(|()| Fields { record, places });
        Ok(Some(Line { file, number: *line, row }))
    }

    fn read_header(&mut self) -> Result<(), TableError> {
        let columns = self.columns;
        if !self.advance()? {
            return Err(TableError::Empty { file: self.file.clone(), columns });
        }
        let fields: Vec<String> = (0..self.record.len())
            .map(|place| String::from_utf8_lossy(field(&self.record, place)).into_owned())
            .collect();
        for column in columns {
            let mut found = fields.iter().enumerate().filter(|(_, field)| field == column);
            let fault = match (found.next(), found.next()) {
                (Some((at, _)), None) => {
                    self.places.push(at);
                    continue;
                }
                (None, _) => format!("{column} is missing"),
                (Some(_), Some(_)) => format!("{column} is there twice"),
            };
            let found = quote(fields.join(",").as_bytes());
            return Err(TableError::Header { file: self.file.clone(), columns, fault, found });
        }
        self.header_fields = fields;
        Ok(())
    }

    /// Reads the next line that is not empty; `false` at the end.
    fn advance(&mut self) -> Result<bool, TableError> {
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

    fn read_error(&self, error: csv::Error) -> TableError {
        let reason = match error.into_kind() {
            csv::ErrorKind::Io(reason) => reason,
            // Bytes are read, and rows of any length: nothing else can be wrong.
            other => io::Error::other(format!("{other:?}")),
        };
        let (file, line) = (self.file.clone(), self.line);
        match (self.packing, reason.kind()) {
            (Packing::Gzip, io::ErrorKind::UnexpectedEof) => {
                TableError::TruncatedGzip { file, line }
            }
            (Packing::Gzip, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                TableError::DamagedGzip { file, line, reason }
            }
            _ => TableError::Read { file, line, reason },
        }
    }
}

/// Whether a record is a row, or the column that is wrong and why.
fn check(record: &ByteRecord, header: &[String]) -> Result<(), (String, NoRow)> {
    let (fields, columns) = (record.len(), header.len());
    if record.as_slice().contains(&b'\n') {
        let at = record.iter().position(|field| field.contains(&b'\n')).unwrap_or(0);
        return Err((column_name(header, at), NoRow::LineBreak));
    }
    if fields < columns {
        return Err((column_name(header, fields), NoRow::Missing { fields, columns }));
    }
    if fields > columns {
        return Err((column_name(header, columns), NoRow::TooManyFields { fields, columns }));
    }
    Ok(())
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

/// The beginning of a text for a message, always one line.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut quoted: String =
        text.chars().take(QUOTE_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    quoted
}
