//! Slips of paper 1, 2, 3 … that come in any order, twice or never: `--example resequencer`.
use archipelago::patterns::resequencer::*;
use archipelago::{Island, IslandId, Millis, Turn, builder};
use serde::{Deserialize, Serialize};

/// The slips of many tills, and what has been read, in order.
#[derive(Serialize, Deserialize)]
struct Reader(Resequencer<String, String>, Vec<String>);
#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Slip(String, u64, String), // of a till: its number and text
    Timer(ResequencerMessage<String>),
}
#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Inner(ResequencerEvent<String, String>),
    Read(String),
}
archipelago::carries! {
    Command::Timer(ResequencerMessage<String>),
    Event::Inner(ResequencerEvent<String, String>),
}
impl Island for Reader {
    type Command = Command;
    type Event = Event;
    type Reply = String;
    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let step = match command {
            Command::Timer(ResequencerMessage(till)) => {
                self.0.of(till, turn).map_or(Vec::new(), |line| line.look().0)
            }
            Command::Slip(till, number, text) => {
                let line = self.0.of(till, turn);
                let arrival = line.and_then(|line| line.arrive(SerialNumber(number), text));
                turn.reply(format!("{number}: {arrival:?}"));
                if let Ok(Arrival::Released(step)) = arrival { step } else { Vec::new() }
            }
        };
        step.into_iter().for_each(|(_, text)| turn.emit(Event::Read(text)));
    }
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Inner(event) => self.0.evolve(event),
            Event::Read(text) => self.1.push(text.clone()),
        }
    }
}
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gap = Some(Patience { every: Millis(50), asks: 0 }); // none would wait for ever
    let inbox = move || Resequencer::new(ResequencerConfig { gap, ..Default::default() });
    let sea = builder().islands(1).in_memory().open(move |_| Reader(inbox(), Vec::new()))?;
    for (number, text) in [(2, "two"), (1, "one"), (2, "two"), (5, "five"), (4, "four")] {
        println!("{}", sea.ask("A", Command::Slip("A".into(), number, text.into()))?.wait()?);
    }
    println!("missing: {:?}", sea.query(IslandId(0), |it| it.0.gaps(&"A".to_owned()))?.wait()?);
    std::thread::sleep(std::time::Duration::from_millis(200)); // 3 is given up meanwhile
    println!("{}", sea.ask("A", Command::Slip("A".into(), 3, "three".into()))?.wait()?);
    let read = sea.query(IslandId(0), |reader| reader.1.clone())?.wait()?;
    if read == ["one", "two", "four", "five"] { Ok(()) } else { Err(read.join(" ").into()) }
}
