//! Style as a test: what every file of this repository keeps to, each rule with its reason.
//!
//! Rules: the list in [`RULES`]. A breach is told as `file:line: rule: reason`; all are told at
//! once.
//!
//! It doesn't know Rust: it reads lines, so a rule is only as sharp as its words.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::root;

/// Lines a file may have: what is longer has more than one subject.
const LINES_MAX: usize = 500;
/// Columns of a line: two files stand side by side on one screen.
const COLUMNS_MAX: usize = 100;

/// A file of the repository.
struct File {
    /// From the root, with `/`.
    name: String,
    text: String,
}

/// A rule: its name, the files it is for, what it finds wrong (line and detail), and its reason.
struct Rule {
    name: &'static str,
    applies: fn(&File) -> bool,
    check: fn(&File) -> Vec<(usize, String)>,
    reason: &'static str,
}

const RULES: [Rule; 10] = [
    Rule {
        name: "header",
        applies: is_rust,
        check: |file| {
            let missing = !file.text.starts_with("//! ");
            missing.then(|| (1, "no //! at the top".to_owned())).into_iter().collect()
        },
        reason: "a file opens with what it is, its rules, and what it doesn't know",
    },
    Rule {
        name: "length",
        applies: is_rust,
        check: |file| {
            let lines = file.text.lines().count();
            let long = lines > LINES_MAX;
            long.then(|| (lines, format!("{lines} lines"))).into_iter().collect()
        },
        reason: "a file longer than 500 lines has more than one subject: split it",
    },
    Rule {
        name: "width",
        applies: is_rust,
        check: |file| {
            // A sentence told to a user stands on one line, so that it can be searched for.
            lines(file, |line| line.chars().count() > COLUMNS_MAX && !line.contains('"'))
        },
        reason: "two files stand side by side on one screen at 100 columns",
    },
    Rule {
        name: "core imports nobody",
        applies: |file| is_rust(file) && file.name.starts_with("core/"),
        check: |file| code(file, &["archipelago::", "archipelago_sim"]),
        reason: "imports run one way: core <- islands <- sim",
    },
    Rule {
        name: "islands import core only",
        applies: |file| is_rust(file) && file.name.starts_with("islands/"),
        check: |file| code(file, &["archipelago_sim"]),
        reason: "imports run one way: core <- islands <- sim",
    },
    Rule {
        name: "the kernel is a function",
        applies: |file| {
            // Lookup is the one place with a hash table: it never shows the order of its entries.
            is_rust(file) && file.name.starts_with("core/src/") && file.name != LOOKUP
        },
        check: |file| code(file, &KERNEL_BANS),
        reason: "the kernel reads no clock, no entropy, no hash order, and has no threads or files",
    },
    Rule {
        name: "lookup alone hashes",
        applies: |file| file.name == LOOKUP,
        check: |file| code(file, &KERNEL_BANS[..KERNEL_BANS.len() - 2]),
        reason: "the kernel reads no clock, no entropy, and has no threads or files",
    },
    Rule {
        name: "no machine paths",
        applies: |file| !file.name.ends_with("Cargo.lock"),
        check: |file| {
            let paths = ["work", "root", "home", "tmp", "Users"].map(|word| format!("/{word}/"));
            lines(file, |line| {
                let said = line.trim_start().starts_with("//") && line.contains("machine path");
                !said && paths.iter().any(|path| stands_alone(line, path))
            })
        },
        reason: "a checkout works wherever it stands",
    },
    Rule {
        name: "nothing unfinished",
        applies: |file| is_rust(file) && file.name != "tests/it/tidy.rs",
        check: |file| code(file, &["dbg!(", "todo!(", "unimplemented!("]),
        reason: "what is in the tree is done",
    },
    Rule {
        name: "no unsafe code",
        applies: |file| ["core/src/lib.rs", "sim/src/lib.rs"].contains(&file.name.as_str()),
        check: |file| {
            let missing = !file.text.contains("#![forbid(unsafe_code)]");
            missing.then(|| (1, "no #![forbid(unsafe_code)]".to_owned())).into_iter().collect()
        },
        reason: "kernel and worlds need none; the attribute cannot be lifted further down",
    },
];

const LOOKUP: &str = "core/src/lookup.rs";

