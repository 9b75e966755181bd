//! Tests of `sim` as a user meets it.

use super::*;
use crate::cli::args::{Cli, Command, SimWorkload, WarehouseArgs};
use crate::cli::failure::Failure;
use crate::cli::report::{Report, SimReport};
use clap::Parser;

fn sim(args: &[&str]) -> Result<SimReport, Failure> {
    let report = warehouse(&parsed(args))?;
    report.verdict().map(|()| report)
}

fn parsed(args: &[&str]) -> WarehouseArgs {
    let line = ["archipelago", "sim", "warehouse"].iter().chain(args);
    let Command::Sim { workload: SimWorkload::Warehouse(args) } =
        Cli::try_parse_from(line).unwrap().command
    else {
        panic!("sim warehouse was asked for");
    };
    args
}

/// A file that is gone when it is dropped.
fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().prefix("a b'").suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn the_number_of_jobs_changes_nothing_but_the_time() {
    let run = |jobs| sim(&["--commands", "40", "--seeds", "6", "--jobs", jobs]).unwrap();
    let (one, three) = (run("1"), run("3"));
    assert_eq!(
        (one.digest, one.steps, one.marks_hit),
        (three.digest, three.steps, three.marks_hit)
    );
    assert_eq!((one.jobs, three.jobs, one.seeds), (1, 3, 6));
    assert_eq!((one.marks, one.missed), (33, vec![]));
}

#[test]
fn a_broken_expectation_gives_one_command_that_repeats_it() {
    let file = file("seeds = 3\nislands = 3\n[workload]\ncommands = 30\n[expect]\naccepted = 1000");
    let path = file.path().to_str().unwrap();
    let failure = sim(&["--scenario", path, "--islands", "4", "--jobs", "2"]).unwrap_err();
    let told = failure.to_string();
    assert_eq!(failure.exit().code(), 1);
    assert!(told.starts_with("seed 0: the figures are those expected: accepted is "), "{told}");
    let (_, command) = told.split_once("repeat it with: ").unwrap();
    let quoted = format!("'{}'", path.replace('\'', r"'\''"));
    let expected = format!("archipelago sim warehouse --scenario {quoted} --islands 4 --seed 0");
    assert_eq!(command, expected);
    let again = sim(&["--scenario", path, "--islands", "4", "--seed", "0"]).unwrap_err();
    assert_eq!(again, failure, "the command does repeat it");
}

#[test]
fn without_a_scenario_the_command_says_everything() {
    let args = parsed(&["--policy", "ring", "--seeds", "7"]);
    let expected = "archipelago sim warehouse --islands 8 --commands 200 --policy ring \
                    --faults swarm --seed 5";
    assert_eq!(warehouse::repeat(&args, 5), expected);
    let args = parsed(&["--orders", "x.csv", "--stock", "50", "--faults", "calm"]);
    let expected = "archipelago sim warehouse --islands 8 --orders x.csv --stock 50 \
                    --policy lease --faults calm --seed 1";
    assert_eq!(warehouse::repeat(&args, 1), expected);
}

#[test]
fn a_mark_that_no_seed_hits_fails_the_batch_but_not_a_single_seed() {
    let text = "seeds = 2\nsometimes = [\"a drain\", \"a torn sector\"]\n[workload]\ncommands = 1";
    let file = file(text);
    let path = file.path().to_str().unwrap();
    let report = warehouse(&parsed(&["--scenario", path])).unwrap();
    assert_eq!(report.missed, ["a torn sector", "a drain"]);
    let failure = report.verdict().unwrap_err();
    assert_eq!(failure.exit().code(), 1);
    let told = failure.to_string();
    assert_eq!(told, "none of 2 worlds took these paths: a torn sector; a drain");
    assert_eq!(sim(&["--scenario", path, "--seed", "1"]).unwrap().verdict(), Ok(()));
}

#[test]
fn flags_override_a_scenario_as_far_as_that_makes_sense() {
    let text = "islands = 6\nseeds = 2\n[workload]\ncommands = 5\n\
                [[script]]\nat_ms = 1\ndo = \"pause\"\nisland = 4\nfor_ms = 5";
    let file = file(text);
    let path = file.path().to_str().unwrap();
    let told = sim(&["--scenario", path, "--islands", "4"]).unwrap_err().to_string();
    assert_eq!(told, "--islands 4: the scenario names island 4");
    let report = sim(&["--scenario", path, "--islands", "5", "--faults", "lossy"]).unwrap();
    assert_eq!((report.islands, report.seeds, &*report.faults), (5, 2, "lossy"));
    let missing = sim(&["--scenario", "nowhere.toml"]).unwrap_err();
    assert!(missing.to_string().starts_with("nowhere.toml: cannot be read: "), "{missing}");
    assert_eq!(missing.exit().code(), 2);
}
