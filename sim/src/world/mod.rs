//! **World**: the runtime's own drivers and journal on a fake disk, fake links and a fake clock,
//! from one seed.
//!
//! Rules:
//! 1. One thread, one heap of events; idle time is skipped.
//! 2. Every choice is a draw from (seed, stream, what it is about): switching one fault off does
//!    not shift the others.
//! 3. A crash takes the process, or one island; frames on their way stay on their way. What the
//!    disk had not flushed is kept, lost or torn, sector by sector, when the power goes.
//! 4. Two phases: faults until every command has been submitted and some time has passed. Then
//!    either all is healed, and everything must be answered and come to rest; or a part stays
//!    broken for ever, and the rest must go on.
//! 5. Every choice can be written down and given back as a list ([`Decision`]).
//!
//! It doesn't know what the islands decide.

mod agenda;
mod chance;
mod clients;
mod clock;
mod decision;
mod dice;
mod disk;
mod end;
mod figures;
mod hash;
mod links;
mod plan;
mod process;
mod recorder;
mod requests;
mod revive;
mod run;
mod subscriber;
mod telling;
mod trouble;
mod turns;
mod verbs;
mod witness;

pub use chance::Choices;
pub use decision::{Decision, Kind};
pub use dice::{Dice, Stream};
pub use figures::{Figures, WorldDigest};
pub use links::Ways;
pub use plan::{
    Asked, Expectation, Letter, Levels, LevelsOf, Make, Matches, Misfortune, Plan, Typed, Verb,
    Workload,
};
pub use run::{Ask, Outcome, Tracing, World};
pub(crate) use witness::PANICKED;
pub use witness::{DeadLetters, Keep, Kept, Violation};
