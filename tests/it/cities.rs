//! `run cities`: hours that start when all stations have reported, on made and on real readings.
//!
//! Rules:
//! 1. What comes of the hours is the same for any number of islands, whatever is sent again,
//!    shuffled, closed early, killed and continued; and it is what a plain sum over the file says.
//!
//! It doesn't know how an hour is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::harness::{
    Chance, archipelago, binary, good, json, number, place, real, refused, say, seed, start,
};
use super::replayed::contents;

/// Stations of made files.
const STATIONS: u64 = 7;

/// What must not depend on how it was run.
const RESULTS: [&str; 6] =
    ["hours", "complete", "partial", "missing_reports", "checksum", "results"];

fn results(report: &Value) -> Vec<&Value> {
    RESULTS.iter().map(|key| &report[key]).collect()
}

/// A file of `hours` hours, with holes, corrections and values that two stations share.
fn made(place: &Path, hours: u64) -> PathBuf {
    let mut chance = Chance::new(7, 1);
    let mut text = String::from("No,year,month,day,hour,TEMP,station\n");
    for station in 0..STATIONS {
        for hour in 0..hours {
            let (day, clock) = (1 + hour / 24 % 28, hour % 24);
            let (month, year) = (1 + hour / (24 * 28) % 12, 2000 + hour / (24 * 28 * 12));
            let value = match chance.below(40) {
                0 => "NA".to_owned(),
                _ => format!("{}", chance.below(60) as i64 - 20),
            };
            let times = if chance.below(50) == 0 { 2 } else { 1 };
            for again in 0..times {
                let value = if again == 1 { "99" } else { &value };
                writeln!(text, "1,{year},{month},{day},{clock},{value},S{station}").unwrap();
            }
        }
    }
    let file = place.join("readings.csv");
    fs::write(&file, text).unwrap();
    file
}

/// What a plain sum over a made file says: complete, partial, missing, and the checksum.
fn plain_sum(file: &Path) -> (u64, u64, u64, String) {
    let text = fs::read_to_string(file).unwrap();
    let mut hours: BTreeMap<Vec<&str>, BTreeMap<&str, i64>> = BTreeMap::new();
    let mut stations = BTreeSet::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let hour = hours.entry(fields[1..5].to_vec()).or_default();
        stations.insert(fields[6]);
        if let Ok(value) = fields[5].parse::<i64>() {
            hour.insert(fields[6], value);
        }
    }
    let (mut complete, mut missing, mut sum) = (0, 0, 0_i64);
    for hour in hours.values() {
        let count = hour.len() as i64;
        complete += u64::from(hour.len() == stations.len());
        missing += (stations.len() - hour.len()) as u64;
        let total = hour.values().sum::<i64>() * 10_000;
        if count > 0 {
            // Half away from zero.
            sum += total.signum() * ((2 * total.abs() + count) / (2 * count));
        }
    }
    let sign = if sum < 0 { "-" } else { "" };
    let checksum = format!("{sign}{}.{:04}", sum.abs() / 10_000, sum.abs() % 10_000);
    (complete, hours.len() as u64 - complete, missing, checksum)
}

fn run(file: &Path, words: &str) -> Command {
    let mut command = archipelago("run cities --durability os --readings");
    command.arg(file).args(words.split_whitespace());
    command
}

