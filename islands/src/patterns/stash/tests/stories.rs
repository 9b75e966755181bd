//! Stories: one situation each, in the order it happens.

use super::*;

fn away(why: &Away) -> Told {
    Told::Away(format!("{why:?}"))
}

#[test]
fn an_item_that_comes_before_its_order_waits_says_why_and_is_done_after_it() {
    let mut shop = shop(StashConfig::default());
    let first = shop.ask(Command::Do(7, Deed::Item(1)));
    shop.wait(5);
    let second = shop.ask(Command::Do(7, Deed::Item(2)));
    let ship = shop.ask(Command::Do(7, Deed::Ship));
    let why = "the order to be opened".to_owned();
    let waits = [(Deed::Item(1), 1, why.clone()), (Deed::Item(2), 6, why.clone())];
    assert_eq!(shop.waits(7)[..2], waits);
    assert_eq!(shop.told(first), None);
    let asker = Asker { client: ClientId(1), slot: Slot(0), number: RequestNumber(first) };
    let waiting: Vec<_> = shop.island.stash.waiting(&7).map(|(_, it)| it.who).collect();
    assert_eq!(waiting[0], Who::Client(asker));
    shop.ask(Command::Do(7, Deed::Open));
    shop.wait(0);
    assert_eq!(shop.done(7), [Deed::Open, Deed::Item(1), Deed::Item(2)]);
    assert_eq!((shop.told(second), shop.told(ship)), (Some(&Told::Done), None));
    assert_eq!(shop.waits(7), [(Deed::Ship, 6, "the order to be closed".to_owned())]);
    shop.ask(Command::Do(7, Deed::Close));
    shop.wait(0);
    assert_eq!((shop.told(ship), shop.island.stash.len()), (Some(&Told::Done), 0));
    assert!(shop.timers.is_empty(), "deadlines of what is done are taken back");
}

#[test]
fn what_nobody_waits_for_costs_no_event_and_no_timer() {
    let mut shop = shop(StashConfig::default());
    shop.ask(Command::Do(7, Deed::Open));
    assert_eq!((shop.last.len(), shop.timers.len()), (1, 0));
}

#[test]
fn a_newcomer_does_not_overtake_those_that_are_being_released() {
    let mut shop = shop(StashConfig::default());
    for item in 1..=2 {
        shop.ask(Command::Do(7, Deed::Item(item)));
    }
    shop.ask(Command::Do(7, Deed::Open));
    shop.ask(Command::Do(7, Deed::Item(3)));
    let other = shop.ask(Command::Do(8, Deed::Open));
    assert_eq!(shop.waits(7)[2].2, "those that came before");
    assert_eq!(shop.told(other), Some(&Told::Done), "another order has nothing to do with it");
    shop.wait(0);
    let items = [Deed::Open, Deed::Item(1), Deed::Item(2), Deed::Item(3)];
    assert_eq!(shop.done(7), items);
}

#[test]
fn what_is_refused_by_the_time_of_its_turn_is_told_so() {
    let mut shop = shop(StashConfig::default());
    let ship = shop.ask(Command::Do(7, Deed::Ship));
    let item = shop.ask(Command::Do(7, Deed::Item(1)));
    shop.ask(Command::Sweep(7));
    shop.wait(0);
    assert_eq!(shop.told(ship), Some(&Told::Done));
    assert_eq!(shop.told(item), Some(&away(&Away::Refused("it is closed".into()))));
    assert_eq!(shop.done(7), [Deed::Close, Deed::Ship]);
}

