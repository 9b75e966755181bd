//! Random runs: everything is decided once, in order, within the bounds; and the twin: nothing
//! waits that is ready, nothing is forgotten.

use proptest::prelude::*;

use super::*;

const ORDERS: u8 = 3;

#[derive(Clone, Debug)]
enum Act {
    Do(u8, u8),
    Sweep(u8),
    PutBack,
    Wait(u64),
    /// Time passes at once, as over a restart.
    Pause(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => (0..ORDERS, 0..13_u8).prop_map(|(key, deed)| Act::Do(key, deed)),
        1 => (0..ORDERS).prop_map(Act::Sweep),
        1 => Just(Act::PutBack),
        6 => (0..12_u64).prop_map(Act::Wait),
        2 => (0..100_u64).prop_map(Act::Pause),
    ]
}

fn any_config() -> impl Strategy<Value = StashConfig> {
    let deadline = prop_oneof![Just(None), (0..40_u64).prop_map(|span| Some(Millis(span)))];
    (deadline, 0..9_u32, 0..16_u32).prop_map(|(deadline, entity_max, island_max)| StashConfig {
        deadline,
        entity_max,
        island_max,
        letters_max: 1000,
    })
}

/// Nothing that waits is ready, unless a release is under way; and what is ready does not expire.
fn check(shop: &Bench<Shop>, config: &StashConfig) {
    let (island, stash) = (&shop.island, &shop.island.stash);
    assert!(stash.len() <= config.island_max);
    let waiting: usize = stash.keys().map(|key| stash.waiting(key).count()).sum();
    assert_eq!(waiting, stash.len() as usize);
    for (number, _) in stash.letters().iter() {
        let why = &stash.letters().get(number).unwrap().content.why;
        assert_ne!(why, "those that came before", "dead letter {number:?} was ready");
    }
    for key in stash.keys() {
        assert!(stash.waiting(key).count() <= config.entity_max as usize);
        let ready = |deed| !matches!(island.verdict(key, deed), Verdict::Defer(_));
        let waits = stash.waiting(key).any(|(_, it)| ready(&it.command));
        assert!(
            !waits || stash.is_releasing(key),
            "something ready waits for {key}, and nobody looks"
        );
    }
}

/// The request's number, unless its turn fails.
fn ask(shop: &mut Bench<Shop>, command: Command) -> Option<u64> {
    let mut request = None;
    succeeds(|| request = Some(shop.ask(command)));
    request
}

/// Time goes by, whatever fails meanwhile.
fn wait(shop: &mut Bench<Shop>, millis: u64) {
    let until = shop.now + millis;
    while !succeeds(|| shop.wait(until.saturating_sub(shop.now))) {}
}

proptest! {
    #[test]
    fn every_command_is_decided_once_in_order_and_nothing_ready_waits(
        config in any_config(),
        acts in prop::collection::vec(act(), 1..150),
    ) {
        let mut shop = shop(config);
        let (mut items, mut asked) = (0, Vec::new());
        for act in acts {
            match act {
                Act::Do(key, deed) => {
                    items += 1;
                    let deed = match deed {
                        0 => Deed::Open,
                        1 => Deed::Close,
                        2..4 => Deed::Ship,
                        4 => Deed::Item(POISON),
                        _ => Deed::Item(items),
                    };
                    let request = ask(&mut shop, Command::Do(key, deed));
                    asked.extend(request.map(|request| (request, key, deed)));
                }
                Act::Sweep(key) => drop(shop.ask(Command::Sweep(key))),
                // From the front only: what is put back comes again as the newest.
                Act::PutBack => {
                    let first = shop.island.stash.letters().iter().next();
                    let Some((number, _)) = first else { continue };
                    let content = shop.island.stash.letters().get(number).unwrap().content.clone();
                    let request = ask(&mut shop, Command::PutBack(number.0));
                    let (key, deed) = (content.key, content.deferred.command);
                    asked.extend(request.map(|request| (request, key, deed)));
                }
                Act::Wait(millis) => wait(&mut shop, millis),
                Act::Pause(millis) => shop.now += millis,
            }
            check(&shop, &config);
        }
        wait(&mut shop, 0);
        let waiting = shop.island.stash.len() as usize;
        let unanswered = asked.iter().filter(|(request, ..)| shop.told(*request).is_none()).count();
        prop_assert_eq!(unanswered, waiting, "who waits is not answered, all others are");
        // Each item that was told done is done once, nothing else is, and in the order asked.
        let told = |request| shop.told(request) == Some(&Told::Done);
        for key in 0..ORDERS {
            let mut expected: Vec<Deed> = asked
                .iter()
                .filter(|(request, of, deed)| {
                    *of == key && matches!(deed, Deed::Item(_)) && told(*request)
                })
                .map(|(_, _, deed)| *deed)
                .collect();
            let mut done = shop.done(key);
            done.retain(|deed| matches!(deed, Deed::Item(_)));
            if config.deadline.is_some() {
                // Those put back come later than they were asked first.
                let number = |deed: &Deed| if let Deed::Item(n) = deed { *n } else { 0 };
                expected.sort_by_key(number);
                done.sort_by_key(number);
            }
            prop_assert_eq!(done, expected);
        }
        // Liveness: with a deadline nothing waits for ever.
        if config.deadline.is_some() {
            wait(&mut shop, 1000);
            prop_assert_eq!(shop.island.stash.len(), 0);
            prop_assert!(shop.timers.is_empty());
        }
    }
}