#[test]
fn hours_come_to_what_a_plain_sum_says_however_they_are_sent() {
    let place = place();
    let file = made(place.path(), 600);
    let report = json(&mut run(&file, "--islands 4"));
    let (complete, partial, missing, checksum) = plain_sum(&file);
    assert!(complete > 100 && partial > 10, "{report}");
    assert_eq!((number(&report, "complete"), number(&report, "partial")), (complete, partial));
    assert_eq!(number(&report, "missing_reports"), missing);
    assert_eq!(report["checksum"], checksum.as_str());
    assert_eq!((number(&report, "hours"), number(&report, "turned_away")), (600, 0));
    for words in [
        "--islands 1",
        "--islands 16 --resend 0.2 --shuffle 500",
        "--islands 5 --resend 1 --shuffle 50 --seed 9 --deadline 2",
        "--islands 3 --deadline 1 --shuffle 300",
        "--islands 2 --serial",
    ] {
        let again = json(&mut run(&file, words));
        assert_eq!(results(&again), results(&report), "{words}");
        let sent = number(&again, "resent");
        assert_eq!(sent > 0, words.contains("--resend"), "{words}");
    }
    let early = json(&mut run(&file, "--islands 3 --deadline 1 --shuffle 300"));
    assert!(number(&early, "amended") > 100, "shuffled by 40 hours, closed after one: {early}");
}

#[test]
fn a_run_of_cities_can_be_killed_at_any_moment_and_comes_to_the_same() {
    let place = place();
    let file = made(place.path(), 3_000);
    let words = "--islands 4 --resend 0.2 --shuffle 500";
    binary();
    let began = Instant::now();
    let whole = json(&mut run(&file, words));
    let took = began.elapsed().as_micros() as u64;
    let seed = seed();
    eprintln!("seed {seed}; repeat: ARCHIPELAGO_SEED={seed}");
    let (data, mut chance) = (place.path().join("hours"), Chance::new(seed, 31));
    let mut killed = 0;
    for _ in 0..4 {
        let mut child = start(run(&file, words).arg("--data").arg(&data));
        std::thread::sleep(Duration::from_micros(took / 8 + chance.below(took / 2)));
        child.kill().expect("a child can be killed");
        killed += u32::from(child.wait().expect("a child ends").code().is_none());
    }
    let end = json(run(&file, words).arg("--data").arg(&data));
    assert_eq!(results(&end), results(&whole), "killed {killed} times");
    assert_eq!(json(archipelago("replay").arg("--data").arg(&data))["digest"], end["digest"]);
    // All is answered: the same line again asks nothing.
    let before = json(run(&file, words).arg("--data").arg(&data));
    assert_eq!(number(&before, "answered_now"), 0);
    assert_eq!(before["digest"], end["digest"]);
    let other = refused(run(&file, "--islands 4 --shuffle 500").arg("--data").arg(&data));
    assert!(other.contains("made with --resend"), "{other}");
    let other =
        refused(run(&file, "--islands 5 --resend 0.2 --shuffle 500").arg("--data").arg(&data));
    assert!(other.contains("made with --islands 4, not 5"), "{other}");
}

#[test]
fn every_command_on_a_journal_knows_the_cities() {
    let place = place();
    let file = made(place.path(), 60);
    let data = place.path().join("hours");
    let report = json(run(&file, "--islands 3").arg("--data").arg(&data));
    let on = |words: &str| {
        let mut command = archipelago(words);
        command.arg("--data").arg(&data);
        command
    };
    let before = contents(&data);
    assert_eq!(json(&mut on("verify"))["differing"], 0);
    assert_eq!(json(&mut on("what-if"))["differing"], 0);
    assert_eq!(json(&mut on("sim prefixes"))["digest"], report["digest"]);
    assert!(good(&mut on("inspect --island 1 --limit 3")).contains("Announce"));
    assert!(good(&mut on("why --event Modelled --limit 4")).contains("Read"));
    let same = json(archipelago("diff").arg(&data).arg(&data));
    assert_eq!((&same["settings_same"], &same["differ"]), (&true.into(), &Value::Array(vec![])));
    assert!(contents(&data) == before, "reading changes nothing");
    let copy = place.path().join("copy");
    assert_eq!(json(on("backup").arg("--to").arg(&copy))["digest"], report["digest"]);
    assert!(json(&mut on("snapshot"))["file"].is_string());
    let said = refused(&mut on("state warehouse"));
    assert!(said.contains("the application \"cities\""), "{said}");
}

