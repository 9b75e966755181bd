//! All links of one island: both directions, per peer.
//!
//! Rules: see the [station](super). Memory per peer is bounded: `kept_max` messages to send,
//! `held_max` messages that came too early.
//!
//! It doesn't know the user's state, nor journals; the kernel asks it "apply, hold or drop?".

use std::collections::BTreeMap;

use super::chunk::Chunk;
use super::frame::{Control, ControlKind, Envelope, Frame, Parcel};
use super::outbox::{Look, Outbox, Release};
use crate::id::{IslandId, Life, LinkSeq, Session};

/// The other end of a link is not the one this island knows: somebody's journal was restored from
/// another time, or belongs to another data directory. The link is refused for this session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// Another data directory.
    #[error("island {peer} belongs to another data directory (life {theirs:016x}, ours is {ours:016x})", theirs = theirs.0, ours = ours.0)]
    OtherLife {
        /// The peer.
        peer: IslandId,
        /// Its life.
        theirs: Life,
        /// Ours.
        ours: Life,
    },
    /// The peer consumed what was never sent.
    #[error(
        "island {peer} has consumed message {consumed} of island {island}, which has sent only {sent}: island {island} was restored from an earlier time"
    )]
    WeAreOlder {
        /// This island.
        island: IslandId,
        /// The peer.
        peer: IslandId,
        /// What the peer consumed.
        consumed: LinkSeq,
        /// What this island has sent.
        sent: LinkSeq,
    },
    /// The peer forgot what it had.
    #[error(
        "island {peer} now knows message {now} of its link with island {island}, but {before} was durable before: island {peer} was restored from an earlier time"
    )]
    PeerIsOlder {
        /// This island.
        island: IslandId,
        /// The peer.
        peer: IslandId,
        /// What it says now.
        now: LinkSeq,
        /// What it had said, or sent, before.
        before: LinkSeq,
    },
}

/// What to do with a message that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is the next: apply it.
    Apply,
    /// Seen before, or too far ahead to keep: drop it.
    Drop,
    /// Ahead: it is held.
    Held,
}

/// What this island knows of one peer.
#[derive(Debug)]
struct Peer {
    outbox: Outbox,
    /// What of the peer's messages is consumed and durable, and what was so at our start.
    consumed: LinkSeq,
    consumed_at_start: LinkSeq,
    held: BTreeMap<LinkSeq, Box<[u8]>>,
    /// The newest session of the peer's that was heard of since our start, and the most that any
    /// of its frames since then said it had sent and consumed.
    session: Option<Session>,
    heard_sent: LinkSeq,
    heard_acked: LinkSeq,
    /// A control frame is due.
    due: Option<ControlKind>,
    listed: Listed,
    breach: Option<Breach>,
    /// What this peer adds to [`Links::backlog`].
    backlog: u64,
}

impl Peer {
    fn new(sent: LinkSeq, consumed: LinkSeq) -> Self {
        Self {
            outbox: Outbox::new(sent),
            consumed,
            consumed_at_start: consumed,
            held: BTreeMap::new(),
            session: None,
            heard_sent: LinkSeq::ZERO,
            heard_acked: LinkSeq::ZERO,
            due: None,
            listed: Listed::No,
            breach: None,
            backlog: 0,
        }
    }
}

/// Whether a peer stands in the list of those with something to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    Yes,
    No,
}

/// The limits of links; see `Limits` of the kernel.
#[derive(Clone, Copy, Debug)]
pub struct LinkLimits {
    /// Messages on the way on one link, sent and not acked.
    pub window: u32,
    /// Messages that came too early, kept per link.
    pub held_max: u32,
    /// Messages to send kept in memory per link; the rest waits in the journal. Where there is no
    /// journal it is [`u32::MAX`].
    pub kept_max: u32,
}

/// All links of one island.
#[derive(Debug)]
pub struct Links {
    island: IslandId,
    life: Life,
    session: Session,
    limits: LinkLimits,
    peers: BTreeMap<IslandId, Peer>,
    busy: Vec<IslandId>,
    backlog: u64,
    breaches: Vec<Breach>,
}

impl Links {
    /// The links of `island` at the start of `session`.
    #[must_use]
    pub fn new(island: IslandId, life: Life, session: Session, limits: LinkLimits) -> Self {
        Self {
            island,
            life,
            session,
            limits,
            peers: BTreeMap::new(),
            busy: Vec::new(),
            backlog: 0,
            breaches: Vec::new(),
        }
    }

    /// A link with a past: `sent` to the peer, `consumed` from it. It says hello first.
    pub(crate) fn resume(&mut self, peer: IslandId, sent: LinkSeq, consumed: LinkSeq) {
        let due = Some(ControlKind::Hello);
        self.peers.insert(peer, Peer { due, ..Peer::new(sent, consumed) });
        self.list(peer);
    }

