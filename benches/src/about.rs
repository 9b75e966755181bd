//! Where a figure was measured: machine, commit, command. A figure without them is a rumour. And
//! how a bench ends.
//!
//! It doesn't know the figures.

use std::fmt::Display;
use std::process::{Command, ExitCode};

use serde::Serialize;

/// Where figures come from.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// Processor, its cores, operating system.
    pub machine: String,
    /// Short commit, `+` follows when the tree differs from it; the version, where the tree that
    /// the program was built from is not there any more.
    pub commit: String,
    /// The command line.
    pub command: String,
}

impl About {
    /// What can be found out here; "unknown" for the rest.
    #[must_use]
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
        let os = std::env::consts::OS;
        let commit = git(&["rev-parse", "--short", "HEAD"]).map(|commit| {
            let dirty = git(&["status", "--porcelain"]).is_some_and(|told| !told.is_empty());
            commit + if dirty { "+" } else { "" }
        });
        let given = std::env::args().skip(1);
        let program = std::env::current_exe().ok();
        let name = program.as_ref().and_then(|path| path.file_stem());
        let name = name.and_then(|name| name.to_str()).unwrap_or("unknown");
        Self {
            machine: format!("{model}, {cores} cores, {os}"),
            commit: commit.unwrap_or_else(|| concat!("v", env!("CARGO_PKG_VERSION")).to_owned()),
            command: std::iter::once(name.to_owned()).chain(given).collect::<Vec<_>>().join(" "),
        }
    }
}

/// How a bench ends: well, or with one line that says why not.
pub fn ended<E: Display>(done: Result<(), E>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What git says where the program was built.
fn git(arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let output = git.arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
