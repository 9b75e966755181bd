//! Tests of the order file: every rule and every refusal on small files, the truths on the real
//! ones (skipped, and said so, where `shared/data` is not there).

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use archipelago_core::command::route::Table;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// A row with the columns that matter.
fn row(number: &str, code: &str, quantity: &str, customer: &str) -> String {
    format!("{number},{code},A LAMP,{quantity},2010-12-01 08:26:00,2.55,{customer},France\n")
}

fn load_bytes(bytes: &[u8]) -> Result<Orders, String> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("orders.csv");
    fs::write(&file, bytes).unwrap();
    Orders::load(&file).map_err(|error| {
        let message = error.to_string();
        assert!(!message.contains('\n'), "one line: {message:?}");
        message.replace(&file.display().to_string(), "FILE")
    })
}

fn load(rows: &[String]) -> Result<Orders, String> {
    load_bytes(format!("{HEADER}{}", rows.concat()).as_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An order: number, login, and lines as (code, units).
type Shown<'a> = (&'a str, &'a str, Vec<(&'a str, u32)>);

fn shown(orders: &Orders) -> Vec<Shown<'_>> {
    let line = |line: &Line| (&*orders.catalog.product(line.product).code, line.units);
    orders
        .orders()
        .map(|order| (&*order.number, &*order.login, order.lines.iter().map(line).collect()))
        .collect()
}

#[test]
fn rows_of_one_invoice_make_one_order_at_its_first_row() {
    let orders = load(&[
        row("1", "A", "6", "17850"),
        row("2", "A", "1", "17850"),
        row("1", "B", "2", "17850"),
        row("1", "A", "4", "17850"),
    ])
    .unwrap();
    assert_eq!(
        shown(&orders),
        [("1", "17850", vec![("A", 10), ("B", 2)]), ("2", "17850", vec![("A", 1)])]
    );
    let counts = orders.counts;
    assert_eq!((counts.orders, counts.lines, counts.units, counts.rows), (2, 3, 13, 4));
    assert_eq!((counts.customers, counts.guest_orders, counts.products), (1, 0, 2));
    assert_eq!(orders.catalog.products()[0].units_ordered, 11);
}

#[test]
fn an_order_without_customer_is_a_guests() {
    let orders = load(&[row("536414", "A", "1", "")]).unwrap();
    assert_eq!(shown(&orders), [("536414", "guest:536414", vec![("A", 1)])]);
    assert_eq!((orders.counts.customers, orders.counts.guest_orders), (0, 1));
}

#[test]
fn returns_stand_between_orders_and_corrections_are_only_counted() {
    let orders = load(&[
        row("1", "A", "6", "7"),
        row("C2", "A", "-4", "7"),
        row("C3", "A", "-4", ""),
        row("1", "B", "-1", "7"),
        row("A4", "A", "9", ""),
        row("A5", "A", "-9", ""),
        row("1", "B", "0", "7"),
        row("C6", "NEVER ORDERED", "-2", "7"),
        row("7", "C", "3", "8"),
    ])
    .unwrap();
    let numbers: Vec<&str> = orders.actions.iter().map(Action::number).collect();
    assert_eq!(numbers, ["1", "C2", "C6", "7"]);
    let returns: Vec<(&str, u32)> = orders.returns().map(|r| (&*r.login, r.units)).collect();
    assert_eq!(returns, [("7", 4), ("7", 2)]);
    let counts = orders.counts;
    assert_eq!((counts.returns, counts.returned_units), (2, 6));
    assert_eq!((counts.corrections, counts.other_rows), (2, 3));
    assert_eq!((counts.products, orders.catalog.products().len()), (2, 3));
    assert_eq!(orders.actions[1].login(), "7");
}

#[test]
fn rows_that_look_alike_are_all_real() {
    let orders = load(&[row("1", "A", "6", "7"), row("1", "A", "6", "7")]).unwrap();
    assert_eq!(shown(&orders), [("1", "7", vec![("A", 12)])]);
}

#[test]
fn a_description_may_hold_any_bytes_and_columns_any_order() {
    let mut bytes = b"CustomerID,Quantity,Description,StockCode,InvoiceNo\n7,2,".to_vec();
    bytes.extend(b"\"\xa340, \"\"VOUCHER\"\"\",A,1\n");
    assert_eq!(shown(&load_bytes(&bytes).unwrap()), [("1", "7", vec![("A", 2)])]);
}

