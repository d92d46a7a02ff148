//! The state of one awaited ticket, and what an event does to it.
//!
//! Pure: (record, event, now) → (record, actions). The host stores the record before it acts, and a
//! tick issues again what a crash may have interrupted.
//!
//! Time is counted, never read off as a difference: see `Clock`.

use super::callback::Callback;
use super::confirmation::{Confirmation, Outcome, Recovery};
use super::failure::{Advice, Failure, Origin};
use super::message::{redacted, redacted_within};
use super::operation_id;
use super::ticket::{CreatedTicket, Ticket};
use super::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A request to create can still be carried out this long after it was sent: the server's own limit.
/// Before that, a ticket that can't be found may yet appear.
pub const ABSENT_IS_FINAL_S: u64 = 600;

/// While a ticket may yet appear, ITSM is asked this often at least.
const LONGEST_LOOKUP_WAIT_S: u64 = 240;
/// So long an absence has to last, as [`Clock`] counts: one of the waits may have been a jump.
const ABSENT_FOR_S: u64 = ABSENT_IS_FINAL_S + LONGEST_LOOKUP_WAIT_S;

const FIRST_WAIT_S: u64 = 30;
const LONGEST_WAIT_S: u64 = 900;
/// After so many waits without news the longest is reached.
const QUIETEST: u32 = 5;
/// A failure that can pass by itself is reported when it came so often in a row.
const REPORTED_FAILURES: u32 = 3;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `create` answered with a ticket.
    Created(CreatedTicket),
    /// `create` failed, and ITSM proved to have done nothing.
    NotCreated(Failure),
    /// `create` failed, and ITSM may have acted.
    Unclear(Failure),
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

/// The state of one awaited ticket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    operation_id: String,
    /// The time by which a decision must have come, by the host's clock.
    decide_by_s: Option<u64>,
    phase: Phase,
    clock: Clock,
    failures: Failures,
    reported: Reported,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Phase {
    /// No ticket is known.
    Creating(Request),
    /// The ticket is known; its end is not.
    Waiting { sn: String, withdrawal: Withdrawal },
    /// ITSM confirmed the end; the outcome may not have been handed over yet.
    Delivering { outcome: Box<Outcome> },
    /// The outcome was handed over. Nothing changes this.
    Delivered { sn: String, verdict: Verdict },
    /// There is no ticket, or none that can be told to be ours. A person was told.
    Abandoned { why: String },
}

/// What became of the request to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    /// It was ordered, and its answer can still come.
    Sent,
    /// Its answer was lost, or is late. So many seconds were counted since it left at the latest.
    Lost { waited_s: u64 },
    /// It is proven to have done nothing. The next one is ordered when due.
    Refused,
}

/// How it stands with taking the ticket back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Withdrawal {
    /// Nothing is under way, or what was ordered may have been interrupted by a crash. The next tick that
    /// is due after the time for a decision asks ITSM.
    NotYet,
    /// That tick asked. If ITSM says that the ticket is open, its withdrawal is ordered.
    Asked,
    /// A withdrawal failed, and ITSM is asked what is. If the ticket is open, the next one comes later.
    Failed,
    /// The same, but the next one would fail too.
    Denied,
    /// A person was told that the ticket can't be taken back.
    Impossible,
}

/// Time as the record counts it. A step counts at most what was left of the time that the host was told to
/// wait, so a clock that jumps forward adds one wait at most, and one that goes back adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    /// When the last step was taken.
    stepped_s: u64,
    /// When the next tick is due.
    due_s: u64,
    /// How many ticks in a row were due without news: the next wait is the longer.
    quiet: u32,
}

/// When the next tick is due.
enum Due {
    /// When it was.
    Kept,
    /// This was a tick: if it was due, after a longer wait than before it, else when it was.
    Ticked,
    /// After the shortest wait, for there is news.
    Anew,
    /// The same, but never later than it was: who repeats a callback must not put the tick off.
    Soon,
    /// After so many seconds, and then rarely.
    After(u64),
}

/// The calls that failed in a row: those to create the ticket, then those to take it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failures {
    in_a_row: u32,
    /// What was said of the last one.
    last: String,
    /// Whether the next one would fail as the last one did.
    hopeless: bool,
}

/// What a person was told already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Reported(BTreeSet<Reason>);

/// Why a person is told. None holds a text that a stranger chooses: the record would grow with each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// There is no ticket so far.
    NotCreated(Outlook),
    /// The ticket is not taken back so far, or never.
    NotWithdrawn(Outlook),
    /// The ticket has ended, and nobody can tell how: why.
    Undecidable(String),
    /// ITSM says that the own ticket is another's.
    Foreign,
    /// ITSM does not know the own ticket.
    Missing,
    /// ITSM knows several tickets of the own number.
    Ambiguous,
    /// ITSM was asked by tag, and can't be.
    Untraceable,
    /// The answer is about another ticket, or no outcome.
    NoOutcome,
    /// The operation has another ticket too.
    SecondTicket,
    /// The creation of a ticket that exists is said to have failed.
    CreationDenied,
    /// A callback does not name the own ticket.
    Callback,
    /// ITSM contradicts the outcome.
    Contradiction,
    /// The host told of something that this version does not know.
    Unknown,
}

/// What to expect of a call that failed, when it is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outlook {
    /// It can succeed a while later.
    Later,
    /// It can succeed when somebody has mended something.
    Mended(Remedy),
    /// It will fail again.
    Never,
}

/// What has to be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Remedy {
    Credentials,
    Permission,
    User,
    Host,
    Between,
    Other,
}

const VERSION: u32 = 3;
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
    fn new(operation_id: String, decide_by_s: Option<u64>, phase: Phase) -> Self {
        Self {
            version: VERSION,
            operation_id,
            decide_by_s,
            phase,
            clock: Clock::default(),
            failures: Failures::default(),
            reported: Reported::default(),
        }
    }

    /// Reads a record, also one that an older version wrote.
    pub fn from_json(json: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let unreadable = |_| "the record is not one that tracking wrote".to_owned();
        let Versioned { version } = serde_json::from_str(json).map_err(unreadable)?;
        let record = match version {
            1 => serde_json::from_str(json).map(older::First::migrate),
            2 => serde_json::from_str(json).map(older::Second::migrate),
            VERSION => serde_json::from_str(json),
            newer => {
                return Err(format!(
                    "the record has version {newer}, and this component knows only up to {VERSION}: use the newer component"
                ));
            }
        };
        record.map_err(unreadable)
    }

    /// The record as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

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
        let event = event.careful();

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
            (Creating(_), Event::Unclear(failure)) => {
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
                if is_same(&callback.sn, &sn) =>
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
                        if is_same(&outcome.ticket.sn, &sn) && outcome.verdict != Verdict::Open =>
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
    /// Who says that nothing happened must have proof.
    fn careful(self) -> Self {
        match self {
            Self::NotCreated(failure) if failure.may_have_acted => Self::Unclear(failure),
            other => other,
        }
    }
}

