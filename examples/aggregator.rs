//! Shops report a day's takings; the day is counted when all three have, once.
use archipelago::patterns::aggregator::{
    Aggregator, AggregatorConfig, AggregatorEvent, Deadline, Expected, Outcome, Version,
};
use archipelago::{Island, Turn, builder};
use serde::{Deserialize, Serialize};

/// Groups are days, members are shops, reports are euros.
#[derive(Serialize, Deserialize)]
struct Office(Aggregator<u32, String, i64>);

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Expect(u32, u32),
    Report(u32, String, u64, i64),
    Due(Deadline<u32>), // brought by a timer, where the configuration has a deadline
}

impl From<Deadline<u32>> for Command {
    fn from(deadline: Deadline<u32>) -> Self {
        Self::Due(deadline)
    }
}

impl Island for Office {
    type Command = Command;
    type Event = AggregatorEvent<u32, String, i64>;
    type Reply = Option<i64>; // heard when the report is durable: the shop may forget it then

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let outcome = match command {
            Command::Expect(day, n) => self.0.announce(day, Version(1), Expected::Count(n), turn),
            Command::Report(day, shop, n, e) => self.0.report(day, shop, Version(n), e, turn),
            Command::Due(deadline) => return drop(self.0.close(deadline.0, turn)),
        };
        let Ok(Outcome::Ended(day)) = outcome else { return turn.reply(None) };
        turn.reply(Some(day.reports.iter().map(|(_, euros)| euros).sum()));
    }

    fn evolve(&mut self, event: &Self::Event) {
        self.0.evolve(event);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let born = |_| Office(Aggregator::new(AggregatorConfig::default()));
    let sea = builder().in_memory().open(born)?;
    let ask = |command| sea.ask("day 1", command)?.wait();
    let report = |shop: &str, n, euros| ask(Command::Report(1, shop.into(), n, euros));
    report("Oslo", 1, 100)?; // before anybody said how many are expected
    ask(Command::Expect(1, 3))?;
    println!("Rome, twice: {:?} {:?}", report("Rome", 1, 50)?, report("Rome", 1, 50)?);
    println!("Oslo corrects itself: {:?}", report("Oslo", 2, 70)?);
    let missing = sea.query(sea.island_of("day 1"), |office| office.0.standing(&1))?.wait()?;
    println!("who is missing? {missing:?}");
    let total = report("Kyiv", 1, 30)?;
    println!("Kyiv was the last: {total:?}");
    if total == Some(150) { Ok(()) } else { Err("the day was counted wrongly".into()) }
}
