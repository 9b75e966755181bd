//! Submitting requests: numbered, bounded, each answered once.
//!
//! Rules:
//! 1. What an earlier run on the same data answered is not asked again; its reply is only noted in
//!    the reply log if it is missing there.
//! 2. At most 8,192 requests are on their way or wait; Busy means to take an answer first.
//! 3. A customer's return waits for the answers to that customer's orders before it; what the
//!    customer does next waits behind it. Other customers go on.
//!
//! It doesn't know where requests come from.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use archipelago::command::{AskError, Client, Completion, Completions};
use archipelago::patterns::stock::Units;
use archipelago_core::id::RequestNumber;

use super::failure::Failure;
use super::history::{History, Status, status_of};
use super::reply_log::ReplyLog;
use crate::workload::warehouse::action::{Action, Line};
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

/// An order or a return that waits for its customer's orders.
struct Waiting {
    number: RequestNumber,
    order: OrderNumber,
    kind: Kind,
    command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    client: &'a Client<Warehouse>,
    completions: Completions<'a, Warehouse>,
    history: &'a History,
    replies: Option<ReplyLog>,
    /// Requests on their way that are not orders or returns.
    others: usize,
    outstanding: HashMap<RequestNumber, Outstanding>,
    /// Orders on their way, by customer.
    by_login: HashMap<Login, usize>,
    /// What waits, by customer, and how much that is.
    waiting: HashMap<Login, VecDeque<Waiting>>,
    waiting_count: usize,
    /// Customers whose orders are all answered and who wait.
    ready: Vec<Login>,
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
            client,
            completions: client.completions(),
            history,
            replies,
            others: 0,
            outstanding: HashMap::new(),
            by_login: HashMap::new(),
            waiting: HashMap::new(),
            waiting_count: 0,
            ready: Vec::new(),
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
            self.make_room()?;
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
        self.make_room()?;
        let bad = |name: BadName| Failure::input(format!("{}: {name}", action.number()));
        let order = OrderNumber::try_from(action.number()).map_err(bad)?;
        let login = Login::try_from(action.login()).map_err(bad)?;
        let (kind, command) = command(action, order, login, codes);
        let request = Waiting { number, order, kind, command };
        let waits = self.waiting.contains_key(&login)
            || (kind == Kind::Return && self.by_login.contains_key(&login));
        if waits { self.wait(login, request) } else { self.start(login, request) }
    }

    /// Waits until everything submitted is answered.
    ///
    /// # Errors
    /// As [`Submitter::submit_action`].
    pub fn drain(&mut self) -> Result<(), Failure> {
        loop {
            self.start_ready()?;
            if self.on_their_way() == 0 {
                return Ok(());
            }
            self.take_one()?;
        }
    }

    fn on_their_way(&self) -> usize {
        self.others + self.outstanding.len()
    }

    /// Takes what has been answered, starts what that was waited for, and keeps to the limit.
    fn make_room(&mut self) -> Result<(), Failure> {
        while let Some(completion) = self.completions.try_next() {
            self.take(completion)?;
        }
        self.start_ready()?;
        while self.on_their_way() + self.waiting_count >= OUTSTANDING_MAX {
            self.take_one()?;
            self.start_ready()?;
        }
        Ok(())
    }

    fn wait(&mut self, login: Login, request: Waiting) -> Result<(), Failure> {
        while let Err(busy) = self.client.reserve(request.number) {
            if self.on_their_way() == 0 {
                return Err(Failure::input(busy.to_string()));
            }
            self.take_one()?;
        }
        // Answers taken meanwhile may have been the ones it waits for.
        if !self.by_login.contains_key(&login) && !self.waiting.contains_key(&login) {
            self.ready.push(login);
        }
        self.waiting_count += 1;
        self.waiting.entry(login).or_default().push_back(request);
        Ok(())
    }

    /// Starts what waited for orders that are answered now.
    fn start_ready(&mut self) -> Result<(), Failure> {
        while let Some(login) = self.ready.pop() {
            while let Some(queue) = self.waiting.get_mut(&login) {
                let held = self.by_login.contains_key(&login);
                if held && queue.front().is_some_and(|next| next.kind == Kind::Return) {
                    break;
                }
                match queue.pop_front() {
                    Some(request) => {
                        self.waiting_count -= 1;
                        self.start(login, request)?;
                    }
                    None => drop(self.waiting.remove(&login)),
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, login: Login, request: Waiting) -> Result<(), Failure> {
        let Waiting { number, order, kind, command } = request;
        if kind == Kind::Order {
            *self.by_login.entry(login).or_default() += 1;
        }
        self.outstanding.insert(number, Outstanding { number: order, login, kind });
        self.ask(number, login.as_str(), command)
    }

    fn ask(
        &mut self,
        number: RequestNumber,
        key: &str,
        mut command: Command,
    ) -> Result<(), Failure> {
        loop {
            command = match self.completions.ask_as(number, key, command) {
                Ok(()) => return Ok(()),
                Err((AskError::Busy(_), command)) => command,
                Err((error, _)) => return Err(failed(number, &error)),
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
                if self.waiting.contains_key(&done.login) {
                    self.ready.push(done.login);
                }
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

/// The command that an action is.
pub(super) fn command(
    action: &Action,
    order: OrderNumber,
    login: Login,
    codes: &[ProductCode],
) -> (Kind, Command) {
    match action {
        Action::Order(placed) => {
            let line = |line: &Line| OrderLine {
                resource: codes[line.product.as_usize()],
                units: Units(u64::from(line.units)),
            };
            let lines = placed.lines.iter().map(line).collect();
            (Kind::Order, Command::PlaceOrder { order, login, lines })
        }
        Action::Return(back) => {
            let product = codes[back.product.as_usize()];
            let units = Units(u64::from(back.units));
            (Kind::Return, Command::Return { number: order, login, product, units })
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
