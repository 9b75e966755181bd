//! Stories: one situation each, in the order it happens.

use super::*;

const SKIPPED: Closing = Closing::Skipped(0);

#[test]
fn what_comes_in_order_is_one_event_of_the_pattern_and_no_timer() {
    let mut clerk = clerk(skip(10));
    assert_eq!(clerk.arrive(1, 1), Told::Done);
    assert_eq!((clerk.last.len(), clerk.timers.len()), (2, 0), "released, and acted upon");
    assert_eq!(clerk.arrive(1, 2), Told::Done);
    assert_eq!(clerk.acted(1), [1, 2]);
}

#[test]
fn a_gap_says_what_is_missing_since_when_and_is_filled() {
    let mut clerk = clerk(ResequencerConfig::default());
    assert_eq!(clerk.arrive(1, 4), Told::Held);
    clerk.wait(5);
    assert_eq!((clerk.arrive(1, 8), clerk.arrive(1, 1)), (Told::Held, Told::Done));
    assert_eq!(clerk.gaps(1), [(2, 3, 1), (5, 7, 6)]);
    clerk.wait(5);
    assert_eq!((clerk.arrive(1, 6), clerk.arrive(1, 3)), (Told::Held, Told::Held));
    assert_eq!(clerk.gaps(1), [(2, 2, 1), (5, 5, 6), (7, 7, 6)]);
    assert_eq!((clerk.arrive(1, 2), clerk.arrive(1, 7)), (Told::Done, Told::Held));
    assert_eq!((clerk.gaps(1), clerk.acted(1)), (vec![(5, 5, 6)], vec![1, 2, 3, 4]));
    assert_eq!(clerk.arrive(1, 5), Told::Done);
    assert_eq!((clerk.gaps(1), clerk.acted(1)), (vec![], (1..=8).collect()));
}

#[test]
fn what_comes_again_is_told_so_whether_it_is_held_or_released() {
    let mut clerk = clerk(ResequencerConfig::default());
    for (number, told) in
        [(1, Told::Done), (1, Told::Again), (3, Told::Held), (3, Told::Again), (2, Told::Done)]
    {
        assert_eq!(clerk.arrive(1, number), told, "{number}");
    }
    assert_eq!((clerk.arrive(1, 3), clerk.acted(1)), (Told::Again, vec![1, 2, 3]));
    assert_eq!(clerk.island.inbox.letters().ever(), 0);
}

#[test]
fn a_skipped_number_that_comes_late_is_a_dead_letter_and_can_be_taken_out() {
    let mut clerk = clerk(skip(10));
    clerk.arrive(1, 2);
    clerk.wait(9);
    assert!(clerk.acted(1).is_empty());
    clerk.wait(1);
    assert_eq!(clerk.acted(1), [2], "skipped to the millisecond");
    let closed: Vec<_> = clerk.island.inbox.closed(&1).copied().collect();
    let gap = Gap { from: SerialNumber(1), upto: SerialNumber(1), since: Millis(1) };
    let closing = Closing::Skipped(0);
    assert_eq!(closed, [Closed { gap, at: Millis(11), closing }]);
    assert_eq!(clerk.arrive(1, 1), Told::Late(SKIPPED));
    assert_eq!(clerk.acted(1), [2]);
    let letters: Vec<_> = clerk.island.inbox.letters().iter().map(|(n, _)| n.0).collect();
    assert_eq!(letters, [1]);
    clerk.ask(Command::TakeOut(1));
    clerk.ask(Command::TakeOut(1));
    assert_eq!(clerk.acted(1), [2, 1], "once, by hand");
}

#[test]
fn a_source_is_asked_so_often_and_then_its_gap_is_skipped() {
    let mut clerk = clerk(ask(10, 2));
    clerk.arrive(1, 3);
    clerk.wait(25);
    assert_eq!(clerk.island.asked, [(1, 1, 2), (1, 1, 2)]);
    clerk.arrive(1, 1);
    clerk.wait(4);
    assert_eq!(clerk.island.asked.len(), 2, "it is the front that is new: asked 10 after the last");
    clerk.wait(1);
    assert_eq!(clerk.island.asked[2..], [(1, 2, 2)]);
    clerk.wait(19);
    assert_eq!(clerk.acted(1), [1]);
    clerk.wait(1);
    assert_eq!(clerk.acted(1), [1, 3]);
    assert_eq!(clerk.arrive(1, 2), Told::Late(Closing::Skipped(2)));
    clerk.wait(100);
    assert!(clerk.timers.is_empty());
}

