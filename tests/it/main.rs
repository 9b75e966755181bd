//! Black-box tests of Archipelago: the program as a user runs it, the journal as a reader finds it.
//!
//! Rules:
//! 1. A test starts the binary that stands in this tree, never an older one (see `harness`).
//! 2. A test is named as the sentence it proves, and asserts nothing about time.
//! 3. Real data is looked for in `../shared/data`, or where `ARCHIPELAGO_DATA` says; a test that
//!    needs it says on standard error that it was skipped.
//! 4. Whatever is random is drawn from one seed, which is printed with the command to repeat it.
//!
//! It doesn't know the insides of kernel or runtime; their own tests do.

mod backup;
mod bad_directory;
mod bad_input;
mod bookings;
mod cities;
mod continue_run;
mod damage;
mod harness;
mod invoices;
mod journal_tools;
mod kill;
mod order;
mod refusal;
mod repair;
mod replayed;
mod snapshot;
mod tidy;
mod truths;
