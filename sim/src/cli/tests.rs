//! Tests of the command line as a user meets it: exit codes, streams, messages, JSON keys.

use super::args::{Pace, Policy, Returns, RunArgs};
use super::report::{
    InspectReport, Latency, OrderState, OrderView, Output, ProductStock, RecordView, ReplayReport,
    RunReport, SendView, StateReport,
};
use super::*;

/// Exit code, standard output, standard error.
fn archipelago(args: &[&str]) -> (u8, String, String) {
    let args = std::iter::once(&"archipelago").chain(args).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = main_with(args, &mut out, &mut err);
    (exit.code(), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn run_args(args: &[&str]) -> RunArgs {
    let line = ["archipelago", "run", "warehouse"].iter().chain(args);
    let Command::Run { workload: RunWorkload::Warehouse(args) } =
        Cli::try_parse_from(line).unwrap().command
    else {
        panic!("run warehouse was asked for");
    };
    args
}

fn json(report: &impl Report) -> serde_json::Value {
    let mut out = Vec::new();
    print(report, Output::Json, &mut out).unwrap();
    assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1);
    serde_json::from_slice(&out).unwrap()
}

fn readable(report: &impl Report) -> String {
    let mut out = Vec::new();
    print(report, Output::Readable, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn assert_keys(value: &serde_json::Value, expected: &str) {
    for key in expected.split(", ") {
        assert!(value.get(key).is_some(), "{key} is missing in {value}");
    }
}

#[test]
fn clap_finds_nothing_wrong_with_our_arguments() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_help() {
    let args = run_args(&[]);
    assert_eq!((args.sea.islands, args.sea.threads, args.stock.get()), (16, None, 100));
    assert_eq!((args.policy, args.sea.pace()), (Policy::Lease, Pace::FullSpeed));
    assert_eq!((args.returns(), args.sea.output()), (Returns::Submit, Output::Readable));
    let args = run_args(&["--orders", "x.csv", "--serial", "--json", "--policy", "ring"]);
    assert_eq!((args.policy, args.sea.pace()), (Policy::Ring, Pace::Serial));
    assert_eq!((args.returns(), args.sea.output()), (Returns::Skip, Output::Json));
    assert_eq!(run_args(&["--orders", "x.csv", "--returns"]).returns(), Returns::Submit);
}

#[test]
fn help_and_version_go_to_standard_output_and_are_good() {
    for args in [&["--help"][..], &["run", "--help"], &["run", "warehouse", "--help"]] {
        let (code, out, err) = archipelago(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        assert!(out.contains("Usage:"), "{out}");
    }
    assert!(archipelago(&["--help"]).1.contains("archipelago replay --data sea"));
    let (code, out, _) = archipelago(&["--version"]);
    assert_eq!((code, out), (0, format!("archipelago {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn bad_usage_is_one_line_and_exit_2() {
    let cases: [(&[&str], &str); 18] = [
        (
            &[],
            "[subcommands: run, replay, state, inspect, verify, what-if, why, diff, log, \
             dead-letters, snapshot, archive, backup, journal, sim, bench, help]",
        ),
        (&["run"], "[subcommands: warehouse, cities, bookings, invoices, help]"),
        (&["sail"], "unrecognized subcommand 'sail'"),
        (&["run", "warehouse", "--islands", "0"], "0 islands: there must be between 1 and 4096"),
        (&["run", "warehouse", "--islands", "4097"], "4097 islands: there must be between 1 and"),
        (&["run", "warehouse", "--islands", "-1"], "it must be a whole number from 1 to 4096"),
        (&["run", "warehouse", "--threads", "0"], "it must be a whole number from 1 to 1024"),
        (&["run", "warehouse", "--stock", "-5"], "whole number of percent between 0 and 10000"),
        (&["run", "warehouse", "--stock", "ten"], "whole number of percent between 0 and 10000"),
        (&["run", "warehouse", "--policy", "wish"], "[possible values: lease, ring, isolated]"),
        (&["run", "warehouse", "--commands", "0"], "0 is not in 1.."),
        (&["run", "warehouse", "--orders", "x", "--seed", "1"], "cannot be used with"),
        (&["run", "warehouse", "--order", "x"], "tip: a similar argument exists: '--orders'"),
        (&["replay"], "not provided: --data <DIR>"),
        (&["inspect", "--data", "x", "--from", "y"], "invalid value 'y' for '--from <N>'"),
        (
            &["sim", "warehouse", "--faults", "stormy"],
            "no preset is called \"stormy\"; there are calm,",
        ),
        (&["sim", "warehouse", "--seed", "1", "--seeds", "2"], "cannot be used with"),
        (&["sim", "warehouse", "--from", "18446744073709551615"], "beyond the largest seed"),
    ];
    for (args, expected) in cases {
        let (code, out, err) = archipelago(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(expected), "{args:?}: {err}");
        assert!(!err.contains("error: error:"), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn a_missing_order_file_is_one_line_and_exit_2() {
    let (code, out, err) = archipelago(&["run", "warehouse", "--orders", "/nowhere/x.csv"]);
    assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1));
    assert!(err.starts_with("error: /nowhere/x.csv: cannot be opened: No such file"), "{err}");
}

#[test]
fn the_json_keys_are_those_promised() {
    let replay = ReplayReport::default();
    assert_keys(
        &json(&replay),
        "events, records, bytes, sends_suppressed, sends_owed, events_per_second, seconds, digest",
    );
    let run = json(&RunReport { replay: Some(replay), ..RunReport::default() });
    assert_keys(
        &run,
        "orders, accepted, refused, units_ordered, units_sold, units_left, returns_accepted, \
         returns_refused, local_orders, messages, orders_per_second, latency_us, journal_bytes, \
         islands, conserved, digest, setup_messages, busy, replay",
    );
    assert_keys(&run["latency_us"], "p50, p99, p999, max");
    assert!(json(&RunReport::default()).get("replay").is_none());
    let state = json(&StateReport {
        products: vec![ProductStock::default()],
        orders: Some(vec![OrderView { order: "1".into(), state: OrderState::Open }]),
        ..StateReport::default()
    });
    assert_keys(
        &state["products"][0],
        "product, minted, burned, sold, shelf, pool, held, in_flight",
    );
    assert_eq!(state["orders"][0], serde_json::json!({ "order": "1", "state": "open" }));
    let inspect = json(&InspectReport { records: vec![RecordView::default()] });
    assert_keys(&inspect["records"][0], "island, position, stamp, input, events, sends, reply");
}

#[test]
fn a_run_reads_well_and_says_that_digests_agree() {
    let mut run = RunReport {
        orders: 20_725,
        accepted: 20_000,
        refused: 725,
        units_ordered: 5_660_978,
        units_sold: 5_000_000,
        messages: 10_000,
        answered_now: 20_725,
        latency_us: Latency { p50: 120, p99: 1_500, p999: 2_000, max: 2_500_000 },
        journal_bytes: 3 << 20,
        islands: 16,
        threads: 2,
        conserved: true,
        digest: "00ff".into(),
        replay: Some(ReplayReport { digest: "00ff".into(), ..ReplayReport::default() }),
        ..RunReport::default()
    };
    let text = readable(&run);
    for line in [
        "orders              20,725",
        "  accepted          20,000  96.5 %",
        "units ordered    5,660,978",
        "messages            10,000  0.48 an order",
        "  99 %              1.5 ms",
        "journal            3.0 MiB",
        "The digests agree: the journal alone gives the same state.",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nnot in\n{text}");
    }
    assert_eq!(run.verdict(), Ok(()));
    assert!(!text.contains("answered now"), "{text}");
    run.answered_now = 0;
    let text = readable(&run);
    assert!(text.contains("answered now") && !text.contains("orders a second"), "{text}");
    run.digest = "0100".into();
    assert_eq!(run.verdict().unwrap_err().exit(), Exit::CheckFailed);
    run.conserved = false;
    assert_eq!(run.verdict().unwrap_err().to_string(), "stock is not conserved");
}

#[test]
fn the_state_is_a_table_or_one_line_an_order() {
    let stock = |product: &str, minted| ProductStock {
        product: product.into(),
        minted,
        shelf: vec![minted, 0],
        ..ProductStock::default()
    };
    let mut state = StateReport {
        products: vec![stock("85123A", 1_000), stock("POST", 7)],
        conserved: true,
        ..StateReport::default()
    };
    let text = readable(&state);
    assert!(
        text.contains("\n85123A    1,000       0     0    1,000     0     0          0\n"),
        "{text}"
    );
    assert!(text.contains("\nall       1,007 "), "{text}");
    state.products.truncate(1);
    assert!(readable(&state).contains("\nisland 0  1,000\nisland 1      0\n"));
    let view = |order: &str, state| OrderView { order: order.into(), state };
    state.orders =
        Some(vec![view("536365", OrderState::Accepted), view("536366", OrderState::Open)]);
    assert_eq!(readable(&state), "536365 accepted\n536366 open\n");
}

#[test]
fn records_are_shown_in_words() {
    let record = RecordView {
        island: 3,
        position: 17,
        stamp: "5.0".into(),
        input: "client 7 asks: order 1".into(),
        events: vec!["order 1 taken".into()],
        sends: vec![SendView { to: 4, number: 2, message: "need 3 of A".into() }],
        reply: Some("accepted".into()),
    };
    let text = readable(&InspectReport { records: vec![record] });
    let expected = [
        "island 3  position 17  stamp 5.0",
        "  input  client 7 asks: order 1",
        "  event  order 1 taken",
        "  send   to island 4, number 2: need 3 of A",
        "  reply  accepted",
    ];
    assert!(text.lines().eq(expected), "{text}");
}

/// A reader that went away, or a disk that is full.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_but_a_full_disk_is() {
    for output in [Output::Json, Output::Readable] {
        let report = ReplayReport::default();
        assert_eq!(print(&report, output, &mut Broken(io::ErrorKind::BrokenPipe)), Ok(()));
        let full = print(&report, output, &mut Broken(io::ErrorKind::StorageFull)).unwrap_err();
        assert_eq!(full.exit(), Exit::BadInput);
    }
    let help = ["archipelago", "--help"].map(OsString::from);
    let mut gone = Broken(io::ErrorKind::BrokenPipe);
    assert_eq!(main_with(help, &mut gone, &mut Vec::new()), Exit::Good);
}

#[test]
fn the_twin_says_the_same_twice_and_writes_plots() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("costs.toml");
    std::fs::write(&file, crate::twin::Costs::default().to_toml()).unwrap();
    let (costs, plots) = (file.to_str().unwrap(), folder.path().join("plots"));
    let words = ["sim", "sweep", "--costs", costs, "--commands", "300", "--islands", "1,4"];
    let words = [&words[..], &["--policy", "lease,isolated", "--json"]].concat();
    let (code, first, err) = archipelago(&words);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(archipelago(&words).1, first, "virtual time is the same everywhere");
    let report: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 4);
    assert_keys(
        &report["rows"][0],
        "policy, islands, threads, delay_us, reorder, orders, accepted, orders_per_second, \
         latency_us, messages_per_order, local_percent, commits, virtual_seconds",
    );
    let words = [&words[..], &["--out", plots.to_str().unwrap()]].concat();
    assert_eq!(archipelago(&words).0, 0);
    let svg = std::fs::read_to_string(plots.join("orders_per_second.svg")).unwrap();
    assert_eq!(svg.matches("<polyline").count(), 2);
    assert_eq!(std::fs::read_to_string(plots.join("sweep.csv")).unwrap().lines().count(), 5);
}

#[test]
fn the_twin_refuses_bad_costs_and_a_validation_without_orders() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("costs.toml");
    std::fs::write(&file, "cores = 2\n").unwrap();
    let (code, out, err) = archipelago(&["sim", "sweep", "--costs", file.to_str().unwrap()]);
    assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1));
    assert!(err.contains("costs.toml: flush_ns must be 10 whole numbers"), "{err}");
    let (code, _, err) = archipelago(&["sim", "validate"]);
    assert_eq!((code, err.as_str()), (2, "error: sim validate needs --orders FILE\n"));
}
