//! Large worlds with a mutant in them, shrunk to a story: how short, and how fast.
//!
//! Rules:
//! 1. `shrink.toml` says which mutants and worlds, and what is demanded of all of them.
//! 2. A world that fails before it has made so many choices as are demanded does not count.
//!
//! It doesn't know how a world is shrunk: the example `shrink`, built with the mutant, does it.

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
    /// By mutant: the world, as the example takes it.
    worlds: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
}

/// The line before a story.
#[derive(Debug, Deserialize)]
struct Told {
    from: u64,
    to: u64,
    seconds: f64,
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
    let mut verdict = Verdict::Good;
    for (id, world) in &wanted.worlds {
        if !only.is_empty() && !only.contains(id) {
            continue;
        }
        let mutant = mutants.iter().find(|mutant| mutant.id == *id);
        let mutant = mutant.ok_or_else(|| Error::Unknown(id.clone()))?;
        eprintln!("{id} {}", mutant.title);
        let mut world = world.clone();
        world.insert("choices_min".to_owned(), wanted.choices_min.into());
        let world = serde_json::to_string(&world).map_err(|error| wrong(error.to_string()))?;
        let binary = tree.with_planted(&mutant.planted()?, Tree::build_shrink_aside)?;
        let ran = Command::new(&binary).arg(&world).env("RUST_BACKTRACE", "0").output();
        let ran = ran.map_err(Error::io(&binary))?;
        let (out, err) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        let told = out.lines().next().and_then(|line| serde_json::from_str::<Told>(line).ok());
        let good = told.as_ref().is_some_and(|told| {
            told.from >= wanted.choices_min
                && told.to <= wanted.story_max
                && told.seconds < wanted.seconds_max
        });
        if !good {
            verdict = Verdict::Bad;
        }
        let judged = if good { "as demanded" } else { "NOT AS DEMANDED" };
        println!("{id} {}: {judged}\n{out}{err}", mutant.title);
    }
    Ok(verdict)
}
