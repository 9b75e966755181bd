//! The words of a depot: what clients ask, what depots and timers say, what happened.
//!
//! It doesn't know what is done about them.

use archipelago::{Asker, IslandId};
use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::content::Parcel;

/// What a depot is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A client: answer at once with how many requests were decided here.
    Count,
    /// A client: send `parcels` parcels of `bytes` bytes to `to`, which acknowledges each; answer
    /// when all are acknowledged.
    Post {
        /// The receiver; perhaps the depot itself.
        to: IslandId,
        /// How many.
        parcels: u32,
        /// How large each is.
        bytes: u32,
    },
    /// A client: the same, one parcel to every depot.
    PostToAll {
        /// How large each is.
        bytes: u32,
    },
    /// A client: a parcel goes from depot to depot for `hops` hops; the last one tells this one.
    Ring {
        /// How many links.
        hops: u32,
    },
    /// A client: answer after `span`.
    Remind {
        /// How long.
        span: Millis,
    },
    /// A client: two timers, the first of which takes the other back; answer when it fires.
    RemindOnce {
        /// How long.
        span: Millis,
        /// How much later the other one.
        later: Millis,
    },
    /// A client: `parcels` parcels to `to`, and then the decision fails, so nothing of it may
    /// happen.
    Fail {
        /// The receiver of what must not be sent.
        to: IslandId,
        /// How many.
        parcels: u32,
        /// How it fails.
        way: Way,
    },
    /// A depot: a parcel; acknowledge it if it is for a task.
    Parcel {
        /// The parcel.
        parcel: Parcel,
        /// What it is for.
        errand: Errand,
    },
    /// A timer: the reminder of a task.
    Alarm {
        /// The task.
        task: u64,
        /// When it was due.
        due: Millis,
    },
}

/// What a parcel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// Acknowledge it to its sender, for its task.
    Deliver(u64),
    /// It is an acknowledgement for the receiver's task.
    Acknowledge(u64),
    /// Pass it on so many hops; the last one acknowledges it to `home` for its task.
    PassOn {
        /// How many hops are left.
        hops: u32,
        /// Who began.
        home: IslandId,
        /// Its task.
        task: u64,
    },
}

/// How a decision fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// It panics.
    Panic,
    /// Its last message is larger than a message may be.
    TooLarge,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The time of a decision; the first event of each.
    Clock {
        /// The time.
        at: Millis,
    },
    /// A client's request was decided; `draw` is a number that the turn drew.
    Asked {
        /// By whom.
        asker: Asker,
        /// The number.
        draw: u64,
    },
    /// A task waits for so many acknowledgements or alarms before its asker is answered.
    Opened {
        /// The task.
        task: u64,
        /// Who asked.
        asker: Asker,
        /// How many.
        awaited: u32,
    },
    /// One of them came.
    Came {
        /// The task.
        task: u64,
    },
    /// A parcel was sent.
    Sent {
        /// To whom.
        to: IslandId,
    },
    /// A parcel came.
    Received {
        /// From whom.
        from: IslandId,
        /// The sender's count.
        count: u64,
    },
    /// A timer was set.
    Set {
        /// Its number.
        timer: TimerNumber,
        /// When it is due.
        due: Millis,
        /// Of which task.
        task: u64,
    },
    /// A timer fired, or was taken back.
    Unset {
        /// Its number.
        timer: TimerNumber,
    },
    /// Something that cannot be.
    Wrong(String),
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// How many requests this depot had decided when it was decided to answer.
    pub decided: u64,
    /// How many answers had been decided before this one: a second answer to a request, which must
    /// never be given, differs from the first.
    pub answered: u64,
}