impl Phase {
    fn waiting(sn: String) -> Self {
        let withdrawal = Withdrawal::NotYet;
        Self::Waiting { sn, withdrawal }
    }

    /// The same, so many counted seconds later.
    fn later(self, passed_s: u64) -> Self {
        match self {
            Self::Creating(Request::Lost { waited_s }) => {
                Self::Creating(Request::Lost { waited_s: waited_s.saturating_add(passed_s) })
            }
            other => other,
        }
    }

    /// The ticket, and its verdict if that is settled.
    fn ticket(&self) -> Option<(&str, Option<Verdict>)> {
        match self {
            Self::Waiting { sn, .. } => Some((sn, None)),
            Self::Delivering { outcome } => Some((&outcome.ticket.sn, Some(outcome.verdict))),
            Self::Delivered { sn, verdict } => Some((sn, Some(*verdict))),
            Self::Creating(_) | Self::Abandoned { .. } => None,
        }
    }
}

impl Request {
    /// Whether there will be no ticket, if there was none so many seconds ago.
    fn has_failed(self, age_s: u64) -> bool {
        match self {
            Self::Lost { waited_s } => waited_s >= ABSENT_FOR_S.saturating_add(age_s),
            Self::Sent | Self::Refused => false,
        }
    }
}

impl Clock {
    /// The seconds from the last step to a later time, as far as they count.
    fn counted(&self, until_s: u64) -> u64 {
        let told_s = self.due_s.saturating_sub(self.stepped_s);
        until_s.saturating_sub(self.stepped_s).min(told_s)
    }

    /// The counted seconds from a question to now, or more.
    fn since(&self, asked_s: u64, now_s: u64) -> u64 {
        let before_the_step_s = self.stepped_s.saturating_sub(asked_s);
        let after_it_s = self.counted(now_s).saturating_sub(self.counted(asked_s));
        before_the_step_s.saturating_add(after_it_s)
    }

    fn next(self, due: Due, longest_s: u64, now_s: u64) -> Self {
        let after = |quiet: u32| now_s.saturating_add(doubled(quiet).min(longest_s));
        // A clock that went back must not make the next tick wait until it is there again.
        let kept_s = self.due_s.min(now_s.saturating_add(LONGEST_WAIT_S));
        let (due_s, quiet) = match due {
            Due::Ticked if self.due_s <= now_s => {
                let quiet = (self.quiet + 1).min(QUIETEST);
                (after(quiet), quiet)
            }
            Due::Kept | Due::Ticked => (kept_s, self.quiet),
            Due::Anew => (after(0), 0),
            Due::Soon => (kept_s.min(after(0)), 0),
            Due::After(wait_s) => (now_s.saturating_add(wait_s), QUIETEST),
        };
        Self { stepped_s: now_s, due_s, quiet }
    }
}

/// The shortest wait, doubled so often, up to the longest.
fn doubled(times: u32) -> u64 {
    (FIRST_WAIT_S << times.min(QUIETEST)).min(LONGEST_WAIT_S)
}

impl Failures {
    fn add(&mut self, failure: &Failure) {
        let said = words(failure);
        let answered = matches!(failure.origin, Origin::Gateway | Origin::Esb | Origin::Itsm);
        self.hopeless = match failure.advice {
            Advice::FixArgument(_) | Advice::GiveUp => true,
            Advice::LookUp | Advice::WaitMs(_) => answered && said == self.last,
            // Somebody can mend it.
            _ => false,
        };
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last = said;
    }

    /// A sentence, with what was said of the last failure.
    fn explain(&self, what: &str) -> String {
        match self.last.as_str() {
            "" => format!("{what}."),
            last => format!("{what}: {last}."),
        }
    }
}

impl Reported {
    fn once(&mut self, reason: Reason, why: String) -> Vec<Action> {
        let is_new = self.0.insert(reason);
        is_new.then(|| report(&why)).into_iter().collect()
    }

    /// What a failed call means, if it is worth a word.
    fn failed(
        &mut self,
        reason: fn(Outlook) -> Reason,
        outlook: Outlook,
        failures: &Failures,
    ) -> Vec<Action> {
        let reason = reason(outlook);
        let what = match reason {
            Reason::NotWithdrawn(_) => "taking the ticket back",
            _ => "creating the ticket",
        };
        let why = match outlook {
            Outlook::Later if failures.in_a_row < REPORTED_FAILURES => return vec![],
            Outlook::Later => {
                format!("{} times in a row {what} failed, and it is tried again", failures.in_a_row)
            }
            Outlook::Mended(remedy) => {
                format!("{}. Until then {what} fails, and is tried again", remedy.sentence())
            }
            Outlook::Never => {
                "The time for a decision has passed, and ITSM does not let the ticket \
                               be taken back; it goes on being awaited"
                    .to_owned()
            }
        };
        self.once(reason, failures.explain(&why))
    }

    fn undecidable(&mut self, sn: &str, why: String) -> Vec<Action> {
        let words = format!(
            "The ticket {sn} has ended, and it can't be told how: {why}. \
             A proven user or a person has to look."
        );
        self.once(Reason::Undecidable(why), words)
    }

    /// What ITSM says of the own ticket that leads nowhere.
    fn unexpected(&mut self, sn: &str, confirmation: &Confirmation) -> Vec<Action> {
        let (reason, what) = match confirmation {
            Confirmation::Open(_) | Confirmation::Undecided(_) | Confirmation::Undecidable(..) => {
                return vec![];
            }
            Confirmation::Foreign => (Reason::Foreign, "was not made by this operation"),
            Confirmation::Missing => (Reason::Missing, "does not exist"),
            Confirmation::Ambiguous(_) => (Reason::Ambiguous, "exists several times"),
            Confirmation::Untraceable => {
                (Reason::Untraceable, "can't be found by its tag; ask for it with confirm-own")
            }
            Confirmation::Ended(_) => (Reason::NoOutcome, "has an outcome that is not its own"),
        };
        self.once(reason, format!("ITSM says that the ticket {sn} {what}."))
    }

    /// What an event says against what is known.
    fn contradiction(&mut self, sn: &str, verdict: Option<Verdict>, event: &Event) -> Vec<Action> {
        let (reason, why) = match event {
            Event::Created(ticket)
            | Event::Recovered(LookedUp { recovery: Recovery::Found(ticket), .. })
                if !is_same(&ticket.sn, sn) =>
            {
                (
                    Reason::SecondTicket,
                    format!("One operation has two tickets: {sn} and {}.", ticket.sn),
                )
            }
            Event::Recovered(LookedUp { recovery: Recovery::Ambiguous(tickets), .. }) => {
                (Reason::SecondTicket, several(tickets))
            }
            Event::Callback(callback) if !is_same(&callback.sn, sn) => {
                (Reason::Callback, format!("A callback for the ticket {sn} names {}.", callback.sn))
            }
            Event::NotCreated(_) => (
                Reason::CreationDenied,
                format!("The ticket {sn} exists, and its creation was reported to have failed."),
            ),
            Event::Confirmed(Confirmation::Ended(outcome)) if is_same(&outcome.ticket.sn, sn) => {
                match verdict {
                    Some(verdict) if verdict != outcome.verdict => (
                        Reason::Contradiction,
                        format!(
                            "The ticket {sn} was settled as {}, and ITSM now says {}.",
                            word(verdict),
                            word(outcome.verdict)
                        ),
                    ),
                    _ => return vec![],
                }
            }
            _ => return vec![],
        };
        self.once(reason, why)
    }
}

