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
    /// Short commit; `+` follows when the tree differs from it.
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
        let dirty = said("git", &["status", "--porcelain"]).is_some_and(|told| !told.is_empty());
        let commit = said("git", &["rev-parse", "--short", "HEAD"]);
        let given: Vec<String> = std::env::args().skip(1).collect();
        let program = std::env::current_exe().ok();
        let name =
            program.as_ref().and_then(|path| path.file_stem()).and_then(|name| name.to_str());
        let bin = name.unwrap_or("unknown");
        let command = format!("cargo run --release -p archipelago-benches --bin {bin} --");
        Self {
            machine: format!("{model}, {cores} cores, {os}"),
            commit: commit.unwrap_or("unknown".into()) + if dirty { "+" } else { "" },
            command: format!("{command} {}", given.join(" ")),
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

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
