//! The file of `--replies`: one line an order, `<InvoiceNo> accepted|refused`.
//!
//! Rules:
//! 1. A line is written when its reply arrives, with one write, and never changed.
//! 2. An order that stands in the file already is not written again; a reply that contradicts its
//!    line is a failed check.
//! 3. A last line without its end was torn by a crash: it is cut off, once all other lines were
//!    found good. Its reply comes again, for it was durable before it was written.
//! 4. A file with anything else in it is not ours: it is refused, and nothing is changed.
//!
//! Memory: about 17 to 35 bytes for each line found at the beginning, none for those written.
//! The caller records an order at most once in one life. It doesn't know islands.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::workload::warehouse::rows::NUMBER_BYTES_MAX;

/// No good line is longer: a number, a space, a word, the line's end.
const LINE_BYTES_MAX: usize = NUMBER_BYTES_MAX + 1 + "accepted".len() + 1;

/// The answer to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken whole.
    Accepted,
    /// Refused whole.
    Refused,
}

impl Outcome {
    const ALL: [Self; 2] = [Self::Accepted, Self::Refused];

    /// The word in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What [`ReplyLog::record`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Wrote a line.
    Written,
    /// Nothing: the same line was in the file at the beginning.
    KnownBefore,
}

/// An order's number in place, filled up with zeros (a number has none).
type Key = [u8; NUMBER_BYTES_MAX];

/// The file, open at its end.
#[derive(Debug)]
pub struct ReplyLog {
    path: PathBuf,
    file: File,
    known: HashMap<Key, Outcome>,
    line: Vec<u8>,
}

impl ReplyLog {
    /// Opens or makes the file, and reads what stands in it. A pipe or terminal is only written.
    ///
    /// # Errors
    /// When it cannot be opened or is not a file of replies (exit 2); when it contradicts itself
    /// (exit 1).
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let bad = |error: io::Error| Failure::input(format!("{}: {error}", path.display()));
        let is_special = path.metadata().is_ok_and(|meta| !meta.is_file());
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).read(!is_special).open(path).map_err(bad)?;
        let mut known = HashMap::new();
        if !is_special {
            let good_bytes = read_known(path, &file, &mut known)?;
            if file.metadata().map_err(bad)?.len() > good_bytes {
                file.set_len(good_bytes).map_err(bad)?;
            }
        }
        Ok(Self { path: path.into(), file, known, line: Vec::with_capacity(LINE_BYTES_MAX) })
    }

    /// How many orders stood in the file when it was opened.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known.len()
    }

    /// What stood in the file for this order when it was opened.
    #[must_use]
    pub fn outcome(&self, number: &str) -> Option<Outcome> {
        self.known.get(&key(number.as_bytes())?).copied()
    }

    /// Writes the line of a reply that arrived, unless it stands there already.
    ///
    /// # Errors
    /// When the file says otherwise (exit 1); when it cannot be written (exit 2).
    pub fn record(&mut self, number: &str, outcome: Outcome) -> Result<Recorded, Failure> {
        let path = self.path.display();
        if key(number.as_bytes()).is_none() {
            return Err(Failure::input(format!("{path}: \"{number}\" is no order number")));
        }
        match self.outcome(number) {
            Some(before) if before == outcome => return Ok(Recorded::KnownBefore),
            Some(before) => {
                return Err(Failure::check(format!(
                    "{path}: order {number} is {outcome}, but the file says {before}"
                )));
            }
            None => {}
        }
        self.line.clear();
        self.line.extend_from_slice(number.as_bytes());
        self.line.push(b' ');
        self.line.extend_from_slice(outcome.word().as_bytes());
        self.line.push(b'\n');
        match self.file.write_all(&self.line) {
            Ok(()) => Ok(Recorded::Written),
            Err(error) => Err(Failure::input(format!("{path}: {error}"))),
        }
    }
}

