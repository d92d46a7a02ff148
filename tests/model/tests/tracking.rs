//! Walks through all that can happen to tracking, within bounds.

use model::*;
use stateright::{Checker, Expectation, HasDiscoveries, Model};
use std::collections::BTreeSet;
use std::time::Instant;

/// One operation, and no fault.
const FAULTLESS: Bounds = Bounds {
    operations: 1,
    times: &[0],
    crashes: 0,
    losses: 0,
    duplicates: 0,
    forgeries: 0,
    edits: 0,
    thefts: 0,
    jumps: 0,
    unreadable: 0,
    longest_call_s: 0,
    any_end: true,
    prompt: false,
    refuses: None,
    traceable: true,
    decide_by_s: None,
};

/// As much of each fault of host, network and people as can be walked through.
const ALONE: Bounds = Bounds {
    times: &[0, 300, 600, 1200],
    crashes: 2,
    losses: 1,
    duplicates: 1,
    forgeries: 1,
    edits: 1,
    ..FAULTLESS
};

/// Two operations share the host that crashes and the network that forges.
const BOTH: Bounds = Bounds {
    operations: 2,
    times: &[0, 600, 1200],
    crashes: 1,
    forgeries: 1,
    any_end: false,
    ..FAULTLESS
};

/// Long enough for an absence to be final and for a second request. The host ticks in time.
const AGAIN: Bounds = Bounds {
    times: &[0, 30, 60, 120, 240, 480, 599, 720, 960, 990],
    crashes: 1,
    losses: 1,
    forgeries: 1,
    edits: 1,
    any_end: false,
    prompt: true,
    ..FAULTLESS
};

/// Calls last, and an answer comes when it is out of date.
const SLOW: Bounds = Bounds {
    times: &[0, 30, 90, 210, 450, 599, 690, 850, 930],
    forgeries: 0,
    edits: 0,
    longest_call_s: 400,
    ..AGAIN
};

/// The host's clock jumps forward, and the host ticks late.
const JUMPS: Bounds = Bounds { forgeries: 0, edits: 0, jumps: 1, prompt: false, ..AGAIN };

/// ITSM makes no ticket, whatever is asked.
const REFUSED: Bounds = Bounds {
    times: &[
        0, 30, 60, 120, 240, 480, 720, 960, 990, 1020, 1080, 1200, 1440, 1680, 1920, 1950, 1980,
        2040, 2160, 2400, 2640, 2880, 2910,
    ],
    crashes: 1,
    prompt: true,
    refuses: Some(Trouble::Refused),
    ..FAULTLESS
};

/// Nobody can read how a ticket ended, until a verified user is configured.
const UNREADABLE: Bounds = Bounds {
    times: &[0, 30, 90, 990],
    crashes: 1,
    losses: 1,
    duplicates: 1,
    edits: 1,
    unreadable: 1,
    ..FAULTLESS
};

/// A decision must come in time.
const DECIDED_BY: Bounds = Bounds {
    times: &[0, 90, 150, 1050, 1950],
    crashes: 1,
    losses: 1,
    jumps: 1,
    decide_by_s: Some(90),
    ..FAULTLESS
};

/// The server filters by tags and does not store them.
const UNTRACEABLE: Bounds = Bounds { traceable: false, ..AGAIN };

/// Somebody reads the header, and makes a ticket with it that looks like the operation's.
const STOLEN: Bounds =
    Bounds { times: &[0, 30, 600], crashes: 1, losses: 1, forgeries: 1, thefts: 1, ..FAULTLESS };

#[test]
fn one_operation_has_one_outcome_whatever_is_lost_late_forged_or_repeated() {
    let met = [SOMETIMES_AGAIN, SOMETIMES_LATE, SOMETIMES_ALL];
    holds("one operation, every fault of host and network", ALONE, &met);
}

#[test]
fn two_operations_never_take_each_others_outcome() {
    holds("two operations side by side", BOTH, &[SOMETIMES_AGAIN, SOMETIMES_ALL]);
}

#[test]
fn a_request_that_came_to_nothing_is_sent_again_and_leads_to_one_ticket() {
    let met = [SOMETIMES_CREATED_AGAIN, SOMETIMES_REWRITTEN, SOMETIMES_ALL];
    holds("a second request, titles that the server rewrites", AGAIN, &met);
}

#[test]
fn a_lookup_that_is_answered_late_is_not_taken_for_final() {
    holds("calls that last up to 400 s", SLOW, &[SOMETIMES_CREATED_AGAIN, SOMETIMES_LATE]);
}

#[test]
fn a_clock_that_jumps_forward_makes_no_second_ticket() {
    holds("a clock that jumps forward", JUMPS, &[SOMETIMES_JUMPED]);
}

#[test]
fn a_creation_that_is_refused_each_time_is_reported_and_repeated_ever_more_rarely() {
    for (name, trouble, met) in [
        ("each create: ITSM's unclear no", Trouble::Refused, SOMETIMES_GIVEN_UP),
        ("each create: the gateway is busy", Trouble::Busy, SOMETIMES_TOLD),
        ("each create: wrong credentials", Trouble::Credentials, SOMETIMES_TOLD),
    ] {
        let refuses = Some(trouble);
        holds(name, Bounds { refuses, ..REFUSED }, &[met]);
    }
}