impl Outlook {
    fn of(failure: &Failure) -> Self {
        match failure.advice {
            Advice::WaitMs(_) => Self::Later,
            // ITSM's own answer, but not a clear one. The other servers' is that they do not know.
            Advice::LookUp if failure.origin != Origin::Itsm => Self::Later,
            Advice::LookUp | Advice::FixArgument(_) | Advice::GiveUp => Self::Never,
            Advice::FixCredentials => Self::Mended(Remedy::Credentials),
            Advice::AskPermission => Self::Mended(Remedy::Permission),
            Advice::SendVerifiedUser => Self::Mended(Remedy::User),
            Advice::AllowHost(_) => Self::Mended(Remedy::Host),
            Advice::CallOperator => Self::Mended(Remedy::Between),
            Advice::Other(_) => Self::Mended(Remedy::Other),
        }
    }
}

impl Remedy {
    fn sentence(self) -> &'static str {
        match self {
            Self::Credentials => "The app code, the secret or the user's token has to be mended",
            Self::Permission => "The app or its user needs a permission",
            Self::User => "The server wants a proven user",
            Self::Host => "The component has to be allowed to reach the server",
            Self::Between => "Something between the host and ITSM has to be mended",
            Self::Other => "Somebody has to look",
        }
    }
}

/// Numbers and words of a server stand in it too.
fn report(why: &str) -> Action {
    const MAX_BYTES: usize = 1_024;
    Action::Report(redacted_within(why, &[], MAX_BYTES))
}

fn abandon(why: String) -> (Phase, Vec<Action>, Due) {
    let report = report(&why);
    (Phase::Abandoned { why }, vec![report], Due::Kept)
}

/// ITSM's numbers match without case.
fn is_same(sn: &str, other: &str) -> bool {
    sn.eq_ignore_ascii_case(other)
}

fn several(tickets: &[Ticket]) -> String {
    format!("One operation has several tickets: {}.", sns(tickets))
}

fn sns(tickets: &[Ticket]) -> String {
    let sns: Vec<_> = tickets.iter().take(5).map(|ticket| ticket.sn.as_str()).collect();
    sns.join(", ")
}

/// What a failure says, to stand at a sentence's end.
fn words(failure: &Failure) -> String {
    let who = match failure.origin {
        Origin::Gateway => "the API gateway says ",
        Origin::Esb => "the ESB says ",
        Origin::Itsm => "ITSM says ",
        Origin::Argument | Origin::Transport | Origin::Answer => "",
    };
    let code = match &failure.code {
        Some(code) => format!("{code}, "),
        None => String::new(),
    };
    let words = format!("{who}{code}{}", failure.message);
    redacted(words.trim_end_matches(['.', ' ', ',']), &[])
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
        Verdict::Completed => "completed",
        Verdict::Withdrawn => "withdrawn",
        Verdict::Terminated => "terminated",
        Verdict::Closed => "closed",
    }
}

/// Records as older versions wrote them: as much of them as still means the same.
mod older {
    use super::{Phase, Record, Request, Verdict};
    use serde::Deserialize;
    use serde::de::IgnoredAny;

    /// It told neither a request that was about to be sent from one whose answer was lost, nor an end.
    #[derive(Deserialize)]
    pub struct First {
        operation_id: String,
        #[serde(flatten)]
        state: FirstState,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum FirstState {
        Creating(IgnoredAny),
        Waiting(String),
    }

    #[derive(Deserialize)]
    pub struct Second {
        operation_id: String,
        phase: SecondPhase,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum SecondPhase {
        Creating { unclear: bool },
        Waiting { sn: String },
        Delivering { outcome: SecondOutcome },
        Delivered { sn: String, verdict: Verdict },
        Abandoned { why: String },
    }

    #[derive(Deserialize)]
    struct SecondOutcome {
        ticket: SecondTicket,
    }

    #[derive(Deserialize)]
    struct SecondTicket {
        sn: String,
    }

    impl First {
        pub fn migrate(self) -> Record {
            let phase = match self.state {
                FirstState::Creating(_) => Phase::Creating(Request::Sent),
                FirstState::Waiting(sn) => Phase::waiting(sn),
            };
            Record::new(self.operation_id, None, phase)
        }
    }

