//! Random runs: in order, each once, nothing invented; and the twin: nothing lost, all gaps end.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SOURCES: u8 = 3;
const NUMBERS: u64 = 60;

/// What happens; numbers are folded into what there is.
#[derive(Clone, Debug)]
enum Act {
    Arrive { source: u8, number: u64 },
    AllBelow { source: u8, bound: u64 },
    Wait { millis: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let arrive = (0..SOURCES, 1..=NUMBERS).prop_map(|(source, number)| (source, number));
    prop_oneof![
        30 => arrive.prop_map(|(source, number)| Act::Arrive { source, number }),
        1 => (0..SOURCES, 1..=NUMBERS).prop_map(|(source, bound)| Act::AllBelow { source, bound }),
        4 => (0..12_u64).prop_map(|millis| Act::Wait { millis }),
    ]
}

fn any_config() -> impl Strategy<Value = ResequencerConfig> {
    let gap = prop_oneof![
        Just(None),
        (1..30_u64, 0..3_u32)
            .prop_map(|(every, asks)| Some(Patience { every: Millis(every), asks })),
        (1..30_u64).prop_map(|after| Some(Patience { every: Millis(after), asks: 0 })),
    ];
    (gap, 0..20_u32, 0..5_u32, prop_oneof![Just(100_u32), 0..4_u32]).prop_map(
        |(gap, held_max, burst_max, closed_max)| ResequencerConfig {
            gap,
            held_max,
            burst_max,
            closed_max,
            ..ResequencerConfig::default()
        },
    )
}

/// What was told of each number of a source.
#[derive(Default)]
struct Book {
    taken: BTreeSet<(u8, u64)>,
    late: u64,
}

impl Book {
    fn note(&mut self, source: u8, number: u64, told: &Told) {
        let known = self.taken.contains(&(source, number));
        match told {
            Told::Done | Told::Held => {
                assert!(self.taken.insert((source, number)), "{number} is taken twice");
            }
            Told::Again => assert!(known, "{number} of {source} never came before"),
            Told::Late(Closing::Forgotten) => self.late += 1,
            Told::Late(Closing::Void | Closing::Skipped(_)) => {
                assert!(!known, "{number} of {source} was taken, and is late");
                self.late += 1;
            }
            Told::Full(_) => assert!(!known, "{number} of {source} is known: it needs no room"),
        }
    }
}

/// Holds after each act.
fn check(clerk: &Bench<Clerk>, book: &Book, config: &ResequencerConfig) {
    let inbox = &clerk.island.inbox;
    for source in 0..SOURCES {
        let acted = clerk.acted(source);
        assert!(acted.is_sorted_by(|a, b| a < b), "in order, each once: {acted:?}");
        let next = inbox.next(&source).map_or(1, |next| next.0);
        assert!(acted.iter().all(|number| *number < next));
        assert!(inbox.held(&source) <= config.held_max as usize, "bounded");
        assert!(inbox.closed(&source).count() <= config.closed_max as usize);
        // Twin: what was taken and is behind the front has been acted upon, nothing else was.
        let taken = book.taken.range((source, 0)..(source, next)).map(|(_, number)| *number);
        assert_eq!(acted, taken.collect::<Vec<_>>(), "source {source}");
        // Each missing number below the highest one that came stands in one open gap.
        let gaps: Vec<u64> =
            clerk.gaps(source).iter().flat_map(|(from, upto, _)| *from..=*upto).collect();
        let highest = book.taken.range((source, 0)..(source, u64::MAX)).next_back();
        let highest = highest.map_or(0, |(_, number)| *number);
        let missing = (next..=highest).filter(|number| !book.taken.contains(&(source, *number)));
        assert_eq!(gaps, missing.collect::<Vec<_>>(), "gaps of {source}");
    }
    assert_eq!(inbox.letters().ever(), book.late);
    assert!(clerk.timers.len() <= usize::from(SOURCES), "one timer a source");
}

proptest! {
    #[test]
    fn what_is_taken_is_released_in_order_each_once_and_what_is_missing_is_told(
        config in any_config(),
        acts in prop::collection::vec(act(), 1..200),
    ) {
        let (mut clerk, mut book) = (clerk(config), Book::default());
        for act in acts {
            match act {
                Act::Arrive { source, number } => {
                    // Near the front, mostly: else nearly all is too far ahead.
                    let next = clerk.island.inbox.next(&source).map_or(1, |next| next.0);
                    let number = if number % 3 == 0 { number } else { next + number % 9 };
                    let told = clerk.arrive(source, number);
                    book.note(source, number, &told);
                }
                Act::AllBelow { source, bound } => clerk.all_below(source, bound),
                Act::Wait { millis } => clerk.wait(millis),
            }
            check(&clerk, &book, &config);
        }
        // Liveness: what the policy promises, and then the source's word, ends every gap.
        clerk.wait(10_000);
        if config.gap.is_some() {
            prop_assert!((0..SOURCES).all(|source| clerk.gaps(source).is_empty()));
        }
        (0..SOURCES).for_each(|source| clerk.all_below(source, 1000));
        clerk.wait(0);
        for source in 0..SOURCES {
            prop_assert_eq!(clerk.island.inbox.held(&source), 0);
            prop_assert_eq!(clerk.island.inbox.next(&source), Some(SerialNumber(1000)));
        }
        check(&clerk, &book, &config);
        clerk.wait(10_000);
        prop_assert!(clerk.timers.is_empty(), "nothing is watched any more");
    }

    #[test]
    fn any_order_with_duplicates_gives_the_sequence_and_exactly_its_gaps(
        mut numbers in prop::collection::btree_set(1..400_u64, 1..120),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 120),
    ) {
        numbers.insert(400);
        let mut order: Vec<u64> = numbers.iter().chain(&numbers).copied().collect();
        for (at, place) in shuffle.iter().enumerate() {
            let (a, b) = (at % order.len(), place.index(order.len()));
            order.swap(a, b);
        }
        let mut clerk = clerk(ResequencerConfig::default());
        for number in order {
            clerk.arrive(1, number);
        }
        clerk.all_below(1, 401);
        clerk.wait(0);
        prop_assert_eq!(clerk.acted(1), numbers.iter().copied().collect::<Vec<_>>());
        let closed = clerk.island.inbox.closed(&1).flat_map(|it| it.gap.from.0..=it.gap.upto.0);
        let missing = (1..=400).filter(|number| !numbers.contains(number));
        prop_assert_eq!(closed.collect::<Vec<_>>(), missing.collect::<Vec<_>>());
    }
}
