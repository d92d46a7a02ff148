//! Walks through all that can happen to tracking, within bounds.

use model::{
    Bounds, Bug, NOT_AFTER_SETTLED, ONE_OUTCOME, ONE_TICKET, ONLY_CONFIRMED, ONLY_OWN_SN,
    WHAT_ENDS_IS_DELIVERED, World,
};
use stateright::{Checker, Expectation, HasDiscoveries, Model};
use std::collections::BTreeSet;
use std::time::Instant;

/// One operation, and as much of each fault as can be walked through.
const ALONE: Bounds = Bounds {
    operations: 1,
    times: &[0, 300, 600, 1200, 2400],
    crashes: 2,
    losses: 1,
    duplicates: 1,
    forgeries: 1,
    edits: 1,
    longest_call_s: 0,
    any_end: true,
};

/// Two operations share the host that crashes and the network that forges.
const BOTH: Bounds = Bounds {
    operations: 2,
    times: &[0, 600, 1200],
    crashes: 1,
    losses: 0,
    duplicates: 0,
    forgeries: 1,
    edits: 0,
    longest_call_s: 0,
    any_end: false,
};

/// Calls last, and answers come when they are out of date: but before ITSM is asked to create again.
const SLOW: Bounds = Bounds {
    times: &[0, 300, 600, 900, 1200, 1500],
    crashes: 1,
    longest_call_s: 300,
    ..ALONE
};

#[test]
fn one_operation_has_one_outcome_whatever_is_lost_late_forged_or_repeated() {
    holds(ALONE, 300_000, &[]);
}

#[test]
fn two_operations_never_take_each_others_outcome() {
    holds(BOTH, 200_000, &[model::SOMETIMES_LATE]);
}

#[test]
fn a_lookup_that_is_answered_late_is_not_taken_for_final() {
    holds(SLOW, 300_000, &[]);
}

#[test]
fn a_host_that_delivers_before_it_stores_is_found() {
    breaks(Bug::DeliverBeforeStoring, &[ONE_OUTCOME]);
}

#[test]
fn a_host_that_asks_for_a_number_because_a_callback_names_it_is_found() {
    breaks(Bug::AskForeignSn, &[ONLY_OWN_SN]);
}

#[test]
fn a_host_that_takes_the_first_absence_for_final_is_found() {
    breaks(Bug::CreateTwice, &[ONE_TICKET, WHAT_ENDS_IS_DELIVERED]);
}

#[test]
fn a_host_that_takes_a_late_answer_for_a_fresh_one_is_found() {
    breaks_within(SLOW, Bug::AgeAbsence, &[ONE_TICKET]);
}

#[test]
fn a_host_that_believes_callbacks_is_found() {
    breaks(Bug::TrustCallbacks, &[ONLY_CONFIRMED]);
}

#[test]
fn a_host_that_ticks_while_it_delivers_is_found() {
    breaks(Bug::TickWhileDelivering, &[NOT_AFTER_SETTLED]);
}

/// Walks through the whole world: nothing wrong, and everything that was to be met was met.
fn holds(bounds: Bounds, at_least: usize, not_met: &[&str]) {
    let began = Instant::now();
    let world = World {
        bounds,
        bug: Bug::None,
    };
    let checker = world
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let states = checker.unique_state_count();
    println!(
        "states explored: {states}, up to {} steps deep, in {:.1?}",
        checker.max_depth(),
        began.elapsed()
    );
    let discoveries = checker.discoveries();
    for property in checker.model().properties() {
        let found = discoveries.get(property.name);
        match property.expectation {
            Expectation::Sometimes => assert_ne!(
                found.is_some(),
                not_met.contains(&property.name),
                "{}",
                property.name
            ),
            _ => {
                let trace = found.map(|path| path.clone().into_actions());
                assert_eq!(trace, None, "{}", property.name);
            }
        }
    }
    assert!(states > at_least, "only {states} states");
}

fn breaks(bug: Bug, expected: &[&'static str]) {
    breaks_within(ALONE, bug, expected);
}

/// Walks until each of these properties is broken.
fn breaks_within(bounds: Bounds, bug: Bug, expected: &[&'static str]) {
    let world = World { bounds, bug };
    let checker = world
        .checker()
        .finish_when(HasDiscoveries::AllOf(BTreeSet::from_iter(
            expected.iter().copied(),
        )))
        .spawn_bfs()
        .join();
    for name in expected {
        let path = checker.discovery(name);
        let path = path.unwrap_or_else(|| panic!("{bug:?} does not break: {name}"));
        println!("{bug:?} breaks: {name}\n  {:?}", path.into_actions());
    }
}
