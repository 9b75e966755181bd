//! A worker's mailbox in the twin: the queues of the runtime's, without locks.
//!
//! It doesn't know what it carries.

use std::collections::VecDeque;

use archipelago::command::Completion;
use archipelago::journal::Durable;
use archipelago_core::island::{Island, Request};
use archipelago_core::link::frame::Frame;

/// A request on its way to its island.
pub(super) struct Delivery<I: Island> {
    pub(super) request: Request<I::Command>,
    /// When it was admitted, in virtual nanoseconds.
    pub(super) admitted: u64,
}

/// What other threads bring to a worker.
pub(super) struct Mailbox<I: Island> {
    pub(super) deliveries: VecDeque<Delivery<I>>,
    pub(super) controls: VecDeque<Frame>,
    pub(super) parcels: VecDeque<Frame>,
    pub(super) notices: VecDeque<Vec<Durable>>,
}

impl<I: Island> Default for Mailbox<I> {
    fn default() -> Self {
        Self {
            deliveries: VecDeque::new(),
            controls: VecDeque::new(),
            parcels: VecDeque::new(),
            notices: VecDeque::new(),
        }
    }
}

impl<I: Island> Mailbox<I> {
    pub(super) fn bring(&mut self, frame: Frame) {
        match &frame {
            Frame::Control(_) => self.controls.push_back(frame),
            Frame::Data(_) => self.parcels.push_back(frame),
        }
    }

    /// Whether there is nothing a worker would wake for; asks count only if they are wanted.
    pub(super) fn is_empty_but_asks(&self) -> bool {
        self.controls.is_empty() && self.parcels.is_empty() && self.notices.is_empty()
    }
}

/// What a step causes; there for others when the step ends.
pub(super) enum Effect<I: Island> {
    /// A frame to another worker's mailbox.
    Frame(usize, Frame),
    /// A frame that takes its way through the network.
    Travel(Frame),
    /// A request to a worker's mailbox.
    Ask(usize, Delivery<I>),
    /// An answer to the client, and which island gave it.
    Answer(u32, Completion<I::Reply>),
    /// Blocks to the journaler.
    Blocks(Vec<archipelago_core::journal::frame::Block>),
    /// What became durable, to a worker.
    Notice(usize, Vec<Durable>),
    /// The image is written: the disk flushes it.
    Written,
    /// The next segment is filled with zeros.
    Filled,
}
