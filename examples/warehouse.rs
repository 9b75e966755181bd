//! Embeds the warehouse: islands in this process, asked from several threads, one of them as a
//! future, then closed and replayed. Ends with an error, and so not with exit code 0, when
//! anything is not as it should be.
//!
//! Run it with `cargo run --release --example warehouse`.

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use archipelago::command::{AskError, Client, Pending};
use archipelago::island::latency_of;
use archipelago::patterns::stock::{Line, Units, audit};
use archipelago::replay::Log;
use archipelago::{Archipelago, Settled, builder};
use archipelago_sim::workload::warehouse::{
    BadName, Command, Login, OrderNumber, ProductCode, Reply, Warehouse,
};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const THREADS: u64 = 4;
const ORDERS_A_THREAD: u64 = 500;
const TEAPOTS: u64 = 3_000;
const ALICE: &str = "alice";

fn main() -> Outcome {
    let data = tempfile::tempdir()?;
    // So few unanswered requests are allowed that clients get to see Busy.
    let sea = builder()
        .islands(8)
        .journal(data.path())
        .application("warehouse example", "")
        .unanswered_max(16)
        .open(|_| Warehouse::default())?;

    stock_up(&sea)?;
    for order in ["A1", "A2"] {
        let reply = sea.ask(ALICE, place_order(ALICE, order)?)?.wait()?;
        ensure(matches!(reply, Reply::Accepted { .. }), "the first orders were refused")?;
    }
    let (accepted, refused) = order_from_threads(&sea)?;
    println!("{accepted} orders accepted, {refused} refused; each is for 2 teapots");
    let left = TEAPOTS.checked_sub(2 * (2 + accepted)).ok_or("more was sold than there was")?;
    ensure(left < 2 || refused == 0, "an order was refused while its units were free")?;

    change_our_mind(&sea)?;
    await_one(&sea)?;
    look_at_a_shelf(&sea)?;
    print_figures(&sea)?;
    close_and_replay(sea, data.path())
}

/// Creates the product; its island is its broker and sends every island a slice.
fn stock_up(sea: &Archipelago<Warehouse>) -> Outcome {
    let create = Command::CreateProduct { product: teapot()?, units: Units(TEAPOTS) };
    let reply = sea.ask(teapot()?.as_str(), create)?.wait()?;
    println!("{reply}");
    ensure(matches!(reply, Reply::ProductCreated { .. }), "the product was not created")
}

/// Orders from several threads at once, as clients of their own.
fn order_from_threads(sea: &Archipelago<Warehouse>) -> Outcome<(u64, u64)> {
    let waits = AtomicU64::new(0);
    let work = |thread: u64| -> Outcome<(u64, u64)> {
        let client = sea.client(&format!("shop {thread}"))?;
        let mut pending = Vec::new();
        for number in 0..ORDERS_A_THREAD {
            let (login, order) = (format!("customer {number}"), format!("{thread}-{number}"));
            pending.push(ask_until_taken(&client, &login, &order, &waits)?);
        }
        let (mut accepted, mut refused) = (0, 0);
        for answer in pending {
            match answer.wait()? {
                Reply::Accepted { .. } => accepted += 1,
                Reply::Refused { .. } => refused += 1,
                other => return Err(format!("unexpected reply: {other}").into()),
            }
        }
        Ok((accepted, refused))
    };
    let all = thread::scope(|scope| -> Outcome<(u64, u64)> {
        let work = &work;
        let threads: Vec<_> = (0..THREADS).map(|at| scope.spawn(move || work(at))).collect();
        let mut sum = (0, 0);
        for thread in threads {
            let (accepted, refused) = thread.join().map_err(|_| "a thread panicked")??;
            sum = (sum.0 + accepted, sum.1 + refused);
        }
        Ok(sum)
    })?;
    println!("admission said Busy {} times", waits.into_inner());
    Ok(all)
}