#[test]
fn what_waits_too_long_is_a_dead_letter_and_can_be_put_back() {
    let deadline = Some(Millis(10));
    let mut shop = shop(StashConfig { deadline, entity_max: 1, ..StashConfig::default() });
    let item = shop.ask(Command::Do(7, Deed::Item(1)));
    shop.wait(9);
    assert_eq!(shop.told(item), None);
    shop.wait(1);
    assert_eq!(shop.told(item), Some(&away(&Away::Expired("the order to be opened".into()))));
    let letters: Vec<_> = shop.island.stash.letters().iter().collect();
    let (number, letter) = letters[0];
    assert_eq!((number.0, letter.at, letter.content.key), (1, Millis(11), 7));
    assert_eq!(letter.content.why, "the order to be opened");
    shop.ask(Command::Do(7, Deed::Ship));
    let back = shop.ask(Command::PutBack(1));
    let full = Told::NotPutBack("as many as allowed wait already".to_owned());
    assert_eq!(shop.told(back), Some(&full));
    shop.wait(10);
    let back = shop.ask(Command::PutBack(1));
    assert_eq!((shop.told(back), shop.waits(7).len()), (None, 1), "it waits again");
    shop.ask(Command::Do(7, Deed::Open));
    shop.wait(0);
    assert_eq!(shop.told(back), Some(&Told::Done));
    let twice = shop.ask(Command::PutBack(1));
    let unknown = Told::NotPutBack("there is no such dead letter".to_owned());
    assert_eq!(shop.told(twice), Some(&unknown));
    assert_eq!(shop.done(7), [Deed::Open, Deed::Item(1)]);
}

#[test]
fn two_that_came_in_one_turn_each_have_their_deadline() {
    let mut shop = shop(StashConfig { deadline: Some(Millis(10)), ..StashConfig::default() });
    let both = shop.ask(Command::Both(7, 8, Deed::Item(1)));
    assert_eq!((shop.waits(7).len(), shop.waits(8).len()), (1, 1));
    shop.wait(10);
    assert_eq!((shop.waits(7).len(), shop.waits(8).len()), (0, 0));
    assert_eq!(shop.island.stash.letters().ever(), 2);
    assert_eq!(shop.told(both), Some(&away(&Away::Expired("the order to be opened".into()))));
}

#[test]
fn where_there_is_no_room_a_command_is_turned_away_by_name() {
    let config = StashConfig { entity_max: 2, island_max: 3, ..StashConfig::default() };
    let mut shop = shop(config);
    let full = away(&Away::Full("the order to be opened".into()));
    for (key, room) in [(7, true), (7, true), (7, false), (8, true), (8, false)] {
        let item = shop.ask(Command::Do(key, Deed::Item(1)));
        assert_eq!(shop.told(item), (!room).then_some(&full), "{key}");
    }
    assert_eq!(shop.island.stash.len(), 3);
    let open = shop.ask(Command::Do(8, Deed::Open));
    assert_eq!(shop.told(open), Some(&Told::Done), "what is accepted needs no room");
}

#[test]
fn a_timers_word_from_a_client_changes_nothing() {
    let mut shop = shop(StashConfig::default());
    shop.ask(Command::Do(7, Deed::Item(1)));
    for message in [StashMessage::Release(7), StashMessage::Deadline(7)] {
        shop.ask(Command::Timer(message));
        assert!(shop.last.is_empty());
    }
    assert_eq!(shop.waits(7).len(), 1);
}

#[test]
fn a_dead_letter_that_need_not_wait_is_put_back_where_there_is_no_room() {
    let deadline = Some(Millis(10));
    let mut shop = shop(StashConfig { deadline, entity_max: 1, ..StashConfig::default() });
    for deed in [Deed::Item(1), Deed::Open, Deed::Ship] {
        shop.ask(Command::Do(7, deed));
        shop.wait(10 * u64::from(deed == Deed::Item(1)));
    }
    assert_eq!(shop.waits(7).len(), 1, "as many as may");
    let back = shop.ask(Command::PutBack(1));
    assert_eq!(shop.told(back), Some(&Told::Done));
}

#[test]
fn one_that_cannot_be_done_is_a_dead_letter_and_holds_nobody_up() {
    let mut shop = shop(StashConfig { deadline: None, ..StashConfig::default() });
    let poison = shop.ask(Command::Do(7, Deed::Item(POISON)));
    shop.ask(Command::Do(7, Deed::Open));
    assert!(!succeeds(|| shop.wait(0)));
    let behind = shop.ask(Command::Do(7, Deed::Item(1)));
    assert_eq!(shop.told(behind), None, "it queues up");
    assert!(succeeds(|| shop.wait(0)));
    assert_eq!(shop.told(poison), Some(&away(&Away::Failed)));
    assert_eq!(shop.told(behind), Some(&Told::Done));
    let letters: Vec<_> = shop.island.stash.letters().iter().collect();
    let why = letters[0].1.content.why.as_ref();
    assert_eq!((letters.len(), why), (1, "its turn failed"));
    assert_eq!((shop.waits(7).len(), shop.timers.len()), (0, 0));
}

