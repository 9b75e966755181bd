//! The bookings of a file in the form of Hotel Booking Demand (Antonio, Almeida, Nunes 2019), in
//! file order.
//!
//! Rules:
//! 1. A booking is a row: one room in each of its nights, from the arrival on. It is made lead_time
//!    days before the arrival, and ends on reservation_status_date as reservation_status says.
//! 2. Rows that look alike are separate bookings.
//! 3. It costs adr (a night's price) times its nights, paid by a bank of the guest's country; a
//!    price below nothing is nothing.
//! 4. A row that cannot be understood is told with its line, column and reason, and passed over.
//!
//! It doesn't know islands, nor what is accepted.

use std::fmt;
use std::path::Path;

use archipelago::patterns::saga::STEPS_MAX;

use super::command::{End, Stay};
use super::name::{Bank, BookingId, Cents, Day, Hotel};
use crate::workload::fingerprint::{Fingerprint, Fingerprinter};
use crate::workload::table::{Fields, Table, TableError};

/// The columns that are used.
pub const COLUMNS: [&str; 11] = [
    "hotel",
    "lead_time",
    "arrival_date_year",
    "arrival_date_month",
    "arrival_date_day_of_month",
    "stays_in_weekend_nights",
    "stays_in_week_nights",
    "country",
    "adr",
    "reservation_status",
    "reservation_status_date",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The most nights of a stay: each is a step of its saga, and paying is one more.
pub const NIGHTS_MAX: u32 = STEPS_MAX as u32 - 1;

/// A booking of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number: that of its line, the header not counted.
    pub booking: BookingId,
    /// What is booked.
    pub stay: Stay,
    /// When it is made.
    pub booked: Day,
    /// When it ends; not before.
    pub ended: Day,
    /// How it ends.
    pub end: End,
}

/// A line that is no booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The line; the header is line 1.
    pub line: u64,
    /// The column.
    pub column: String,
    /// Why not.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: column {}: {}", self.line, self.column, self.reason)
    }
}

/// All bookings of a file.
#[derive(Clone, Debug)]
pub struct Stays {
    /// The bookings, in file order.
    pub rows: Vec<Row>,
    /// The lines that are none.
    pub bad: Vec<BadLine>,
    /// Tells this content from another.
    pub fingerprint: Fingerprint,
}

impl Stays {
    /// Reads a file, plain or gzip whatever its name says.
    ///
    /// # Errors
    /// A file that cannot be read, or has no such columns.
    pub fn load(file: &Path) -> Result<Self, TableError> {
        let mut table = Table::open(file, &COLUMNS, "--bookings")?;
        let (mut rows, mut bad) = (Vec::new(), Vec::new());
        let mut print = Fingerprinter::new("hotel bookings");
        while let Some(line) = table.next()? {
            let number = line.number;
            let read = match line.row {
                Ok(fields) => row(number, fields)
                    .map_err(|(column, reason)| (COLUMNS[column].to_owned(), reason)),
                Err((column, no_row)) => Err((column, no_row.to_string())),
            };
            match read {
                Ok(row) => {
                    add(&mut print, &row);
                    rows.push(row);
                }
                Err((column, reason)) => bad.push(BadLine { line: number, column, reason }),
            }
        }
        Ok(Self { rows, bad, fingerprint: print.finish() })
    }
}

/// Why a row is no booking: a place in [`COLUMNS`], and the reason.
type Fault = (usize, String);

fn row(line: u64, fields: Fields<'_>) -> Result<Row, Fault> {
    let hotel = match text(fields, 0)? {
        "City Hotel" => Hotel::City,
        "Resort Hotel" => Hotel::Resort,
        other => return Err((0, format!("{other:?} is neither City Hotel nor Resort Hotel"))),
    };
    let lead = number(fields, 1)?;
    let year = number(fields, 2)?;
    let month = text(fields, 3)?;
    let month = MONTHS.iter().position(|name| *name == month);
    let month = month.ok_or_else(|| (3, "not an English month".to_owned()))? as u32 + 1;
    let day = number(fields, 4)?;
    let arrival = Day::of(year, month, day).ok_or_else(|| (4, "no such day".to_owned()))?;
    let booked = arrival.0.checked_sub(lead).map(Day);
    let booked = booked.ok_or_else(|| (1, "it is booked before 1970".to_owned()))?;
    let nights = number(fields, 5)?.saturating_add(number(fields, 6)?);
    if nights > NIGHTS_MAX {
        return Err((6, format!("{nights} nights are more than {NIGHTS_MAX}")));
    }
    let country = text(fields, 7)?;
    let bank = Bank::of(country);
    let bank = bank.ok_or_else(|| (7, format!("{country:?} has not 1 to 4 letters")))?;
    let price = Cents(cents(text(fields, 8)?).map_err(|why| (8, why))? * u64::from(nights));
    let end = match text(fields, 9)? {
        "Check-Out" => End::CheckOut,
        "Canceled" => End::Cancel,
        "No-Show" => End::NoShow,
        other => return Err((9, format!("{other:?} is not Check-Out, Canceled or No-Show"))),
    };
    let ended = date(text(fields, 10)?).ok_or_else(|| (10, "no such day".to_owned()))?;
    if ended < booked {
        return Err((10, format!("it ends before it is made, on {booked}")));
    }
    let stay = Stay { hotel, arrival, nights: nights as u16, bank, price, desk: None };
    let booking = u32::try_from(line - 1).map_err(|_| (0, "too many lines".to_owned()))?;
    Ok(Row { booking: BookingId(booking), stay, booked, ended, end })
}

