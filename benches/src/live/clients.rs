//! Clients that keep so many orders on their way.
//!
//! It doesn't know where orders are decided.

use archipelago::command::{Completion, Completions};
use archipelago::{Archipelago, AskError, Client, RequestNumber};

use super::store::{Order, Placing, Store};
use crate::rounds::Failed;

/// One client's side of a run.
pub struct Orders<'a> {
    answers: Completions<'a, Store>,
    next: RequestNumber,
    /// Refused as busy, to be asked first.
    again: Option<(RequestNumber, Order)>,
    on_their_way: usize,
}

impl<'a> Orders<'a> {
    /// The orders of `client`, which nobody else uses.
    #[must_use]
    pub fn new(client: &'a Client<Store>) -> Self {
        let answers = client.completions();
        Self { answers, next: RequestNumber(1), again: None, on_their_way: 0 }
    }

    /// Whether all that were asked are answered.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.on_their_way == 0 && self.again.is_none()
    }

    /// Orders on their way.
    #[must_use]
    pub const fn on_their_way(&self) -> usize {
        self.on_their_way
    }

    /// Asks what `orders` gives, until a limit refuses one: that is kept for the next time, and so
    /// is the rest, in `orders`.
    ///
    /// # Errors
    /// What the system says but busy.
    pub fn ask(&mut self, orders: &mut impl Iterator<Item = Order>) -> Result<(), Failed> {
        let Self { answers, next, again, on_their_way } = self;
        let numbered = again.take().into_iter().chain(orders.map(|order| {
            let number = *next;
            *next = number.next();
            (number, order)
        }));
        let mut requests = numbered.map(|(number, order)| {
            *on_their_way += 1;
            (number, order.key(), order)
        });
        match answers.ask_all(&mut requests) {
            Ok(()) => Ok(()),
            Err((AskError::Busy(_), (number, _, order))) => {
                self.on_their_way -= 1;
                self.again = Some((number, order));
                Ok(())
            }
            Err((why, _)) => Err(why.into()),
        }
    }

    /// Waits for an answer, then takes all that are here.
    ///
    /// # Errors
    /// An order that was not taken.
    pub fn take(&mut self, mut each: impl FnMut(RequestNumber)) -> Result<(), Failed> {
        if self.on_their_way > 0 {
            let first = self.answers.next();
            self.note(first, &mut each)?;
        }
        self.take_here(each)
    }

    /// Takes the answers that are here.
    ///
    /// # Errors
    /// An order that was not taken.
    pub fn take_here(&mut self, mut each: impl FnMut(RequestNumber)) -> Result<(), Failed> {
        while let Some(completion) = self.answers.try_next() {
            self.note(completion, &mut each)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        completion: Completion<Placing>,
        each: &mut impl FnMut(RequestNumber),
    ) -> Result<(), Failed> {
        self.on_their_way -= 1;
        each(completion.number);
        match completion.answer? {
            Placing::Accepted => Ok(()),
            Placing::Refused => Err("an order was refused".into()),
        }
    }
}

/// `clients` clients ask `orders` orders in all, each with at most `window` on their way.
///
/// # Errors
/// The first that failed.
pub fn closed_loop(
    sea: &Archipelago<Store>,
    clients: u64,
    orders: u64,
    window: usize,
) -> Result<(), Failed> {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..clients)
            .map(|client| {
                let numbers = orders * client / clients..orders * (client + 1) / clients;
                scope.spawn(move || keep_busy(sea, client, numbers, window))
            })
            .collect();
        all.into_iter().try_for_each(|client| {
            client.join().map_err(|_| "a client panicked")?.map_err(Into::into)
        })
    })
}

fn keep_busy(
    sea: &Archipelago<Store>,
    client: u64,
    numbers: std::ops::Range<u64>,
    window: usize,
) -> Result<(), String> {
    let run = || -> Result<(), Failed> {
        let client = sea.client(&format!("client {client}"))?;
        let mut client = Orders::new(&client);
        let mut numbers = numbers.map(Order::numbered);
        loop {
            let room = window - client.on_their_way();
            client.ask(&mut numbers.by_ref().take(room))?;
            if client.is_done() {
                return Ok(());
            }
            client.take(|_| {})?;
        }
    };
    run().map_err(|why| why.to_string())
}
