//! A till in two programs: the older one, and a newer one with other forms of commands, events and
//! replies. What they decide is the same.
//!
//! It doesn't know journals.

use archipelago::core::codec::{CodecError, decode};
use archipelago::{Island, IslandId, Millis, SchemaVersion, Turn};
use serde::{Deserialize, Serialize};

/// The state is the same in both programs, so snapshots of one are of use to the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Purse {
    pub(crate) cents: u64,
    pub(crate) fees: u64,
    pub(crate) notes: Vec<String>,
}

/// Takes payments; hands some on to another island, or to itself later.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Old(pub(crate) Purse);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum OldCommand {
    Pay {
        cents: u64,
    },
    HandOn {
        to: u32,
        cents: u64,
    },
    Later {
        millis: u64,
        cents: u64,
    },
    /// An odd amount is a bug.
    Odd {
        cents: u64,
    },
    /// The island stops.
    Stop,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum OldEvent {
    /// Of which a tenth is a fee.
    Paid {
        cents: u64,
    },
    Nothing,
    Stopped,
}

impl Island for Old {
    type Command = OldCommand;
    type Event = OldEvent;
    type Reply = u64;

    fn decide(&self, command: OldCommand, turn: &mut Turn<Self>) {
        let reply = match command {
            OldCommand::Pay { cents } => {
                turn.emit(OldEvent::Paid { cents });
                turn.emit(OldEvent::Nothing);
                cents
            }
            OldCommand::HandOn { to, cents } => {
                turn.send(IslandId(to), OldCommand::Pay { cents });
                0
            }
            OldCommand::Later { millis, cents } => {
                turn.timer(Millis(millis), OldCommand::Pay { cents });
                0
            }
            OldCommand::Odd { cents } => {
                assert_eq!(cents % 2, 0, "odd");
                cents
            }
            OldCommand::Stop => {
                turn.emit(OldEvent::Stopped);
                0
            }
        };
        if turn.asker().is_some() {
            turn.reply(reply);
        }
    }

    fn evolve(&mut self, event: &OldEvent) {
        match event {
            OldEvent::Paid { cents } => {
                self.0.cents += cents - cents / 10;
                self.0.fees += cents / 10;
            }
            OldEvent::Nothing => {}
            OldEvent::Stopped => panic!("as asked"),
        }
    }
}

/// The newer program: every command has a note, a payment is two events, replies are texts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct New<const SCHEMA: u32>(pub(crate) Purse);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewCommand {
    pub(crate) note: String,
    pub(crate) what: OldCommand,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NewEvent {
    Noted(String),
    Received { cents: u64 },
    Charged { fee: u64 },
}

pub(crate) fn noted(what: OldCommand) -> NewCommand {
    NewCommand { note: "old".to_owned(), what }
}

impl<const SCHEMA: u32> Island for New<SCHEMA> {
    type Command = NewCommand;
    type Event = NewEvent;
    type Reply = String;
    const SCHEMA_VERSION: u32 = SCHEMA;

    fn upcast_command(_: SchemaVersion, bytes: &[u8]) -> Result<NewCommand, CodecError> {
        decode(bytes).map(noted)
    }

    fn upcast_event(
        _: SchemaVersion,
        bytes: &[u8],
        emit: &mut dyn FnMut(NewEvent),
    ) -> Result<(), CodecError> {
        if let OldEvent::Paid { cents } = decode(bytes)? {
            emit(NewEvent::Received { cents: cents - cents / 10 });
            emit(NewEvent::Charged { fee: cents / 10 });
        }
        Ok(())
    }

    fn upcast_reply(_: SchemaVersion, bytes: &[u8]) -> Result<String, CodecError> {
        decode::<u64>(bytes).map(|cents| cents.to_string())
    }

    fn decide(&self, NewCommand { note, what }: NewCommand, turn: &mut Turn<Self>) {
        if note != "old" {
            turn.emit(NewEvent::Noted(note.clone()));
        }
        let say = |what| NewCommand { note, what };
        let reply = match what {
            OldCommand::Pay { cents } => {
                turn.emit(NewEvent::Received { cents: cents - cents / 10 });
                turn.emit(NewEvent::Charged { fee: cents / 10 });
                cents
            }
            OldCommand::HandOn { to, cents } => {
                turn.send(IslandId(to), say(OldCommand::Pay { cents }));
                0
            }
            OldCommand::Later { millis, cents } => {
                turn.timer(Millis(millis), say(OldCommand::Pay { cents }));
                0
            }
            OldCommand::Odd { cents } => {
                assert_eq!(cents % 2, 0, "odd");
                cents
            }
            OldCommand::Stop => 0,
        };
        if turn.asker().is_some() {
            turn.reply(reply.to_string());
        }
    }

    fn evolve(&mut self, event: &NewEvent) {
        match event {
            NewEvent::Noted(note) => self.0.notes.push(note.clone()),
            NewEvent::Received { cents } => self.0.cents += cents,
            NewEvent::Charged { fee } => self.0.fees += fee,
        }
    }
}