fn text(fields: Fields<'_>, column: usize) -> Result<&str, Fault> {
    std::str::from_utf8(fields.at(column)).map_err(|_| (column, "not UTF-8".to_owned()))
}

fn number(fields: Fields<'_>, column: usize) -> Result<u32, Fault> {
    let text = text(fields, column)?;
    text.parse().map_err(|_| (column, format!("{text:?} is not a whole number")))
}

/// An amount in the file's money, with any number of digits behind the point, rounded to cents.
fn cents(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is not an amount of money");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || whole.len() > 9 {
        return Err(bad());
    }
    let mills: u64 = format!("{part:0<3}")[..3].parse().map_err(|_| bad())?;
    let cents = whole.parse::<u64>().map_err(|_| bad())? * 100 + (mills + 5) / 10;
    Ok(if sign < 0 { 0 } else { cents })
}

/// A day as 2015-07-01.
fn date(text: &str) -> Option<Day> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    Day::of(parts.next()??, parts.next()??, parts.next()??)
}

fn add(print: &mut Fingerprinter, row: &Row) {
    let Stay { hotel, arrival, nights, bank, price, .. } = row.stay;
    let numbers = [
        row.booking.0.into(),
        hotel as u64,
        arrival.0.into(),
        nights.into(),
        u32::from_le_bytes(bank.0).into(),
        price.0,
        row.booked.0.into(),
        row.ended.0.into(),
        row.end as u64,
    ];
    numbers.into_iter().for_each(|number| print.number(number));
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const HEADER: &str = "hotel,lead_time,arrival_date_year,arrival_date_month,\
        arrival_date_day_of_month,stays_in_weekend_nights,stays_in_week_nights,country,adr,\
        reservation_status,reservation_status_date";

    fn load(lines: &[&str]) -> Stays {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{HEADER}\n{}", lines.join("\n")).unwrap();
        Stays::load(file.path()).unwrap()
    }

    #[test]
    fn a_row_is_a_stay_with_its_days() {
        let line = "City Hotel,3,2016,March,1,1,2,PRT,98.505,Canceled,2016-02-28";
        let Row { booking, stay, booked, ended, end } = load(&[line]).rows[0];
        assert_eq!((booking, end), (BookingId(1), End::Cancel));
        assert_eq!(
            (booked.to_string(), ended.to_string()),
            ("2016-02-27".into(), "2016-02-28".into())
        );
        let nights: Vec<_> = stay.nights().map(|night| night.to_string()).collect();
        assert_eq!(nights, ["City 2016-03-01", "City 2016-03-02", "City 2016-03-03"]);
        assert_eq!((stay.bank, stay.price), (Bank(*b"PRT "), Cents(3 * 9851)));
    }

    #[test]
    fn a_line_that_is_no_booking_is_told_and_the_rest_is_read() {
        let good = "Resort Hotel,0,2016,March,1,0,0,NULL,-6.38,Check-Out,2016-03-01";
        let bad = [
            ("Seaside,0,2016,March,1,0,0,PRT,1,Check-Out,2016-03-01", "hotel"),
            ("City Hotel,x,2016,March,1,0,0,PRT,1,Check-Out,2016-03-01", "lead_time"),
            ("City Hotel,99999,2016,March,1,0,0,PRT,1,Check-Out,2016-03-01", "lead_time"),
            ("City Hotel,0,2016,Mars,1,0,0,PRT,1,Check-Out,2016-03-01", "arrival_date_month"),
            (
                "City Hotel,0,2015,February,29,0,0,PRT,1,Check-Out,2016-03-01",
                "arrival_date_day_of_month",
            ),
            ("City Hotel,0,2016,March,1,0,1024,PRT,1,Check-Out,2016-03-01", "stays_in_week_nights"),
            ("City Hotel,0,2016,March,1,0,0,LISBON,1,Check-Out,2016-03-01", "country"),
            ("City Hotel,0,2016,March,1,0,0,PRT,1e9,Check-Out,2016-03-01", "adr"),
            ("City Hotel,0,2016,March,1,0,0,PRT,1,Gone,2016-03-01", "reservation_status"),
            ("City Hotel,0,2016,March,1,0,0,PRT,1,Check-Out,2016-02-28", "reservation_status_date"),
            ("City Hotel,0,2016,March,1,0,0,PRT,1,Check-Out", "reservation_status_date"),
        ];
        let lines: Vec<&str> = bad.iter().map(|(line, _)| *line).chain([good]).collect();
        let stays = load(&lines);
        assert_eq!(stays.rows.len(), 1);
        assert_eq!(stays.rows[0].booking, BookingId(bad.len() as u32 + 1));
        assert_eq!(stays.rows[0].stay.price, Cents(0));
        let told: Vec<_> = stays.bad.iter().map(|bad| (bad.line, bad.column.as_str())).collect();
        let expected: Vec<_> = (2..).zip(bad.iter().map(|(_, column)| *column)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn another_content_has_another_fingerprint() {
        let line = "City Hotel,3,2016,March,1,1,2,PRT,98.5,Canceled,2016-02-28";
        let other = "City Hotel,3,2016,March,1,1,2,PRT,98.5,No-Show,2016-02-28";
        assert_eq!(load(&[line]).fingerprint, load(&[line]).fingerprint);
        assert_ne!(load(&[line]).fingerprint, load(&[other]).fingerprint);
    }
}