#[test]
fn line_ends_of_windows_a_byte_order_mark_and_a_missing_last_line_end_are_taken() {
    let text = format!("\u{feff}{HEADER}{}", row("1", "A", "2", "7")).replace('\n', "\r\n");
    let orders = load_bytes(text.trim_end().as_bytes()).unwrap();
    assert_eq!(shown(&orders), [("1", "7", vec![("A", 2)])]);
    let used_last = b"InvoiceNo,StockCode,Quantity,CustomerID\r\n1,A,2,7\r\n2,B,2,\r\n\r\n";
    assert_eq!(load_bytes(used_last).unwrap().counts.guest_orders, 1);
}

#[test]
fn gzip_is_told_by_its_bytes() {
    let text = format!("{HEADER}{}", row("1", "A", "2", "7"));
    let plain = load_bytes(text.as_bytes()).unwrap();
    let packed = load_bytes(&gzip(text.as_bytes())).unwrap();
    assert_eq!(plain, packed);
    let two_members = [gzip(HEADER.as_bytes()), gzip(row("1", "A", "2", "7").as_bytes())].concat();
    assert_eq!(load_bytes(&two_members).unwrap(), plain);
}

#[test]
fn the_fingerprint_tells_contents_apart() {
    let print = |rows: &[String]| load(rows).unwrap().fingerprint;
    let base = [row("1", "A", "2", "7"), row("2", "A", "2", "7")];
    assert_eq!(print(&base), print(&base));
    let mut swapped = base.clone();
    swapped.reverse();
    let others = [
        swapped.to_vec(),
        vec![base[0].clone()],
        vec![row("1", "A", "3", "7"), base[1].clone()],
        vec![row("1", "B", "2", "7"), base[1].clone()],
        vec![row("1", "A", "2", "8"), base[1].clone()],
        vec![base[0].clone(), base[1].clone(), row("C3", "A", "-1", "7")],
        vec![base[0].clone(), base[1].clone(), row("3", "A", "-1", "7")],
    ];
    for other in others {
        assert_ne!(print(&base), print(&other), "{other:?}");
    }
}

#[test]
fn a_bad_row_is_named_with_file_line_column_and_reason() {
    let good = row("1", "A", "2", "7");
    let max = u32::MAX.to_string();
    let cases = [
        (row("1", "A", "x", "7"), "FILE:3: column Quantity: \"x\" is not a whole number"),
        (row("1", "A", "2.0", "7"), "FILE:3: column Quantity: \"2.0\" is not a whole number"),
        (row("1", "A", "", "7"), "FILE:3: column Quantity: empty"),
        (row("", "A", "1", "7"), "FILE:3: column InvoiceNo: empty"),
        (row("1", "", "1", "7"), "FILE:3: column StockCode: empty"),
        (
            row("1", "A", "4294967296", "7"),
            "FILE:3: column Quantity: 4294967296 units are too many: at most 4294967295 fit in \
             one line of an order",
        ),
        (
            row("1", "A", "99999999999999999999", "7"),
            "FILE:3: column Quantity: 99999999999999999999 units are too many: at most 4294967295 \
             fit in one line of an order",
        ),
        (
            row("1", "A", &max, "7"),
            "FILE:3: column Quantity: 4294967297 units are too many: at most 4294967295 fit in \
             one line of an order",
        ),
        (
            row("1", "12345678901234567", "1", "7"),
            "FILE:3: column StockCode: \"12345678901234567\" has 17 bytes, at most 16 are allowed",
        ),
        (
            row("1234567890123456", "A", "1", "7"),
            "FILE:3: column InvoiceNo: \"1234567890123456\" has 16 bytes, at most 15 are allowed",
        ),
        (
            row("1", "A", "1", "1234567890123456789012"),
            "FILE:3: column CustomerID: \"1234567890123456789012\" has 22 bytes, at most 21 are \
             allowed",
        ),
        (
            row("1 2", "A", "1", "7"),
            "FILE:3: column InvoiceNo: \"1 2\" has a space or a control character",
        ),
        (
            row("9", "A", "1", "guest:1"),
            "FILE:3: column CustomerID: \"guest:1\" begins like a guest's login",
        ),
        (
            row("1", "A", "1", "8"),
            "FILE:3: column CustomerID: order 1 began with 7, this row has 8",
        ),
        (
            row("C1", "A", "1", "8"),
            "FILE:3: column Quantity: 1, but a row of a credit note (InvoiceNo C…) gives back: it \
             must be below 0",
        ),
        (
            "1,A,LAMP,2\n".into(),
            "FILE:3: column InvoiceDate: missing: the row has 4 fields, the header 8",
        ),
        (
            "1,A,LAMP,2,d,1,7,France,more\n".into(),
            "FILE:3: column 9: the row has 9 fields, the header only 8",
        ),
        (
            format!("1,A,\"LAMP,2,d,1,7,France\n{good}"),
            "FILE:3: column Description: the field goes on in the next line; is a quote left open?",
        ),
    ];
    for (bad, expected) in cases {
        assert_eq!(load(&[good.clone(), bad]).unwrap_err(), expected);
    }
    let not_utf8 = [HEADER.as_bytes(), b"1,\xa3,LAMP,2,d,1,7,France\n"].concat();
    assert_eq!(
        load_bytes(&not_utf8).unwrap_err(),
        "FILE:2: column StockCode: \"\u{fffd}\" is not valid UTF-8"
    );
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let text = format!("{HEADER}{}\n\n{}", row("1", "A", "2", "7"), row("1", "A", "x", "7"));
    let windows = text.replace('\n', "\r\n");
    for text in [text, windows] {
        let error = load_bytes(text.as_bytes()).unwrap_err();
        assert_eq!(error, "FILE:5: column Quantity: \"x\" is not a whole number");
    }
}

