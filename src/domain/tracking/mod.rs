//! The state of one awaited ticket, and what an event does to it.
//!
//! Pure: (record, event, now) → (record, actions). The host stores the record before it acts, and a
//! tick issues again what a crash may have interrupted.
//!
//! Time is counted, never read off as a difference: see `Clock`.

mod clock;
mod older;
mod reading;
mod record;
mod reports;
mod stored;
#[cfg(test)]
mod tests;

pub use record::Record;

use super::callback::Callback;
use super::confirmation::{Confirmation, Outcome, Recovery};
use super::failure::Failure;
use super::operation_id;
use super::ticket::{CreatedTicket, is_same_sn};
use super::verdict::Verdict;
use clock::{Clock, Due, LONGEST_WAIT_S, doubled};
use record::{Phase, Request, Withdrawal};
use reports::{Failures, Outlook, Reason, report, several, sns};

/// A request to create can still be carried out this long after it was sent: the server's own limit.
/// Before that, a ticket that can't be found may yet appear.
pub const ABSENT_IS_FINAL_S: u64 = 600;

/// While a ticket may yet appear, ITSM is asked this often at least.
const LONGEST_LOOKUP_WAIT_S: u64 = 240;
/// So long an absence has to last, as [`Clock`] counts: one of the waits may have been a jump.
const ABSENT_FOR_S: u64 = ABSENT_IS_FINAL_S + LONGEST_LOOKUP_WAIT_S;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `create` answered with a ticket.
    Created(CreatedTicket),
    /// `create` failed, and ITSM proved to have done nothing.
    NotCreated(Failure),
    /// `create` failed, and ITSM may have acted.
    MaybeCreated(Failure),
    /// `recover` answered.
    Recovered(LookedUp),
    /// A callback came whose binding holds for this operation.
    Callback(Callback),
    /// `confirm-own` answered.
    Confirmed(Confirmation),
    /// The outcome was handed over.
    Delivered,
    /// `withdraw` failed.
    NotWithdrawn(Failure),
    /// Time passed, or the host started again.
    Tick,
}

/// An answer of `recover`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// When it was asked for, by the host's clock.
    pub asked_s: u64,
    /// The answer.
    pub recovery: Recovery,
}

/// What the host is to do, after it has stored the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create the ticket.
    Create,
    /// Look the ticket up by its tag.
    Recover,
    /// Ask ITSM about this ticket, which is the operation's own.
    Confirm(String),
    /// Take this ticket back.
    Withdraw(String),
    /// Hand the outcome over.
    Deliver(Box<Outcome>),
    /// Tell a person.
    Report(String),
}

/// What an event led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The new record.
    pub record: Record,
    /// What to do.
    pub actions: Vec<Action>,
    /// When to tick, in seconds since 1970.
    pub due_s: Option<u64>,
}

const TOO_LATE: &str = "The time for a decision passed before there was a ticket";
const HOPELESS: &str = "ITSM made no ticket, and asking again will not help";
const UNTRACEABLE: &str =
    "It is unknown whether ITSM made the ticket, and this server can't be asked by tag";

/// Begins to await a ticket: stores first, then creates.
pub fn start(operation_id: &str, decide_by_s: Option<u64>, now_s: u64) -> Result<Step, String> {
    if !operation_id::is_valid(operation_id) {
        return Err("the operation id is not 1 to 32 lower-case letters and digits".to_owned());
    }
    if decide_by_s.is_some_and(|decide_by_s| decide_by_s <= now_s) {
        return Err("the time by which a decision must have come has passed".to_owned());
    }
    let phase = Phase::Creating(Request::Sent);
    let record = Record::new(operation_id.to_owned(), decide_by_s, phase);
    Ok(record.step(vec![Action::Create], Due::Anew, now_s))
}

impl Record {
    /// For an event that this version does not know: a person has to.
    pub fn unchanged(mut self, words: String, now_s: u64) -> Step {
        let why = format!("Tracking was told of something that it does not know: {words}.");
        let actions = self.reported.once(Reason::Unknown, why);
        self.step(actions, Due::Kept, now_s)
    }

