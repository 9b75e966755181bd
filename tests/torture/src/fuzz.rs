//! The fuzzing that any stable toolchain can do: seeds of the corpus, changed at random, into every
//! decoder. The coverage-guided one is `fuzz/`; both feed the same targets from the same corpus.
//!
//! It doesn't know the decoders.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use archipelago::core::codec::encode;
use archipelago::core::id::IslandId;
use archipelago::core::link::chunk::Chunk;
use archipelago::core::replay::Image;

use crate::chance::Chance;
use crate::tally::Tally;
use crate::targets::{Shape, Shapes, TARGETS, Target};

/// Bytes an input may have.
const INPUT_MAX: usize = 4096;

/// Inputs between two looks at the clock.
const BATCH: u64 = 2000;

fn corpus_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// The seeds of a target.
fn seeds(name: &str) -> Result<Vec<Vec<u8>>, String> {
    let folder = corpus_folder().join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.sort();
    files.iter().map(|file| fs::read(file).map_err(failed)).collect()
}

/// Feeds all targets, or one, for so many seconds.
pub(crate) fn run(
    seconds: u64,
    seed: u64,
    only: Option<&str>,
    tally: &mut Tally,
) -> Result<(), String> {
    let targets: Vec<(&'static str, Target)> =
        TARGETS.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if targets.is_empty() {
        return Err(format!("no such target; there are {:?}", TARGETS.map(|(name, _)| name)));
    }
    let mut all = Vec::new();
    for (name, target) in targets {
        let seeds = seeds(name)?;
        for input in &seeds {
            feed(name, target, input)?;
        }
        tally.add(name, "of the corpus", seeds.len() as u64);
        all.push((name, target, seeds));
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut chance = Chance::new(seed, 4);
    while Instant::now() < until {
        for (name, target, seeds) in &mut all {
            for _ in 0..BATCH {
                let input = changed(seeds, &mut chance);
                feed(name, *target, &input)?;
            }
            tally.add(name, "changed at random", BATCH);
        }
    }
    Ok(())
}

fn feed(name: &str, target: Target, input: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| target(input))).map_err(|_| {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("target {name} panicked on {} bytes: {hex}", input.len())
    })
}

/// A seed after some random edits.
fn changed(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let any = |chance: &mut Chance| {
        seeds.get(chance.below(seeds.len().max(1) as u64) as usize).cloned().unwrap_or_default()
    };
    let mut input = any(chance);
    for _ in 0..1 + chance.below(6) {
        let at = chance.below(input.len() as u64 + 1) as usize;
        let end = (at + chance.length(64)).min(input.len());
        match chance.below(8) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..end)),
            2 => {
                let more: Vec<u8> = (0..chance.below(16)).map(|_| chance.draw() as u8).collect();
                drop(input.splice(at..at, more));
            }
            3 => {
                let other = any(chance);
                let from = chance.below(other.len() as u64 + 1) as usize;
                drop(input.splice(at..end, other[from..].iter().take(64).copied()));
            }
            // Numbers at the edges: where lengths and counters go wrong.
            4 => {
                let edges = [0x7f, 0x80, 0xff, 0x00, 0x01];
                let edge = edges[chance.below(5) as usize];
                let long = 1 + chance.below(10) as usize;
                input[at..].iter_mut().take(long).for_each(|byte| *byte = edge);
            }
            5 => {
                let copy = input[at..end].to_vec();
                drop(input.splice(at..at, copy));
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
        input.truncate(INPUT_MAX);
    }
    input
}

/// Writes the first seeds of every target into `fuzz/corpus` of the repository at `root`.
pub(crate) fn corpus(root: &Path) -> Result<(), String> {
    let golden = root.join("tests/golden/version-1");
    let read = |name: &str| fs::read(golden.join(name)).map_err(|error| format!("{name}: {error}"));
    let one = read("journal/00000001.segment")?;
    let seal = read("journal/00000003.segment")?;
    let part = |from: usize, len: usize| one[from..from + len].to_vec();
    let texts = vec!["sold".to_owned(), "ü".to_owned()];
    let mut named = Shapes { texts, ..Shapes::default() };
    named.map.insert(7, Shape::Named { list: vec![1, 300], text: "low".to_owned() });
    named.map.insert(8, Shape::One(Box::default()));
    let coded = |value: &Shapes| {
        let mut out = Vec::new();
        encode(value, &mut out).map(|()| out).map_err(|error| error.to_string())
    };
    let mut snapshot = Vec::new();
    let bytes = std::sync::Arc::new(vec![1, 0]);
    let chunk = Chunk { first: archipelago::core::id::LinkSeq(1), count: 1, bytes };
    Image::new(named.clone())
        .save(std::iter::once((IslandId(2), &chunk)), &mut snapshot)
        .map_err(|error| error.to_string())?;
    let mut message = vec![14, 0, 0, 1, 0, 0, 0, 0, 0, 2, 3, 0xac, 0x02];
    message.extend([5, 4]);
    let seeds: [(&str, Vec<Vec<u8>>); 7] = [
        ("header", vec![part(0, 96), part(174, 96), part(4096, 96), seal[..96].to_vec()]),
        ("record", vec![part(96, 78), part(270, 52), part(4192, 110)]),
        ("message", vec![message]),
        ("codec", vec![coded(&Shapes::default())?, coded(&named)?]),
        ("description", vec![read("archipelago.json")?]),
        ("snapshot", vec![snapshot]),
        (
            "journal",
            vec![
                vec![0, 1, 20, 0, 1, 0xff],
                vec![1, 2, 40, 0, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 3, 100, 0, 2, 1, 2],
                vec![2, 0, 0, 0, 0, 1, 1, 68, 0, 4, 2, 0, 0, 0],
            ],
        ),
    ];
    for (name, seeds) in seeds {
        let folder = root.join("fuzz/corpus").join(name);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
