//! The hello rule: a journal restored from an earlier time is refused with the fact, whichever side
//! of the link lost what; and late frames of old sessions never are.
//!
//! It doesn't know what an operator does about a breach.

use archipelago_core::id::{IslandId, JournalPosition, Life};
use archipelago_core::link::Breach;
use archipelago_core::link::frame::Frame;
use archipelago_core::time::Millis;

use crate::net::ledger::Command;
use crate::net::{World, limits, seq};

/// Delivers all frames and ticks, until it rests or `rounds` are over.
fn run(world: &mut World, rounds: usize) {
    for _ in 0..rounds {
        world.now = world.now.plus(Millis(250));
        (0..world.nodes.len()).for_each(|at| {
            world.tick(at);
            world.commit(at);
        });
        std::mem::take(&mut world.network).iter().for_each(|frame| world.deliver(frame));
    }
}

/// Island 0 has sent `messages` to island 1, one block each; all is consumed and acked.
fn world(messages: u8) -> World {
    let mut world = World::new(2, limits(64, 64, 64));
    for _ in 0..messages {
        world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
        world.commit(0);
        run(&mut world, 3);
    }
    world.settle();
    assert_eq!(world.nodes[1].journal.index.consumed_from(IslandId(0)), seq(u64::from(messages)));
    world
}

fn restored(world: &mut World, at: usize, blocks: usize) {
    world.crash(at);
    world.nodes[at].journal.restore_earlier(blocks);
    world.nodes[at].forget_after_restore();
    world.start(at);
}

#[test]
fn a_sender_that_lost_sends_is_refused() {
    let mut world = world(5);
    restored(&mut world, 0, 2);
    run(&mut world, 30);
    let peer_is_older =
        Breach::PeerIsOlder { island: IslandId(1), peer: IslandId(0), now: seq(3), before: seq(5) };
    assert_eq!(world.breaches, [(IslandId(1), peer_is_older)]);
}

#[test]
fn a_sender_that_lost_sends_and_sends_anew_before_its_hello_arrives_is_refused() {
    for lost_blocks in [2, 5] {
        let mut world = world(5);
        restored(&mut world, 0, lost_blocks);
        world.network.clear();
        for _ in 0..6 {
            world.ask(0, Command::Big { to: IslandId(1), bytes: 2 });
            world.commit(0);
        }
        let consumed = world.nodes[1].journal.index.consumed.clone();
        run(&mut world, 60);
        assert_ne!(world.breaches, [], "{lost_blocks} blocks lost");
        assert_eq!(world.nodes[1].journal.index.consumed, consumed, "new under old numbers");
    }
}

#[test]
fn a_sender_that_lost_sends_is_refused_though_a_late_ack_fits() {
    let mut world = world(2);
    world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
    world.commit(0);
    run(&mut world, 1);
    let late: Vec<Frame> = {
        world.tick(1);
        world.commit(1);
        world.network.clone()
    };
    run(&mut world, 3);
    for _ in 0..3 {
        world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
        world.commit(0);
        run(&mut world, 3);
    }
    let consumed = world.nodes[1].journal.index.consumed.clone();
    restored(&mut world, 0, 3);
    world.network.clear();
    late.iter().for_each(|frame| world.deliver(frame));
    for _ in 0..6 {
        world.ask(0, Command::Big { to: IslandId(1), bytes: 2 });
        world.commit(0);
    }
    run(&mut world, 60);
    assert_ne!(world.breaches, []);
    assert_eq!(world.nodes[1].journal.index.consumed, consumed, "new under old numbers");
}

#[test]
fn a_receiver_that_forgot_what_it_acked_is_refused() {
    let mut world = world(5);
    restored(&mut world, 1, 2);
    run(&mut world, 30);
    let peer_is_older =
        Breach::PeerIsOlder { island: IslandId(0), peer: IslandId(1), now: seq(3), before: seq(5) };
    assert_eq!(world.breaches, [(IslandId(0), peer_is_older)]);
}

#[test]
fn a_receiver_that_forgot_everything_is_refused_when_more_is_sent() {
    let mut world = world(5);
    restored(&mut world, 1, 5);
    world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
    run(&mut world, 30);
    let peer_is_older =
        Breach::PeerIsOlder { island: IslandId(0), peer: IslandId(1), now: seq(0), before: seq(5) };
    assert_eq!(world.breaches, [(IslandId(0), peer_is_older)]);
}

#[test]
fn both_restarted_and_the_receivers_journal_is_older_the_tail_comes_again() {
    let mut world = world(5);
    world.crash(0);
    restored(&mut world, 1, 2);
    world.start(0);
    run(&mut world, 30);
    assert_eq!(world.breaches, []);
    assert_eq!(world.nodes[1].journal.index.consumed_from(IslandId(0)), seq(5));
}

#[test]
fn a_receiver_older_than_the_ack_a_snapshot_knows_is_refused() {
    let mut world = world(4);
    world.crash(1);
    world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
    world.commit(0);
    world.save(0, true);
    assert_eq!(world.nodes[0].snapshot.as_ref().unwrap().0, JournalPosition(5));
    world.crash(0);
    world.network.clear();
    world.start(0);
    restored(&mut world, 1, 2);
    run(&mut world, 30);
    let peer_is_older =
        Breach::PeerIsOlder { island: IslandId(0), peer: IslandId(1), now: seq(2), before: seq(4) };
    assert_eq!(world.breaches, [(IslandId(0), peer_is_older)]);
}

#[test]
fn another_life_is_refused() {
    let mut world = world(1);
    world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
    world.commit(0);
    let Some(Frame::Data(parcel)) = world.network.first().cloned() else { panic!("a parcel") };
    let mut parcel = parcel;
    parcel.envelope.life = Life(8);
    world.deliver(&Frame::Data(parcel));
    let other = Breach::OtherLife { peer: IslandId(0), theirs: Life(8), ours: Life(7) };
    assert_eq!(world.breaches, [(IslandId(1), other.clone())]);
    assert!(other.to_string().contains("another data directory"));
    assert_eq!(world.nodes[1].journal.index.consumed_from(IslandId(0)), seq(1));
}

#[test]
fn late_frames_of_old_sessions_are_no_breach() {
    let mut world = World::new(2, limits(64, 64, 64));
    let mut late = Vec::new();
    for _ in 0..4 {
        world.ask(0, Command::Big { to: IslandId(1), bytes: 1 });
        world.ask(1, Command::Big { to: IslandId(0), bytes: 1 });
        for _ in 0..5 {
            run(&mut world, 1);
            late.extend(world.network.iter().cloned());
        }
        world.crash(0);
        world.start(0);
        late.extend(world.network.iter().cloned());
    }
    world.settle();
    for first in 0..late.len() {
        for second in 0..late.len() {
            world.crash(1);
            world.start(1);
            world.deliver(&late[first]);
            world.deliver(&late[second]);
            world.network.clear();
            assert_eq!(world.breaches, [], "{:?} then {:?}", late[first], late[second]);
        }
    }
    world.settle();
}