#[test]
fn the_sources_word_closes_gaps_and_only_those_below_it() {
    let mut clerk = clerk(ResequencerConfig::default());
    for number in [2, 5, 9] {
        clerk.arrive(1, number);
    }
    clerk.all_below(1, 8);
    assert_eq!((clerk.acted(1), clerk.gaps(1)), (vec![2, 5], vec![(8, 8, 1)]));
    clerk.all_below(1, 12);
    clerk.all_below(1, 3);
    assert_eq!(clerk.acted(1), [2, 5, 9]);
    assert_eq!(clerk.island.inbox.next(&1), Some(SerialNumber(12)));
    let closed: Vec<_> =
        clerk.island.inbox.closed(&1).map(|it| (it.gap.from.0, it.gap.upto.0)).collect();
    assert_eq!(closed, [(1, 1), (3, 4), (6, 7), (8, 8), (10, 11)]);
    assert_eq!(clerk.arrive(1, 10), Told::Late(Closing::Void));
}

#[test]
fn the_sources_word_may_come_before_its_first_number() {
    let mut clerk = clerk(ResequencerConfig::default());
    clerk.all_below(1, 3);
    assert_eq!((clerk.arrive(1, 3), clerk.acted(1)), (Told::Done, vec![3]));
}

#[test]
fn a_full_source_takes_the_number_it_waits_for_and_nothing_else() {
    let config = ResequencerConfig { held_max: 2, sources_max: 1, ..ResequencerConfig::default() };
    let mut clerk = clerk(config);
    clerk.arrive(1, 2);
    clerk.arrive(1, 3);
    let full = "as many as allowed are held; bring number 1 first";
    assert_eq!(clerk.arrive(1, 4), Told::Full(full.to_owned()));
    let full = "there are as many sources as allowed";
    assert_eq!(clerk.arrive(2, 1), Told::Full(full.to_owned()));
    assert_eq!((clerk.arrive(1, 1), clerk.arrive(1, 4)), (Told::Done, Told::Done));
    assert_eq!(clerk.acted(1), [1, 2, 3, 4]);
    let full = "numbers end at 18446744073709551614";
    assert_eq!(clerk.arrive(1, u64::MAX), Told::Full(full.to_owned()));
}

#[test]
fn a_burst_ends_at_its_bound_and_a_timer_goes_on() {
    let mut clerk = clerk(ResequencerConfig { burst_max: 3, ..skip(10) });
    (2..=8).for_each(|number| assert_eq!(clerk.arrive(1, number), Told::Held));
    clerk.arrive(1, 10);
    clerk.arrive(1, 1);
    assert_eq!(clerk.acted(1), [1, 2, 3]);
    assert_eq!(clerk.arrive(1, 4), Told::Again);
    assert_eq!(clerk.arrive(1, 11), Told::Held);
    clerk.wait(0);
    assert_eq!((clerk.acted(1), clerk.gaps(1)), ((1..=8).collect(), vec![(9, 9, 1)]));
    clerk.wait(10);
    assert_eq!(clerk.acted(1).last(), Some(&11));
    assert!(clerk.timers.is_empty());
}

#[test]
fn a_timers_word_from_a_client_changes_nothing() {
    let mut clerk = clerk(skip(10));
    clerk.arrive(1, 2);
    clerk.ask(Command::Timer(ResequencerMessage(1)));
    assert_eq!((clerk.last.len(), clerk.timers.len()), (0, 1));
}

#[test]
fn each_source_has_its_own_first_number_and_gaps() {
    let mut clerk = clerk(ResequencerConfig { first: SerialNumber(7), ..skip(10) });
    clerk.ask(Command::Begin(2, 100));
    assert_eq!((clerk.arrive(2, 100), clerk.arrive(2, 102)), (Told::Done, Told::Held));
    assert_eq!((clerk.arrive(1, 7), clerk.arrive(1, 6)), (Told::Done, too_old()));
    clerk.ask(Command::Begin(1, 1));
    clerk.arrive(1, 8);
    clerk.wait(10);
    assert_eq!((clerk.acted(1), clerk.acted(2)), (vec![7, 8], vec![100, 102]));
    assert_eq!(clerk.island.inbox.sources().collect::<Vec<_>>(), [&1, &2]);
}

#[test]
fn what_is_older_than_all_that_is_remembered_is_late_rather_than_dropped() {
    let mut clerk = clerk(ResequencerConfig { closed_max: 1, letters_max: 1, ..skip(10) });
    for number in [2, 4] {
        clerk.arrive(1, number);
        clerk.wait(10);
    }
    assert_eq!((clerk.arrive(1, 1), clerk.arrive(1, 3)), (too_old(), Told::Late(SKIPPED)));
    assert_eq!(clerk.arrive(1, 2), Told::Again);
    let letters = clerk.island.inbox.letters();
    let kept: Vec<_> = letters.iter().map(|(n, late)| (n.0, late.content.number.0)).collect();
    assert_eq!((kept, letters.ever(), letters.pushed_out()), (vec![(2, 3)], 2, 1));
}

fn too_old() -> Told {
    Told::Late(Closing::Forgotten)
}
