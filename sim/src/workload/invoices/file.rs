//! The invoices of an Online Retail file (Chen 2015, doi 10.24432/C5BW33), by number.
//!
//! **What the sequence is.** InvoiceNo is a number of six digits, alone, or behind a C (a credit
//! note) or an A (a correction). The letters share one sequence: no number stands behind two of
//! them, and together they fill it best.
//!
//! | of the whole file | invoices | first … last | gaps | numbers missing |
//! |---|---|---|---|---|
//! | all letters, one sequence | 25,900 | 536365 … 581587 | 2,409 | 19,323 |
//! | without letter, taken alone | 22,061 | 536365 … 581587 | 4,331 | 23,162 |
//! | C, taken alone | 3,836 | 536379 … 581569 | 2,589 | 41,355 |
//! | A, taken alone | 3 | 563185 … 563187 | 0 | 0 |
//!
//! The longest gap is 553240 … 553314. In file order the numbers go back 269 times, by 3 places at
//! most.
//!
//! Rules:
//! 1. Invoice = all rows of one InvoiceNo, wherever they stand; the units of its rows are added up.
//! 2. A row that cannot be taken is refused by its line, with the reason, and the others go on: one
//!    that breaks a rule of [`rows`](crate::workload::warehouse::rows), one whose InvoiceNo has no
//!    number, or another letter before a number that stands already, or another customer.
//! 3. A file that cannot be read to its end, or has no invoice, is refused whole.
//!
//! It doesn't know how invoices are sent.

use std::collections::BTreeMap;
use std::path::Path;

use archipelago::patterns::resequencer::{Gap, SerialNumber};

use super::command::{Invoice, Kind, Series};
use crate::workload::fingerprint::{Fingerprint, Fingerprinter};
use crate::workload::warehouse::load_error::{LoadError, RowFault};
use crate::workload::warehouse::rows::{CUSTOMER, NUMBER, Row, Rows};

/// Which letters share a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Sharing {
    /// All of them: how the file's numbers were given.
    One,
    /// None: each letter is a series of its own, with its own gaps.
    ByLetter,
}

/// An invoice with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Its series.
    pub series: Series,
    /// Its number there.
    pub number: SerialNumber,
    /// The rest.
    pub invoice: Invoice,
}

/// The invoices of a file.
#[derive(Clone, Debug)]
pub struct Invoices {
    /// Ascending by number.
    pub all: Vec<Numbered>,
    /// Rows that were taken.
    pub rows: u64,
    /// Rows that were refused, each with its line and the reason.
    pub refused: Vec<String>,
    /// Tells this content from another.
    pub fingerprint: Fingerprint,
}

impl Invoices {
    /// Reads a file, plain or gzip.
    ///
    /// # Errors
    /// [`LoadError`]: the file cannot be read to its end, or has no invoice.
    pub fn load(file: &Path, sharing: Sharing) -> Result<Self, LoadError> {
        let mut source = Rows::open(file)?;
        let (mut found, mut rows, mut refused) = (BTreeMap::new(), 0, Vec::new());
        loop {
            let taken = match source.next() {
                Ok(None) => break,
                Ok(Some(row)) => take(&mut found, sharing, row),
                Err(wrong @ LoadError::Row { .. }) => {
                    refused.push(wrong.to_string());
                    continue;
                }
                Err(wrong) => return Err(wrong),
            };
            match taken {
                Ok(()) => rows += 1,
                Err((column, fault)) => refused.push(source.error(column, fault).to_string()),
            }
        }
        if found.is_empty() {
            return Err(LoadError::NoInvoices { file: file.into() });
        }
        let all = found.into_iter().map(|((number, series), invoice)| Numbered {
            series,
            number,
            invoice,
        });
        let all: Vec<_> = all.collect();
        let fingerprint = fingerprint(&all);
        Ok(Self { all, rows, refused, fingerprint })
    }

    /// The first number of each series.
    #[must_use]
    pub fn firsts(&self) -> BTreeMap<Series, SerialNumber> {
        let mut firsts = BTreeMap::new();
        for one in &self.all {
            firsts.entry(one.series).or_insert(one.number);
        }
        firsts
    }

    /// The numbers that are missing between the first and the last of each series, as (first, last)
    /// of each gap: what a book must find, counted from the file alone.
    #[must_use]
    pub fn gaps(&self) -> BTreeMap<Series, Vec<(u64, u64)>> {
        let mut last: BTreeMap<Series, u64> = BTreeMap::new();
        let mut gaps: BTreeMap<Series, Vec<(u64, u64)>> = BTreeMap::new();
        for Numbered { series, number: SerialNumber(number), .. } in &self.all {
            let gaps = gaps.entry(*series).or_default();
            if let Some(last) = last.insert(*series, *number).filter(|last| last + 1 < *number) {
                gaps.push((last + 1, number - 1));
            }
        }
        gaps
    }
}

