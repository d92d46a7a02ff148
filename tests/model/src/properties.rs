//! What must hold in each state, and what the walk must meet.

use crate::transitions::Happening;
use crate::world::{End, Operation, State, World, Wrong};
use stateright::Property;

/// No delivery without an ending that ITSM told of the ticket of that very operation.
pub const ONLY_CONFIRMED: &str =
    "only what ITSM confirmed of the operation's own ticket is handed over";
/// An operation has at most one outcome.
pub const ONE_OUTCOME: &str = "no operation is given two different outcomes";
/// A settled operation stays settled.
pub const NOT_AFTER_SETTLED: &str = "nothing is handed over once the operation is settled";
/// Callbacks name numbers, and none of them is asked for because of that.
pub const ONLY_OWN_SN: &str = "ITSM is asked only for the operation's own number";
/// Late commits included.
pub const ONE_TICKET: &str = "no operation has two tickets";
/// A refused request to create is repeated ever more rarely, and not at all after ITSM said the same twice.
pub const EVER_MORE_RARELY: &str = "a request that is refused is repeated ever more rarely";
/// Nobody has to read a log to learn that an operation gets nowhere.
pub const TOLD_OF_REFUSALS: &str = "a person is told of a refusal that repeats itself";
/// Each reason once.
pub const TOLD_ONCE: &str = "nobody is told the same twice";
/// A decision that came first wins.
pub const ONLY_OVERDUE: &str =
    "a ticket is taken back only when ITSM said past its time that it is open";
/// ITSM's no is final.
pub const NOT_WITHDRAWN_AGAIN: &str = "a withdrawal that ITSM refused is not repeated";
/// Delivered, or given up and a person told of it.
pub const ALWAYS_DUE: &str = "something is due until an operation is settled";
/// From every state, in a fair environment: callbacks may never come, but ticks and answers do.
pub const WHAT_ENDS_IS_DELIVERED: &str = "what ends is delivered once faults stop";

/// A witness.
pub const SOMETIMES_AGAIN: &str = "(seen) an outcome is handed over again after a crash";
/// A witness.
pub const SOMETIMES_CREATED_AGAIN: &str = "(seen) a second request to create leads to a delivery";
/// A witness.
pub const SOMETIMES_LATE: &str = "(seen) a request outlives the host's waiting";
/// A witness.
pub const SOMETIMES_ALL: &str = "(seen) every operation is delivered and settled";
/// A witness.
pub const SOMETIMES_REWRITTEN: &str = "(seen) the outcome of a rewritten ticket is delivered";
/// A witness.
pub const SOMETIMES_JUMPED: &str =
    "(seen) the clock jumped, and a second request to create followed";
/// A witness.
pub const SOMETIMES_GIVEN_UP: &str = "(seen) an operation is given up, and a person told";
/// A witness.
pub const SOMETIMES_TOLD: &str = "(seen) a person is told, and the operation goes on";
/// A witness.
pub const SOMETIMES_READ_LATER: &str = "(seen) what nobody could read is delivered later";
/// A witness.
pub const SOMETIMES_WITHDRAWN: &str = "(seen) a withdrawal is the outcome";
/// A witness.
pub const SOMETIMES_TOO_LATE: &str =
    "(seen) a decision is the outcome, though a withdrawal was ordered";
/// A witness.
pub const SOMETIMES_STOLEN: &str = "(seen) a thief's approval arrives while the own ticket is open";