    /// What an event does.
    pub fn advance(self, event: Event, now_s: u64) -> Step {
        use Phase::{Abandoned, Creating, Delivered, Delivering, Waiting};
        use Request::{Lost, Refused, Sent};

        let Self { phase, clock, mut failures, mut reported, .. } = self;
        let is_due = clock.due_s <= now_s;
        let is_overdue = self.decide_by_s.is_some_and(|time_s| time_s <= now_s);
        let event = event.proven();

        let (phase, actions, due) = match (phase.later(clock.counted(now_s)), event) {
            // Until a ticket is known.
            (Creating(_), Event::Created(ticket)) => {
                failures = Failures::default();
                (Phase::waiting(ticket.sn), vec![], Due::Anew)
            }
            (Creating(request), Event::Recovered(LookedUp { asked_s, recovery })) => match recovery
            {
                Recovery::Found(ticket) => {
                    failures = Failures::default();
                    // It may have ended meanwhile, and its callback may have been the news.
                    let confirm = Action::Confirm(ticket.sn.clone());
                    (Phase::waiting(ticket.sn), vec![confirm], Due::Anew)
                }
                Recovery::Ambiguous(tickets) => abandon(several(&tickets)),
                Recovery::Mismatched(tickets) => abandon(format!(
                    "The tag of this operation is on a ticket of another creator: {}.",
                    sns(&tickets)
                )),
                Recovery::Absent | Recovery::Untraceable
                    if !request.has_failed(clock.since(asked_s, now_s)) =>
                {
                    (Creating(request), vec![], Due::Kept)
                }
                Recovery::Untraceable => abandon(failures.explain(UNTRACEABLE)),
                Recovery::Absent if is_overdue => abandon(failures.explain(TOO_LATE)),
                Recovery::Absent if failures.hopeless => abandon(failures.explain(HOPELESS)),
                Recovery::Absent => (Creating(Sent), vec![Action::Create], Due::Anew),
            },
            (Creating(_), Event::MaybeCreated(failure)) => {
                failures.add(&failure);
                let mut actions = vec![Action::Recover];
                match Outlook::of(&failure) {
                    // Whether there is a ticket must be known first.
                    Outlook::Never => {}
                    outlook => {
                        actions.extend(reported.failed(Reason::NotCreated, outlook, &failures))
                    }
                }
                // The request left at any time until now.
                (Creating(Lost { waited_s: 0 }), actions, Due::Anew)
            }
            (Creating(_), Event::NotCreated(failure)) => {
                failures.add(&failure);
                match Outlook::of(&failure) {
                    Outlook::Never => abandon(failures.explain(HOPELESS)),
                    _ if is_overdue => abandon(failures.explain(TOO_LATE)),
                    outlook => {
                        let wanted_s = u64::from(failure.wait_ms().unwrap_or(0).div_ceil(1_000));
                        let wait_s = doubled(failures.in_a_row - 1).max(wanted_s);
                        (
                            Creating(Refused),
                            reported.failed(Reason::NotCreated, outlook, &failures),
                            Due::After(wait_s.min(LONGEST_WAIT_S)),
                        )
                    }
                }
            }
            // The host may have slept between storing the record and sending: the request left at any time
            // until now. The number in a callback that comes before the answer is somebody's word: the
            // ticket is looked up by its tag.
            (Creating(Sent), Event::Tick | Event::Callback(_)) => {
                (Creating(Lost { waited_s: 0 }), vec![Action::Recover], Due::Anew)
            }
            (Creating(request), Event::Callback(_)) => {
                (Creating(request), vec![Action::Recover], Due::Kept)
            }
            (Creating(request @ Lost { .. }), Event::Tick) => {
                (Creating(request), vec![Action::Recover], Due::Ticked)
            }
            (Creating(Refused), Event::Tick) if is_due && is_overdue => {
                abandon(failures.explain(TOO_LATE))
            }
            (Creating(Refused), Event::Tick) if is_due => {
                (Creating(Sent), vec![Action::Create], Due::Anew)
            }

            // Until its end is known.
            (Waiting { sn, withdrawal }, Event::Callback(callback))
                if is_same_sn(&callback.sn, &sn) =>
            {
                let confirm = Action::Confirm(sn.clone());
                (Waiting { sn, withdrawal }, vec![confirm], Due::Soon)
            }
            (Waiting { sn, withdrawal }, Event::Tick) => {
                let withdrawal = match withdrawal {
                    Withdrawal::NotYet if is_due && is_overdue => Withdrawal::Asked,
                    as_it_was => as_it_was,
                };
                let confirm = Action::Confirm(sn.clone());
                (Waiting { sn, withdrawal }, vec![confirm], Due::Ticked)
            }
            (Waiting { sn, withdrawal }, Event::Confirmed(confirmation)) => {
                match (confirmation, withdrawal) {
                    (Confirmation::Ended(outcome), _)
                        if is_same_sn(&outcome.ticket.sn, &sn)
                            && outcome.verdict != Verdict::Open =>
                    {
                        let outcome = Box::new(outcome);
                        let deliver = Action::Deliver(outcome.clone());
                        (Delivering { outcome }, vec![deliver], Due::Anew)
                    }
                    (Confirmation::Open(_), Withdrawal::Asked) => {
                        let withdraw = Action::Withdraw(sn.clone());
                        let withdrawal = Withdrawal::NotYet;
                        (Waiting { sn, withdrawal }, vec![withdraw], Due::After(LONGEST_WAIT_S))
                    }
                    (Confirmation::Open(_), Withdrawal::Failed) => {
                        let actions =
                            reported.failed(Reason::NotWithdrawn, Outlook::Later, &failures);
                        let withdrawal = Withdrawal::NotYet;
                        (Waiting { sn, withdrawal }, actions, Due::Kept)
                    }
                    (Confirmation::Open(_), Withdrawal::Denied) => {
                        let actions =
                            reported.failed(Reason::NotWithdrawn, Outlook::Never, &failures);
                        let withdrawal = Withdrawal::Impossible;
                        (Waiting { sn, withdrawal }, actions, Due::Kept)
                    }
                    (Confirmation::Undecidable(_, why), _) => {
                        let actions = reported.undecidable(&sn, why);
                        (Waiting { sn, withdrawal }, actions, Due::After(LONGEST_WAIT_S))
                    }
                    (confirmation, _) => {
                        let actions = reported.unexpected(&sn, &confirmation);
                        (Waiting { sn, withdrawal }, actions, Due::Kept)
                    }
                }
            }
            // Once ITSM said no, the failure of another attempt says less.
            (Waiting { sn, withdrawal }, Event::NotWithdrawn(failure))
                if !matches!(withdrawal, Withdrawal::Denied | Withdrawal::Impossible) =>
            {
                failures.add(&failure);
                let confirm = Action::Confirm(sn.clone());
                let (withdrawal, actions) = match Outlook::of(&failure) {
                    Outlook::Later => (Withdrawal::Failed, vec![confirm]),
                    Outlook::Never => (Withdrawal::Denied, vec![confirm]),
                    outlook => (
                        Withdrawal::NotYet,
                        reported.failed(Reason::NotWithdrawn, outlook, &failures),
                    ),
                };
                (Waiting { sn, withdrawal }, actions, Due::Kept)
            }

            // Until the outcome is handed over.
            (Delivering { outcome }, Event::Delivered) => {
                let Outcome { ticket, verdict, .. } = *outcome;
                (Delivered { sn: ticket.sn, verdict }, vec![], Due::Kept)
            }
            (Delivering { outcome }, Event::Tick) => {
                let deliver = Action::Deliver(outcome.clone());
                (Delivering { outcome }, vec![deliver], Due::Ticked)
            }

            // What changes nothing, but a person has to know of.
            (
                phase @ Abandoned { .. },
                Event::Created(CreatedTicket { sn, .. })
                | Event::Recovered(LookedUp {
                    recovery: Recovery::Found(CreatedTicket { sn, .. }),
                    ..
                }),
            ) => {
                let why =
                    format!("The ticket {sn} was made by an operation that had been given up.");
                (phase, reported.once(Reason::SecondTicket, why), Due::Kept)
            }
            (phase @ Abandoned { .. }, Event::Callback(callback)) => {
                let why = format!(
                    "A callback names {}, for an operation that was given up.",
                    callback.sn
                );
                (phase, reported.once(Reason::Callback, why), Due::Kept)
            }
            (phase, event) => {
                let actions = match phase.ticket() {
                    Some((sn, verdict)) => reported.contradiction(sn, verdict, &event),
                    None => vec![],
                };
                (phase, actions, Due::Kept)
            }
        };
        let record = Self { phase, failures, reported, ..self };
        record.step(actions, due, now_s)
    }

