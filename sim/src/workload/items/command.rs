//! The words of orders: what clients and islands ask, what happened.
//!
//! It doesn't know what is done about them.

use archipelago::Asker;
use archipelago::patterns::stash::{StashEvent, StashMessage};
use serde::{Deserialize, Serialize};

use super::shop::End;

/// What is to be done with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// It comes into being.
    Open,
    /// An item is added.
    Add,
    /// It is paid.
    Pay,
    /// It is shipped.
    Ship,
    /// It is cancelled.
    Cancel,
    /// An item is added that cannot be: its turn panics.
    Spoil,
}

/// A deed that was asked for; the number is the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What.
    pub deed: Deed,
    /// Tells it from all others.
    pub number: u64,
}

/// What an island is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A client or an island: a task for an order of this island.
    Do {
        /// The order.
        order: u32,
        /// The task.
        task: Task,
    },
    /// A client: hand a task on to the order's island, and answer when it answers.
    HandOn {
        /// The order.
        order: u32,
        /// The task.
        task: Task,
    },
    /// An order's island: that is what became of a task that was handed on.
    Told {
        /// The task.
        task: Task,
        /// What its client is to hear.
        reply: Reply,
    },
    /// A client: put the oldest dead letter back.
    PutBack,
    /// A timer of the stash.
    Stash(StashMessage<u32>),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// To the stash.
    Stash(StashEvent<u32, Task>),
    /// A task was handed on; its client waits.
    HandedOn(Task, Asker),
    /// The client of a task that was handed on is answered.
    Answered(Task),
    /// A task has ended.
    Ended {
        /// Of which order.
        order: u32,
        /// Which.
        task: Task,
        /// How.
        end: End,
    },
}

archipelago::carries! {
    Command::Stash(StashMessage<u32>),
    Event::Stash(StashEvent<u32, Task>),
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// How its task ended.
    Ended(End),
    /// It waited too long, and is a dead letter.
    Expired,
    /// It had waited, its turn failed, and it is a dead letter.
    Failed,
    /// A client has no right to say that.
    NotYours,
    /// There is no dead letter, or no room to put it back.
    NotPutBack,
}
