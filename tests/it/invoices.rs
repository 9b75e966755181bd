//! `run invoices`: a foreign sequence, shuffled and doubled, comes out in order, each once, with
//! exactly the gaps that are in the file.
//!
//! Rules:
//! 1. What must come out is counted here from the file, line by line, not by the program.
//! 2. The same for every number of islands, and after kill -9.
//!
//! It doesn't know how a book puts things in order.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::harness::{archipelago, first_week, json, number, place, say, start, whole_file};

/// The numbers of a file's invoices: the first field of each line, without its letter.
fn numbers(file: &Path) -> BTreeSet<u64> {
    let lines = BufReader::new(MultiGzDecoder::new(fs::File::open(file).unwrap())).split(b'\n');
    let number = |line: Vec<u8>| {
        let field = line.split(|byte| *byte == b',').next().unwrap();
        std::str::from_utf8(field).unwrap().trim_start_matches(['C', 'A']).parse().unwrap()
    };
    lines.skip(1).map(|line| number(line.unwrap())).collect()
}

/// What is missing between them, as (first, last) of each gap.
fn gaps(numbers: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    let pairs = numbers.iter().zip(numbers.iter().skip(1));
    pairs.filter(|(a, b)| *a + 1 < **b).map(|(a, b)| (a + 1, b - 1)).collect()
}

/// The gaps that a run wrote down; each is of the one series, void, and not closed before it
/// opened.
fn written(file: &Path) -> Vec<(u64, u64)> {
    let text = fs::read_to_string(file).unwrap();
    let gap = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let [series, from, upto, _, since, closed, why] = fields[..] else { panic!("{line}") };
        assert_eq!((series, why), ("all", "void"), "{line}");
        assert!(since.parse::<u64>().unwrap() <= closed.parse().unwrap(), "{line}");
        (from.parse().unwrap(), upto.parse().unwrap())
    };
    text.lines().skip(1).map(gap).collect()
}

fn is_whole(report: &Value, invoices: u64, gaps: &[(u64, u64)]) {
    let missing: u64 = gaps.iter().map(|(from, upto)| upto - from + 1).sum();
    let counts = ["booked", "gaps", "missing", "late"].map(|key| number(report, key));
    assert_eq!(counts, [invoices, gaps.len() as u64, missing, 0], "{report}");
    let sent = number(report, "sent") - number(report, "again");
    assert_eq!((sent, &report["in_order"]), (invoices, &Value::Bool(true)), "{report}");
    assert!(number(report, "held_most") <= number(report, "held_max"), "{report}");
}

#[test]
fn the_whole_file_shuffled_and_doubled_comes_out_in_order_with_its_own_gaps_and_no_others() {
    let Some(file) = whole_file() else { return };
    let numbers = numbers(&file);
    let expected = gaps(&numbers);
    assert_eq!((numbers.len(), expected.len()), (25_900, 2_409), "the file is the one we know");
    let place = place();
    let mut checksum = None;
    for islands in ["1", "4", "16"] {
        let list = place.path().join("gaps.csv");
        let report = json(
            archipelago("run invoices --shuffle 1000 --resend 0.1 --durability os --islands")
                .arg(islands)
                .arg("--orders")
                .arg(&file)
                .arg("--gaps")
                .arg(&list),
        );
        is_whole(&report, 25_900, &expected);
        assert_eq!(written(&list), expected);
        let first = checksum.get_or_insert_with(|| report["checksum"].clone());
        assert_eq!(report["checksum"], *first, "{islands} islands");
    }
}

#[test]
fn a_run_of_invoices_that_is_killed_goes_on_to_the_same_end() {
    let Some(file) = whole_file() else { return };
    let expected = gaps(&numbers(&file));
    let place = place();
    let run = |data: &str| {
        let words = "run invoices --shuffle 1000 --resend 0.1 --durability os --islands 4 --data";
        let mut command = archipelago(words);
        command.arg(place.path().join(data)).arg("--orders").arg(&file);
        command
    };
    let straight = json(&mut run("straight"));
    let journal = place.path().join("killed/journal/00000001.segment");
    // Long enough after the islands opened to have something answered, not all of it, mostly.
    for millis in [30, 60, 90] {
        let mut child = start(&mut run("killed"));
        while !journal.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let report = json(&mut run("killed"));
    is_whole(&report, 25_900, &expected);
    assert_eq!(report["checksum"], straight["checksum"]);
    let again = json(&mut run("killed"));
    assert_eq!(number(&again, "answered_now"), 0, "nothing is asked twice");
    assert_eq!((&again["digest"], &again["again"]), (&report["digest"], &report["again"]));
}

#[test]
fn each_letter_may_be_a_series_of_its_own_with_its_own_gaps() {
    let Some(file) = first_week() else { return };
    let run = |series| {
        let words = "run invoices --shuffle 50 --durability memory --islands 3 --series";
        json(archipelago(words).arg(series).arg("--orders").arg(&file))
    };
    let (one, letter) = (run("one"), run("letter"));
    let of = |report: &Value| ["series", "gaps", "missing"].map(|key| number(report, key));
    assert_eq!(of(&one), [1, 85, 545]);
    assert_eq!(of(&letter), [2, 133 + 60, 624 + 1_199]);
}

#[test]
fn a_row_that_cannot_be_taken_is_named_and_the_others_go_on() {
    let place = place();
    let file = place.path().join("orders.csv");
    let text = "InvoiceNo,StockCode,Quantity,CustomerID\n7,x,1,a\n9,x,many,a\nX8,x,1,a\n10,x,1,b\n";
    fs::write(&file, text).unwrap();
    let mut run = archipelago("run invoices --durability memory --json --orders");
    let said = say(run.arg(&file));
    let line = |line: u64, what: &str| format!("refused: {}:{line}: column {what}", file.display());
    let refused = [
        line(3, "Quantity: \"many\" is not a whole number"),
        line(4, "InvoiceNo: \"X8\" is no number, nor one behind a C or an A"),
    ];
    assert_eq!(said.err.lines().collect::<Vec<_>>(), refused);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, number(&report, "rows_refused")), (Some(0), 2));
    is_whole(&report, 2, &[(8, 9)]);
}
