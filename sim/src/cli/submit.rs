//! Submitting a warehouse's requests: which number each has, what waits for what, where replies go.
//!
//! Rules:
//! 1. An order that an earlier run on the same data answered is only noted in the reply log, if it
//!    is missing there.
//! 2. A customer's return waits for the answers to that customer's requests before it; what the
//!    customer does next waits behind it. Other customers go on.
//!
//! It doesn't know where requests come from, nor how they are carried ([`Feeder`]).

use archipelago::command::Client;
use archipelago::patterns::stock::Units;
use archipelago_core::id::RequestNumber;

use super::args::Pace;
use super::failure::Failure;
use super::harness::{Feeder, History, Listener, Request, Sea, Turn};
use super::reply_log::{Outcome, ReplyLog};
use crate::workload::warehouse::action::{Action, Line};
use crate::workload::warehouse::{
    BadName, Command, Login, OrderLine, OrderNumber, ProductCode, Reply, Warehouse,
};

/// What is kept of an answer: an order's outcome.
pub type Kept = Option<Outcome>;

/// What is kept of this reply.
#[must_use]
pub const fn kept(reply: &Reply) -> Kept {
    match reply {
        Reply::Accepted { .. } => Some(Outcome::Accepted),
        Reply::Refused { .. } => Some(Outcome::Refused),
        _ => None,
    }
}

/// What a request is about, and so which island decides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Product(ProductCode),
    Customer(Login),
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Product(code) => code.as_str().as_bytes(),
            Self::Customer(login) => login.as_str().as_bytes(),
        }
    }
}

/// What a request was.
#[derive(Clone, Copy)]
enum Asked {
    Product,
    Order(OrderNumber),
    Return(OrderNumber),
}

/// Hears the answers.
struct Answers {
    replies: Option<ReplyLog>,
    orders: u64,
}

impl Answers {
    fn note(&mut self, order: OrderNumber, outcome: Outcome) -> Result<(), Failure> {
        match &mut self.replies {
            Some(log) => log.record(order.as_str(), outcome).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl Listener<Warehouse> for Answers {
    type Key = Key;
    type Tag = Asked;
    type Kept = Kept;

    fn answered(
        &mut self,
        number: RequestNumber,
        asked: Asked,
        reply: Reply,
    ) -> Result<(), Failure> {
        let wrong = |what: &str| Err(Failure::check(format!("{what}: {reply}")));
        match (asked, kept(&reply)) {
            (Asked::Product, _) if matches!(reply, Reply::ProductCreated { .. }) => Ok(()),
            (Asked::Product, _) => wrong(&format!("request {number}")),
            (Asked::Order(order), Some(outcome)) => {
                self.orders += 1;
                self.note(order, outcome)
            }
            (Asked::Return(_), None) => Ok(()),
            (Asked::Order(order) | Asked::Return(order), _) => wrong(order.as_str()),
        }
    }

    fn known(&mut self, asked: Asked, kept: &Kept) -> Result<(), Failure> {
        match (asked, kept) {
            (Asked::Order(order), Some(outcome)) => self.note(order, *outcome),
            _ => Ok(()),
        }
    }
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
pub struct Submitter<'a>(Feeder<'a, Warehouse, Answers>);

impl<'a> Submitter<'a> {
    /// A submitter to the islands of a run.
    #[must_use]
    pub fn to(sea: &'a Sea<Warehouse, Kept>, replies: Option<ReplyLog>) -> Self {
        Self(sea.feeder(Answers { replies, orders: 0 }))
    }

    /// A submitter of `client`; `history` is what earlier runs answered.
    #[must_use]
    pub fn new(client: &'a Client<Warehouse>, history: &'a History<Kept>) -> Self {
        Self(Feeder::new(client, history, Answers { replies: None, orders: 0 }))
    }

    /// Goes on at this pace.
    pub const fn set_pace(&mut self, pace: Pace) {
        self.0.set_pace(pace);
    }

    /// What was submitted so far.
    #[must_use]
    pub const fn submitted(&self) -> Submitted {
        Submitted { orders: self.0.listener().orders, busy: self.0.busy() }
    }

    /// Submits the creation of a product, unless it was answered before.
    ///
    /// # Errors
    /// When the system takes nothing any more, or an earlier request failed.
    pub fn submit_product(
        &mut self,
        number: RequestNumber,
        product: ProductCode,
        units: Units,
    ) -> Result<(), Failure> {
        let command = Command::CreateProduct { product, units };
        let (key, tag) = (Key::Product(product), Asked::Product);
        self.0.submit(Request { number, key, command, turn: Turn::Beside, tag })
    }

    /// Submits an order or a return, unless it was answered before.
    ///
    /// # Errors
    /// As [`Submitter::submit_product`], and when the reply log cannot be written or contradicts a
    /// reply.
    pub fn submit_action(
        &mut self,
        number: RequestNumber,
        action: &Action,
        codes: &[ProductCode],
    ) -> Result<(), Failure> {
        let bad = |name: BadName| Failure::input(format!("{}: {name}", action.number()));
        let order = OrderNumber::try_from(action.number()).map_err(bad)?;
        let login = Login::try_from(action.login()).map_err(bad)?;
        let (turn, tag) = match action {
            Action::Order(_) => (Turn::Beside, Asked::Order(order)),
            Action::Return(_) => (Turn::After, Asked::Return(order)),
        };
        let command = command(action, order, login, codes);
        self.0.submit(Request { number, key: Key::Customer(login), command, turn, tag })
    }

    /// Waits until everything submitted is answered.
    ///
    /// # Errors
    /// As [`Submitter::submit_action`].
    pub fn drain(&mut self) -> Result<(), Failure> {
        self.0.drain()
    }
}

/// The command that an action is.
pub(super) fn command(
    action: &Action,
    order: OrderNumber,
    login: Login,
    codes: &[ProductCode],
) -> Command {
    match action {
        Action::Order(placed) => {
            let line = |line: &Line| OrderLine {
                resource: codes[line.product.as_usize()],
                units: Units(u64::from(line.units)),
            };
            let lines = placed.lines.iter().map(line).collect();
            Command::PlaceOrder { order, login, lines }
        }
        Action::Return(back) => {
            let product = codes[back.product.as_usize()];
            let units = Units(u64::from(back.units));
            Command::Return { number: order, login, product, units }
        }
    }
}