    impl Second {
        pub fn migrate(self) -> Record {
            let phase = match self.phase {
                SecondPhase::Creating { unclear: false } => Phase::Creating(Request::Sent),
                // What it waited was a difference of clocks, and counts no more.
                SecondPhase::Creating { unclear: true } => {
                    Phase::Creating(Request::Lost { waited_s: 0 })
                }
                SecondPhase::Waiting { sn } => Phase::waiting(sn),
                // The verdict was reached by weaker rules, and may be too kind: ITSM is asked again.
                SecondPhase::Delivering { outcome } => Phase::waiting(outcome.ticket.sn),
                SecondPhase::Delivered { sn, verdict } => Phase::Delivered { sn, verdict },
                SecondPhase::Abandoned { why } => Phase::Abandoned { why },
            };
            Record::new(self.operation_id, None, phase)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::confirmation::Evidence;
    use Verdict::{Approved, Rejected, Withdrawn};

    fn ticket(sn: &str) -> Ticket {
        Ticket {
            sn: sn.into(),
            id: "1".into(),
            title: "t".into(),
            creator: "carol".into(),
            service: "2".into(),
            status: "FINISHED".into(),
            created_at: "t".into(),
            ended_at: Some("t".into()),
            updated_by: vec![],
            updated_at: "t".into(),
            ticket_url: "u".into(),
        }
    }

    fn made(sn: &str) -> CreatedTicket {
        CreatedTicket { sn: sn.into(), id: "1".into(), ticket_url: "u".into() }
    }

    fn created(sn: &str) -> Event {
        Event::Created(made(sn))
    }

    fn outcome(sn: &str, verdict: Verdict) -> Outcome {
        Outcome {
            ticket: ticket(sn),
            verdict,
            evidence: Evidence::ApprovalResult,
            decisions: vec![],
        }
    }

    fn ended(sn: &str, verdict: Verdict) -> Event {
        Event::Confirmed(Confirmation::Ended(outcome(sn, verdict)))
    }

    fn open() -> Event {
        Event::Confirmed(Confirmation::Open(ticket("A")))
    }

    fn undecidable(why: &str) -> Event {
        Event::Confirmed(Confirmation::Undecidable(ticket("A"), why.into()))
    }

    fn callback(sn: &str) -> Event {
        Event::Callback(Callback {
            sn: sn.into(),
            id: None,
            title: String::new(),
            status: "FINISHED".into(),
            approve_result: true,
            ticket_url: String::new(),
            updated_by: vec![],
            updated_at: String::new(),
            last_approvers: vec![],
        })
    }

    fn recovered(asked_s: u64, recovery: Recovery) -> Event {
        Event::Recovered(LookedUp { asked_s, recovery })
    }

    fn found(sn: &str) -> Event {
        recovered(0, Recovery::Found(made(sn)))
    }

    fn failure(origin: Origin, advice: Advice, may_have_acted: bool, code: &str) -> Failure {
        Failure {
            advice,
            may_have_acted,
            origin,
            code: Some(code.to_owned()).filter(|code| !code.is_empty()),
            message: "no luck.".into(),
            request_id: Some("r-1".into()),
        }
    }

    fn broken() -> Failure {
        failure(Origin::Transport, Advice::LookUp, true, "")
    }

    fn refused_by_itsm() -> Failure {
        failure(Origin::Itsm, Advice::LookUp, true, "3900004")
    }

    fn unreachable() -> Failure {
        failure(Origin::Transport, Advice::WaitMs(1_000), false, "")
    }

    fn proven(advice: Advice) -> Event {
        Event::NotCreated(failure(Origin::Gateway, advice, false, "16"))
    }

    /// A record between two events, whose text is what is kept of it.
    struct Tracked {
        step: Step,
        now_s: u64,
    }

    impl Tracked {
        fn since(now_s: u64, decide_by_s: Option<u64>) -> Self {
            let step = start("op1", decide_by_s, now_s).unwrap();
            Self { step, now_s }
        }

        fn waiting(decide_by_s: Option<u64>) -> Self {
            let mut tracked = Self::since(0, decide_by_s);
            assert_eq!(tracked.at(0, created("A")), "");
            tracked
        }

        /// Takes an event in, and tells the actions.
        fn at(&mut self, now_s: u64, event: Event) -> String {
            self.now_s = now_s;
            let record = Record::from_json(&self.step.record.to_json()).unwrap();
            assert_eq!(record, self.step.record);
            self.step = record.advance(event, now_s);
            actions(&self.step)
        }

        /// The host wakes in time.
        fn when_due(&mut self, event: Event) -> String {
            self.at(self.step.due_s.unwrap(), event)
        }

        /// Ticks when due, and has each lookup answered at once, up to the first that leads to something.
        fn absent(&mut self, recovery: Recovery) -> String {
            for _ in 0..20 {
                assert_eq!(self.when_due(Event::Tick), "recover");
                let actions = self.at(self.now_s, recovered(self.now_s, recovery.clone()));
                if !actions.is_empty() {
                    return actions;
                }
            }
            String::new()
        }

        fn wait_s(&self) -> u64 {
            self.step.due_s.unwrap() - self.now_s
        }
    }

    fn actions(step: &Step) -> String {
        let words = |action: &Action| match action {
            Action::Create => "create".to_owned(),
            Action::Recover => "recover".to_owned(),
            Action::Confirm(sn) => format!("confirm {sn}"),
            Action::Withdraw(sn) => format!("withdraw {sn}"),
            Action::Deliver(outcome) => {
                format!("deliver {} {}", outcome.ticket.sn, word(outcome.verdict))
            }
            Action::Report(why) => format!("report: {why}"),
        };
        let all: Vec<_> = step.actions.iter().map(words).collect();
        all.join("; ")
    }

    #[test]
    fn stories_end_with_one_delivery_whatever_came_twice_late_or_never() {
        type Story = Vec<(u64, Event, &'static str)>;
        let stories: Vec<Story> = vec![
            // The plain way.
            vec![
                (1, created("A"), ""),
                (9, callback("A"), "confirm A"),
                (9, ended("A", Approved), "deliver A approved"),
                (9, Event::Delivered, ""),
            ],
            // The callback is lost: a tick asks.
            vec![
                (1, created("A"), ""),
                (31, Event::Tick, "confirm A"),
                (31, ended("A", Rejected), "deliver A rejected"),
                (31, Event::Delivered, ""),
            ],
            // The callback comes first: its number is not asked for, the tag is.
            vec![
                (1, callback("X"), "recover"),
                (1, found("A"), "confirm A"),
                (2, created("A"), ""),
                (3, Event::Tick, "confirm A"),
            ],
            // A crash after storing the outcome: handed over again, then settled for good.
            vec![
                (1, created("A"), ""),
                (2, Event::Tick, "confirm A"),
                (2, ended("A", Approved), "deliver A approved"),
                (3, Event::Tick, "deliver A approved"),
                (4, Event::Delivered, ""),
                (5, Event::Tick, ""),
                (6, callback("A"), ""),
                (7, ended("A", Approved), ""),
            ],
            // Not ended, whatever the callback says; and a number has no case.
            vec![
                (1, created("A"), ""),
                (2, callback("a"), "confirm A"),
                (2, open(), ""),
                (3, Event::Confirmed(Confirmation::Undecided(ticket("A"))), ""),
                (4, ended("a", Verdict::Completed), "deliver a completed"),
            ],
            // The answer is lost, and the ticket appears late.
            vec![
                (5, Event::Unclear(broken()), "recover"),
                (6, recovered(5, Recovery::Absent), ""),
                (900, Event::Tick, "recover"),
                (900, found("A"), "confirm A"),
            ],
        ];
        for story in stories {
            let mut tracked = Tracked::since(0, None);
            assert_eq!(actions(&tracked.step), "create");
            for (now_s, event, expected) in story {
                assert_eq!(tracked.at(now_s, event), expected);
            }
        }
    }

    #[test]
    fn an_absence_is_final_when_it_was_asked_for_after_the_servers_limit_and_one_wait_more() {
        let absent = |asked_s| recovered(asked_s, Recovery::Absent);
        // It was sent at 30 at the latest, so 840 counted seconds end at 870. The answer may come late.
        for (asked_s, action) in [(0, ""), (869, ""), (870, "create"), (960, "create")] {
            let mut tracked = Tracked::since(0, None);
            for due_s in [30, 60, 120, 240, 480, 720, 960] {
                assert_eq!(tracked.when_due(Event::Tick), "recover");
                assert_eq!(tracked.now_s, due_s);
                let old_s = due_s.saturating_sub(100);
                assert_eq!(tracked.at(due_s, absent(old_s)), "");
            }
            assert_eq!(tracked.at(5_000, absent(asked_s)), action);
        }
        // What is asked for before the request is lost proves nothing.
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(5_000, absent(5_000)), "");
    }

    #[test]
    fn a_clock_that_jumps_makes_no_second_ticket() {
        // Forward, at any moment, by any time: it adds one wait at most, and the rest is waited for.
        for before in 0..8 {
            for jump_s in [240, 600, 86_400, u64::MAX / 2] {
                let mut tracked = Tracked::since(0, None);
                tracked.at(0, Event::Unclear(broken()));
                let mut real_s = 0;
                let mut jumped_s = 0;
                let mut actions = String::new();
                for step in 0..12 {
                    if step == before {
                        jumped_s = jump_s;
                    } else {
                        real_s = real_s.max(tracked.step.due_s.unwrap().saturating_sub(jumped_s));
                    }
                    let now_s = real_s + jumped_s;
                    tracked.at(now_s, Event::Tick);
                    actions = tracked.at(now_s, recovered(now_s, Recovery::Absent));
                    if actions == "create" {
                        break;
                    }
                }
                assert_eq!(actions, "create");
                assert!(real_s >= ABSENT_IS_FINAL_S, "{before}, {jump_s}: {real_s}");
            }
        }
        // Backward: it adds nothing, and the next tick is not put off until the clock is there again.
        let mut tracked = Tracked::since(100_000, None);
        tracked.at(100_000, Event::Unclear(broken()));
        assert_eq!(tracked.at(50, Event::Tick), "recover");
        assert_eq!(tracked.step.due_s, Some(950));
    }

    #[test]
    fn what_proves_that_there_is_no_ticket_is_tried_again_or_given_up_by_its_advice() {
        for (advice, report, wait_s) in [
            (Advice::WaitMs(1_000), "", Some(30)),
            (Advice::WaitMs(300_001), "", Some(301)),
            (Advice::WaitMs(u32::MAX), "", Some(900)),
            (
                Advice::FixCredentials,
                "report: The app code, the secret or the user's token has to be mended. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
                Some(30),
            ),
            (
                Advice::AskPermission,
                "report: The app or its user needs a permission. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
                Some(30),
            ),
            (
                Advice::SendVerifiedUser,
                "report: The server wants a proven user. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
                Some(30),
            ),
            (
                Advice::AllowHost("h:1".into()),
                "report: The component has to be allowed to reach the server. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
                Some(30),
            ),
            (
                Advice::CallOperator,
                "report: Something between the host and ITSM has to be mended. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
                Some(30),
            ),
            (
                Advice::Other("w".into()),
                "report: Somebody has to look. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
                Some(30),
            ),
            (
                Advice::FixArgument("ticket.title".into()),
                "report: ITSM made no ticket, and asking again will not help: the API gateway says 16, no luck.",
                None,
            ),
            (
                Advice::GiveUp,
                "report: ITSM made no ticket, and asking again will not help: the API gateway says 16, no luck.",
                None,
            ),
        ] {
            let mut tracked = Tracked::since(0, None);
            assert_eq!(tracked.at(7, proven(advice.clone())), report, "{advice:?}");
            assert_eq!(tracked.step.due_s.map(|due_s| due_s - 7), wait_s, "{advice:?}");
            if wait_s.is_some() {
                // Early ticks, as after a crash, do not send it again.
                assert_eq!(tracked.at(8, Event::Tick), "");
                assert_eq!(tracked.when_due(Event::Tick), "create");
                assert_eq!(tracked.at(2_000, proven(advice)), "");
                assert_eq!(tracked.when_due(Event::Tick), "create");
            }
        }
    }

    #[test]
    fn a_refusal_that_repeats_itself_is_reported_once_and_sent_ever_more_rarely() {
        let mut tracked = Tracked::since(0, None);
        let mut reports = vec![];
        let mut waits = vec![];
        for _ in 0..8 {
            reports.push(tracked.at(tracked.now_s, Event::NotCreated(unreachable())));
            waits.push(tracked.wait_s());
            assert_eq!(tracked.when_due(Event::Tick), "create");
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
        let told =
            "report: 3 times in a row creating the ticket failed, and it is tried again: no luck.";
        assert_eq!(reports, ["", "", told, "", "", "", "", ""]);
        // Another reason is another report.
        let other = tracked.at(tracked.now_s, proven(Advice::FixCredentials));
        assert!(other.starts_with("report: The app code"), "{other}");
    }

    #[test]
    fn the_same_answer_to_two_requests_that_came_to_nothing_ends_the_operation() {
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(1, Event::Unclear(refused_by_itsm())), "recover");
        assert_eq!(tracked.absent(Recovery::Absent), "create");
        assert_eq!(tracked.at(tracked.now_s, Event::Unclear(refused_by_itsm())), "recover");
        assert_eq!(
            tracked.absent(Recovery::Absent),
            "report: ITSM made no ticket, and asking again will not help: ITSM says 3900004, no luck."
        );
        assert_eq!(tracked.step.due_s, None);
        // Connections that break may do so for ever; a person hears of it once.
        let mut tracked = Tracked::since(0, None);
        let mut told = vec![];
        for _ in 0..5 {
            told.push(tracked.at(tracked.now_s, Event::Unclear(broken())));
            assert_eq!(tracked.absent(Recovery::Absent), "create");
        }
        let third = "recover; report: 3 times in a row creating the ticket failed, and it is tried again: no luck.";
        assert_eq!(told, ["recover", "recover", third, "recover", "recover"]);
        // What can't help is not sent again, and what somebody can mend is reported at once.
        let unclear = |advice| Event::Unclear(failure(Origin::Itsm, advice, true, "39"));
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(1, unclear(Advice::FixArgument("ticket".into()))), "recover");
        assert_eq!(
            tracked.absent(Recovery::Absent),
            "report: ITSM made no ticket, and asking again will not help: ITSM says 39, no luck."
        );
        let mut tracked = Tracked::since(0, None);
        let told = "recover; report: The app or its user needs a permission. Until then creating the ticket fails, and is tried again: ITSM says 39, no luck.";
        for told in [told, "recover", "recover"] {
            assert_eq!(tracked.at(tracked.now_s, unclear(Advice::AskPermission)), told);
            assert_eq!(tracked.absent(Recovery::Absent), "create");
        }
        // What is said to have done nothing, and may have acted, is looked up.
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(1, Event::NotCreated(refused_by_itsm())), "recover");
    }

