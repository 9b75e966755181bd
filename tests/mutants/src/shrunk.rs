//! Large worlds with a mutant in them, shrunk to a story: how short, and how fast.
//!
//! Rules:
//! 1. `shrink.toml` says which mutants and worlds, and what is demanded of all of them.
//! 2. A world that fails before it has made so many choices as are demanded does not count.
//!
//! It doesn't know how a world is shrunk: the program does it, built as users have it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;

use crate::error::Error;
use crate::mutant::Mutant;
use crate::tree::{Tree, root};

/// What is shrunk, and what of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Choices of a failing world, at least.
    choices_min: u64,
    /// Choices of its story, at most.
    story_max: u64,
    /// Seconds, below which a search ends.
    seconds_max: f64,
    /// By mutant: a scenario.
    worlds: BTreeMap<String, String>,
}

/// What the program's report says of a failure.
#[derive(Debug, Deserialize)]
struct Told {
    broken: Option<Broken>,
}

#[derive(Debug, Deserialize)]
struct Broken {
    message: String,
    shrunk: Option<Shrunk>,
}

#[derive(Debug, Deserialize)]
struct Shrunk {
    choices: u64,
    from: u64,
    worlds: u64,
    seconds: f64,
    story: String,
}

/// Whether all was as demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Bad,
}

/// Plants and shrinks all that `shrink.toml` names, or `only` those; prints the stories.
///
/// # Errors
/// The file is not what it should be, or a tree does not build.
pub(crate) fn all(mutants: &[Mutant], only: &[String]) -> Result<Verdict, Error> {
    let path = root().join("tests/mutants/shrink.toml");
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let wrong = |what: String| Error::File { file: "shrink.toml".to_owned(), what };
    let wanted: Wanted = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let tree = Tree::copy()?;
    let folder = root().join("tests/mutants");
    let mut verdict = Verdict::Good;
    for (id, scenario) in &wanted.worlds {
        if !only.is_empty() && !only.contains(id) {
            continue;
        }
        let mutant = mutants.iter().find(|mutant| mutant.id == *id);
        let mutant = mutant.ok_or_else(|| Error::Unknown(id.clone()))?;
        eprintln!("{id} {}", mutant.title);
        let binary = tree.with_planted(&mutant.planted()?, Tree::build_fast_aside)?;
        let ran = Command::new(&binary)
            .args(["sim", "warehouse", "--shrink", "--json", "--scenario"])
            .arg(folder.join(scenario))
            // The capsule is written there.
            .current_dir(tree.target())
            .env("RUST_BACKTRACE", "0")
            .output()
            .map_err(Error::io(&binary))?;
        let told: Told = serde_json::from_slice(&ran.stdout).map_err(|_| {
            let what = String::from_utf8_lossy(&ran.stderr);
            let what = what.lines().last().unwrap_or("it said nothing").to_owned();
            Error::Run { command: scenario.clone(), what }
        })?;
        let Some(Broken { message, shrunk: Some(shrunk) }) = told.broken else {
            println!("{id} {}: NOT FOUND", mutant.title);
            verdict = Verdict::Bad;
            continue;
        };
        let Shrunk { choices, from, worlds, seconds, story } = shrunk;
        let good = from >= wanted.choices_min
            && choices <= wanted.story_max
            && seconds < wanted.seconds_max;
        if !good {
            verdict = Verdict::Bad;
        }
        let judged = if good { "as demanded" } else { "NOT AS DEMANDED" };
        println!("{id} {}: {judged}", mutant.title);
        println!("{message}");
        println!("{from} choices → {choices}, {worlds} worlds, {seconds:.2} s");
        if choices <= wanted.story_max {
            println!("{story}");
        }
    }
    Ok(verdict)
}
