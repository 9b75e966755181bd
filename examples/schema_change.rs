//! A journal outlives the types it was written with: a field is added, an event is split in two,
//! and a bug in `evolve` is mended. Each version opens what the older ones wrote.
//!
//! It doesn't know what else may change: see docs/SCHEMA.md.

use std::error::Error;
use std::path::Path;

use archipelago::{Island, builder};

/// The first version: a till that takes money.
mod v1 {
    use archipelago::{Island, Turn};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(crate) struct Till {
        pub(crate) cents: u64,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) enum Command {
        Pay { cents: u64 },
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) enum Event {
        Paid { cents: u64 },
    }

    impl Island for Till {
        type Command = Command;
        type Event = Event;
        type Reply = u64;

        fn decide(&self, Command::Pay { cents }: Command, turn: &mut Turn<Self>) {
            turn.emit(Event::Paid { cents });
            turn.reply(self.cents + cents);
        }

        fn evolve(&mut self, Event::Paid { cents }: &Event) {
            self.cents += cents;
        }
    }
}

/// The second: who pays may add a tip, and of every payment a hundredth is a fee.
mod v2 {
    use archipelago::core::codec::{CodecError, decode};
    use archipelago::{Island, SchemaVersion, Turn};
    use serde::{Deserialize, Serialize};

    use super::v1;

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(crate) struct Till {
        pub(crate) cents: u64,
        pub(crate) fees: u64,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) enum Command {
        Pay { cents: u64, tip: u64 },
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) enum Event {
        Received { cents: u64 },
        Charged { fee: u64 },
    }

    impl Island for Till {
        type Command = Command;
        type Event = Event;
        type Reply = u64;
        const SCHEMA_VERSION: u32 = 1;
        const STATE_VERSION: u32 = 1;

        // A field is added: a payment of the first version had no tip.
        fn upcast_command(_: SchemaVersion, bytes: &[u8]) -> Result<Command, CodecError> {
            let v1::Command::Pay { cents } = decode(bytes)?;
            Ok(Command::Pay { cents, tip: 0 })
        }

        // One event becomes two.
        fn upcast_event(
            _: SchemaVersion,
            bytes: &[u8],
            emit: &mut dyn FnMut(Event),
        ) -> Result<(), CodecError> {
            let v1::Event::Paid { cents } = decode(bytes)?;
            emit(Event::Received { cents });
            emit(Event::Charged { fee: cents / 100 });
            Ok(())
        }

        fn decide(&self, Command::Pay { cents, tip }: Command, turn: &mut Turn<Self>) {
            turn.emit(Event::Received { cents: cents + tip });
            turn.emit(Event::Charged { fee: cents / 100 });
            turn.reply(self.cents + cents + tip);
        }

        fn evolve(&mut self, event: &Event) {
            match event {
                Event::Received { cents } => self.cents += cents,
                // A bug: the fee leaves the till.
                Event::Charged { fee } => self.fees += fee,
            }
        }
    }
}

/// The third has the forms of the second. Its `evolve` is mended: so the state's version rises, and
/// snapshots of the wrong state are passed over.
mod v3 {
    use archipelago::core::codec::CodecError;
    use archipelago::{Island, SchemaVersion, Turn};
    use serde::{Deserialize, Serialize};

    use super::v2;
    pub(crate) use super::v2::{Command, Event};

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(crate) struct Till {
        pub(crate) cents: u64,
        pub(crate) fees: u64,
    }

    impl Island for Till {
        type Command = Command;
        type Event = Event;
        type Reply = u64;
        const SCHEMA_VERSION: u32 = 1;
        const STATE_VERSION: u32 = 2;

        fn upcast_command(from: SchemaVersion, bytes: &[u8]) -> Result<Command, CodecError> {
            v2::Till::upcast_command(from, bytes)
        }

        fn upcast_event(
            from: SchemaVersion,
            bytes: &[u8],
            emit: &mut dyn FnMut(Event),
        ) -> Result<(), CodecError> {
            v2::Till::upcast_event(from, bytes, emit)
        }

        fn decide(&self, Command::Pay { cents, tip }: Command, turn: &mut Turn<Self>) {
            let fee = cents / 100;
            turn.emit(Event::Received { cents: cents + tip });
            turn.emit(Event::Charged { fee });
            turn.reply(self.cents + cents + tip - fee);
        }

        fn evolve(&mut self, event: &Event) {
            match event {
                Event::Received { cents } => self.cents += cents,
                Event::Charged { fee } => {
                    self.cents -= fee;
                    self.fees += fee;
                }
            }
        }
    }
}

/// Opens the till as `I`, shows it, pays, shows it again, and makes a snapshot. Returns the till as
/// it was opened.
fn a_day<I: Island<Reply = u64> + Default + std::fmt::Debug>(
    name: &str,
    data: &Path,
    pay: I::Command,
) -> Result<String, Box<dyn Error>> {
    let till = builder().islands(1).journal(data).open(|_| I::default())?;
    let show = || till.query(archipelago::IslandId(0), |till: &I| format!("{till:?}"));
    let opened = show()?.wait()?;
    let reply = till.ask("till", pay)?.wait()?;
    println!("{name} opens {opened}; a payment leads to {} and is told {reply}", show()?.wait()?);
    till.snapshot()?;
    Ok(opened)
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = tempfile::tempdir()?;
    let data = data.path();
    a_day::<v1::Till>("v1", data, v1::Command::Pay { cents: 5000 })?;
    a_day::<v2::Till>("v2", data, v2::Command::Pay { cents: 1000, tip: 50 })?;
    let mended = a_day::<v3::Till>("v3", data, v3::Command::Pay { cents: 2000, tip: 0 })?;
    if mended != "Till { cents: 5990, fees: 60 }" {
        return Err("not so".into());
    }
    // What a newer program wrote, an older one refuses.
    match builder().islands(1).journal(data).open(|_| v1::Till::default()) {
        Err(refused) => println!("v1 again: {refused}"),
        Ok(_) => return Err("v1 must not read what v3 wrote".into()),
    }
    Ok(())
}