/// How many numbers a gap has.
#[must_use]
pub const fn missing(gap: &Gap) -> u64 {
    gap.upto.0 - gap.from.0 + 1
}

type Found = BTreeMap<(SerialNumber, Series), Invoice>;

fn take(found: &mut Found, sharing: Sharing, row: Row<'_>) -> Result<(), (usize, RowFault)> {
    let Some((kind, number)) = numbered(row.number) else {
        return Err((NUMBER, RowFault::NoSerialNumber(row.number.to_owned())));
    };
    let series = match sharing {
        Sharing::One => Series(0),
        Sharing::ByLetter => Series(kind as u16),
    };
    let customer = row.customer.map(str::to_owned);
    let blank = || Invoice { kind, customer: customer.clone(), rows: 0, units: 0 };
    let invoice = found.entry((number, series)).or_insert_with(blank);
    if invoice.kind != kind {
        let first = format!("{}{number}", invoice.kind.letter());
        return Err((NUMBER, RowFault::NumberTaken(first)));
    }
    if invoice.customer != customer {
        let name = |customer: &Option<String>| customer.clone().unwrap_or_default();
        let (first, this) = (name(&invoice.customer), name(&customer));
        let number = row.number.to_owned();
        return Err((CUSTOMER, RowFault::OtherCustomer { number, first, this }));
    }
    invoice.rows = invoice.rows.saturating_add(1);
    // A row has at most 32 bits of units, and there are at most 2^32 rows.
    invoice.units += row.quantity;
    Ok(())
}

/// The letter and the number of an InvoiceNo.
fn numbered(name: &str) -> Option<(Kind, SerialNumber)> {
    let (kind, digits) = match name.as_bytes().first()? {
        b'C' => (Kind::CreditNote, &name[1..]),
        b'A' => (Kind::Correction, &name[1..]),
        _ => (Kind::Sale, name),
    };
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((kind, SerialNumber(is_plain.then(|| digits.parse().ok())??)))
}

fn fingerprint(all: &[Numbered]) -> Fingerprint {
    let mut sum = Fingerprinter::new("invoices");
    for Numbered { series, number, invoice } in all {
        sum.number(u64::from(series.0));
        sum.number(number.0);
        sum.text(invoice.kind.letter());
        sum.text(invoice.customer.as_deref().unwrap_or_default());
        sum.number(u64::from(invoice.rows));
        sum.number(invoice.units as u64);
    }
    sum.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, sharing: Sharing) -> Result<Invoices, LoadError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("InvoiceNo,StockCode,Quantity,CustomerID\n{text}"))
            .unwrap();
        Invoices::load(file.path(), sharing)
    }

    fn numbers(invoices: &Invoices) -> Vec<(u16, u64, i64)> {
        invoices.all.iter().map(|it| (it.series.0, it.number.0, it.invoice.units)).collect()
    }

    const TEXT: &str = "7,x,1,a\n3,x,2,\nC5,x,-3,b\n7,y,4,a\nA6,B,1,\n";

    #[test]
    fn letters_share_a_sequence_or_have_their_own() {
        let one = load(TEXT, Sharing::One).unwrap();
        assert_eq!(numbers(&one), [(0, 3, 2), (0, 5, -3), (0, 6, 1), (0, 7, 5)]);
        assert_eq!((one.rows, one.gaps()[&Series(0)].clone()), (5, vec![(4, 4)]));
        let own = load(TEXT, Sharing::ByLetter).unwrap();
        assert_eq!(numbers(&own), [(0, 3, 2), (1, 5, -3), (2, 6, 1), (0, 7, 5)]);
        assert_eq!(own.gaps()[&Series(0)], [(4, 6)]);
        assert_eq!(own.gaps()[&Series(1)], []);
        assert_ne!(one.fingerprint, own.fingerprint);
    }

    #[test]
    fn a_refused_row_is_named_with_its_line_and_the_others_go_on() {
        let text = "7,x,1,a\nX8,x,1,a\nC7,x,1,a\n7,x,1,b\n9,x,many,a\n,x,1,a\n10,x,1,a\n";
        let invoices = load(text, Sharing::One).unwrap();
        assert_eq!(numbers(&invoices), [(0, 7, 1), (0, 10, 1)]);
        let told: Vec<&str> = invoices
            .refused
            .iter()
            .map(|it| it.split_once(".tmp").map_or(&**it, |it| it.1))
            .collect();
        let told: Vec<&str> = told.iter().map(|it| it.split_once(':').unwrap().1).collect();
        assert_eq!(
            told,
            [
                "3: column InvoiceNo: \"X8\" is no number, nor one behind a C or an A",
                "4: column InvoiceNo: its number is that of 7 already",
                "5: column CustomerID: order 7 began with a, this row has b",
                "6: column Quantity: \"many\" is not a whole number",
                "7: column InvoiceNo: empty",
            ]
        );
        assert!(matches!(load("x,x,1,a\n", Sharing::One), Err(LoadError::NoInvoices { .. })));
    }
}
