//! Numbers and tables as people read them.
//!
//! It doesn't know what the numbers mean.

use std::fmt::Write as _;
use std::io::{self, Write};

/// 5660978 → "5,660,978".
pub(super) use archipelago_benches::table::grouped as thousands;

/// A rate as a whole number with separators.
pub(super) fn rate(per_second: f64) -> String {
    // `as` saturates; a rate is never below 0.
    thousands(per_second.round() as u64)
}

/// 1536 → "1.5 KiB".
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

/// 1,500 µs → "1.5 ms".
pub(super) fn micros(micros: u64) -> String {
    match micros {
        0..=999 => format!("{micros} µs"),
        1_000..=999_999 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// 1 of 3 → "33.3 %"; nothing of nothing → "".
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    format!("{:.1} %", part as f64 * 100.0 / whole as f64)
}

/// Lines of a label, a value and a note: labels to the left, values to the right.
#[derive(Default)]
pub(super) struct Facts(Vec<[String; 3]>);

impl Facts {
    /// Adds a line.
    pub(super) fn add(&mut self, label: &str, value: impl Into<String>, note: impl Into<String>) {
        self.0.push([label.to_owned(), value.into(), note.into()]);
    }

    /// Writes all lines.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = |column: usize| self.0.iter().map(|l| l[column].chars().count()).max();
        let (labels, values) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        for [label, value, note] in &self.0 {
            let line = format!("{label:<labels$}  {value:>values$}  {note}");
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Rows of cells: the first column to the left, all others to the right.
pub(super) fn table(rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(5_660_978), "5,660,978");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
        assert_eq!(
            (micros(7), micros(1500), micros(2_500_000)),
            ("7 µs".into(), "1.5 ms".into(), "2.50 s".into())
        );
        assert_eq!((share(1, 3), share(0, 0)), ("33.3 %".into(), String::new()));
        assert_eq!((rate(1234.5), rate(f64::NAN)), ("1,235".into(), "0".into()));
    }
}
