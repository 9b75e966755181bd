//! **Bookings**: stays in two hotels, each a saga. A booking takes a room in each of its nights and
//! then its price at the guest's bank, all or nothing; it is kept by a check-out, and undone by a
//! cancellation or a no-show.
//!
//! ```text
//!  Book ─▶ a room of each night (in any order) ─▶ pay ─▶ accepted ─▶ check-out: kept
//!              └─────────── refused ─────────────┴──────────┴─ cancelled, no-show: undone
//! ```
//!
//! Rules:
//! 1. A night of a hotel lives whole on the island of its key, and so does a bank; a booking is a
//!    saga on the island of its own key ([`archipelago::patterns::saga`]). So the nights of a stay
//!    lie on several islands. (`patterns::stock` would spread each night over all islands instead:
//!    good where one resource is wanted by many, but a night has few rooms.)
//! 2. A booking is answered when it is accepted, or when nothing of it is taken any more. So
//!    bookings made one after the other are accepted as in one shared book, for any number of
//!    islands.
//! 3. A check-out or a no-show that comes while the booking is still under way waits for it; a
//!    cancellation turns it at once.
//! 4. A booking may go by an agent's desk: an island in between that passes its steps on, and while
//!    it is closed takes no `Do` and no `Undo`, as one that is down.
//! 5. What cannot be (a night oversold, a room given back twice) is noted in the state and told by
//!    the books; nothing panics over it.
//!
//! The island: [`name`] → [`command`] → [`island`] → [`books`]. The demand on it: [`stays`] from a
//! file, [`days`] in order, [`scenario`] by dice. [`laws`] are held against simulated worlds.
//!
//! It doesn't know how sagas find their islands, nor what goes wrong around it.

pub mod books;
pub mod command;
pub mod days;
pub mod island;
pub mod laws;
pub mod name;
pub mod scenario;
pub mod stays;
#[cfg(test)]
mod tests;

pub use command::{Command, End, Event, Fate, Reply, Stay, Task, What};
pub use island::{Config, Hotels};
pub use name::{Bank, BookingId, Cents, Day, Desk, Hotel, Night};
pub use scenario::Scenario;
