//! What all black-box tests share: the binary, how to run it, where the real data is, the seed.
//!
//! Rules:
//! 1. The binary is built by cargo itself, once per test process, in the profile and the target
//!    folder of the tests: it can be neither missing nor stale.
//! 2. A run that should be good is asserted to be good here, with all it said.
//!
//! It doesn't know what the tests are about.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The root of the workspace.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary `archipelago` of this tree.
pub(super) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build)
}

/// Asks cargo for the binary; when nothing has changed, that takes a moment.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    // TARGET/PROFILE/deps/it-0123456789abcdef
    let folder = test.ancestors().nth(2).expect("a test stands in its target folder");
    let profile = match folder.file_name().and_then(OsStr::to_str) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{}: not a target folder", folder.display()),
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let out = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--package", "archipelago-sim", "--bin", "archipelago"])
        .args(["--profile", profile, "--message-format", "json", "--target-dir"])
        .arg(folder.parent().expect("a profile stands in the target folder"))
        .stdin(Stdio::null())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "the binary archipelago does not build:\n{said}");
    String::from_utf8(out.stdout)
        .expect("cargo speaks UTF-8")
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the binary it built")
}

/// How a process ended and what it said.
#[derive(Debug)]
pub(super) struct Said {
    /// The exit code; none when a signal ended it.
    pub(super) code: Option<i32>,
    /// Standard output.
    pub(super) out: String,
    /// Standard error.
    pub(super) err: String,
}

/// A command of the binary, split at spaces; to be added to.
pub(super) fn archipelago(words: &str) -> Command {
    let mut command = Command::new(binary());
    command.args(words.split_whitespace()).current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(super) fn say(command: &mut Command) -> Said {
    let out = command.output().expect("the binary can be started");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    Said { code: out.status.code(), out: text(out.stdout), err: text(out.stderr) }
}

/// Runs it to its end, which must be good, and silent on standard error.
pub(super) fn good(command: &mut Command) -> String {
    let said = say(command);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{command:?}\n{}", said.out);
    said.out
}

/// Runs it with `--json`; the end must be good, and one JSON object on one line be said.
pub(super) fn json(command: &mut Command) -> Value {
    let out = good(command.arg("--json"));
    assert_eq!(out.matches('\n').count(), 1, "{command:?}\n{out}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{command:?}: {error}\n{out}"))
}

/// Runs it and expects a refusal: exit 2, one line on standard error, nothing on standard output.
/// Returns the line without `error: `.
pub(super) fn refused(command: &mut Command) -> String {
    let said = say(command);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{command:?}\n{}", said.err);
    let line = said.err.strip_suffix('\n').expect("a line ends");
    assert_eq!(line.lines().count(), 1, "{command:?}\n{line}");
    let line = line.strip_prefix("error: ").unwrap_or_else(|| panic!("{command:?}\n{line}"));
    assert!(!line.starts_with("error"), "{line}");
    line.to_owned()
}

/// Starts it in the background with nothing to read from it.
pub(super) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary can be started")
}

/// An empty place on disk, removed at the end.
pub(super) fn place() -> TempDir {
    tempfile::Builder::new().prefix("archipelago-it-").tempdir().expect("a temporary folder")
}

/// A real file, if it is there.
pub(super) fn real(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ARCHIPELAGO_DATA")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let file = folder.join(name);
    if !file.exists() {
        eprintln!("skipped: {} not found", file.display());
        return None;
    }
    Some(file)
}

/// The first week of the real orders, if it is there.
pub(super) fn first_week() -> Option<PathBuf> {
    real("online_retail_first_week.csv.gz")
}

/// All of the real orders, if they are there.
pub(super) fn whole_file() -> Option<PathBuf> {
    real("online_retail.csv.gz")
}

/// A number of a report.
pub(super) fn number(report: &Value, key: &str) -> u64 {
    report[key].as_u64().unwrap_or_else(|| panic!("{key} is no number in {report}"))
}

/// The seed of this test run: `ARCHIPELAGO_SEED`, or else the one that every machine has.
pub(super) fn seed() -> u64 {
    std::env::var("ARCHIPELAGO_SEED").map_or(1, |text| {
        text.parse().unwrap_or_else(|_| panic!("ARCHIPELAGO_SEED={text} is no whole number"))
    })
}

/// A small integer generator (splitmix64): the same seed gives the same numbers.
pub(super) struct Chance(u64);

impl Chance {
    /// The numbers of `seed` for one `story`, so that stories do not share theirs.
    pub(super) fn new(seed: u64, story: u64) -> Self {
        Self(seed ^ story.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