#[test]
fn the_last_one_that_cannot_be_done_leaves_nothing_behind() {
    let mut shop = shop(StashConfig::default());
    let poison = shop.ask(Command::Do(7, Deed::Item(POISON)));
    shop.ask(Command::Do(7, Deed::Open));
    assert!(!succeeds(|| shop.wait(0)) && succeeds(|| shop.wait(0)));
    assert_eq!(shop.told(poison), Some(&away(&Away::Failed)));
    assert_eq!((shop.waits(7).len(), shop.timers.len()), (0, 0));
    let item = shop.ask(Command::Do(7, Deed::Item(1)));
    assert_eq!(shop.told(item), Some(&Told::Done), "no release is under way");
}

#[test]
fn one_that_fails_even_as_a_dead_letter_holds_up_those_behind_it_until_they_are_woken() {
    let mut shop = shop(StashConfig { deadline: None, ..StashConfig::default() });
    let ship = shop.ask(Command::Do(7, Deed::Ship));
    let curse = shop.ask(Command::Do(7, Deed::Item(CURSE)));
    shop.ask(Command::Do(7, Deed::Open));
    assert!(!succeeds(|| shop.wait(0)) && !succeeds(|| shop.wait(0)));
    let behind = shop.ask(Command::Do(7, Deed::Item(1)));
    assert!(succeeds(|| shop.wait(1000)));
    assert_eq!((shop.told(behind), shop.waits(7).len()), (None, 3));
    // Once it is closed, it is refused.
    shop.ask(Command::Sweep(7));
    assert!(succeeds(|| shop.wait(0)));
    let closed = away(&Away::Refused("it is closed".into()));
    assert_eq!((shop.told(curse), shop.told(behind)), (Some(&closed), Some(&closed)));
    assert_eq!(shop.told(ship), Some(&Told::Done));
    assert_eq!((shop.island.stash.len(), shop.timers.len()), (0, 0));
}

#[test]
fn one_that_fails_even_as_a_dead_letter_expires_and_the_others_go_on() {
    let mut shop = shop(StashConfig { deadline: Some(Millis(10)), ..StashConfig::default() });
    let curse = shop.ask(Command::Do(7, Deed::Item(CURSE)));
    shop.ask(Command::Do(7, Deed::Open));
    assert!(!succeeds(|| shop.wait(0)) && !succeeds(|| shop.wait(0)));
    shop.wait(5);
    let behind = shop.ask(Command::Do(7, Deed::Item(1)));
    assert!(succeeds(|| shop.wait(5)));
    let expired = Away::Expired("those that came before".into());
    assert_eq!(shop.told(curse), Some(&away(&expired)));
    assert_eq!(shop.told(behind), Some(&Told::Done));
    assert_eq!((shop.waits(7).len(), shop.timers.len()), (0, 0));
}

/// Time that passes at once, as over a restart.
#[test]
fn a_release_goes_on_after_a_pause_longer_than_the_deadline() {
    let mut shop = shop(StashConfig { deadline: Some(Millis(10)), ..StashConfig::default() });
    for item in 1..=3 {
        shop.ask(Command::Do(7, Deed::Item(item)));
    }
    shop.ask(Command::Do(7, Deed::Open));
    shop.now += 1000;
    shop.wait(0);
    assert_eq!(shop.done(7), [Deed::Open, Deed::Item(1), Deed::Item(2), Deed::Item(3)]);
    assert_eq!((shop.waits(7).len(), shop.timers.len()), (0, 0));
}

#[test]
fn after_a_pause_one_that_cannot_be_done_holds_nobody_up_either() {
    let mut shop = shop(StashConfig { deadline: Some(Millis(10)), ..StashConfig::default() });
    let items = [1, POISON, 2].map(|item| shop.ask(Command::Do(7, Deed::Item(item))));
    shop.ask(Command::Do(7, Deed::Open));
    shop.now += 1000;
    assert!(!succeeds(|| shop.wait(0)) && succeeds(|| shop.wait(0)));
    let told = items.map(|request| shop.told(request).cloned());
    assert_eq!(told, [Some(Told::Done), Some(away(&Away::Failed)), Some(Told::Done)]);
    assert_eq!((shop.waits(7).len(), shop.timers.len()), (0, 0));
}
