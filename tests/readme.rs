//! The README shows what is there: its code is an example that is compiled and run.

use std::fs;
use std::path::Path;

/// Every page that names files and tests.
const PAGES: &[&str] = &[
    "README.md",
    "docs/ARCHITECTURE.md",
    "docs/DESIGN.md",
    "docs/STYLE.md",
    "docs/SIMULATION.md",
    "docs/TWIN.md",
    "docs/JOURNAL.md",
    "docs/REPLAY.md",
    "docs/SNAPSHOTS.md",
    "docs/SCHEMA.md",
    "docs/CLIENTS.md",
    "docs/QUESTIONS.md",
    "docs/RELIABILITY.md",
    "docs/PERFORMANCE.md",
    "examples/scenarios/README.md",
];

#[test]
fn the_readme_shows_the_smallest_example_to_the_letter() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (readme, example) = (read("README.md"), read("examples/one_island.rs"));
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(example.as_str()), "copy examples/one_island.rs into README.md");
    assert!(example.lines().count() <= 45, "the smallest island must stay small");
}

#[test]
fn the_simulators_page_shows_pieces_of_examples_to_the_letter() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (page, mine) = (read("docs/SIMULATION.md"), read("examples/simulate_my_island.rs"));
    let shown: Vec<&str> = page.split("```rust\n").skip(1).map(block).collect();
    assert!(mine.lines().count() <= 40, "an island of one's own must stay small to simulate");
    assert_eq!(shown.first(), Some(&mine.as_str()), "copy examples/simulate_my_island.rs");
    let more = read("examples/simulate_more.rs");
    assert!(shown.len() > 5, "the page shows pieces of examples/simulate_more.rs");
    for piece in &shown[1..] {
        assert!(more.contains(piece), "examples/simulate_more.rs has no such piece:\n{piece}");
    }
}

#[test]
fn the_page_on_replay_shows_a_piece_of_its_example_to_the_letter() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (page, example) = (read("docs/REPLAY.md"), read("examples/what_if.rs"));
    let shown: Vec<&str> = page.split("```rust\n").skip(1).map(block).collect();
    assert_eq!(shown.len(), 1);
    assert!(example.contains(shown[0]), "examples/what_if.rs has no such piece:\n{}", shown[0]);
    assert!(example.lines().count() <= 60, "a rule of one's own must stay small to try");
}

#[test]
fn the_page_on_clients_shows_pieces_of_its_example_to_the_letter() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (page, example) = (read("docs/CLIENTS.md"), read("examples/front_end.rs"));
    let shown: Vec<&str> = page.split("```rust\n").skip(1).map(block).collect();
    assert!(shown.len() > 3, "the page shows pieces of examples/front_end.rs");
    for piece in shown {
        assert!(example.contains(piece), "examples/front_end.rs has no such piece:\n{piece}");
    }
    assert!(example.lines().count() <= 60, "a front end must stay small");
}

/// A block of code up to its end.
fn block(rest: &str) -> &str {
    rest.split("```").next().unwrap_or_default()
}

#[test]
fn every_page_that_a_page_links_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in PAGES {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let folder = root.join(page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.starts_with("http") {
                continue;
            }
            let linked = if file.is_empty() { root.join(page) } else { folder.join(file) };
            let target = fs::read_to_string(&linked).unwrap_or_else(|error| {
                panic!("{page} links to {link}, but {}: {error}", linked.display())
            });
            let headings = target.lines().filter(|line| line.starts_with('#'));
            let mut anchors = headings
                .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"));
            assert!(
                anchor.is_empty() || anchors.any(|found| found == anchor),
                "{page} links to {link}, but {file} has no such heading"
            );
        }
    }
}

#[test]
fn the_page_on_schemas_shows_a_piece_of_its_example_to_the_letter() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (page, example) = (read("docs/SCHEMA.md"), read("examples/schema_change.rs"));
    let shown = page.split("```rust,ignore\n").nth(1).and_then(|rest| rest.split("```").next());
    let shown = shown.expect("the page shows code");
    assert!(example.contains(shown), "examples/schema_change.rs has no such piece:\n{shown}");
}

/// Files and tests that the pages name as evidence.
#[test]
fn every_source_file_and_test_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in ["core", "islands", "sim", "tests"] {
        gather(&root.join(folder), &mut sources);
    }
    for page in PAGES {
        let text = fs::read_to_string(root.join(page)).unwrap();
        for code in text.split('`').skip(1).step_by(2) {
            let is_path = ["core/", "islands/", "sim/", "tests/", "examples/", "docs/"]
                .iter()
                .any(|folder| code.starts_with(folder));
            if is_path && !code.contains(' ') {
                assert!(root.join(code).exists(), "{page} names {code}, which is not there");
            }
            let is_test = code.split('_').count() > 4
                && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(
                !is_test || sources.contains(&format!("fn {code}(")),
                "{page} names the test {code}, which is not there"
            );
        }
    }
}

fn gather(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
