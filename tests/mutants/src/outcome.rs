//! What a run of the program says: all checks held, or which one failed, at which seed.
//!
//! Rules:
//! 1. Exit 0 with one JSON object: all held; its `digest` says which worlds they were.
//! 2. Exit 1 with the line `error: seed N: CHECK: what was seen`: a check failed.
//! 3. Exit 1 with the line `error: none of N worlds took these paths: …`: a batch that is to be
//!    rich was poor.
//! 4. A process that ended itself (a panic in the code under test) was found out as well, by the
//!    assertion that it names; the seed is then not known.
//! 5. Anything else is no verdict.
//!
//! It doesn't know who ran it.

/// What a run says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All checks held; the digest of the worlds.
    Held(String),
    /// A check failed.
    Failed {
        /// Its name.
        check: String,
        /// What was seen.
        seen: String,
        /// The seed, if it was named.
        seed: Option<u64>,
    },
}

/// Reads what a process left: its exit code (`None`: ended by a signal) and its two streams.
///
/// # Errors
/// What it said, if it is no verdict.
pub(crate) fn read(code: Option<i32>, out: &str, err: &str) -> Result<Outcome, String> {
    match code {
        Some(0) => {
            let json: serde_json::Value =
                serde_json::from_str(out).map_err(|error| error.to_string())?;
            let digest = json.get("digest").and_then(serde_json::Value::as_str);
            let digest = digest.ok_or("its report has no digest")?;
            Ok(Outcome::Held(digest.to_owned()))
        }
        Some(1) => {
            let line = err.lines().rev().find_map(|line| line.strip_prefix("error: seed "));
            let poor = err.lines().rev().find_map(|line| line.strip_prefix("error: none of "));
            if let (None, Some((_, paths))) = (line, poor.and_then(|told| told.split_once(": "))) {
                let (check, seen) = ("every rare path is taken".to_owned(), paths.to_owned());
                return Ok(Outcome::Failed { check, seen, seed: None });
            }
            let parts = line.and_then(|line| {
                let (seed, told) = line.split_once(": ")?;
                let (check, seen) = told.split_once(": ")?;
                Some((seed.parse().ok()?, check.to_owned(), seen.to_owned()))
            });
            let (seed, check, seen) = parts.ok_or_else(|| last_line(err))?;
            Ok(Outcome::Failed { check, seen, seed: Some(seed) })
        }
        Some(101) | None => {
            let mut lines = err.lines();
            let place = lines.find(|line| line.contains("panicked at ")).unwrap_or_default();
            let seen = format!("{place} {}", lines.next().unwrap_or_default());
            Ok(Outcome::Failed { check: "an assertion in the code".to_owned(), seen, seed: None })
        }
        Some(_) => Err(last_line(err)),
    }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_is_told_from_success_a_panic_and_bad_usage() {
        let held = read(Some(0), "{\"seeds\":3,\"digest\":\"ab\"}\n", "");
        assert_eq!(held, Ok(Outcome::Held("ab".to_owned())));
        let line =
            "noise\nerror: seed 17: replay equals live: island 2: other; repeat it with: x\n";
        let failed = read(Some(1), "", line).unwrap();
        let expected = Outcome::Failed {
            check: "replay equals live".to_owned(),
            seen: "island 2: other; repeat it with: x".to_owned(),
            seed: Some(17),
        };
        assert_eq!(failed, expected);
        let poor = read(Some(1), "{}", "error: none of 1,000 worlds took these paths: a; b\n");
        assert!(matches!(poor, Ok(Outcome::Failed { seed: None, seen, .. }) if seen == "a; b"));
        let panicked = "thread 'main' (9) panicked at core/src/x.rs:1:2:\na hole\nnote: x\n";
        match read(Some(101), "", panicked) {
            Ok(Outcome::Failed { seed: None, seen, .. }) => assert!(seen.ends_with(" a hole")),
            other => panic!("{other:?}"),
        }
        for (code, out, err) in [(2, "", "error: bad"), (1, "", "error: x"), (0, "{}", "")] {
            assert!(read(Some(code), out, err).is_err(), "{code}");
        }
    }
}