    #[test]
    fn a_server_that_cannot_be_asked_by_tag_is_waited_for_and_never_leads_to_a_second_ticket() {
        let untraceable = |now_s| recovered(now_s, Recovery::Untraceable);
        // A callback before the answer, and an answer that takes longer than the first tick.
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(1, callback("A")), "recover");
        assert_eq!(tracked.at(2, untraceable(2)), "");
        assert_eq!(tracked.at(31, Event::Tick), "recover");
        assert_eq!(tracked.at(32, untraceable(31)), "");
        assert_eq!(tracked.at(50, created("A")), "");
        assert_eq!(tracked.at(50, ended("A", Approved)), "deliver A approved");
        // The answer is lost.
        let mut tracked = Tracked::since(0, None);
        tracked.at(1, Event::Unclear(broken()));
        assert_eq!(
            tracked.absent(Recovery::Untraceable),
            "report: It is unknown whether ITSM made the ticket, and this server can't be asked by tag: no luck."
        );
        assert_eq!(tracked.step.due_s, None);
    }

    #[test]
    fn an_operation_without_a_ticket_of_its_own_is_given_up_and_a_person_told() {
        let both = vec![ticket("A"), ticket("B")];
        for (recovery, report) in [
            (Recovery::Ambiguous(both.clone()), "report: One operation has several tickets: A, B."),
            (
                Recovery::Mismatched(both),
                "report: The tag of this operation is on a ticket of another creator: A, B.",
            ),
        ] {
            let mut tracked = Tracked::since(0, None);
            assert_eq!(tracked.at(1, Event::Tick), "recover");
            assert_eq!(tracked.at(1, recovered(1, recovery)), report);
            assert_eq!(tracked.step.due_s, None);
            assert_eq!(tracked.at(2, Event::Tick), "");
            assert_eq!(
                tracked.at(3, callback("A")),
                "report: A callback names A, for an operation that was given up."
            );
            assert_eq!(tracked.at(3, callback("B")), "");
            assert_eq!(
                tracked.at(4, created("C")),
                "report: The ticket C was made by an operation that had been given up."
            );
            assert_eq!(tracked.at(4, found("D")), "");
            assert_eq!(tracked.step.due_s, None);
        }
    }

