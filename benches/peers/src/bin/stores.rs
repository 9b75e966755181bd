//! The shop's replay in stores that people would use instead of ours, beside ours, and what a
//! journal's records take in them.
//!
//! It doesn't know how anything is measured.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archipelago_bench_peers::stores::replay::{Filled, Spec};
#[cfg(feature = "rocksdb")]
use archipelago_bench_peers::stores::rocks::{self, Rocks};
use archipelago_bench_peers::stores::sqlite::{Keyed, Sqlite};
use archipelago_bench_peers::stores::{bytes, fjall, redb};
use archipelago_benches::about::{About, ended};
use archipelago_benches::replay::journals::{self, Written};
use archipelago_benches::replay::restoring::{Ends, bare, restored};
use archipelago_benches::rounds::{Clock, Contender, Failed, contest};
use archipelago_benches::shop::event::Event;
use archipelago_benches::shop::state::{Dense, Hashed, State};
use archipelago_benches::shop::stream::{Population, Stream};
use archipelago_benches::table::grouped;
use clap::{Parser, Subcommand};

/// The shop's replay in other stores, beside ours.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Events to replay.
    #[arg(long, default_value = "10000000")]
    events: u64,
    /// Rounds that count.
    #[arg(long, default_value = "5")]
    rounds: NonZeroU32,
    /// Where journals and stores are kept for the next run.
    #[arg(long, global = true, value_name = "FOLDER", default_value = "target/bench")]
    dir: PathBuf,
    /// A few seconds in all, so that this does not rot; its figures mean nothing.
    #[arg(long)]
    short: bool,
    /// Only contenders whose "title: name" has this in it (and the first of their table).
    #[arg(long, value_name = "WORDS", default_value = "")]
    only: String,
    /// Tell CPU time, for a machine that is shared.
    #[arg(long)]
    cpu: bool,
    /// Write events as fixed fields, not by serde: in ours and the others.
    #[arg(long)]
    fixed: bool,
    /// Write each run of all contenders to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What the records of a journal take in other stores.
    Bytes {
        /// Rows, from `journal -- records --data DIR --out FILE`.
        #[arg(long, value_name = "FILE")]
        rows: PathBuf,
        /// Tell bytes for each of so many orders too.
        #[arg(long)]
        orders: Option<NonZeroU32>,
        /// Rows of a transaction.
        #[arg(long, default_value = "1000")]
        rows_a_commit: usize,
    },
}

