//! What is wrong with arguments, order files and reply files is told in one line, with exit 2.
//!
//! Rules:
//! 1. Each refusal names what is wrong: the file with line and column, or the argument.
//! 2. A refused run leaves no journal behind, and no replies.
//!
//! Data directories that cannot be used stand in `bad_directory`, damaged ones in `damage`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::harness::{archipelago, first_week, json, number, place, refused};

const HEADER: &str = "InvoiceNo,StockCode,Quantity,CustomerID\n";

fn file(place: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let file = place.join(name);
    std::fs::write(&file, bytes).expect("a file can be written");
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).expect("memory can be written");
    gzip.finish().expect("memory can be written")
}

/// Expects `orders` to be refused with `reason`, and nothing to be left behind.
fn orders_refused(place: &Path, orders: &Path, reason: &str) {
    let (data, replies) = (place.join("sea"), place.join("replies.txt"));
    let mut command = archipelago("run warehouse --durability os");
    command.arg("--orders").arg(orders).arg("--data").arg(&data).arg("--replies").arg(&replies);
    let line = refused(&mut command);
    assert!(line.starts_with(&orders.display().to_string()), "{line} names its file");
    assert!(line.contains(reason), "{line}\ndoes not say: {reason}");
    assert!(!data.exists() && !replies.exists(), "{line}: something was left behind");
}

#[test]
fn an_order_file_that_is_not_there_is_named() {
    let place = place();
    orders_refused(place.path(), &place.path().join("none.csv"), "cannot be opened: No such file");
    orders_refused(place.path(), place.path(), "Is a directory");
}

#[test]
fn a_bad_row_is_named_with_its_line_and_column() {
    let place = place();
    let cases = [
        ("", "the file is empty"),
        ("InvoiceNo,StockCode\n", ":1: the header must name each of the columns"),
        (HEADER, "no order is in it"),
        (&format!("{HEADER}1,A,six,7\n"), ":2: column Quantity: \"six\""),
        (&format!("{HEADER}1,A,2,7\n2,A,1.5,7\n"), ":3: column Quantity: \"1.5\""),
        (&format!("{HEADER}1,A,99999999999,7\n"), ":2: column Quantity:"),
        (&format!("{HEADER}1,A,,7\n"), ":2: column Quantity:"),
        (&format!("{HEADER}1,A\n"), ":2: column Quantity: missing"),
        (&format!("{HEADER}1,A,2,7,8\n"), ":2: "),
        (&format!("{HEADER},A,2,7\n"), ":2: column InvoiceNo:"),
        (&format!("{HEADER}1,,2,7\n"), ":2: column StockCode:"),
    ];
    for (number, (text, reason)) in cases.into_iter().enumerate() {
        let plain = file(place.path(), &format!("{number}.csv"), text);
        orders_refused(place.path(), &plain, reason);
        let packed = file(place.path(), &format!("{number}.csv.gz"), gzip(text.as_bytes()));
        orders_refused(place.path(), &packed, reason);
    }
}

#[test]
fn a_truncated_gzip_is_refused_wherever_it_was_cut() {
    let place = place();
    let mut text = HEADER.to_owned();
    for order in 0..5_000 {
        text.push_str(&format!("{order},P{},{},{}\n", order * 7 % 311, order % 9 + 1, order % 97));
    }
    let whole = gzip(text.as_bytes());
    for (number, bytes) in
        [20, whole.len() / 2, whole.len() - 9, whole.len() - 1].iter().enumerate()
    {
        let cut = file(place.path(), &format!("{number}.csv.gz"), &whole[..*bytes]);
        orders_refused(place.path(), &cut, "the gzip data is cut off after this line");
    }
    let mut damaged = whole.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 0x40;
    let damaged = file(place.path(), "x.csv.gz", &damaged);
    orders_refused(place.path(), &damaged, "the gzip data is damaged after this line");
}

#[test]
fn a_truncated_real_file_is_refused() {
    let Some(whole) = first_week() else { return };
    let place = place();
    let bytes = std::fs::read(whole).expect("the real file can be read");
    let cut = file(place.path(), "week.csv.gz", &bytes[..bytes.len() - 1_000]);
    orders_refused(place.path(), &cut, "the gzip data is cut off after this line");
}

#[test]
fn arguments_that_cannot_be_are_named() {
    let cases = [
        ("run warehouse --islands 0", "0 islands: there must be between 1 and 4096"),
        ("run warehouse --islands 5000", "5000 islands: there must be between 1 and 4096"),
        ("run warehouse --islands many", "it must be a whole number from 1 to 4096"),
        ("run warehouse --threads 0", "it must be a whole number from 1 to 1024"),
        ("run warehouse --stock 2.5", "whole number of percent between 0 and 10000"),
        ("run warehouse --sail", "unexpected argument '--sail'"),
        ("run warehouse --durability stone", "[possible values: disk, os, memory]"),
        ("run lighthouse", "unrecognized subcommand 'lighthouse'"),
        ("run warehouse --durability memory --data sea", "--durability memory keeps nothing"),
        ("state warehouse --data sea --orders --product A", "cannot be used with"),
        ("replay", "--data <DIR>"),
        ("replay --data", "a value is required for '--data <DIR>'"),
        ("", "subcommand"),
    ];
    for (words, reason) in cases {
        let line = refused(&mut archipelago(words));
        assert!(line.contains(reason), "{words}: {line}\ndoes not say: {reason}");
    }
}

#[test]
fn a_replies_file_of_somebody_else_is_refused_and_left_as_it_is() {
    let place = place();
    let letter = "Dear customer,\nyour order\n";
    let replies = file(place.path(), "letter.txt", letter);
    let data = place.path().join("sea");
    let mut command = archipelago("run warehouse --commands 50 --durability os");
    command.arg("--data").arg(&data).arg("--replies").arg(&replies);
    let line = refused(&mut command);
    assert!(line.contains("letter.txt:1: \"Dear customer,"), "{line}");
    assert!(line.contains("is not `<InvoiceNo> accepted|refused`"), "{line}");
    assert_eq!(std::fs::read_to_string(&replies).unwrap(), letter);
    let nowhere = place.path().join("no/such/folder/replies.txt");
    let mut command = archipelago("run warehouse --commands 50 --durability os");
    let line = refused(command.arg("--data").arg(&data).arg("--replies").arg(&nowhere));
    assert!(line.contains("No such file or directory"), "{line}");
    assert!(!data.exists(), "a refused run leaves no journal");
}

#[test]
fn a_good_file_is_taken_plain_and_packed() {
    // The twin of all refusals here.
    let place = place();
    let text = format!("{HEADER}1,A,2,7\n2,A,1,\n1,B,3,7\nC3,A,-1,7\n");
    let plain = file(place.path(), "good.csv", &text);
    let packed = file(place.path(), "good.csv.gz", gzip(text.as_bytes()));
    for orders in [plain, packed] {
        let words = "run warehouse --serial --returns --islands 2 --durability os --orders";
        let report = json(archipelago(words).arg(orders));
        assert_eq!((number(&report, "orders"), number(&report, "accepted")), (2, 2));
        assert_eq!((number(&report, "units_sold"), number(&report, "returns_accepted")), (6, 1));
    }
}
