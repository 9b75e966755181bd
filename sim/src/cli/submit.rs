//! Submitting requests: numbered, bounded, each answered once.
//!
//! Rules:
//! 1. What an earlier run on the same data answered is not asked again; its reply is only noted in
//!    the reply log if it is missing there.
//! 2. At most [`OUTSTANDING_MAX`] requests are on their way; Busy means to take an answer first.
//!
//! It doesn't know where requests come from.

use std::collections::HashMap;
use std::time::Duration;

use archipelago::command::{AskError, Client, Completion, Completions};
use archipelago::patterns::stock::Units;
use archipelago_core::id::RequestNumber;

use super::failure::Failure;
use super::history::{History, Status, status_of};
use super::reply_log::ReplyLog;
use crate::workload::warehouse::action::Action;
use crate::workload::warehouse::{
    BadName, Command, Login, OrderLine, OrderNumber, ProductCode, Reply, Warehouse,
};

/// Requests on their way at a time.
const OUTSTANDING_MAX: usize = 8192;
/// How long to wait when everything is busy and no answer is on its way.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// An order or a return on its way.
struct Outstanding {
    number: OrderNumber,
    login: Login,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Order,
    Return,
}

/// What was submitted so far, in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Orders answered.
    pub orders: u64,
    /// Times that admission said Busy.
    pub busy: u64,
}

impl Submitted {
    /// What came since `before`.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self { orders: self.orders - before.orders, busy: self.busy - before.busy }
    }
}

/// Submits requests of one client.
pub struct Submitter<'a> {
    completions: Completions<'a, Warehouse>,
    history: &'a History,
    replies: Option<ReplyLog>,
    /// Requests on their way that are not orders or returns.
    others: usize,
    outstanding: HashMap<RequestNumber, Outstanding>,
    /// Orders on their way, by customer.
    by_login: HashMap<Login, usize>,
    submitted: Submitted,
}

impl<'a> Submitter<'a> {
    /// A submitter for `client`; `history` is what earlier runs answered.
    #[must_use]
    pub fn new(
        client: &'a Client<Warehouse>,
        history: &'a History,
        replies: Option<ReplyLog>,
    ) -> Self {
        Self {
            completions: client.completions(),
            history,
            replies,
            others: 0,
            outstanding: HashMap::new(),
            by_login: HashMap::new(),
            submitted: Submitted::default(),
        }
    }

    /// What was submitted so far.
    #[must_use]
    pub const fn submitted(&self) -> Submitted {
        self.submitted
    }

    /// Submits a request that is not an order or a return, unless it was answered before.
    ///
    /// # Errors
    /// When the system takes nothing any more, or an earlier request failed.
    pub fn submit(
        &mut self,
        number: RequestNumber,
        key: &str,
        command: Command,
    ) -> Result<(), Failure> {
        if matches!(self.history.status(number), Status::Unknown | Status::Open) {
            self.others += 1;
            self.ask(number, key, command)?;
        }
        Ok(())
    }

    /// Submits an order or a return, unless it was answered before.
    ///
    /// # Errors
    /// As [`Submitter::submit`], and when the reply log cannot be written or contradicts a reply.
    pub fn submit_action(
        &mut self,
        number: RequestNumber,
        action: &Action,
        codes: &[ProductCode],
    ) -> Result<(), Failure> {
        match self.history.status(number) {
            Status::Unknown | Status::Open => {}
            Status::Order(outcome) => {
                return match &mut self.replies {
                    Some(log) => log.record(action.number(), outcome).map(|_| ()),
                    None => Ok(()),
                };
            }
            Status::Answered => return Ok(()),
        }
        let bad = |name: BadName| Failure::input(format!("{}: {name}", action.number()));
        let name = OrderNumber::try_from(action.number()).map_err(bad)?;
        let login = Login::try_from(action.login()).map_err(bad)?;
        let (kind, command) = match action {
            Action::Order(order) => {
                *self.by_login.entry(login).or_default() += 1;
                let line = |line: &crate::workload::warehouse::action::Line| OrderLine {
                    resource: codes[line.product.as_usize()],
                    units: Units(u64::from(line.units)),
                };
                let lines = order.lines.iter().map(line).collect();
                (Kind::Order, Command::PlaceOrder { order: name, login, lines })
            }
            Action::Return(back) => {
                let product = codes[back.product.as_usize()];
                let units = Units(u64::from(back.units));
                (Kind::Return, Command::Return { number: name, login, product, units })
            }
        };
        self.outstanding.insert(number, Outstanding { number: name, login, kind });
        self.ask(number, action.login(), command)
    }