    fn peer(&mut self, peer: IslandId) -> &mut Peer {
        self.peers.entry(peer).or_insert_with(|| Peer::new(LinkSeq::ZERO, LinkSeq::ZERO))
    }

    fn list(&mut self, peer: IslandId) {
        let entry = self.peers.get_mut(&peer).expect("listed peers exist");
        if entry.listed == Listed::No {
            entry.listed = Listed::Yes;
            self.busy.push(peer);
        }
    }

    /// Takes over an unacked chunk of a snapshot.
    pub(crate) fn adopt(&mut self, to: IslandId, chunk: Chunk) {
        self.peer(to).outbox.adopt(chunk);
    }

    /// Messages to `to` have become durable.
    pub(crate) fn release(&mut self, to: IslandId, chunk: Chunk) {
        let kept_max = u64::from(self.limits.kept_max);
        let peer = self.peer(to);
        if peer.outbox.release(chunk, kept_max) == Release::SayHello {
            peer.due = Some(ControlKind::Hello);
        }
        self.list(to);
    }

    /// Consuming message `number` of `from` has become durable: ack it.
    pub(crate) fn consumed(&mut self, from: IslandId, number: LinkSeq) {
        let peer = self.peer(from);
        debug_assert!(peer.consumed <= number);
        peer.consumed = number;
        peer.due = peer.due.or(Some(ControlKind::State));
        self.list(from);
    }

    /// Messages read again from the journal; returns whether there is more to send now.
    pub(crate) fn refill(&mut self, to: IslandId, chunk: Option<Chunk>) -> bool {
        let kept = self.peer(to).outbox.refill(chunk);
        self.list(to);
        kept
    }

    /// Checks who sent a frame. `false`: it must be dropped.
    fn admit(&mut self, envelope: &Envelope) -> bool {
        let life = self.life;
        let from = envelope.from;
        if envelope.life != life {
            self.refuse(from, Breach::OtherLife { peer: from, theirs: envelope.life, ours: life });
            return false;
        }
        self.peer(from).breach.is_none()
    }

    fn refuse(&mut self, peer: IslandId, breach: Breach) {
        let entry = self.peer(peer);
        if entry.breach.is_none() {
            entry.breach = Some(breach.clone());
            self.breaches.push(breach);
        }
    }

    /// A parcel arrived: whether its messages may be looked at.
    pub(crate) fn on_parcel(&mut self, parcel: &Parcel) -> bool {
        if !self.admit(&parcel.envelope) {
            return false;
        }
        let peer = self.peer(parcel.envelope.from);
        peer.session = peer.session.max(Some(parcel.envelope.session));
        let last = (parcel.first.0 + u64::from(parcel.count)).saturating_sub(1);
        peer.heard_sent = peer.heard_sent.max(LinkSeq(last));
        true
    }

    /// Message `number` of `from` arrived, and `applied` was the last one applied (durable or not).
    pub(crate) fn arrival(
        &mut self,
        from: IslandId,
        number: LinkSeq,
        applied: LinkSeq,
        message: &[u8],
    ) -> Arrival {
        let held_max = self.limits.held_max as usize;
        let window = u64::from(self.limits.held_max);
        let peer = self.peer(from);
        if number == applied.next() {
            return Arrival::Apply;
        }
        if number <= applied {
            peer.due = peer.due.or(Some(ControlKind::State));
            self.list(from);
            return Arrival::Drop;
        }
        if number.0 - applied.0 > window || peer.held.len() >= held_max {
            return Arrival::Drop;
        }
        peer.held.insert(number, message.into());
        Arrival::Held
    }

    /// A held message whose turn has come; older ones are dropped.
    pub(crate) fn take_held(&mut self, from: IslandId, applied: LinkSeq) -> Option<Box<[u8]>> {
        let held = &mut self.peers.get_mut(&from)?.held;
        while held.first_key_value().is_some_and(|(number, _)| *number <= applied) {
            held.pop_first();
        }
        held.remove(&applied.next())
    }

