//! `docs/JOURNAL.md` and `docs/SNAPSHOTS.md` held against the golden files and the code: they
//! cannot drift.
//!
//! Rules:
//! 1. A line `Golden: FILE from OFFSET.` (or `Golden, version 2: …`) says what the next table
//!    shows: rows `| a..b | hex | … |` follow each other without a gap.
//! 2. The recovery table is read row by row, in its order.
//!
//! It doesn't know the format: it compares bytes.

use std::path::{Path, PathBuf};

use archipelago::core::journal::frame::{HEADER_BYTES, body_crc};
use archipelago::core::journal::recovery::TABLE;
use archipelago::core::journal::trailer::TRAILER_BYTES;

use super::files::golden;
use super::journal::Version;

fn page_of(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(file).expect("the page")
}

fn page() -> String {
    page_of("JOURNAL.md")
}

/// The cells of a table's line.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
}

/// A row's range of bytes.
fn range(cell: &str) -> Option<(usize, usize)> {
    let (start, end) = cell.split_once("..")?;
    Some((start.parse().ok()?, end.parse().ok()?))
}

/// Compares all tables of a page with the files in `folder`s; returns how far each goes.
fn compared(page: &str, folder: impl Fn(Version) -> PathBuf) -> Vec<usize> {
    let mut golden_bytes = Vec::new();
    let (mut reached, mut tables) = (0, Vec::new());
    for line in page.lines() {
        let shown = [("Golden: `", Version::One), ("Golden, version 2: `", Version::Two)];
        let named = |(start, version)| Some((line.strip_prefix(start)?, version));
        if let Some((rest, version)) = shown.into_iter().find_map(named) {
            let (file, from) = rest.split_once("` from ").expect("a file and an offset");
            let from: usize = from.trim_end_matches('.').parse().expect("an offset");
            golden_bytes =
                std::fs::read(folder(version).join(file)).expect("a golden file").split_off(from);
            tables.push(0);
            reached = 0;
        }
        let Some(row) = cells(line) else { continue };
        let &[bytes, shown, ..] = row.as_slice() else { continue };
        let Some((start, end)) = range(bytes) else { continue };
        assert_eq!(start, reached, "a gap before: {line}");
        let hex: Vec<String> =
            golden_bytes[start..end].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown, format!("`{}`", hex.join(" ")), "{line}");
        reached = end;
        *tables.last_mut().expect("a table says which file it shows") = end;
    }
    tables
}

#[test]
fn each_field_stands_where_the_page_says() {
    // Two headers, three records, and a trailer, each to its end.
    let tables = compared(&page(), golden);
    assert_eq!(tables, [HEADER_BYTES, HEADER_BYTES, 78, 52, 32, TRAILER_BYTES]);
    // The head, and an island to its end.
    let tables = compared(&page_of("SNAPSHOTS.md"), |_| super::snapshot::folder());
    assert_eq!(tables, [63, 94]);
}

#[test]
fn the_recovery_table_is_the_one_on_the_page() {
    let page = page();
    let (_, after) = page.split_once("| at n | behind | verdict | said as |").expect("the table");
    let shown: Vec<Vec<&str>> = after.lines().skip(2).map_while(cells).collect();
    let fact = |fact: Option<String>| fact.unwrap_or_else(|| "any".to_owned());
    let expected: Vec<Vec<String>> = TABLE
        .iter()
        .map(|row| {
            let here = fact(row.here.map(|here| format!("{here:?}")));
            let after = fact(row.after.map(|after| format!("{after:?}")));
            vec![here, after, format!("{:?}", row.verdict), row.label.to_owned()]
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn the_checksum_is_the_one_the_page_names() {
    let page = page();
    let line = page.lines().find(|line| line.contains("`123456789`")).expect("the check value");
    assert!(line.contains(&format!("gives `{:08x}`", body_crc(b"123456789"))), "{line}");
}
