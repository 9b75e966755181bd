//! How frames travel between islands in the twin: at once, or late and out of order.
//!
//! Rules:
//! 1. No delay and no depth: as in the runtime, at once.
//! 2. A frame to another island arrives `delay_us` later. It is overtaken by up to `reorder` later
//!    frames of its link, drawn evenly; it waits for them at most [`PATIENCE`] more delays (or
//!    [`PATIENCE_MIN`]), so that the last one on a link arrives too.
//! 3. An island's frames to itself are never late.
//!
//! It doesn't know what frames say.

use std::collections::BTreeMap;

use archipelago_core::id::IslandId;
use archipelago_core::link::frame::Frame;

use crate::mix::{STEP, finish};

/// How many delays a frame waits to be overtaken, at most.
const PATIENCE: u64 = 4;
/// The least of that, in nanoseconds.
const PATIENCE_MIN: u64 = 200_000;

/// How frames between islands travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Microseconds that each takes.
    pub delay_us: u64,
    /// By how many later frames of the same link one may be overtaken.
    pub reorder: u32,
}

impl Delivery {
    /// Whether frames are there at once.
    #[must_use]
    pub const fn is_direct(&self) -> bool {
        self.delay_us == 0 && self.reorder == 0
    }
}

/// A frame that lets others overtake it.
#[derive(Debug)]
struct Held {
    frame: Frame,
    number: u64,
    overtakers_left: u64,
}

/// The frames that are held back, per link.
#[derive(Debug, Default)]
pub(super) struct Network {
    delivery: Delivery,
    seed: u64,
    sent: u64,
    held: BTreeMap<(IslandId, IslandId), Vec<Held>>,
}

/// What becomes of a frame that has travelled.
pub(super) enum Arrival {
    /// These arrive now, in this order.
    Now(Vec<Frame>),
    /// It is held back; ask again by this number after so many nanoseconds.
    Held(u64, u64),
}

impl Network {
    pub(super) fn new(delivery: Delivery, seed: u64) -> Self {
        Self { delivery, seed, ..Self::default() }
    }

    /// Whether this frame takes a way at all.
    pub(super) fn carries(&self, frame: &Frame) -> bool {
        let envelope = frame.envelope();
        !self.delivery.is_direct() && envelope.from != envelope.to
    }

    /// Nanoseconds that a frame takes.
    pub(super) const fn delay(&self) -> u64 {
        self.delivery.delay_us * 1000
    }

    /// A frame has travelled: it arrives, or lets later ones go first.
    pub(super) fn arrive(&mut self, frame: Frame) -> Arrival {
        let link = (frame.envelope().from, frame.envelope().to);
        self.sent += 1;
        let depth = u64::from(self.delivery.reorder) + 1;
        let overtakers_left = mix(self.seed, self.sent) % depth;
        let held = self.held.entry(link).or_default();
        if overtakers_left == 0 {
            let mut now = vec![(self.sent, frame)];
            let mut at = 0;
            // Each that arrives overtakes all earlier ones still held, and may free them.
            while at < now.len() {
                let (number, mut free) = (now[at].0, Vec::new());
                held.retain_mut(|other| {
                    other.overtakers_left -= u64::from(other.number < number);
                    let stays = other.overtakers_left > 0;
                    if !stays {
                        free.push((other.number, other.frame.clone()));
                    }
                    stays
                });
                now.splice(at + 1..at + 1, free);
                at += 1;
            }
            return Arrival::Now(now.into_iter().map(|(_, frame)| frame).collect());
        }
        held.push(Held { frame, number: self.sent, overtakers_left });
        Arrival::Held(self.sent, (self.delay() * PATIENCE).max(PATIENCE_MIN))
    }

    /// Its patience is over: the frame, if it is still held.
    pub(super) fn release(&mut self, link: (IslandId, IslandId), number: u64) -> Option<Frame> {
        let held = self.held.get_mut(&link)?;
        let at = held.iter().position(|held| held.number == number)?;
        Some(held.remove(at).frame)
    }
}

/// A number drawn for `about`.
pub(super) const fn mix(seed: u64, about: u64) -> u64 {
    finish(seed ^ about.wrapping_mul(STEP))
}

#[cfg(test)]
mod tests {
    use archipelago_core::id::{Life, LinkSeq, Session};
    use archipelago_core::link::frame::{Control, ControlKind, Envelope};

    use super::*;

    fn frame(number: u64) -> Frame {
        let envelope =
            Envelope { from: IslandId(0), to: IslandId(1), life: Life(1), session: Session(1) };
        let (kind, zero) = (ControlKind::State, LinkSeq::ZERO);
        let sent = LinkSeq(number);
        Frame::Control(Control { envelope, kind, acked: zero, credit: zero, sent, echo: None })
    }

    fn number(frame: &Frame) -> u64 {
        match frame {
            Frame::Control(control) => control.sent.0,
            Frame::Data(_) => unreachable!("only controls are sent here"),
        }
    }

    #[test]
    fn nobody_is_overtaken_by_more_than_the_depth_and_everybody_arrives() {
        for depth in [0, 1, 3] {
            let mut network = Network::new(Delivery { delay_us: 5, reorder: depth }, 9);
            let (mut arrived, mut waiting) = (Vec::new(), Vec::new());
            for at in 1..=1000 {
                match network.arrive(frame(at)) {
                    Arrival::Now(frames) => arrived.extend(frames.iter().map(number)),
                    Arrival::Held(held, _) => waiting.push(held),
                }
            }
            let link = (IslandId(0), IslandId(1));
            let rest = waiting.into_iter().filter_map(|held| network.release(link, held));
            arrived.extend(rest.map(|frame| number(&frame)));
            let overtaken = |at: usize| {
                arrived[..at].iter().filter(|other| **other > arrived[at]).count() as u32
            };
            let most = (0..990).map(overtaken).max();
            assert_eq!(arrived.len(), 1000);
            assert!(most <= Some(depth), "{most:?} at depth {depth}");
            assert_eq!(most == Some(0), depth == 0, "depth {depth} changes the order");
        }
    }
}
