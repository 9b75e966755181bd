//! The laws over a whole world: conservation, exactly once, in order, decided once, all of it in
//! the end.
//!
//! Rules:
//! 1. They read durable records and what replay makes of them, never a live kernel's state.
//!
//! It doesn't know how the world came to be as it is.

use super::World;

/// The laws that hold at every moment, whatever happened.
pub(crate) fn check_always(world: &World) {
    let index = |at: usize| &world.nodes[at].journal.index;
    let (mut minted, mut held, mut flying) = (0, 0, 0);
    for (at, node) in world.nodes.iter().enumerate() {
        let (image, _) = world.replay(at);
        minted += image.state.minted;
        held += image.state.accounts.values().sum::<u64>();
        assert!(image.state.rings.values().all(|rings| *rings == 1), "a timer fired twice");
        assert!(index(at).decided.values().all(|times| *times == 1), "decided twice");
        for (to, peer) in world.nodes.iter().enumerate() {
            let consumed = index(to).consumed_from(node.id);
            assert!(consumed <= index(at).sent_to(peer.id), "consumed what was not sent");
            flying += index(at).units_to(peer.id, consumed);
            let sent = index(at).sent.get(&peer.id).into_iter().flatten();
            let taken = index(to).consumed.get(&node.id).into_iter().flatten();
            for (sent, taken) in sent.zip(taken) {
                let sent = archipelago_core::link::chunk::Message::parse(sent).unwrap().command;
                assert_eq!(sent, taken.as_slice(), "another message was consumed than was sent");
            }
        }
    }
    assert_eq!(minted, held + flying, "units were lost or made");
}

/// The laws that hold after [`World::settle`].
pub(crate) fn check_settled(world: &World) {
    assert_eq!(world.breaches, [], "nobody lost durable data");
    for node in &world.nodes {
        let kernel = node.kernel.as_ref().unwrap();
        assert_eq!((kernel.links().unacked(), kernel.links().spilled()), (0, 0));
        assert_eq!(kernel.image().timers.len(), 0, "a timer never fired");
        assert_eq!(kernel.image().state.waiting.len(), 0, "a remembered asker never heard");
        for peer in &world.nodes {
            let (sent, consumed) = (&node.journal.index, &peer.journal.index);
            assert_eq!(sent.sent_to(peer.id), consumed.consumed_from(node.id), "lost for good");
        }
    }
    check_always(world);
}