#[test]
fn a_result_that_nobody_can_read_is_told_once_and_delivered_when_somebody_can() {
    holds("endings that nobody can read", UNREADABLE, &[SOMETIMES_TOLD, SOMETIMES_READ_LATER]);
}

#[test]
fn past_its_time_a_ticket_is_taken_back_once_and_a_decision_that_came_first_wins() {
    let met = [SOMETIMES_WITHDRAWN, SOMETIMES_TOO_LATE, SOMETIMES_GIVEN_UP];
    holds("a time for the decision", DECIDED_BY, &met);
}

#[test]
fn a_server_that_stores_no_tags_leads_to_no_second_ticket() {
    holds("a server that stores no tags", UNTRACEABLE, &[SOMETIMES_GIVEN_UP, SOMETIMES_ALL]);
}

#[test]
fn a_thief_of_headers_decides_nothing() {
    holds("a thief of headers", STOLEN, &[SOMETIMES_STOLEN, SOMETIMES_ALL]);
}

/// Each property is broken by a host that is wrong, so none of them holds by itself.
#[test]
fn each_bug_is_found() {
    let alone = Bounds { crashes: 1, duplicates: 0, ..ALONE };
    let decided_by = Bounds { crashes: 0, losses: 0, ..DECIDED_BY };
    let busy = Bounds { refuses: Some(Trouble::Busy), ..REFUSED };
    let bugs: [(Bug, &Bounds, &[&'static str]); 19] = [
        (Bug::DeliverBeforeStoring, &alone, &[ONE_OUTCOME]),
        (Bug::AskForeignSn, &alone, &[ONLY_OWN_SN]),
        (Bug::CreateTwice, &alone, &[ONE_TICKET, WHAT_ENDS_IS_DELIVERED]),
        (Bug::AgeAbsence, &SLOW, &[ONE_TICKET]),
        (Bug::TrustCallbacks, &alone, &[ONLY_CONFIRMED]),
        (Bug::TickWhileDelivering, &alone, &[NOT_AFTER_SETTLED]),
        (Bug::CompareTitles, &AGAIN, &[WHAT_ENDS_IS_DELIVERED]),
        (Bug::CatchUp, &JUMPS, &[ONE_TICKET]),
        (Bug::CreateAtOnce, &REFUSED, &[EVER_MORE_RARELY]),
        (Bug::CreateAtOnce, &busy, &[EVER_MORE_RARELY]),
        (Bug::ForgetFailures, &REFUSED, &[TOLD_OF_REFUSALS]),
        (Bug::ReadKindly, &UNREADABLE, &[ONLY_CONFIRMED]),
        (Bug::StopAsking, &UNREADABLE, &[ALWAYS_DUE, WHAT_ENDS_IS_DELIVERED]),
        (Bug::SkipStoring, &UNREADABLE, &[TOLD_ONCE]),
        (Bug::WithdrawUnasked, &decided_by, &[ONLY_OVERDUE]),
        (Bug::WithdrawAgain, &decided_by, &[NOT_WITHDRAWN_AGAIN]),
        (Bug::InventVerdict, &decided_by, &[ONLY_CONFIRMED]),
        (Bug::TakeUntraceableForAbsent, &UNTRACEABLE, &[ONE_TICKET]),
        (Bug::PublicTag, &STOLEN, &[ONLY_CONFIRMED]),
    ];
    for (bug, bounds, expected) in bugs {
        breaks(bug, bounds, expected);
    }
}

/// Walks through the whole world: nothing wrong, and what was to be met was met.
fn holds(name: &str, bounds: Bounds, met: &[&str]) {
    let began = Instant::now();
    let world = World { bounds, bug: Bug::None };
    let checker =
        world.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let discoveries = checker.discoveries();
    for name in met {
        assert!(discoveries.contains_key(name), "never: {name}");
    }
    let all = checker.model().properties().into_iter();
    let always = all.filter(|property| property.expectation == Expectation::Always);
    let broken: Vec<_> = always
        .filter_map(|property| {
            let path = discoveries.get(property.name)?;
            Some((property.name, path.clone().into_actions()))
        })
        .collect();
    println!(
        "{name}: {} states, up to {} steps deep, {} properties broken, in {:.1?}",
        checker.unique_state_count(),
        checker.max_depth(),
        broken.len(),
        began.elapsed()
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Walks until each of these properties is broken.
fn breaks(bug: Bug, bounds: &Bounds, expected: &[&'static str]) {
    let world = World { bounds: bounds.clone(), bug };
    let expected = BTreeSet::from_iter(expected.iter().copied());
    let checker = world
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AllOf(expected.clone()))
        .spawn_bfs()
        .join();
    for name in expected {
        assert!(checker.discovery(name).is_some(), "{bug:?} does not break: {name}");
        println!("{bug:?} is found: {name}");
    }
}
