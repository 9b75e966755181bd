//! A copy of the workspace, in which mutants are planted and built.
//!
//! Rules:
//! 1. It lies below the target folder and is brought up to date, not made anew: what did not change
//!    is not built again.
//! 2. Only one file or two differ from the workspace at a time; they are put back after the build.
//!
//! It doesn't know what is planted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::mutant::Planted;

/// The profile in the workspace's manifest.
const PROFILE: &str = "mutants";

/// The workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate lies two folders below the workspace")
}

/// The copy.
#[derive(Debug)]
pub(crate) struct Tree {
    copy: PathBuf,
    target: PathBuf,
}

impl Tree {
    /// Brings the copy up to date: every file that git has or would add.
    ///
    /// # Errors
    /// No git, or the system would not.
    pub(crate) fn copy() -> Result<Self, Error> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = root().join(target.unwrap_or_else(|| PathBuf::from("target")));
        let tree = Self { copy: target.join("mutants-tree"), target };
        let files = files()?;
        for file in &files {
            let from = root().join(file);
            // One that is deleted and not yet committed.
            let Ok(bytes) = fs::read(&from) else { continue };
            tree.write(file, &bytes)?;
        }
        tree.prune(&tree.copy, &files)?;
        Ok(tree)
    }

    /// Where builds lie.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Writes a file unless it is as it should be: cargo looks at its time.
    fn write(&self, file: &str, bytes: &[u8]) -> Result<(), Error> {
        let to = self.copy.join(file);
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        let folder = to.parent().expect("a file lies in a folder");
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        fs::write(&to, bytes).map_err(Error::io(&to))
    }

    /// Removes what the workspace no longer has.
    fn prune(&self, folder: &Path, files: &BTreeSet<String>) -> Result<(), Error> {
        for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
            let path = entry.map_err(Error::io(folder))?.path();
            let name = path.strip_prefix(&self.copy).expect("below the copy");
            let name = name.to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                self.prune(&path, files)?;
            } else if !files.contains(&name) {
                fs::remove_file(&path).map_err(Error::io(&path))?;
            }
        }
        Ok(())
    }

    /// Runs `work` while `planted` stands in the copy.
    ///
    /// # Errors
    /// Those of `work`, and of the system.
    pub(crate) fn with_planted<T>(
        &self,
        planted: &Planted,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for (file, text) in planted {
            self.write(file, text.as_bytes())?;
        }
        let done = work(self);
        for file in planted.keys() {
            let from = root().join(file);
            self.write(file, &fs::read(&from).map_err(Error::io(&from))?)?;
        }
        done
    }

    /// Builds the program and puts it aside as `name`, where no other build writes.
    ///
    /// # Errors
    /// [`Error::Build`] with what the compiler said.
    pub(crate) fn build_aside(&self, name: &str) -> Result<PathBuf, Error> {
        self.build(PROFILE, name)
    }

    /// Builds the program as users have it, and puts it aside.
    ///
    /// # Errors
    /// As [`Tree::build_aside`].
    pub(crate) fn build_fast_aside(&self) -> Result<PathBuf, Error> {
        self.build("release", "fast")
    }

    fn build(&self, profile: &str, name: &str) -> Result<PathBuf, Error> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let package = ["--package", "archipelago-sim", "--bin", "archipelago"];
        let built = Command::new(&cargo)
            .args(["build", "--quiet", "--profile", profile])
            .args(package)
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.target)
            .output()
            .map_err(Error::io(&cargo))?;
        if !built.status.success() {
            return Err(Error::Build(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        let exe = std::env::consts::EXE_SUFFIX;
        let from = self.target.join(profile).join(format!("archipelago{exe}"));
        let to = self.target.join(format!("mutants-{name}{exe}"));
        fs::copy(&from, &to).map_err(Error::io(&from))?;
        Ok(to)
    }
}

fn files() -> Result<BTreeSet<String>, Error> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let out = git.output().map_err(Error::io("git"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let files: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    if out.status.success() && files.contains("Cargo.toml") {
        return Ok(files);
    }
    let what = "git does not say which files there are; mutants need a checkout".to_owned();
    Err(Error::File { file: root().display().to_string(), what })
}
