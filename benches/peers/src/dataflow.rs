//! The shop's fold as a dataflow of timely: events go in, an operator keeps the state.
//!
//! Rules:
//! 1. One worker. Events come from memory: timely keeps none on a disk.
//!
//! It doesn't know what an event means.

use std::cell::RefCell;
use std::rc::Rc;

use archipelago_benches::replay::restoring::{Ends, check};
use archipelago_benches::rounds::{Contender, Took};
use archipelago_benches::shop::event::Event;
use archipelago_benches::shop::state::State;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Inspect};

/// Events between two looks of the worker.
const BATCH: usize = 65_536;

/// The contender that folds `events`.
pub fn folded<'a, S: State>(name: &str, events: &'a [Event], digest: &'a str) -> Contender<'a> {
    Contender::new(name, move || {
        let all: std::sync::Arc<[Event]> = events.into();
        let (state, took) = Took::time(events.len() as u64, || fold::<S>(all));
        check(&[state], digest, Ends::InTheDigest)?;
        Ok(took)
    })
}

fn fold<S: State>(events: std::sync::Arc<[Event]>) -> S {
    timely::execute_directly(move |worker| {
        let state = Rc::new(RefCell::new(S::default()));
        let kept = Rc::clone(&state);
        let mut input = InputHandle::new();
        worker.dataflow::<u64, _, _>(|scope| {
            let keep = move |event: &Event| kept.borrow_mut().fold(event);
            let events = scope.input_from(&mut input).container::<Vec<Event>>();
            events.inspect(move |event| keep(event));
        });
        for batch in events.chunks(BATCH) {
            batch.iter().for_each(|event| input.send(*event));
            input.flush();
            worker.step();
        }
        input.close();
        while worker.step() {}
        state.take()
    })
}