    #[test]
    fn contradictions_are_reported_once_and_change_nothing() {
        let settled = || {
            let mut tracked = Tracked::waiting(None);
            tracked.at(2, ended("A", Approved));
            tracked.at(2, Event::Delivered);
            tracked
        };
        for (event, report) in [
            (created("B"), "report: One operation has two tickets: A and B."),
            (
                recovered(3, Recovery::Ambiguous(vec![ticket("A"), ticket("B")])),
                "report: One operation has several tickets: A, B.",
            ),
            // What a server says stands on one line, and steers no terminal.
            (
                recovered(3, Recovery::Ambiguous(vec![ticket("A\u{1b}[31m"), ticket("B\r\n")])),
                "report: One operation has several tickets: A [31m, B  .",
            ),
            (callback("B"), "report: A callback for the ticket A names B."),
            (
                ended("A", Withdrawn),
                "report: The ticket A was settled as approved, and ITSM now says withdrawn.",
            ),
            (
                proven(Advice::GiveUp),
                "report: The ticket A exists, and its creation was reported to have failed.",
            ),
        ] {
            let mut tracked = settled();
            let phase = tracked.step.record.phase.clone();
            assert_eq!(tracked.at(3, event.clone()), report);
            assert_eq!(tracked.at(4, event), "");
            assert_eq!(tracked.step.due_s, None);
            assert_eq!(tracked.step.record.phase, phase);
        }
    }

    #[test]
    fn what_itsm_says_of_an_own_number_that_leads_nowhere_is_reported_once_and_asked_again() {
        for (confirmation, report) in [
            (
                Confirmation::Ended(outcome("B", Approved)),
                "report: ITSM says that the ticket A has an outcome that is not its own.",
            ),
            (
                Confirmation::Ended(outcome("A", Verdict::Open)),
                "report: ITSM says that the ticket A has an outcome that is not its own.",
            ),
            (
                Confirmation::Foreign,
                "report: ITSM says that the ticket A was not made by this operation.",
            ),
            (Confirmation::Missing, "report: ITSM says that the ticket A does not exist."),
            (
                Confirmation::Ambiguous(vec![]),
                "report: ITSM says that the ticket A exists several times.",
            ),
            (
                Confirmation::Untraceable,
                "report: ITSM says that the ticket A can't be found by its tag; ask for it with confirm-own.",
            ),
        ] {
            let mut tracked = Tracked::waiting(None);
            for expected in [report, "", ""] {
                assert_eq!(tracked.when_due(Event::Tick), "confirm A");
                let answer = Event::Confirmed(confirmation.clone());
                assert_eq!(tracked.at(tracked.now_s, answer), expected);
            }
            assert_eq!(tracked.at(tracked.now_s, ended("A", Approved)), "deliver A approved");
        }
    }

    #[test]
    fn what_cannot_be_decided_is_reported_once_a_reason_asked_for_rarely_and_settles_in_the_end() {
        let mut tracked = Tracked::waiting(None);
        let mut told = vec![];
        for why in ["the log is cut", "the log is cut", "it was merged", "the log is cut"] {
            assert_eq!(tracked.when_due(Event::Tick), "confirm A");
            told.push(tracked.at(tracked.now_s, undecidable(why)));
            assert_eq!(tracked.wait_s(), 900);
        }
        let report = |why: &str| {
            format!(
                "report: The ticket A has ended, and it can't be told how: {why}. A proven user or a person has to look."
            )
        };
        assert_eq!(
            told,
            [report("the log is cut"), String::new(), report("it was merged"), String::new()]
        );
        // A proven user is configured.
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        assert_eq!(tracked.at(tracked.now_s, ended("A", Rejected)), "deliver A rejected");
    }