/// Words that cannot stand in the code of the kernel; the last two may in its lookup.
const KERNEL_BANS: [&str; 12] = [
    "HashMap<std",
    "Instant",
    "SystemTime",
    "thread::",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "RandomState",
    "println!(",
    "HashMap",
    "HashSet",
];

fn is_rust(file: &File) -> bool {
    file.name.ends_with(".rs")
}

/// The lines that `wrong` finds, as they are.
fn lines(file: &File, wrong: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    let found = file.text.lines().enumerate().filter(|(_, line)| wrong(line));
    found.map(|(at, line)| (at + 1, line.trim().to_owned())).collect()
}

/// The lines whose code (comments apart) has one of `words`.
fn code(file: &File, words: &[&str]) -> Vec<(usize, String)> {
    lines(file, |line| {
        let code = line.split("//").next().unwrap_or_default();
        words.iter().any(|word| code.contains(word))
    })
}

/// Whether an absolute path begins with `path` somewhere in `line`.
fn stands_alone(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "./_-}*$".contains(c)))
    })
}

/// All files that git has or would add; without git, all that no build made.
fn files() -> Vec<File> {
    let names = git_files().unwrap_or_else(|| {
        let mut names = Vec::new();
        walk(root(), &mut names);
        names
    });
    let mut files = Vec::new();
    for name in names {
        // A file deleted and not yet committed, or one that is no text.
        let Ok(text) = std::fs::read_to_string(root().join(&name)) else { continue };
        files.push(File { name, text });
    }
    files
}

fn git_files() -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let out = git.output().ok().filter(|out| out.status.success())?;
    Some(String::from_utf8(out.stdout).ok()?.lines().map(str::to_owned).collect())
}

fn walk(folder: &Path, names: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).expect("a folder can be read");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    for path in paths {
        let built = path.join("CACHEDIR.TAG").exists() || path.ends_with(".git");
        if path.is_dir() && !built {
            walk(&path, names);
        } else if path.is_file() {
            let name = path.strip_prefix(root()).expect("below the root");
            names.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
}

#[test]
fn every_file_keeps_the_rules() {
    let files = files();
    let crates = ["core/src/lib.rs", "islands/src/lib.rs", "sim/src/lib.rs", "tests/it/tidy.rs"];
    for name in crates {
        assert!(files.iter().any(|file| file.name == name), "{name} was not looked at");
    }
    let mut wrong = Vec::new();
    for rule in &RULES {
        for file in files.iter().filter(|file| (rule.applies)(file)) {
            for (line, detail) in (rule.check)(file) {
                let File { name, .. } = file;
                wrong.push(format!("{name}:{line}: {}: {detail} ({})", rule.name, rule.reason));
            }
        }
    }
    assert!(wrong.is_empty(), "{} breaches\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_finds_its_breach() {
    let breaches = [
        ("header", "islands/src/x.rs", "use std::fmt;\n".to_owned()),
        ("length", "sim/src/x.rs", "//! x\n".repeat(501)),
        ("width", "sim/src/x.rs", format!("//! {}\n", "x".repeat(97))),
        ("core imports nobody", "core/src/x.rs", "//! x\nuse archipelago::builder;\n".to_owned()),
        ("islands import core only", "islands/src/x.rs", "use archipelago_sim::cli;\n".to_owned()),
        ("the kernel is a function", "core/src/x.rs", "let now = Instant::now();\n".to_owned()),
        ("the kernel is a function", "core/src/x.rs", "use std::collections::HashMap;\n".into()),
        ("lookup alone hashes", LOOKUP, "let _ = std::fs::read(path);\n".to_owned()),
        ("no machine paths", "README.md", format!("look in /{}/x\n", "work")),
        ("nothing unfinished", "sim/src/x.rs", format!("{}!()\n", "todo")),
        ("no unsafe code", "core/src/lib.rs", "//! x\n".to_owned()),
    ];
    for (name, file, text) in breaches {
        let rule = RULES.iter().find(|rule| rule.name == name).expect("a rule of that name");
        let file = File { name: file.to_owned(), text };
        assert!((rule.applies)(&file), "{name} is for {}", file.name);
        assert!(!(rule.check)(&file).is_empty(), "{name} finds nothing wrong in {}", file.name);
    }
}
