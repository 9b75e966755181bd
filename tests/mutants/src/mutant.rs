//! A mutant: a small patch, its story, and where it is hunted.
//!
//! ```toml
//! title = "acknowledged before it is durable"
//! story = "what a real system did, and what it cost"
//! worlds = ["parcels"]              # all of worlds.toml, if it is left out
//! [[edit]]
//! file = "core/src/link/links.rs"
//! snippet = '''one piece of that file, to the letter'''
//! replacement = '''what stands there instead'''
//! ```
//! Rules:
//! 1. Its name is its file's. A snippet stands exactly once in its file; the line break before the
//!    closing quotes is not part of it.
//! 2. Edits are made one after the other.
//!
//! It doesn't know how anything is built or run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::tree::root;

/// Worlds by name: the arguments that run them.
pub(crate) type Worlds = BTreeMap<String, String>;

/// A mutant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// The name of its file.
    #[serde(skip)]
    pub(crate) id: String,
    /// What it does, in a few words.
    pub(crate) title: String,
    /// What it is like in a real system, and why nobody sees it at first.
    pub(crate) story: String,
    /// In which worlds it is hunted; in all if there are none.
    #[serde(default)]
    worlds: Vec<String>,
    edit: Vec<Edit>,
}

/// One piece of text for another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    snippet: String,
    replacement: String,
}

/// Files of the tree with a mutant in them: name and text.
pub(crate) type Planted = BTreeMap<String, String>;

fn folder() -> PathBuf {
    root().join("tests/mutants")
}

/// All worlds.
///
/// # Errors
/// `worlds.toml` is not what it should be.
pub(crate) fn worlds() -> Result<Worlds, Error> {
    let path = folder().join("worlds.toml");
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    read(&path, &text)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> Result<T, Error> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    toml::from_str(text).map_err(|error| Error::File { file, what: error.to_string() })
}

/// All mutants, by name.
///
/// # Errors
/// One is not what it should be.
pub(crate) fn all(worlds: &Worlds) -> Result<Vec<Mutant>, Error> {
    let folder = folder().join("bugs");
    let mut mutants = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::io(&folder))? {
        let path = entry.map_err(Error::io(&folder))?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        let mut mutant: Mutant = read(&path, &text)?;
        mutant.id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let what = if mutant.edit.is_empty() {
            "it changes nothing".to_owned()
        } else if let Some(name) = mutant.worlds.iter().find(|name| !worlds.contains_key(*name)) {
            format!("no world is called {name:?}")
        } else {
            mutants.push(mutant);
            continue;
        };
        return Err(Error::File { file: path.display().to_string(), what });
    }
    mutants.sort_by_key(|mutant| by_name(&mutant.id));
    Ok(mutants)
}

/// E2 before E12.
fn by_name(id: &str) -> (String, u64, String) {
    let letters = id.find(|c: char| c.is_ascii_digit()).unwrap_or(id.len());
    let (family, number) = id.split_at(letters);
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let (number, variant) = number.split_at(digits);
    (family.to_owned(), number.parse().unwrap_or_default(), variant.to_owned())
}

impl Mutant {
    /// The files it changes, changed.
    ///
    /// # Errors
    /// [`Error::DoesNotApply`], and files that are not there.
    pub(crate) fn planted(&self) -> Result<Planted, Error> {
        let mut planted = Planted::new();
        for Edit { file, snippet, replacement } in &self.edit {
            let path = root().join(file);
            let text = match planted.remove(file) {
                Some(text) => text,
                None => fs::read_to_string(&path).map_err(Error::io(&path))?,
            };
            let (snippet, replacement) = (unended(snippet), unended(replacement));
            let times = if snippet.is_empty() { 0 } else { text.matches(snippet).count() };
            if times != 1 {
                let (id, file) = (self.id.clone(), file.clone());
                return Err(Error::DoesNotApply { id, file, times });
            }
            planted.insert(file.clone(), text.replacen(snippet, replacement, 1));
        }
        Ok(planted)
    }

    /// The worlds it is hunted in.
    pub(crate) fn worlds_of(&self, worlds: &Worlds) -> Worlds {
        let here = |name: &String| self.worlds.is_empty() || self.worlds.contains(name);
        let chosen = worlds.iter().filter(|(name, _)| here(name));
        chosen.map(|(name, args)| (name.clone(), args.clone())).collect()
    }
}

fn unended(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_can_be_planted_and_changes_the_code() {
        let mutants = all(&worlds().unwrap()).unwrap();
        assert!(mutants.len() >= 40, "{} mutants", mutants.len());
        for mutant in mutants {
            let planted = mutant.planted().unwrap_or_else(|error| panic!("{error}"));
            for (file, text) in planted {
                let before = fs::read_to_string(root().join(&file)).unwrap();
                assert_ne!(before, text, "{} changes nothing in {file}", mutant.id);
            }
        }
    }

    #[test]
    fn a_snippet_that_stands_twice_or_never_is_refused() {
        let mutant = |snippet: &str| Mutant {
            id: "X".to_owned(),
            title: String::new(),
            story: String::new(),
            worlds: Vec::new(),
            edit: vec![Edit {
                file: "tests/mutants/worlds.toml".to_owned(),
                snippet: snippet.to_owned(),
                replacement: String::new(),
            }],
        };
        assert!(mutant("parcels = \n").planted().is_ok());
        for (snippet, expected) in [("sim ", 2), ("no such piece", 0), ("", 0)] {
            match mutant(snippet).planted() {
                Err(Error::DoesNotApply { times, .. }) => assert!(times >= expected, "{snippet:?}"),
                other => panic!("{snippet:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn names_sort_as_people_count() {
        let mut names = ["E12", "E2", "D8b", "D8", "K1"];
        names.sort_by_key(|name| by_name(name));
        assert_eq!(names, ["D8", "D8b", "E2", "E12", "K1"]);
    }
}
