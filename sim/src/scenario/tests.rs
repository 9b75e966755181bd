//! Tests of scenario files: what is right is read, what is wrong is told, and nothing panics.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::workload::warehouse::scenario::Source;

/// A file that has everything.
const EVERYTHING: &str = r#"
islands = 4
seeds = 3
from = 7
checks = ["conservation", "refusals", "steps", "bounds"]
sometimes = ["a drain", "a torn sector"]

[workload]
commands = 0
customers = 3
policy = "lease"
chunk = 8
deadline_ms = 60_000
orders_kept = 2
every_us = 100

[[product]]
code = "lamp"
units = 9

[limits]
window = 4
held_max = 2
kept_max = 2

[faults]
preset = "lossy"
loss_ppm = 1_000

[[drop]]
message = "Grant"
from = 2
every = 3

[[late]]
message = "Stock.Recall"
by_us = 100

[[twice]]
message = "Surrender"
to = 1

[[script]]
at_ms = 5
do = "partition"
islands = [0, 3]
ways = "in"

[[script]]
at_ms = 9
do = "order"
number = "A"
login = "ann"
lines = { lamp = 2 }
expect = "accepted"

[expect]
accepted = { min = 1 }
drains = { min = 0, max = 4 }
"#;

fn parse(text: &str) -> Result<ScenarioFile, Wrong> {
    ScenarioFile::parse(text, "x.toml", Path::new(""))
}

/// The file with one piece of it replaced.
fn with(piece: &str, other: &str) -> String {
    assert!(EVERYTHING.contains(piece), "{piece}");
    EVERYTHING.replacen(piece, other, 1)
}

#[test]
fn a_file_with_everything_is_read_and_runs() {
    let file = parse(EVERYTHING).unwrap();
    assert_eq!((file.shop.islands, file.seeds, file.from, file.islands_min()), (4, 3, 7, 4));
    assert_eq!((file.limits.links.window, file.limits.links.held_max), (4, 2));
    let Preset::Fixed(faults) = file.preset else { panic!("{:?}", file.preset) };
    let lossy = crate::fault::Faults::lossy();
    assert_eq!(faults, crate::fault::Faults { loss_ppm: 1_000, ..lossy });
    assert!(matches!(file.shop.source, Source::Drawn { commands: 0, customers: 3 }));
    assert_eq!((file.messages.len(), file.script.len(), file.expect.len()), (3, 2, 2));
    file.simulation().batch_on(1, 7..9, |_| {}).unwrap();
}

