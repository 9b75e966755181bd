//! The agenda: what will happen, by time and then in the order in which it was planned.
//!
//! It doesn't know what events do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events to come. Only small keys move in the heap; the events stay where they are.
#[derive(Debug)]
pub(super) struct Agenda<E> {
    /// (time, number, place).
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    events: Vec<Option<E>>,
    free: Vec<u32>,
    planned: u64,
}

impl<E> Agenda<E> {
    pub(super) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), planned: 0 }
    }

    /// Plans `event` for the time `at`.
    pub(super) fn plan(&mut self, at: u64, event: E) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            (self.events.len() - 1) as u32
        });
        self.events[place as usize] = Some(event);
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned, place)));
    }

    /// The next event and its time.
    pub(super) fn pop(&mut self) -> Option<(u64, E)> {
        let Reverse((at, _, place)) = self.heap.pop()?;
        self.free.push(place);
        let event = self.events[place as usize].take().expect("planned events are kept");
        Some((at, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_as_planned() {
        let mut agenda = Agenda::new();
        agenda.plan(5, "c");
        agenda.plan(3, "a");
        agenda.plan(3, "b");
        assert_eq!(agenda.pop(), Some((3, "a")));
        agenda.plan(4, "between");
        let rest: Vec<_> = std::iter::from_fn(|| agenda.pop()).collect();
        assert_eq!(rest, [(3, "b"), (4, "between"), (5, "c")]);
    }
}