pub(crate) fn all() -> Vec<Property<World>> {
    fn never(wrong: Wrong, state: &State) -> bool {
        !state.wrongs.contains(&wrong)
    }
    fn any(state: &State, is: impl Fn(&Operation) -> bool) -> bool {
        state.operations.iter().any(is)
    }
    vec![
        Property::always(ONLY_CONFIRMED, |_, state| never(Wrong::Unconfirmed, state)),
        Property::always(ONE_OUTCOME, |_, state| never(Wrong::OtherContent, state)),
        Property::always(NOT_AFTER_SETTLED, |_, state| never(Wrong::AfterSettled, state)),
        Property::always(ONLY_OWN_SN, |_, state| never(Wrong::AskedForeign, state)),
        Property::always(ONE_TICKET, |_, state| !any(state, |its| its.tickets.len() > 1)),
        Property::always(EVER_MORE_RARELY, |_, state| never(Wrong::TooOften, state)),
        Property::always(TOLD_OF_REFUSALS, |_, state| never(Wrong::Untold, state)),
        Property::always(TOLD_ONCE, |_, state| never(Wrong::ToldTwice, state)),
        Property::always(ONLY_OVERDUE, |_, state| never(Wrong::Unasked, state)),
        Property::always(NOT_WITHDRAWN_AGAIN, |_, state| never(Wrong::WithdrawnAgain, state)),
        Property::always(ALWAYS_DUE, |_, state| {
            !any(state, |its| its.due_s.is_none() && its.taken.is_none() && !its.given_up)
        }),
        Property::always(WHAT_ENDS_IS_DELIVERED, World::heals),
        // The walk meets what it is for.
        Property::sometimes(SOMETIMES_AGAIN, |_, state| any(state, |its| its.takes > 1)),
        Property::sometimes(SOMETIMES_CREATED_AGAIN, |_, state| {
            any(state, |its| its.creates > 1 && its.taken.is_some())
        }),
        Property::sometimes(SOMETIMES_LATE, |world: &World, state: &State| {
            let late = any(state, |its| its.requests.iter().any(|it| !it.awaited));
            late && world.bounds.times[state.time] > 0
        }),
        Property::sometimes(SOMETIMES_ALL, |_, state: &State| {
            state.operations.iter().all(Operation::is_delivered)
        }),
        Property::sometimes(SOMETIMES_REWRITTEN, |_, state| {
            any(state, |its| its.taken.is_some_and(|ended| ended.edited))
        }),
        Property::sometimes(SOMETIMES_JUMPED, |world: &World, state: &State| {
            let jumped = state.left.jumps < world.bounds.jumps;
            jumped && any(state, |its| its.creates > 1)
        }),
        Property::sometimes(SOMETIMES_GIVEN_UP, |_, state| any(state, |its| its.given_up)),
        Property::sometimes(SOMETIMES_TOLD, |_, state| {
            any(state, |its| !its.reports.is_empty() && its.due_s.is_some())
        }),
        Property::sometimes(SOMETIMES_READ_LATER, |_, state: &State| {
            state.proven && any(state, |its| !its.reports.is_empty() && its.taken.is_some())
        }),
        Property::sometimes(SOMETIMES_WITHDRAWN, |_, state| {
            any(state, |its| its.taken.is_some_and(|ended| ended.end == End::Withdrawn))
        }),
        Property::sometimes(SOMETIMES_TOO_LATE, |_, state| {
            any(state, |its| {
                its.denied && its.taken.is_some_and(|ended| ended.end != End::Withdrawn)
            })
        }),
        Property::sometimes(SOMETIMES_STOLEN, |_, state| {
            any(state, |its| {
                let approved = its.stolen.is_some_and(|held| held.end.is_some());
                let arrived = !state.callbacks.iter().any(|sn| sn.is_stolen());
                approved && arrived && its.tickets.iter().any(|held| held.end.is_none())
            })
        }),
    ]
}

impl World {
    /// From this state, once faults stop, what ends is delivered, and what has no ticket is given up with
    /// a word to a person.
    ///
    /// This is liveness checked as safety, in each reachable state and not only in the last ones. It is
    /// sound for "eventually delivered under a fair environment" for three reasons. What happens before
    /// the faults stop, in which order ever, is one of the states that the walk visits, so nothing is
    /// assumed about the past. A state in which something is under way leads without a fault to one in
    /// which nothing is, which the walk visits too; so only the latter go on here. And from there the
    /// environment does least of what fairness asks for: no callback ever comes, so only ticks move the
    /// record. Other fair orders from here are walks into other reachable states, of which the same is
    /// checked. There are no cycles to stay in for ever (the state machine is acyclic), so a host that
    /// does not arrive here is a host that can stop without having delivered.
    fn heals(&self, state: &State) -> bool {
        let is_quiet = |its: &Operation| {
            its.is_idle() && its.requests.is_empty() && its.unstored.is_none() && !its.restarted
        };
        // Where ITSM makes no ticket at all there is nothing to deliver.
        self.bounds.refuses.is_some()
            || !state.operations.iter().all(is_quiet)
            || self.settles(state.clone())
    }

    /// Each tick comes when it is due, each call is answered, people decide, and a verified user is there.
    ///
    /// Twenty ticks are enough from anywhere: up to eight until an absence is final and the ticket is made
    /// again, after which it ends; then one to see the end, which is delivered at once.
    fn settles(&self, mut state: State) -> bool {
        self.happen(&mut state, Happening::Prove);
        for number in 0..self.bounds.operations {
            let mut host_s = self.host_s(&state);
            for _ in 0..20 {
                let Some(due_s) = state.operation(number).due_s else {
                    break;
                };
                host_s = host_s.max(due_s);
                self.happen_at(&mut state, Happening::Tick(number), host_s);
                // A host that goes on for ever at one moment settles nothing either.
                for _ in 0..50 {
                    let Some(next) = state.operation(number).next_in_order(number) else {
                        break;
                    };
                    self.happen_at(&mut state, next, host_s);
                }
                let open: Vec<_> = state
                    .operation(number)
                    .numbered_tickets(number)
                    .filter(|(_, held)| held.end.is_none())
                    .map(|(sn, _)| sn)
                    .collect();
                for sn in open {
                    self.happen_at(&mut state, Happening::End(sn, End::Approved, false), host_s);
                }
            }
        }
        // A number that was lost, a server that can't be asked by tag does not tell.
        let is_lost = |its: &Operation| !self.bounds.traceable && !its.heard;
        let nobodys = |its: &Operation| its.tickets.is_empty() || is_lost(its);
        state.operations.iter().all(|its| its.is_delivered() || its.given_up && nobodys(its))
    }
}