    /// Waits until no order of `login` is on its way.
    ///
    /// # Errors
    /// As [`Submitter::submit_action`].
    pub fn wait_for_orders_of(&mut self, login: &str) -> Result<(), Failure> {
        let Ok(login) = Login::try_from(login) else { return Ok(()) };
        while self.by_login.contains_key(&login) {
            self.take_one()?;
        }
        Ok(())
    }

    /// Waits until everything submitted is answered.
    ///
    /// # Errors
    /// As [`Submitter::submit_action`].
    pub fn drain(&mut self) -> Result<(), Failure> {
        while self.on_their_way() > 0 {
            self.take_one()?;
        }
        Ok(())
    }

    fn on_their_way(&self) -> usize {
        self.others + self.outstanding.len()
    }

    fn ask(&mut self, number: RequestNumber, key: &str, command: Command) -> Result<(), Failure> {
        while let Some(completion) = self.completions.try_next() {
            self.take(completion)?;
        }
        while self.on_their_way() > OUTSTANDING_MAX {
            self.take_one()?;
        }
        let mut command = command;
        loop {
            command = match self.completions.ask_as(number, key, command) {
                Ok(()) => return Ok(()),
                Err((AskError::Busy(_), command)) => command,
                Err((error, _)) => return Err(Failure::input(error.to_string())),
            };
            self.submitted.busy += 1;
            // This request is counted as on its way already.
            if self.on_their_way() > 1 {
                self.take_one()?;
            } else {
                std::thread::sleep(BUSY_PAUSE);
            }
        }
    }

    fn take_one(&mut self) -> Result<(), Failure> {
        let completion = self.completions.next();
        self.take(completion)
    }

    fn take(&mut self, completion: Completion<Reply>) -> Result<(), Failure> {
        let Completion { number, answer } = completion;
        let Some(done) = self.outstanding.remove(&number) else {
            self.others -= 1;
            return match answer {
                Ok(Reply::ProductCreated { .. }) => Ok(()),
                Ok(reply) => Err(Failure::check(format!("request {number}: {reply}"))),
                Err(error) => Err(failed(number, &error)),
            };
        };
        if done.kind == Kind::Order
            && let Some(count) = self.by_login.get_mut(&done.login)
        {
            *count -= 1;
            if *count == 0 {
                self.by_login.remove(&done.login);
            }
        }
        let reply = answer.map_err(|error| failed(number, &error))?;
        match (done.kind, status_of(&reply)) {
            (Kind::Order, Status::Order(outcome)) => {
                self.submitted.orders += 1;
                match &mut self.replies {
                    Some(log) => log.record(done.number.as_str(), outcome).map(|_| ()),
                    None => Ok(()),
                }
            }
            (Kind::Return, Status::Answered) => Ok(()),
            _ => Err(Failure::check(format!("{}: {reply}", done.number))),
        }
    }
}

fn failed(number: RequestNumber, error: &AskError) -> Failure {
    match error {
        AskError::DeadLetter(_) | AskError::Refused(_) => {
            Failure::check(format!("request {number}: {error}"))
        }
        AskError::Busy(_) | AskError::Closed | AskError::Journal(_) => {
            Failure::input(format!("request {number}: {error}"))
        }
    }
}
