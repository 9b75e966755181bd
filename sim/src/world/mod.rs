//! **World**: the runtime's own drivers and journal on a fake disk, fake links and a fake clock,
//! from one seed.
//!
//! Rules:
//! 1. One thread, one heap of events; idle time is skipped.
//! 2. Every choice is a draw from (seed, stream, what it is about): switching one fault off does
//!    not shift the others.
//! 3. A crash takes the whole process: what the disk had not flushed is kept, lost or torn, sector
//!    by sector. Frames on their way stay on their way.
//! 4. Two phases: faults until every command has been submitted and some time has passed; then they
//!    end, and everything must be answered and come to rest.
//!
//! It doesn't know what the islands decide.

mod dice;
mod disk;
mod links;
mod process;
mod run;
mod witness;

pub use dice::{Dice, Stream};
pub use run::{Figures, Law, Make, Plan, Workload, World};
pub use witness::{Cut, DeadLetters, Violation};