#[test]
fn a_file_that_is_no_order_file_is_refused() {
    let cases = [
        (
            "",
            "FILE: the file is empty; it must begin with the header line \
             InvoiceNo,StockCode,Quantity,CustomerID",
        ),
        (
            "a,\tb\n1,2\n",
            "FILE:1: the header must name each of the columns \
             InvoiceNo,StockCode,Quantity,CustomerID once, but \
             InvoiceNo is missing; the line begins \"a,\\tb\"",
        ),
        (
            "InvoiceNo,StockCode,StockCode\n",
            "FILE:1: the header must name each of the columns \
             InvoiceNo,StockCode,Quantity,CustomerID once, but \
             StockCode is there twice; the line begins \"InvoiceNo,StockCode,StockCode\"",
        ),
        (
            HEADER,
            "FILE: no order is in it: no row has Quantity above 0 and an InvoiceNo without C or A",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(load_bytes(text.as_bytes()).unwrap_err(), expected);
    }
    let missing = Orders::load(Path::new("/nowhere/orders.csv")).unwrap_err().to_string();
    assert!(
        missing.starts_with("/nowhere/orders.csv: cannot be opened: No such file"),
        "{missing}"
    );
    let directory = Orders::load(TempDir::new().unwrap().path()).unwrap_err().to_string();
    assert!(directory.contains("Is a directory"), "{directory}");
}

#[test]
fn gzip_cut_off_anywhere_is_noticed_and_damage_too() {
    let rows: Vec<String> =
        (0..500).map(|n| row(&n.to_string(), &format!("P{}", n * 7919 % 501), "2", "7")).collect();
    let whole = gzip(format!("{HEADER}{}", rows.concat()).as_bytes());
    for end in (2..whole.len()).step_by(7) {
        let error = load_bytes(&whole[..end]).unwrap_err();
        assert!(error.contains("the gzip data is cut off after this line"), "{end}: {error}");
    }
    let mut damaged = whole.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let error = load_bytes(&damaged).unwrap_err();
    assert!(error.contains("the gzip data is damaged after this line"), "{error}");
}

/// A real file, if it is there.
fn real(name: &str) -> Option<Orders> {
    let folder = std::env::var_os("ARCHIPELAGO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let file = folder.join(name);
    if !file.exists() {
        eprintln!("skipped: {} not found", file.display());
        return None;
    }
    Some(Orders::load(&file).expect("the real file is good"))
}

fn orders_per_island(orders: &Orders, islands: u32) -> Vec<u32> {
    let table = Table::modulo(islands).unwrap();
    let mut counts = vec![0; islands as usize];
    for order in orders.orders() {
        counts[table.island_of(order.login.as_bytes()).0 as usize] += 1;
    }
    counts
}

#[test]
fn the_truths_of_the_whole_file_hold() {
    let Some(orders) = real("online_retail.csv.gz") else { return };
    let expected = Counts {
        rows: 541_909,
        orders: 20_725,
        lines: 520_747,
        units: 5_660_978,
        guest_orders: 2_189,
        customers: 4_339,
        products: 3_940,
        returns: 8_905,
        returned_units: 274_808,
        corrections: 1_336,
        other_rows: 386,
    };
    assert_eq!(orders.counts, expected);
    assert_eq!(orders.orders().map(Order::units).sum::<u64>(), expected.units);
    assert_eq!(orders_per_island(&orders, 4), [4651, 5327, 5416, 5331]);
    assert_eq!(orders_per_island(&orders, 8), [2480, 2857, 2946, 2670, 2171, 2470, 2470, 2661]);
}

#[test]
fn the_truths_of_the_first_week_hold() {
    let Some(orders) = real("online_retail_first_week.csv.gz") else { return };
    let counts = orders.counts;
    assert_eq!((counts.rows, counts.orders, counts.units), (16_985, 633, 138_593));
    assert_eq!((counts.lines, counts.products, counts.guest_orders), (16_262, 2_313, 66));
}