#[test]
fn a_bad_row_is_named_with_its_line_and_the_rest_goes_on() {
    let place = place();
    let file = place.path().join("bad.csv");
    let rows = "year,month,day,hour,TEMP,station\n\
                2013,3,1,0,1.5,A\n\
                2013,3,1,0,warm,B\n\
                2013,3,32,0,1,B\n\
                2013,3,1,0,2.5,B\n";
    fs::write(&file, rows).unwrap();
    let said = say(run(&file, "--json").arg("--islands").arg("2"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.err);
    assert!(lines[0].contains("bad.csv, line 3: column TEMP: \"warm\""), "{}", lines[0]);
    assert!(lines[1].contains("line 4: column hour: there is no hour 2013-03-32"), "{}", lines[1]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let counts = ["hours", "complete", "bad_rows"].map(|key| number(&report, key));
    assert_eq!((counts, &report["checksum"]), ([1, 1, 2], &"2.0000".into()));
    fs::write(&file, "year,month,day,hour,TEMP,station\n2013,3,1,0,x,A\n").unwrap();
    let none = say(&mut run(&file, ""));
    assert_eq!(none.code, Some(2), "{}", none.err);
    assert!(none.err.ends_with("bad.csv: no row in it is good\n"), "{}", none.err);
    let missing = refused(&mut run(&file, "--measure CO"));
    assert!(missing.contains("CO is missing"), "{missing}");
    let odd = refused(&mut run(&file, "--measure HEAT"));
    assert!(odd.contains("possible values: PM2.5"), "{odd}");
    let chance = refused(&mut run(&file, "--resend 2"));
    assert!(chance.contains("a number from 0 to 1"), "{chance}");
}

fn beijing() -> Option<PathBuf> {
    real("beijing_multisite_hourly.csv.gz")
}

#[test]
fn the_real_temperatures_are_complete_in_34961_hours_on_any_number_of_islands() {
    let Some(file) = beijing() else { return };
    let report = json(&mut run(&file, "--measure TEMP --islands 4"));
    let counts = ["hours", "complete", "partial", "missing_reports"];
    assert_eq!(counts.map(|key| number(&report, key)), [35_064, 34_961, 103, 398]);
    for words in ["--islands 1", "--islands 16 --resend 0.2 --shuffle 500"] {
        let again = json(&mut run(&file, &format!("--measure TEMP {words}")));
        assert_eq!(results(&again), results(&report), "{words}");
    }
}

#[test]
fn real_hours_of_dust_and_carbon_monoxide_are_incomplete_as_often_as_published() {
    let Some(file) = beijing() else { return };
    for (measure, incomplete) in [("PM2.5", 6_401), ("CO", 10_156)] {
        let words = format!("--measure {measure} --islands 4 --shuffle 500");
        let report = json(&mut run(&file, &words));
        assert_eq!(number(&report, "partial"), incomplete, "{measure}");
        assert_eq!(number(&report, "complete"), 35_064 - incomplete, "{measure}");
    }
}

#[test]
fn the_real_hours_come_to_the_same_after_a_kill_in_the_middle() {
    let Some(file) = beijing() else { return };
    let words = "--measure PM2.5 --islands 4 --resend 0.2 --shuffle 500";
    binary();
    let began = Instant::now();
    let whole = json(&mut run(&file, words));
    let took = began.elapsed();
    let place = place();
    let data = place.path().join("hours");
    for eighths in [3, 4] {
        let mut child = start(run(&file, words).arg("--data").arg(&data));
        std::thread::sleep(took * eighths / 8);
        child.kill().expect("a child can be killed");
        let _ = child.wait().expect("a child ends");
    }
    let end = json(run(&file, words).arg("--data").arg(&data));
    assert_eq!(results(&end), results(&whole));
    eprintln!("{} of {} answered after two kills", end["answered_now"], whole["answered_now"]);
}
