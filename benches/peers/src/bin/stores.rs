//! The shop's replay in stores that people would use instead of ours, beside ours, and what a
//! journal's records take in them.
//!
//! It doesn't know how anything is measured.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archipelago_bench_peers::dataflow::folded;
#[cfg(feature = "raft")]
use archipelago_bench_peers::stores::raft::Raft;
use archipelago_bench_peers::stores::replay::{Filled, Spec};
#[cfg(feature = "rocksdb")]
use archipelago_bench_peers::stores::rocks::{self, Rocks};
use archipelago_bench_peers::stores::sqlite::{Keyed, Sqlite};
use archipelago_bench_peers::stores::{bytes, commitlog, fjall, redb};
use archipelago_benches::about::ended;
use archipelago_benches::replay::journals::{self, Written};
use archipelago_benches::replay::restoring::{Ends, bare, restored};
use archipelago_benches::rounds::{Contender, Failed};
use archipelago_benches::session::{Effort, Session};
use archipelago_benches::shop::event::Event;
use archipelago_benches::shop::state::{Dense, Hashed, State};
use archipelago_benches::shop::stream::{Population, Stream};
use archipelago_benches::table::grouped;
use clap::{Parser, Subcommand};

/// Events of a short run.
const SHORT: u64 = 20_000;

/// The shop's replay in other stores, beside ours.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// How much, and where.
    #[command(flatten)]
    effort: Effort,
    /// Write events as fixed fields, not by serde: in ours and the others
    #[arg(long)]
    fixed: bool,
    /// Print one JSON object; tables go to standard error then
    #[arg(long)]
    json: bool,
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
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let told: &mut dyn std::io::Write = if args.json { &mut err } else { &mut out };
    let mut session = Session::begin(args.effort.clone(), told)?;
    match &args.what {
        None => replay(args, &mut session)?,
        Some(What::Bytes { rows, orders, rows_a_commit }) => {
            tell(&bytes::run(rows, &session.place(), *rows_a_commit)?, *orders);
        }
    }
    if args.json {
        println!("{}", serde_json::to_string(session.figures())?);
    }
    Ok(())
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
    commitlog: Filled<()>,
    #[cfg(feature = "raft")]
    raft: Filled<()>,
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
            commitlog: Filled::of::<commitlog::Log>(spec, place, "commitlog", ())?,
            #[cfg(feature = "raft")]
            raft: Filled::of::<Raft>(spec, place, "raft", ())?,
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
        all.push(self.commitlog.replayed::<commitlog::Log, S>(&name("commitlog"), digest));
        #[cfg(feature = "raft")]
        all.push(self.raft.replayed::<Raft, S>(&name("raft-engine"), digest));
        all
    }
}

/// What all contenders replay.
struct Kept {
    in_memory: Vec<Event>,
    /// By islands and events a record: 1 and 1, 1 and 100, 16 and 1, 16 and 100.
    ours: [journals::Journal; 4],
    others: [Stores; 2],
}

impl Kept {
    fn contenders<S: State>(&self) -> Vec<Contender<'_>> {
        let [one, hundred, one_spread, hundred_spread] = &self.ours;
        let (digest, kept) = (one.digest.as_str(), Ends::InTheDigest);
        let mut all = vec![
            bare::<S>("bare loop over a vector", &self.in_memory, digest, kept),
            restored::<S>("ours, 1 a record", one, 1, kept),
            restored::<S>("ours, 100 a record", hundred, 1, kept),
            restored::<S>("ours, 1 a record, 16 islands", one_spread, 1, kept),
            restored::<S>("ours, 100 a record, 16 islands", hundred_spread, 1, kept),
            folded::<S>("timely, 1 worker, from the same vector", &self.in_memory, digest),
        ];
        self.others.iter().for_each(|stores| all.extend(stores.contenders::<S>(digest)));
        all
    }
}

fn replay(args: &Args, session: &mut Session<'_>) -> Result<(), Failed> {
    let events = session.effort.events(SHORT);
    let place = session.place();
    let population = Population::default();
    let written = if args.fixed { Written::Fixed } else { Written::Serde };
    let mut journal = |islands, events_a_record| {
        let spec = journals::Spec { events, population, islands, events_a_record, written };
        session.journal(Path::new(""), spec)
    };
    let ours = [journal(1, 1)?, journal(1, 100)?, journal(16, 1)?, journal(16, 100)?];
    session.say("")?;
    let stores = |events_a_row| Stores::filled(Spec { events, events_a_row, written }, &place);
    let others = [stores(1)?, stores(100)?];
    let in_memory = Stream::new(population).events(0..events).collect();
    let kept = Kept { in_memory, ours, others };
    let title = |what| format!("Replay of {} events, {written:?}, {what}", grouped(events));
    session.hold(title("state in hash maps"), "events", kept.contenders::<Hashed>())?;
    session.hold(title("state in vectors"), "events", kept.contenders::<Dense>())?;
    Ok(())
}