#[test]
fn an_empty_file_is_the_default() {
    let file = parse("").unwrap();
    assert_eq!((file.shop.islands, file.seeds, file.from, file.islands_min()), (8, SEEDS, 0, 1));
    assert_eq!(file.preset, Preset::Fixed(crate::fault::Faults::calm()));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_is_possible() {
    let cases = [
        ("islands = 4", "ilsands = 4", "x.toml:2:1: unknown field `ilsands`, expected one of"),
        ("islands = 4", "ilsands = 4", "did you mean `islands`?"),
        ("islands = 4", "islands = 0", "x.toml:2:11: 0 islands: there must be between 1 and 4096"),
        ("islands = 4", "islands = \"four\"", "x.toml:2:11: invalid type: string \"four\""),
        ("islands = 4", "islands = 3", "x.toml:46:15: there is no such island: they are 0 to 2"),
        ("seeds = 3", "seeds = 0", "x.toml:3:9: seeds is a whole number from 1 to"),
        ("seeds = 3", "seeds = -3", "x.toml:3:9: invalid value: integer `-3`"),
        ("seeds = 3", "seeds = ", "x.toml:3:"),
        (
            "\"bounds\"",
            "\"bonds\"",
            "x.toml:5:48: no check is called \"bonds\"; did you mean \"bounds\"",
        ),
        ("\"a drain\"", "\"a darin\"", "x.toml:6:14: no mark is called \"a darin\"; did you mean"),
        ("policy = \"lease\"", "policy = \"least\"", "x.toml:11:10: no policy is called \"least\""),
        (
            "policy = \"lease\"",
            "policy = \"ring\"",
            "x.toml:12:9: chunk is for the policy lease alone",
        ),
        ("customers = 3", "customers = 0", "x.toml:10:13: customers is a whole number from 1 to"),
        ("customers = 3", "products = 3", "x.toml:10:12: products are named with [[product]]"),
        ("customers = 3", "orders_max = 3", "x.toml:10:14: orders_max is about a file of orders"),
        ("customers = 3", "orders = \"n.csv\"", "x.toml:9:12: the orders, customers and products"),
        (
            "deadline_ms = 60_000",
            "deadline_ms = 9999999",
            "x.toml:13:15: deadline_ms is at most 600000",
        ),
        ("code = \"lamp\"", "code = \"\"", "x.toml:18:8: a name cannot be empty"),
        ("window = 4", "window = 0", "x.toml:22:10: window is a whole number from 1 to"),
        (
            "\"lossy\"",
            "\"lossie\"",
            "x.toml:27:10: no preset is called \"lossie\"; did you mean \"lossy\"",
        ),
        ("\"lossy\"", "\"swarm\"", "x.toml:28:1: swarm draws every number from the seed"),
        ("\"lossy\"", "7", "x.toml:27:10: a preset is a text"),
        (
            "loss_ppm",
            "los_ppm",
            "x.toml:28:1: no fault is called \"los_ppm\"; did you mean \"loss_ppm\"",
        ),
        ("1_000", "1_000_001", "x.toml:28:12: loss_ppm is a whole number from 0 to 1000000"),
        ("1_000", "0.1", "x.toml:28:12: loss_ppm is a whole number from 0 to 1000000"),
        (
            "\"Grant\"",
            "\"Gramt\"",
            "x.toml:31:11: no message is called \"Gramt\"; did you mean \"Grant\"",
        ),
        ("every = 3", "every = 0", "x.toml:33:9: every is at least 1"),
        ("every = 3", "by_us = 3", "x.toml:33:9: by_us is for [[late]] alone"),
        ("by_us = 100", "", "x.toml:36:11: by_us is missing"),
        ("at_ms = 5", "at_ms = 600001", "x.toml:44:9: at_ms is at most 600000: ten minutes"),
        (
            "\"partition\"",
            "\"partiton\"",
            "x.toml:45:6: no verb is called \"partiton\"; did you mean",
        ),
        (
            "ways = \"in\"",
            "ways = \"inn\"",
            "x.toml:47:8: no way is called \"inn\"; did you mean \"in\"",
        ),
        (
            "ways = \"in\"",
            "login = \"in\"",
            "x.toml:47:9: partition takes islands, ways beside at_ms",
        ),
        ("islands = [0, 3]", "", "x.toml:45:6: islands is missing: partition needs islands"),
        ("login = \"ann\"", "", "x.toml:51:6: login is missing: order needs number, login, lines"),
        (
            "expect = \"accepted\"",
            "expect = \"maybe\"",
            "x.toml:55:10: no reply is called \"maybe\"",
        ),
        (
            "accepted = {",
            "acepted = {",
            "x.toml:58:1: no figure is called \"acepted\"; did you mean",
        ),
        ("{ min = 1 }", "{ mn = 1 }", "x.toml:58:12: accepted: it is a whole number, or {"),
        ("max = 4", "max = -4", "x.toml:59:10: drains: it is a whole number, or {"),
        ("{ min = 0, max = 4 }", "{ min = 5, max = 4 }", "x.toml:59:10: drains: min is above max"),
        ("[limits]", "[limits", "x.toml:21:8: "),
    ];
    let mut odd = Vec::new();
    for (piece, other, expected) in cases {
        let told = parse(&with(piece, other)).unwrap_err().to_string();
        if !told.contains(expected) || told.lines().count() != 1 {
            odd.push(format!("{other}\n told: {told}\n want: {expected}"));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

#[test]
fn orders_of_a_file_are_seen_from_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "InvoiceNo,StockCode,Quantity,CustomerID\n\
                1,A,4,7\n1,B,2,7\nC2,A,-1,7\n3,C,9,8\n";
    std::fs::write(folder.path().join("o.csv"), rows).unwrap();
    let text = "seeds = 3\n[workload]\norders = \"o.csv\"\norders_max = 2\nstock_percent = 50\n\
                [expect]\nrefused = 1";
    let file = ScenarioFile::parse(text, "x.toml", folder.path()).unwrap();
    let stock: Vec<_> =
        file.shop.stock.iter().map(|(code, units)| (code.as_str(), *units)).collect();
    let units = |units| {
        crate::workload::warehouse::scenario::Opening::Units(archipelago::patterns::stock::Units(
            units,
        ))
    };
    assert_eq!(stock, [("A", units(2)), ("B", units(1))], "C is not among the first two");
    file.simulation().seeds(0..3).unwrap();
    let told = parse(text).unwrap_err().to_string();
    assert!(told.starts_with("x.toml:3:10: o.csv: cannot be opened"), "{told}");
}

/// Pieces that break files in their own ways.
const PIECES: [&str; 24] = [
    "",
    "\"",
    "[",
    "]]",
    "[[script]]\n",
    "do = \"order\"\n",
    "= -1\n",
    "9999999999999999999",
    "\u{e9}",
    "\n",
    "{",
    "}",
    "'''",
    "# ",
    "\0",
    "1e309",
    "nan",
    "[faults]\n",
    "lamp.lamp = 1\n",
    "= {}\n",
    "[expect.accepted]\n",
    "true",
    "1979-05-27T07:32:00Z",
    "islands = [[[[[",
];

/// Where, how many letters less, and which piece instead.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, usize)> {
    (any::<prop::sample::Index>(), 0..12_usize, 0..PIECES.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is done to a file, reading it ends with a scenario or with one line that says what
    /// is wrong.
    #[test]
    fn a_mutated_file_is_read_or_refused_in_one_line(
        edits in prop::collection::vec(edit(), 1..6)
    ) {
        let mut text: Vec<char> = EVERYTHING.chars().collect();
        for (at, less, piece) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + less).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(wrong) = parse(&text) {
            let told = wrong.to_string();
            prop_assert!(!told.contains('\n') && told.starts_with("x.toml"), "{}", told);
            if let Some((line, column)) = wrong.place {
                prop_assert!(line >= 1 && line <= text.matches('\n').count() + 1, "{}", told);
                prop_assert!(column >= 1, "{}", told);
            }
        }
    }
}