    /// A control frame arrived.
    pub(crate) fn on_control(&mut self, control: &Control) {
        if !self.admit(&control.envelope) {
            return;
        }
        let (island, from, session) = (self.island, control.envelope.from, self.session);
        let peer = self.peer(from);
        // A frame of a newer session than any heard since our start was made after everything that
        // was heard; an answer to our session was made after our start. Of any other frame nothing
        // is known: it may be late.
        let newer = peer.session.is_some_and(|known| known < control.envelope.session);
        let answers = control.echo == Some(session);
        let least = |heard: LinkSeq, at_start: LinkSeq| {
            let heard = if newer { heard } else { LinkSeq::ZERO };
            heard.max(if answers { at_start } else { LinkSeq::ZERO })
        };
        let acked_least = least(peer.heard_acked, peer.outbox.acked_at_start());
        let sent_least = least(peer.heard_sent, peer.consumed_at_start);
        let sent = peer.outbox.sent();
        let older = |now, before| Some(Breach::PeerIsOlder { island, peer: from, now, before });
        let breach = if control.acked > sent {
            Some(Breach::WeAreOlder { island, peer: from, consumed: control.acked, sent })
        } else if control.acked < acked_least {
            older(control.acked, acked_least)
        } else if control.sent < sent_least {
            older(control.sent, sent_least)
        } else {
            None
        };
        if let Some(breach) = breach {
            self.refuse(from, breach);
            return;
        }
        peer.session = peer.session.max(Some(control.envelope.session));
        peer.heard_sent = peer.heard_sent.max(control.sent);
        peer.heard_acked = peer.heard_acked.max(control.acked);
        peer.outbox.on_state(control.acked, control.credit);
        if answers {
            peer.outbox.open();
        }
        if control.kind == ControlKind::Hello {
            peer.due = peer.due.or(Some(ControlKind::State));
        }
        self.list(from);
    }

    /// Looks at every link once a period; links without progress say hello and send again.
    pub(crate) fn look(&mut self) {
        let mut waiting = Vec::new();
        for (id, peer) in &mut self.peers {
            if peer.breach.is_some() {
                continue;
            }
            match peer.outbox.look() {
                Look::Quiet => continue,
                Look::Waiting => {}
                Look::SendAgain => peer.due = Some(ControlKind::Hello),
            }
            // Listed even if nothing is due: a refill that failed is asked for again.
            waiting.push(*id);
        }
        waiting.into_iter().for_each(|peer| self.list(peer));
    }

    /// Whether everything sent is acked, on every link that is not refused.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.peers.values().all(|peer| peer.breach.is_some() || peer.outbox.is_settled())
    }

    /// How many messages wait in the journal only, over all links.
    #[must_use]
    pub fn spilled(&self) -> u64 {
        self.peers.values().map(|peer| peer.outbox.spilled()).sum()
    }

    /// How many messages wait for room or credit on links that are open, as of the last drain: what
    /// admission looks at.
    #[must_use]
    pub const fn backlog(&self) -> u64 {
        self.backlog
    }

    /// How many durable messages are not acked, over all links.
    #[must_use]
    pub fn unacked(&self) -> u64 {
        self.peers.values().map(|peer| peer.outbox.durable().0 - peer.outbox.acked().0).sum()
    }

    /// The most messages that came too early and are held, of one link.
    #[must_use]
    pub fn held_most(&self) -> usize {
        self.peers.values().map(|peer| peer.held.len()).max().unwrap_or(0)
    }

    /// What is durable, unacked and in memory: receiver and chunk.
    pub(crate) fn unacked_chunks(&self) -> impl Iterator<Item = (IslandId, &Chunk)> {
        self.peers
            .iter()
            .flat_map(|(to, peer)| peer.outbox.unacked().map(move |chunk| (*to, chunk)))
    }

    /// Breaches found since the last call.
    pub(crate) fn take_breaches(&mut self) -> Vec<Breach> {
        std::mem::take(&mut self.breaches)
    }

    /// Hands everything that may leave now to `frame`, and what must be read again from the
    /// journal (receiver, first number) to `refill`.
    pub(crate) fn drain(
        &mut self,
        mut frame: impl FnMut(Frame),
        mut refill: impl FnMut(IslandId, LinkSeq),
    ) {
        let (from, life, session) = (self.island, self.life, self.session);
        for to in self.busy.drain(..) {
            let peer = self.peers.get_mut(&to).expect("listed peers exist");
            peer.listed = Listed::No;
            let due = peer.due.take();
            self.backlog -= std::mem::take(&mut peer.backlog);
            if peer.breach.is_some() {
                continue;
            }
            let envelope = Envelope { from, to, life, session };
            if let Some(kind) = due {
                frame(Frame::Control(Control {
                    envelope,
                    kind,
                    acked: peer.consumed,
                    credit: LinkSeq(peer.consumed.0 + u64::from(self.limits.window)),
                    sent: peer.outbox.sent(),
                    echo: peer.session,
                }));
            }
            while let Some((first, count, bytes, range)) = peer.outbox.next_slice() {
                frame(Frame::Data(Parcel { envelope, first, count, bytes, range }));
            }
            if let Some(first) = peer.outbox.wants_refill(u64::from(self.limits.kept_max)) {
                refill(to, first);
            }
            peer.backlog = peer.outbox.backlog();
            self.backlog += peer.backlog;
        }
    }
}
