//! **Patterns**: pieces of logic to embed in an island, so that it need not be thought out again.
//!
//! Rules:
//! 1. A pattern is plain state inside the user's island: its messages ride in the user's commands,
//!    its changes in the user's events.
//! 2. It decides from `&self` and a turn, and changes in `evolve` alone, as an island does. So a
//!    turn does not see what it has decided itself: one input of an entity (a source, a group, a
//!    saga) a turn, and limits count what was there when it began. Who brings more at once sends
//!    them on, one message each.
//!
//! It doesn't know threads, files or clocks, nor what the user's island is about.

pub mod aggregator;
pub mod letters;
pub mod resequencer;
pub mod saga;
pub mod stash;
pub mod stock;
#[cfg(test)]
mod testing;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a pattern keeps for its user: plain data.
pub trait Value: Clone + Debug + Serialize + DeserializeOwned + Send + 'static {}

impl<T: Clone + Debug + Serialize + DeserializeOwned + Send + 'static> Value for T {}

/// A name that a pattern tells its user's things apart by: a source, an entity.
pub trait Key: Value + Ord {}

impl<T: Value + Ord> Key for T {}

/// Says in which variant of an island's command, or event, a pattern's own words ride: the `From`
/// that a pattern asks for.
///
/// ```
/// use archipelago::patterns::resequencer::{ResequencerEvent, ResequencerMessage};
/// enum Command { Timer(ResequencerMessage<String>) }
/// enum Event { Inbox(ResequencerEvent<String, u32>) }
/// archipelago::carries! {
///     Command::Timer(ResequencerMessage<String>),
///     Event::Inbox(ResequencerEvent<String, u32>),
/// }
/// ```
#[macro_export]
macro_rules! carries {
    ($($outer:ident :: $variant:ident ($inner:ty)),+ $(,)?) => {
        $(impl From<$inner> for $outer {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        })+
    };
}
