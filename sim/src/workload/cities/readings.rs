//! Reads a file of hourly readings of several stations, one measure of it.
//!
//! Rules:
//! 1. The columns year, month, day, hour, station and the measure are used; others are not looked
//!    at. `NA` or nothing stands for a reading that never came.
//! 2. A row that is wrong is passed over, and named with its line, column and reason. Only a file
//!    that cannot be read on ends the reading.
//! 3. All hours and stations that rows name are expected, also those without a reading.
//!
//! It doesn't know what is done with them.

use std::collections::BTreeSet;
use std::path::Path;

use archipelago::patterns::aggregator::Version;

use super::command::Reading;
use super::fixed::Fixed;
use super::hour::{Hour, Station};
use crate::workload::fingerprint::{Fingerprint, Fingerprinter};
use crate::workload::name::BadName;
use crate::workload::table::{Fields, NoRow, Table, TableError, quote};

/// The measures that the file of Beijing has.
pub const MEASURES: [&str; 11] =
    ["PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"];
/// The most stations.
pub const STATIONS_MAX: usize = 1024;

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// It is no row at all.
    #[error(transparent)]
    NoRow(#[from] NoRow),
    /// The field is not a whole number.
    #[error("\"{0}\" is not a whole number")]
    NotWhole(String),
    /// There is no such hour.
    #[error("there is no hour {0}")]
    NoHour(String),
    /// The field is no decimal that can be kept.
    #[error("\"{0}\" is neither a number up to 10^9 in size nor NA")]
    NotANumber(String),
    /// The field is not valid UTF-8.
    #[error("\"{0}\" is not valid UTF-8")]
    NotUtf8(String),
    /// It is no name.
    #[error(transparent)]
    BadName(#[from] BadName),
    /// One station more than there may be.
    #[error("it is one station more than {STATIONS_MAX}")]
    TooManyStations,
}

/// A row that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: column {column}: {fault}")]
pub struct BadRow {
    /// Its line; the header is line 1.
    pub line: u64,
    /// The column.
    pub column: String,
    /// What is wrong.
    pub fault: RowFault,
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// All stations.
    pub stations: BTreeSet<Station>,
    /// All hours.
    pub hours: BTreeSet<Hour>,
    /// What was measured, by hour and line.
    pub readings: Vec<Reading>,
    /// The rows that were passed over.
    pub bad: Vec<BadRow>,
}

impl Readings {
    /// Reads one measure of a file.
    ///
    /// # Errors
    /// [`TableError`]: the file cannot be read, or on, or has no such column.
    pub fn load(file: &Path, measure: &'static str) -> Result<Self, TableError> {
        let columns = columns(measure);
        let mut table = Table::open(file, columns, "--readings")?;
        let mut this = Self::default();
        while let Some(line) = table.next()? {
            let (number, row) = (line.number, line.row);
            let taken = row
                .map_err(|(column, fault)| (column, fault.into()))
                .and_then(|fields| this.take(fields, columns, number));
            if let Err((column, fault)) = taken {
                this.bad.push(BadRow { line: number, column, fault });
            }
        }
        this.readings.sort_unstable_by_key(|reading| (reading.hour, reading.version));
        Ok(this)
    }

    /// Tells these readings from others.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut sum = Fingerprinter::new("readings v1");
        self.stations.iter().for_each(|station| sum.text(station.as_str()));
        self.hours.iter().for_each(|hour| sum.number(hour.0.into()));
        for Reading { hour, station, version, value } in &self.readings {
            sum.text(station.as_str());
            [hour.0.into(), version.0, value.0.cast_unsigned()]
                .into_iter()
                .for_each(|number| sum.number(number));
        }
        sum.finish()
    }

    fn take(
        &mut self,
        fields: Fields<'_>,
        columns: &[&str],
        line: u64,
    ) -> Result<(), (String, RowFault)> {
        let at = |column: usize| move |fault| (columns[column].to_owned(), fault);
        let whole = |column| whole(fields.at(column)).map_err(at(column));
        let date = [whole(YEAR)?, whole(MONTH)?, whole(DAY)?, whole(HOUR)?];
        let [year, month, day, hour] = date;
        let hour = Hour::of(year, month, day, hour).ok_or_else(|| {
            at(HOUR)(RowFault::NoHour(format!("{year}-{month:02}-{day:02}T{hour:02}")))
        })?;
        let station = station(fields.at(STATION)).map_err(at(STATION))?;
        let value = value(fields.at(MEASURE)).map_err(at(MEASURE))?;
        if self.stations.len() == STATIONS_MAX && !self.stations.contains(&station) {
            return Err(at(STATION)(RowFault::TooManyStations));
        }
        self.stations.insert(station);
        self.hours.insert(hour);
        let reading = value.map(|value| Reading { hour, station, version: Version(line), value });
        self.readings.extend(reading);
        Ok(())
    }
}

const YEAR: usize = 0;
const MONTH: usize = 1;
const DAY: usize = 2;
const HOUR: usize = 3;
const STATION: usize = 4;
const MEASURE: usize = 5;

/// The columns of one measure. A program asks for few of them, and for as long as it runs.
fn columns(measure: &'static str) -> &'static [&'static str] {
    Box::leak(Box::new(["year", "month", "day", "hour", "station", measure]))
}

fn text(field: &[u8]) -> Result<&str, RowFault> {
    std::str::from_utf8(field).map_err(|_| RowFault::NotUtf8(quote(field)))
}

fn whole(field: &[u8]) -> Result<u32, RowFault> {
    let number = std::str::from_utf8(field).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| RowFault::NotWhole(quote(field)))
}

fn station(field: &[u8]) -> Result<Station, RowFault> {
    Ok(Station::try_from(text(field)?)?)
}

fn value(field: &[u8]) -> Result<Option<Fixed>, RowFault> {
    match text(field)? {
        "" | "NA" => Ok(None),
        text => match Fixed::parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(RowFault::NotANumber(quote(field))),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn load(text: &str) -> Readings {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Readings::load(file.path(), "TEMP").unwrap()
    }

    #[test]
    fn a_bad_row_is_named_with_line_and_reason_and_the_rest_goes_on() {
        let read = load(
            "year,month,day,hour,TEMP,station\n\
             2013,3,1,0,-0.7,A\n\
             2013,2,29,0,1,A\n\
             2013,3,1,x,1,A\n\
             2013,3,1,0,warm,B\n\
             2013,3,1,0,1,\n\
             2013,3,1,0\n\
             2013,3,1,0,NA,B\n\
             2013,3,1,0,3,A\n",
        );
        let bad: Vec<String> = read.bad.iter().map(ToString::to_string).collect();
        assert_eq!(
            bad,
            [
                "line 3: column hour: there is no hour 2013-02-29T00",
                "line 4: column hour: \"x\" is not a whole number",
                "line 5: column TEMP: \"warm\" is neither a number up to 10^9 in size nor NA",
                "line 6: column station: a name cannot be empty",
                "line 7: column TEMP: missing: the row has 4 fields, the header 6",
            ]
        );
        let values: Vec<_> = read.readings.iter().map(|r| (r.version.0, r.value.0)).collect();
        assert_eq!(values, [(2, -7_000), (9, 30_000)]);
        assert_eq!((read.stations.len(), read.hours.len()), (2, 1), "NA is a station's too");
    }

    #[test]
    fn a_file_without_the_measure_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"year,month,day,hour,station\n").unwrap();
        let error = Readings::load(file.path(), "TEMP").unwrap_err().to_string();
        assert!(error.contains("TEMP is missing"), "{error}");
    }
}