/// Busy means that a limit is reached and nothing was taken: wait a moment, ask again.
/// `Client::ask_within` does the same; here we count how often.
fn ask_until_taken(
    client: &Client<Warehouse>,
    login: &str,
    order: &str,
    waits: &AtomicU64,
) -> Outcome<Pending<Reply>> {
    loop {
        match client.ask(login, place_order(login, order)?) {
            Err(AskError::Busy(_)) => {
                waits.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_micros(200));
            }
            answer => return Ok(answer?),
        }
    }
}

/// Alice gives one teapot of an order back, and takes a whole other order back.
fn change_our_mind(sea: &Archipelago<Warehouse>) -> Outcome {
    let login = Login::try_from(ALICE)?;
    let number = OrderNumber::try_from("R1")?;
    let back = Command::Return { number, login, product: teapot()?, units: Units(1) };
    let reply = sea.ask(ALICE, back)?.wait()?;
    println!("{reply}");
    ensure(matches!(reply, Reply::ReturnAccepted { .. }), "the return was refused")?;

    let cancel = Command::CancelOrder { order: OrderNumber::try_from("A2")?, login };
    let reply = sea.ask(ALICE, cancel)?.wait()?;
    println!("{reply}");
    ensure(matches!(reply, Reply::Cancelled { .. }), "the order was not cancelled")
}

/// Somebody else buys what came back, and awaits the answer: a `Pending` is a `Future` that needs
/// no particular runtime.
fn await_one(sea: &Archipelago<Warehouse>) -> Outcome {
    let ordering = async {
        let answer = sea.ask("late customer", place_order("late customer", "late")?)?;
        Outcome::Ok(answer.await?)
    };
    let reply = block_on(ordering)?;
    println!("{reply}");
    ensure(matches!(reply, Reply::Accepted { .. }), "units given back could not be bought")
}

/// Reads an island's state on its own thread, between two commands.
fn look_at_a_shelf(sea: &Archipelago<Warehouse>) -> Outcome {
    let (code, broker) = (teapot()?, sea.island_of(teapot()?.as_str()));
    let books = sea.query(broker, move |warehouse| warehouse.ledger(&code))?.wait()?;
    println!(
        "island {broker} is the broker of the {code}: {} minted, {} in the pool, {} on its shelf",
        books.minted, books.pool, books.shelf
    );
    ensure(books.minted == Units(TEAPOTS), "the broker's books are wrong")
}

fn print_figures(sea: &Archipelago<Warehouse>) -> Outcome {
    let stats = sea.stats()?;
    let latency_us = latency_of(&stats);
    let messages: u64 = stats.iter().map(|island| island.counters.sends).sum();
    let at = |quantile| latency_us.value_at_quantile(quantile);
    println!("{} answers, {messages} messages between islands", latency_us.len());
    println!("admission to durable reply: p50 {} us, p99 {} us", at(0.5), at(0.99));
    Ok(())
}

/// Closes, replays the journal without sending anything, and compares.
fn close_and_replay(sea: Archipelago<Warehouse>, data: &std::path::Path) -> Outcome {
    let closed = sea.close(Duration::from_secs(20))?;
    ensure(closed.settled == Settled::Yes, "something was still on its way")?;
    let code = teapot()?;
    let books: Vec<_> = closed.images.iter().map(|image| image.state.ledger(&code)).collect();
    ensure(audit(&books)? == 0, "units are still in flight")?;

    let restored = Log::open(data)?.restore(2, |_| Warehouse::default())?;
    let (live, again) = (closed.digest()?, restored.digest()?);
    let (records, suppressed) = (restored.figures.records, restored.figures.sends_suppressed);
    println!("digest {live} when closed");
    println!("digest {again} after a replay of {records} records; {suppressed} sends not repeated");
    ensure(live == again, "the digests differ")?;
    ensure(restored.sends_owed() == 0, "messages are owed after a clean close")
}

fn teapot() -> Result<ProductCode, BadName> {
    ProductCode::try_from("teapot")
}

fn place_order(login: &str, order: &str) -> Result<Command, BadName> {
    Ok(Command::PlaceOrder {
        order: OrderNumber::try_from(order)?,
        login: Login::try_from(login)?,
        lines: vec![Line { resource: teapot()?, units: Units(2) }],
    })
}

fn ensure(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// The smallest executor there is: polls, and parks this thread until it is woken.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