/// Reads all whole lines into `known`; says where the last of them ends.
fn read_known(path: &Path, file: &File, known: &mut HashMap<Key, Outcome>) -> Result<u64, Failure> {
    let path = path.display();
    let mut reader = BufReader::new(file);
    let (mut line, mut good_bytes) = (Vec::new(), 0);
    for number in 1_u64.. {
        line.clear();
        // One byte more than is good, so that a long line shows.
        (&mut reader)
            .take(LINE_BYTES_MAX as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::input(format!("{path}:{number}: {error}")))?;
        if line.is_empty() {
            break;
        }
        let not_ours = || {
            let begin = line.escape_ascii();
            Failure::input(format!(
                "{path}:{number}: \"{begin}\" is not `<InvoiceNo> accepted|refused`: this is no \
                 file of replies, give another with --replies"
            ))
        };
        let Some(whole) = line.strip_suffix(b"\n") else {
            if is_torn(&line) {
                break;
            }
            return Err(not_ours());
        };
        let (key, outcome) = parse(whole).ok_or_else(not_ours)?;
        if *known.entry(key).or_insert(outcome) != outcome {
            return Err(Failure::check(format!(
                "{path}:{number}: the order was answered otherwise in a line before"
            )));
        }
        good_bytes += line.len() as u64;
    }
    Ok(good_bytes)
}

fn parse(line: &[u8]) -> Option<(Key, Outcome)> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (number, word) = (&line[..space], &line[space + 1..]);
    let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.word().as_bytes() == word)?;
    Some((key(number)?, outcome))
}

/// Whether this could be the beginning of a line of ours.
fn is_torn(line: &[u8]) -> bool {
    match line.iter().position(|&byte| byte == b' ') {
        None => key(line).is_some(),
        Some(space) => {
            let starts =
                |outcome: Outcome| outcome.word().as_bytes().starts_with(&line[space + 1..]);
            key(&line[..space]).is_some() && Outcome::ALL.into_iter().any(starts)
        }
    }
}

fn key(number: &[u8]) -> Option<Key> {
    let mut key = [0; NUMBER_BYTES_MAX];
    let odd = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control();
    if number.is_empty() || number.iter().any(odd) {
        return None;
    }
    key.get_mut(..number.len())?.copy_from_slice(number);
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::failure::Exit;
    use super::*;

    fn file(text: &str) -> (TempDir, PathBuf) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("replies.txt");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn replies_are_written_at_once_and_never_twice() {
        let (_dir, path) = file("");
        let mut log = ReplyLog::open(&path).unwrap();
        assert_eq!(log.record("536365", Outcome::Accepted), Ok(Recorded::Written));
        assert_eq!(fs::read_to_string(&path).unwrap(), "536365 accepted\n");
        drop(log);
        let mut log = ReplyLog::open(&path).unwrap();
        assert_eq!((log.known(), log.outcome("536365")), (1, Some(Outcome::Accepted)));
        assert_eq!(log.record("536365", Outcome::Accepted), Ok(Recorded::KnownBefore));
        assert_eq!(log.record("536366", Outcome::Refused), Ok(Recorded::Written));
        assert_eq!(fs::read_to_string(&path).unwrap(), "536365 accepted\n536366 refused\n");
    }

    #[test]
    fn a_torn_last_line_is_cut_wherever_it_was_torn() {
        let whole = "536365 accepted\n";
        for end in 0..whole.len() {
            let (_dir, path) = file(&format!("1 refused\n{}", &whole[..end]));
            let mut log = ReplyLog::open(&path).unwrap();
            assert_eq!(log.known(), 1, "{end}");
            log.record("536365", Outcome::Accepted).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("1 refused\n{whole}"));
        }
    }

    #[test]
    fn a_contradiction_is_a_failed_check() {
        let (_dir, path) = file("1 refused\n");
        let failure = ReplyLog::open(&path).unwrap().record("1", Outcome::Accepted).unwrap_err();
        assert_eq!(failure.exit(), Exit::CheckFailed);
        assert!(failure.to_string().ends_with("order 1 is accepted, but the file says refused"));
        let (_dir, path) = file("1 refused\n1 accepted\n");
        assert_eq!(ReplyLog::open(&path).unwrap_err().exit(), Exit::CheckFailed);
    }

    #[test]
    fn a_file_that_is_not_ours_is_refused_and_left_alone() {
        let long = "x".repeat(100_000);
        for text in
            ["InvoiceNo,StockCode\n1,2", "a letter", "1 taken\n", " accepted\n", "\n", &long]
        {
            let (_dir, path) = file(text);
            let failure = ReplyLog::open(&path).unwrap_err();
            assert_eq!(failure.exit(), Exit::BadInput);
            assert!(failure.to_string().contains("replies.txt:1: \""), "{failure}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let missing = ReplyLog::open(Path::new("/nowhere/replies.txt")).unwrap_err();
        assert!(missing.to_string().starts_with("/nowhere/replies.txt: No such file"));
    }
}
