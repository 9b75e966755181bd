//! Checks: what must always hold, what must hold in the end, and what a batch of worlds must have
//! seen at least once.
//!
//! Rules:
//! 1. A check sees consistent cuts only: every island as its durable records leave it, so no
//!    message is consumed that was not sent.
//! 2. A check of its own is made for each world, so it may remember: [`Cut::changed`] names the
//!    islands to look at again.
//! 3. A path that no world of a batch takes proves nothing: `sometimes` demands it.
//!
//! It doesn't know how a world works.

mod mark;
mod seen;

use std::ops::Deref;
use std::sync::Arc;

use archipelago_core::id::IslandId;
use archipelago_core::island::Island;
use archipelago_core::replay::Image;

pub use mark::{Mark, Marks, OWN_MAX};
pub use seen::Seen;

/// A consistent cut: all islands, by number (it can be used as a slice of [`Image`]s).
#[derive(Debug)]
pub struct Cut<'a, I> {
    pub(crate) images: &'a [Image<I>],
    pub(crate) changed: &'a [IslandId],
    pub(crate) on_their_way: u64,
}

impl<I> Copy for Cut<'_, I> {}

impl<I> Clone for Cut<'_, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Cut<'_, I> {
    /// The islands that have changed since this check last looked.
    #[must_use]
    pub const fn changed(&self) -> &[IslandId] {
        self.changed
    }

    /// Messages durably sent and not durably consumed, over all links.
    #[must_use]
    pub const fn on_their_way(&self) -> u64 {
        self.on_their_way
    }
}

impl<I> Deref for Cut<'_, I> {
    type Target = [Image<I>];

    fn deref(&self) -> &[Image<I>] {
        self.images
    }
}

impl<'a, I> IntoIterator for Cut<'a, I> {
    type Item = &'a Image<I>;
    type IntoIter = std::slice::Iter<'a, Image<I>>;

    fn into_iter(self) -> Self::IntoIter {
        self.images.iter()
    }
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Cuts, after each commit.
    Cuts,
    /// Each durable record as well.
    Records,
}

/// What must hold of a world. One is made for each world.
pub trait Check<I: Island> {
    /// Its name, as a failure tells it.
    fn name(&self) -> &str;

    /// Whether it looks at single records too; most look at cuts only, which costs less.
    fn wants(&self) -> Wants {
        Wants::Cuts
    }

    /// Looks at a durable record and at its island before it, if [`Check::wants`] says so.
    ///
    /// # Errors
    /// What is wrong with it.
    fn record(&mut self, seen: &Seen<'_, I>) -> Result<(), String> {
        let _ = seen;
        Ok(())
    }

    /// Looks at a cut after each commit.
    ///
    /// # Errors
    /// What is wrong with it.
    fn always(&mut self, cut: Cut<'_, I>) -> Result<(), String> {
        let _ = cut;
        Ok(())
    }

    /// Looks at the world when everything is answered and at rest.
    ///
    /// # Errors
    /// What is wrong with it.
    fn finally(&mut self, cut: Cut<'_, I>) -> Result<(), String> {
        let _ = cut;
        Ok(())
    }
}

/// A closure that looks at a cut and says what is wrong with it.
pub type Look<I> = Arc<dyn Fn(Cut<'_, I>) -> Result<(), String> + Send + Sync>;
/// A closure that says whether a cut shows what must be seen at least once.
pub type Sight<I> = Arc<dyn Fn(Cut<'_, I>) -> bool + Send + Sync>;
/// Makes a check for a world of so many islands.
pub type MakeCheck<I> = Box<dyn Fn(u32) -> Box<dyn Check<I>> + Send + Sync>;

/// When a closure looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    Finally,
}

/// A check made of one closure.
pub(crate) struct Simple<I> {
    pub(crate) name: Arc<str>,
    pub(crate) when: When,
    pub(crate) look: Look<I>,
}

impl<I: Island> Check<I> for Simple<I> {
    fn name(&self) -> &str {
        &self.name
    }

    fn always(&mut self, cut: Cut<'_, I>) -> Result<(), String> {
        if self.when == When::Always { (self.look)(cut) } else { Ok(()) }
    }

    fn finally(&mut self, cut: Cut<'_, I>) -> Result<(), String> {
        if self.when == When::Finally { (self.look)(cut) } else { Ok(()) }
    }
}
