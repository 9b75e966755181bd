//! Shrinking: from a world that broke a law to the fewest choices that still break it.
//!
//! ```text
//! what came later ─▶ causal cone ─▶ a few requests ─▶ islands ─▶ families of faults
//!                                                 ─▶ requests by halves ─▶ single choices
//! ```
//! Rules:
//! 1. A smaller world counts only if the same law breaks in it.
//! 2. Causes first: the requests whose records the failing island saw last are tried alone, before
//!    anything is halved.
//! 3. Small worlds before halves of a large one: they are run in a thousandth of the time.
//! 4. When fewer requests don't break it in the same weather, other weather is tried: the same
//!    requests, everything else drawn anew. Then the choices of that world go on.
//! 5. A law that breaks when nothing is asked counts requests: they and the islands stay, and only
//!    what goes wrong gets less.
//! 6. Time is bounded; what is smallest by then is the answer.
//!
//! It doesn't know the islands' words.
//!
//! Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).

mod capsule;
mod search;
mod story;

pub(crate) use capsule::code_version;
pub use capsule::{BadCapsule, Capsule, Told};
pub(crate) use search::shrink;
pub use search::{Effort, Shrunk};
pub(crate) use story::story;