fn main() -> ExitCode {
    ended(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failed> {
    let about = About::here();
    let given: Vec<String> = std::env::args().skip(1).collect();
    println!("{}, commit {}\nstores {}\n", about.machine, about.commit, given.join(" "));
    match &args.what {
        None => replay(args),
        Some(What::Bytes { rows, orders, rows_a_commit }) => {
            std::fs::create_dir_all(&args.dir)?;
            tell(&bytes::run(rows, &args.dir, *rows_a_commit)?, *orders);
            Ok(())
        }
    }
}

fn tell(all: &[bytes::Taken], orders: Option<NonZeroU32>) {
    let [name, rows, bytes, ahead] = ["", "rows", "bytes", "in its log"];
    println!("{name:<28} {rows:>10} {bytes:>13} {ahead:>13} {:>9} {:>9}", "a row", "an order");
    for taken in all {
        let each = |count: u64| {
            let tenths = 10 * taken.bytes / count.max(1);
            format!("{}.{}", grouped(tenths / 10), tenths % 10)
        };
        let order = orders.map_or_else(String::new, |orders| each(orders.get().into()));
        let [rows, bytes, ahead] = [taken.rows, taken.bytes, taken.ahead].map(grouped);
        let row = each(taken.rows);
        println!("{:<28} {rows:>10} {bytes:>13} {ahead:>13} {row:>9} {order:>9}", taken.name);
    }
}

/// All stores with one packing.
struct Stores {
    events_a_row: u32,
    sqlite: Filled<Keyed>,
    #[cfg(feature = "rocksdb")]
    rocks: [Filled<rocks::Blocks>; 2],
    redb: Filled<()>,
    fjall: [Filled<fjall::Blocks>; 2],
}

impl Stores {
    fn filled(spec: Spec, place: &Path) -> Result<Self, Failed> {
        let fjall = |name, blocks| Filled::of::<fjall::Fjall>(spec, place, name, blocks);
        #[cfg(feature = "rocksdb")]
        let rocks = |name, blocks| Filled::of::<Rocks>(spec, place, name, blocks);
        Ok(Self {
            events_a_row: spec.events_a_row,
            sqlite: Filled::of::<Sqlite>(spec, place, "sqlite", Keyed::ByRowId)?,
            #[cfg(feature = "rocksdb")]
            rocks: [
                rocks("rocksdb", rocks::Blocks::Plain)?,
                rocks("rocksdb-lz4", rocks::Blocks::Lz4)?,
            ],
            redb: Filled::of::<redb::Redb>(spec, place, "redb", ())?,
            fjall: [fjall("fjall", fjall::Blocks::Plain)?, fjall("fjall-lz4", fjall::Blocks::Lz4)?],
        })
    }

    fn contenders<'a, S: State>(&'a self, digest: &'a str) -> Vec<Contender<'a>> {
        let name = |store: &str| format!("{store}, {} a row", self.events_a_row);
        let mut all = vec![self.sqlite.replayed::<Sqlite, S>(&name("SQLite"), digest)];
        #[cfg(feature = "rocksdb")]
        for (store, rocks) in ["RocksDB", "RocksDB LZ4"].iter().zip(&self.rocks) {
            all.push(rocks.replayed::<Rocks, S>(&name(store), digest));
        }
        all.push(self.redb.replayed::<redb::Redb, S>(&name("redb"), digest));
        for (store, fjall) in ["fjall", "fjall LZ4"].iter().zip(&self.fjall) {
            all.push(fjall.replayed::<fjall::Fjall, S>(&name(store), digest));
        }
        all
    }
}

/// What all contenders replay.
struct Kept {
    in_memory: Vec<Event>,
    ours: [journals::Journal; 2],
    others: [Stores; 2],
}

impl Kept {
    fn contenders<S: State>(&self) -> Vec<Contender<'_>> {
        let [one, hundred] = &self.ours;
        let (digest, kept) = (one.digest.as_str(), Ends::InTheDigest);
        let mut all = vec![
            bare::<S>("bare loop over a vector", &self.in_memory, digest, kept),
            restored::<S>("ours, 1 a record", one, 1, kept),
            restored::<S>("ours, 100 a record", hundred, 1, kept),
        ];
        self.others.iter().for_each(|stores| all.extend(stores.contenders::<S>(digest)));
        all
    }
}

fn replay(args: &Args) -> Result<(), Failed> {
    let events = if args.short { args.events.min(20_000) } else { args.events };
    let rounds = if args.short { 1 } else { args.rounds.get() };
    let clock = if args.cpu { Clock::Cpu } else { Clock::Wall };
    let temporary = args.short.then(tempfile::tempdir).transpose()?;
    let place: &Path = temporary.as_ref().map_or(&args.dir, |folder| folder.path());
    std::fs::create_dir_all(place)?;
    let population = Population::default();
    let written = if args.fixed { Written::Fixed } else { Written::Serde };
    let journal = |events_a_record| {
        journals::Spec { events, population, islands: 1, events_a_record, written }.journal(place)
    };
    let stores = |events_a_row| Stores::filled(Spec { events, events_a_row, written }, place);
    let kept = Kept {
        in_memory: Stream::new(population).events(0..events).collect(),
        ours: [journal(1)?, journal(100)?],
        others: [stores(1)?, stores(100)?],
    };
    let title = |what| format!("Replay of {} events, {written:?}, {what}", grouped(events));
    let tables = [
        (title("state in hash maps"), kept.contenders::<Hashed>()),
        (title("state in vectors"), kept.contenders::<Dense>()),
    ];
    let mut done = Vec::new();
    for (title, mut contenders) in tables {
        let first = contenders[0].name.clone();
        contenders.retain(|one| {
            one.name == first || format!("{title}: {}", one.name).contains(&args.only)
        });
        let held = contest(title, "events", (rounds, clock), contenders)?;
        println!("{}", held.table());
        done.push(held);
    }
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_string_pretty(&done)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}
