//! What is wrong with a scenario file: where it stands, what it is, and what is possible.
//!
//! Rules:
//! 1. A place is `file:line:column`, both counted from 1; a column counts characters.
//! 2. A word that is not known is told with the words that are, and the nearest of them.
//! 3. It is one line.
//!
//! It doesn't know what scenarios say.

use std::fmt;
use std::ops::Range;

/// A fault in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The file's name, as it was given.
    pub file: String,
    /// Line and column, if the fault has a place.
    pub place: Option<(usize, usize)>,
    /// What is wrong and what is possible.
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Wrong {}

/// A fault as it is found: at these bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Option<Range<usize>>,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn at(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at: Some(at), what: what.into() }
    }

    /// What the reader of TOML says; an unknown key with its nearest.
    pub(super) fn of(error: &toml::de::Error) -> Self {
        let said = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut quoted = said.split('`').skip(1).step_by(2);
        let unknown = said.starts_with("unknown ").then(|| quoted.next()).flatten();
        let near = unknown.and_then(|word| nearest(word, quoted));
        let what = match near {
            Some(near) => format!("{said}; did you mean `{near}`?"),
            None => said,
        };
        Self { at: error.span(), what }
    }

    /// With its place in `text`.
    pub(super) fn placed(self, file: &str, text: &str) -> Wrong {
        let place = self.at.map(|range| place(text, range.start));
        Wrong { file: file.to_owned(), place, what: self.what }
    }
}

/// Line and column of a byte.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// So many known words are told beside the nearest one.
const TOLD_MAX: usize = 16;

/// A word that is none of `known`.
pub(super) fn unknown<'a>(
    what: &str,
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let all = known.clone().into_iter().collect::<Vec<_>>();
    match nearest(word, known) {
        Some(near) if all.len() > TOLD_MAX => {
            format!("no {what} is called {word:?}; did you mean {near:?}?")
        }
        Some(near) => {
            let all = all.join(", ");
            format!("no {what} is called {word:?}; did you mean {near:?}? There are {all}")
        }
        None => format!("no {what} is called {word:?}; there are {}", all.join(", ")),
    }
}

/// The nearest of `known`, if it is near: at most a third of the word differs, or two letters.
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far =
        |known: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &known.to_lowercase());
    let known = known.into_iter().map(|known| (far(known), known));
    // The first of equally near ones.
    let (distance, near) = known.min_by_key(|(distance, _)| *distance)?;
    (distance <= (word.chars().count() / 3).max(2)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters_from_one() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("a\nbé c", 6), (2, 4));
        assert_eq!(place("a", 99), (1, 2));
        assert_eq!(place("é", 1), (1, 2), "in the middle of a letter");
    }

    #[test]
    fn the_near_word_is_told() {
        assert_eq!(nearest("ilsands", ["seeds", "islands"]), Some("islands"));
        assert_eq!(nearest("grant", ["Grant", "Deny"]), Some("Grant"));
        assert_eq!(nearest("xyzzy", ["Grant", "Deny"]), None);
        let told = unknown("mark", "a darin", ["a drain", "a refund"]);
        assert_eq!(
            told,
            "no mark is called \"a darin\"; did you mean \"a drain\"? There are a drain, a refund"
        );
    }
}