    #[test]
    fn questions_without_news_become_rarer_up_to_a_quarter_of_an_hour_and_nobody_can_put_them_off()
    {
        let mut tracked = Tracked::waiting(None);
        let mut waits = vec![tracked.wait_s()];
        for _ in 0..7 {
            tracked.when_due(Event::Tick);
            // Neither answers, nor crashes, nor other events change when it is due.
            let due_s = tracked.step.due_s;
            for event in [open(), callback("B"), Event::Tick] {
                tracked.at(tracked.now_s + 1, event);
            }
            tracked.now_s -= 3;
            assert_eq!(tracked.step.due_s, due_s);
            waits.push(tracked.wait_s());
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
        // A callback is news, but one after the other does not put the question off.
        let now_s = tracked.now_s;
        for later_s in [1, 2, 29, 40] {
            assert_eq!(tracked.at(now_s + later_s, callback("A")), "confirm A");
            assert_eq!(tracked.step.due_s, Some(now_s + 31));
        }
    }

    #[test]
    fn past_its_time_a_ticket_is_asked_for_once_more_and_then_taken_back() {
        let overdue = || {
            let mut tracked = Tracked::waiting(Some(100));
            assert_eq!(tracked.at(30, Event::Tick), "confirm A");
            assert_eq!(tracked.at(30, open()), "");
            assert_eq!(tracked.when_due(Event::Tick), "confirm A");
            assert_eq!(tracked.at(90, open()), "");
            // The time for the decision is when it is due, and what was asked before does not count.
            assert_eq!(tracked.step.due_s, Some(100));
            assert_eq!(tracked.at(101, open()), "");
            assert_eq!(tracked.when_due(Event::Tick), "confirm A");
            tracked
        };
        // The decision came first.
        assert_eq!(overdue().at(100, ended("A", Approved)), "deliver A approved");
        let withdrawing = || {
            let mut tracked = overdue();
            assert_eq!(tracked.at(100, open()), "withdraw A");
            // Nobody is asked to do it twice.
            assert_eq!(tracked.at(100, open()), "");
            assert_eq!(tracked.at(101, Event::Tick), "confirm A");
            assert_eq!(tracked.at(101, open()), "");
            tracked
        };
        // It worked, and the host ticks.
        let mut tracked = withdrawing();
        assert_eq!(tracked.at(102, Event::Tick), "confirm A");
        assert_eq!(tracked.at(102, ended("A", Withdrawn)), "deliver A withdrawn");
        // ITSM refused, because the decision came meanwhile.
        let mut tracked = withdrawing();
        assert_eq!(tracked.at(102, Event::NotWithdrawn(refused_by_itsm())), "confirm A");
        assert_eq!(tracked.at(102, ended("A", Rejected)), "deliver A rejected");
        // ITSM refused, and the ticket goes on.
        let mut tracked = withdrawing();
        assert_eq!(tracked.at(102, Event::NotWithdrawn(refused_by_itsm())), "confirm A");
        assert_eq!(
            tracked.at(102, open()),
            "report: The time for a decision has passed, and ITSM does not let the ticket be taken back; it goes on being awaited: ITSM says 3900004, no luck."
        );
        for _ in 0..3 {
            assert_eq!(tracked.when_due(Event::Tick), "confirm A");
            assert_eq!(tracked.at(tracked.now_s, open()), "");
            assert_eq!(tracked.at(tracked.now_s, Event::NotWithdrawn(refused_by_itsm())), "");
        }
        assert_eq!(tracked.at(tracked.now_s, ended("A", Approved)), "deliver A approved");
        // A crash interrupted it, or its answer was lost, or it can't be reached: it is ordered again,
        // rarely, and a person hears of it.
        let mut tracked = withdrawing();
        let mut told = vec![];
        for failure in [None, Some(broken()), Some(unreachable()), Some(broken()), Some(broken())] {
            if let Some(failure) = failure {
                assert_eq!(tracked.at(tracked.now_s, Event::NotWithdrawn(failure)), "confirm A");
                told.push(tracked.at(tracked.now_s, open()));
            }
            assert!(tracked.wait_s() >= 800);
            assert_eq!(tracked.when_due(Event::Tick), "confirm A");
            assert_eq!(tracked.at(tracked.now_s, open()), "withdraw A");
        }
        let third = "report: 3 times in a row taking the ticket back failed, and it is tried again: no luck.";
        assert_eq!(told, ["", "", third, ""]);
        // Somebody has to mend something first.
        let mut tracked = withdrawing();
        let failure = failure(Origin::Esb, Advice::FixCredentials, false, "1306000");
        assert_eq!(
            tracked.at(102, Event::NotWithdrawn(failure.clone())),
            "report: The app code, the secret or the user's token has to be mended. Until then taking the ticket back fails, and is tried again: the ESB says 1306000, no luck."
        );
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        assert_eq!(tracked.at(tracked.now_s, open()), "withdraw A");
        assert_eq!(tracked.at(tracked.now_s, Event::NotWithdrawn(failure)), "");
    }

    #[test]
    fn past_its_time_no_ticket_is_made_but_one_that_was_made_is_taken_back() {
        let too_late = |why: &str| {
            format!("report: The time for a decision passed before there was a ticket{why}.")
        };
        assert_eq!(
            start("op1", Some(5), 5).map(|step| step.due_s),
            Err("the time by which a decision must have come has passed".to_owned())
        );
        // Refused until then.
        let mut tracked = Tracked::since(0, Some(50));
        assert_eq!(tracked.at(20, Event::NotCreated(unreachable())), "");
        assert_eq!(tracked.step.due_s, Some(50));
        assert_eq!(tracked.when_due(Event::Tick), too_late(": no luck"));
        let mut tracked = Tracked::since(0, Some(50));
        assert_eq!(tracked.at(60, Event::NotCreated(unreachable())), too_late(": no luck"));
        // Lost until then.
        let mut tracked = Tracked::since(0, Some(50));
        assert_eq!(tracked.when_due(Event::Tick), "recover");
        assert_eq!(tracked.absent(Recovery::Absent), too_late(""));
        assert_eq!(tracked.step.due_s, None);
        let mut tracked = Tracked::since(0, Some(50));
        assert_eq!(tracked.when_due(Event::Tick), "recover");
        assert_eq!(tracked.at(60, found("A")), "confirm A");
        assert_eq!(tracked.at(60, open()), "");
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        assert_eq!(tracked.at(tracked.now_s, open()), "withdraw A");
    }

    #[test]
    fn an_unknown_event_is_reported_once_and_changes_nothing_else() {
        let waiting = Tracked::waiting(None).step;
        let told = waiting.record.clone().unchanged("a new word".into(), 5);
        assert_eq!(
            actions(&told),
            "report: Tracking was told of something that it does not know: a new word."
        );
        assert_eq!((told.due_s, &told.record.phase), (waiting.due_s, &waiting.record.phase));
        assert_eq!(actions(&told.record.unchanged("another".into(), 6)), "");
    }

    /// The text of a record in each phase. Whoever changes one has to migrate those that are stored.
    #[test]
    fn records_are_written_and_read_as_ever() {
        for (events, text) in [
            (
                vec![],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"creating":"sent"},"clock":{"stepped_s":1000,"due_s":1030,"quiet":0},"failures":{"in_a_row":0,"last":"","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![(1_005, Event::Unclear(broken())), (1_015, open())],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"creating":{"lost":{"waited_s":10}}},"clock":{"stepped_s":1015,"due_s":1035,"quiet":0},"failures":{"in_a_row":1,"last":"no luck","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![(1_005, proven(Advice::FixCredentials))],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"creating":"refused"},"clock":{"stepped_s":1005,"due_s":1035,"quiet":5},"failures":{"in_a_row":1,"last":"the API gateway says 16, no luck","hopeless":false},"reported":[{"not-created":{"mended":"credentials"}}]}"#,
            ),
            (
                vec![(1_005, created("A"))],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"waiting":{"sn":"A","withdrawal":"not-yet"}},"clock":{"stepped_s":1005,"due_s":1035,"quiet":0},"failures":{"in_a_row":0,"last":"","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![(1_005, created("A")), (9_000, Event::Tick)],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"waiting":{"sn":"A","withdrawal":"asked"}},"clock":{"stepped_s":9000,"due_s":9060,"quiet":1},"failures":{"in_a_row":0,"last":"","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![(1_005, created("A")), (9_000, Event::NotWithdrawn(broken()))],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"waiting":{"sn":"A","withdrawal":"failed"}},"clock":{"stepped_s":9000,"due_s":1035,"quiet":0},"failures":{"in_a_row":1,"last":"no luck","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![(1_005, created("A")), (9_000, Event::NotWithdrawn(refused_by_itsm()))],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"waiting":{"sn":"A","withdrawal":"denied"}},"clock":{"stepped_s":9000,"due_s":1035,"quiet":0},"failures":{"in_a_row":1,"last":"ITSM says 3900004, no luck","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![
                    (1_005, created("A")),
                    (9_000, Event::NotWithdrawn(refused_by_itsm())),
                    (9_000, open()),
                ],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"waiting":{"sn":"A","withdrawal":"impossible"}},"clock":{"stepped_s":9000,"due_s":1035,"quiet":0},"failures":{"in_a_row":1,"last":"ITSM says 3900004, no luck","hopeless":false},"reported":[{"not-withdrawn":"never"}]}"#,
            ),
            (
                vec![
                    (1_005, created("A")),
                    (1_006, undecidable("why")),
                    (1_007, ended("A", Approved)),
                ],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"delivering":{"outcome":{"ticket":{"sn":"A","id":"1","title":"t","creator":"carol","service":"2","status":"FINISHED","created_at":"t","ended_at":"t","updated_by":[],"updated_at":"t","ticket_url":"u"},"verdict":"approved","evidence":"approval-result","decisions":[]}}},"clock":{"stepped_s":1007,"due_s":1037,"quiet":0},"failures":{"in_a_row":0,"last":"","hopeless":false},"reported":[{"undecidable":"why"}]}"#,
            ),
            (
                vec![
                    (1_005, created("A")),
                    (1_007, ended("A", Approved)),
                    (1_008, Event::Delivered),
                ],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"delivered":{"sn":"A","verdict":"approved"}},"clock":{"stepped_s":0,"due_s":0,"quiet":0},"failures":{"in_a_row":0,"last":"","hopeless":false},"reported":[]}"#,
            ),
            (
                vec![(1_005, proven(Advice::GiveUp))],
                r#"{"version":3,"operation_id":"op1","decide_by_s":9000,"phase":{"abandoned":{"why":"ITSM made no ticket, and asking again will not help: the API gateway says 16, no luck."}},"clock":{"stepped_s":0,"due_s":0,"quiet":0},"failures":{"in_a_row":1,"last":"the API gateway says 16, no luck","hopeless":true},"reported":[]}"#,
            ),
        ] {
            let mut tracked = Tracked::since(1_000, Some(9_000));
            for (now_s, event) in events {
                tracked.at(now_s, event);
            }
            assert_eq!(tracked.step.record.to_json(), text);
            assert_eq!(Record::from_json(text), Ok(tracked.step.record));
        }
        let reported = r#"{"version":3,"operation_id":"op1","decide_by_s":null,"phase":{"creating":"sent"},"clock":{"stepped_s":0,"due_s":30,"quiet":0},"failures":{"in_a_row":0,"last":"","hopeless":false},"reported":[
            {"not-created":"later"},{"not-created":{"mended":"credentials"}},{"not-created":{"mended":"permission"}},{"not-created":{"mended":"user"}},
            {"not-created":{"mended":"host"}},{"not-created":{"mended":"between"}},{"not-created":{"mended":"other"}},{"not-withdrawn":"never"},
            {"undecidable":"why"},"foreign","missing","ambiguous","untraceable","no-outcome","second-ticket","creation-denied","callback","contradiction","unknown"]}"#;
        let record = Record::from_json(reported).unwrap();
        assert_eq!(record.reported.0.len(), 19);
    }

    /// The texts of version 2 are what the component of that version wrote.
    #[test]
    fn records_of_older_versions_are_migrated_and_newer_ones_refused_clearly() {
        let sent = Phase::Creating(Request::Sent);
        let lost = Phase::Creating(Request::Lost { waited_s: 0 });
        let waiting = |sn: &str| Phase::waiting(sn.to_owned());
        let sn = "REQ20261124000052";
        for (text, phase) in [
            (r#"{"version":1,"operation_id":"op1","creating":0}"#, sent.clone()),
            (r#"{"version":1,"operation_id":"op1","waiting":"A"}"#, waiting("A")),
            (
                r#"{"version":2,"operation_id":"op1","phase":{"creating":{"sent_s":1000,"unclear":false}},"quiet":0}"#,
                sent,
            ),
            (
                r#"{"version":2,"operation_id":"op1","phase":{"creating":{"sent_s":1005,"unclear":true}},"quiet":0}"#,
                lost,
            ),
            (
                r#"{"version":2,"operation_id":"op1","phase":{"waiting":{"sn":"REQ20261124000052"}},"quiet":1}"#,
                waiting(sn),
            ),
            // What was approved by weaker rules is never handed over on that word.
            (
                r#"{"version":2,"operation_id":"op1","phase":{"delivering":{"outcome":{"ticket":{"sn":"REQ20261124000052","id":49,"title":"Deploy","creator":"carol","service_id":2,"status":"FINISHED","created_at":"2026-11-24 07:26:12","ended_at":"2026-11-24 07:35:37","updated_by":["admin"],"updated_at":"2026-11-24 07:35:37","ticket_url":"https://itsm.example.com/#/ticket/49/"},"verdict":"approved","evidence":"ApprovalResult"}}},"quiet":0}"#,
                waiting(sn),
            ),
            (
                r#"{"version":2,"operation_id":"op1","phase":{"delivering":{"outcome":{"ticket":{"sn":"REQ20261124000052","id":49,"title":"Deploy","creator":"carol","service_id":2,"status":"FINISHED","created_at":"2026-11-24 07:26:12","ended_at":"2026-11-24 07:35:37","updated_by":["admin"],"updated_at":"2026-11-24 07:35:37","ticket_url":"https://itsm.example.com/#/ticket/49/"},"verdict":"rejected","evidence":"Logs"}}},"quiet":0}"#,
                waiting(sn),
            ),
            (
                r#"{"version":2,"operation_id":"op1","phase":{"delivered":{"sn":"REQ20261124000052","verdict":"approved"}},"quiet":0}"#,
                Phase::Delivered { sn: sn.to_owned(), verdict: Approved },
            ),
            (
                r#"{"version":2,"operation_id":"op1","phase":{"abandoned":{"why":"ITSM made no ticket"}},"quiet":0}"#,
                Phase::Abandoned { why: "ITSM made no ticket".to_owned() },
            ),
        ] {
            let record = Record::from_json(text).unwrap();
            assert_eq!(record, Record::new("op1".to_owned(), None, phase.clone()), "{text}");
            // Stored as this version's, and asked for at once.
            let step = record.advance(Event::Tick, 100_000);
            assert_eq!(Record::from_json(&step.record.to_json()), Ok(step.record.clone()));
            let expected = match phase {
                Phase::Creating(_) => "recover".to_owned(),
                Phase::Waiting { sn, .. } => format!("confirm {sn}"),
                _ => String::new(),
            };
            assert_eq!(actions(&step), expected);
        }
        let newer = Record::from_json(r#"{"version":4,"what":"ever"}"#);
        assert_eq!(
            newer,
            Err("the record has version 4, and this component knows only up to 3: use the newer component".to_owned())
        );
        for junk in [
            "",
            "{}",
            "[]",
            r#"{"version":2}"#,
            r#"{"version":3}"#,
            r#"{"version":2,"operation_id":"a","phase":"x","quiet":0}"#,
            r#"{"version":-1}"#,
        ] {
            let why = Record::from_json(junk).unwrap_err();
            assert_eq!(why, "the record is not one that tracking wrote");
        }
    }
}
