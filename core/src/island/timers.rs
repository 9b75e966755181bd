//! Durable timers: set by a record, fired by a record.
//!
//! Rules:
//! 1. A timer is state: it is set, taken back and fired only by what the journal says.
//! 2. The driver asks for the next deadline and brings a tick; nothing fires by itself, so replay
//!    fires nothing.
//!
//! It doesn't know the clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::TimerNumber;
use crate::time::Millis;

/// The timers of one island.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    last: TimerNumber,
    deadlines: BTreeMap<TimerNumber, Millis>,
    commands: BTreeMap<(Millis, TimerNumber), Box<[u8]>>,
}

impl Timers {
    /// The number the next timer gets.
    #[must_use]
    pub const fn next_number(&self) -> TimerNumber {
        self.last.next()
    }

    /// How many are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }

    /// Sets timer `number`.
    pub fn set(&mut self, number: TimerNumber, deadline: Millis, command: &[u8]) {
        self.last = self.last.max(number);
        self.deadlines.insert(number, deadline);
        self.commands.insert((deadline, number), command.into());
    }

    /// Removes a timer that fired or is taken back; returns its command, if it was set.
    pub fn remove(&mut self, number: TimerNumber) -> Option<Box<[u8]>> {
        let deadline = self.deadlines.remove(&number)?;
        self.commands.remove(&(deadline, number))
    }

    /// Rewrites the commands of the timers that are set.
    ///
    /// # Errors
    /// What `rewrite` says; some are rewritten then, and it must not be used.
    pub(crate) fn rewrite<E>(
        &mut self,
        mut rewrite: impl FnMut(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        self.commands.values_mut().try_for_each(|command| {
            *command = rewrite(command)?.into();
            Ok(())
        })
    }

    /// The timer that is due first: its deadline, number and command.
    #[must_use]
    pub fn first(&self) -> Option<(Millis, TimerNumber, &[u8])> {
        let ((deadline, number), command) = self.commands.first_key_value()?;
        Some((*deadline, *number, command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_by_deadline_then_number_and_can_be_taken_back() {
        let mut timers = Timers::default();
        timers.set(TimerNumber(1), Millis(9), b"late");
        timers.set(TimerNumber(2), Millis(5), b"b");
        timers.set(TimerNumber(3), Millis(5), b"c");
        assert_eq!(timers.first(), Some((Millis(5), TimerNumber(2), &b"b"[..])));
        assert_eq!(timers.remove(TimerNumber(2)).as_deref(), Some(&b"b"[..]));
        assert_eq!(timers.remove(TimerNumber(2)), None);
        assert_eq!(timers.first().map(|(_, number, _)| number), Some(TimerNumber(3)));
        assert_eq!(timers.next_number(), TimerNumber(4));
    }
}
