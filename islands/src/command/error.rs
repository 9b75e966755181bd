//! Why an ask was not taken, or not answered.
//!
//! It doesn't know journals or threads: their errors arrive as text.

use std::sync::Arc;

use archipelago_core::id::IslandId;
use archipelago_core::island::Refusal;

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// The island has as many unanswered requests as it may.
    #[error("island {0} has as many unanswered requests as it may")]
    Island(IslandId),
    /// The queue to the island's thread is full.
    #[error("the queue to island {0} is full")]
    Queue(IslandId),
    /// The island waits for a peer or holds as many timers as it may.
    #[error("island {0} waits for other islands")]
    Backlog(IslandId),
    /// The client runs too far ahead of its oldest unanswered request.
    #[error("this client has too many requests since its oldest unanswered one")]
    Client,
    /// The disk is full. What was admitted goes on as long as there is room for it.
    #[error("the disk is full: make room, and it goes on by itself")]
    DiskFull,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// A limit is reached; nothing was taken. Try again after an answer.
    #[error("busy: {0}")]
    Busy(Busy),
    /// The island refused to take it; nothing was recorded. Only those who waited already when the
    /// island stopped cannot know: ask again with the same number after a restart.
    #[error(transparent)]
    Refused(Refusal),
    /// The command was recorded as a dead letter: deciding it failed. (Or a query panicked.)
    #[error("dead letter: {0}")]
    DeadLetter(Arc<str>),
    /// The system is closing, or closed; the command may or may not have been recorded: ask again
    /// with the same number after a restart.
    #[error("closed before the answer was durable")]
    Closed,
    /// The journal failed: nothing more becomes durable in this process. Ask again with the same
    /// number after a restart.
    #[error("the journal failed: {0}")]
    Journal(Arc<str>),
}
