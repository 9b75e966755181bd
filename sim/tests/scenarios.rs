//! The scenario files that are shipped: each is read, its laws hold, and its point really happens.
//!
//! Rule: a file says what its point is, in `sometimes` and `[expect]`; this demands that it says
//! so, and that its seeds show it.
//!
//! It doesn't know how a world works.

use std::path::{Path, PathBuf};

use archipelago_sim::scenario::ScenarioFile;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let toml = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "toml");
    let mut files: Vec<_> = entries.filter(toml).collect();
    files.sort();
    files
}

#[test]
fn every_shipped_scenario_keeps_its_laws_and_shows_its_point() {
    let files = files();
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let scenario = ScenarioFile::open(&file).unwrap_or_else(|wrong| panic!("{wrong}"));
        let (simulation, seeds) = (scenario.simulation(), scenario.seeds);
        let range = scenario.from..scenario.from + seeds;
        let summary = simulation.seeds_on(2, range, |_| {}).unwrap_or_else(|broken| {
            panic!("{name}, {broken}");
        });
        assert_eq!(scenario.missed(&summary), [""; 0], "{name}");
        assert_eq!(simulation.twice(scenario.from).map(|_| ()), Ok(()), "{name}");
    }
}

#[test]
fn every_shipped_scenario_explains_itself_and_says_what_is_to_be_seen() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.display();
        let comment: Vec<_> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(comment.len() >= 6, "{name} begins with what happens, and why");
        for part in ["# What happens: ", "# What to see: "] {
            assert!(comment.iter().any(|line| line.starts_with(part)), "{name}: {part}");
        }
        assert!(text.contains("\nsometimes = ["), "{name} demands that its point happens");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{name}");
    }
}