    fn step(mut self, actions: Vec<Action>, due: Due, now_s: u64) -> Step {
        let longest_s = match &self.phase {
            Phase::Creating(Request::Lost { .. }) => LONGEST_LOOKUP_WAIT_S,
            _ => LONGEST_WAIT_S,
        };
        self.clock = self.clock.next(due, longest_s, now_s);
        let due_s = match &self.phase {
            Phase::Delivered { .. } | Phase::Abandoned { .. } => {
                self.clock = Clock::default();
                None
            }
            Phase::Delivering { .. } => Some(self.clock.due_s),
            Phase::Creating(_) | Phase::Waiting { .. } => {
                let decide_by_s = self.decide_by_s.filter(|time_s| *time_s > now_s);
                self.clock.due_s = self.clock.due_s.min(decide_by_s.unwrap_or(u64::MAX));
                Some(self.clock.due_s)
            }
        };
        Step { record: self, actions, due_s }
    }
}

impl Event {
    /// `NotCreated` wants proof: with a failure that may have acted, it is `MaybeCreated`.
    fn proven(self) -> Self {
        match self {
            Self::NotCreated(failure) if failure.may_have_acted => Self::MaybeCreated(failure),
            other => other,
        }
    }
}

fn abandon(why: String) -> (Phase, Vec<Action>, Due) {
    let report = report(&why);
    (Phase::Abandoned { why }, vec![report], Due::Kept)
}
