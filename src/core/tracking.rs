//! The state of one awaited ticket, and what an event does to it.
//!
//! Pure: (record, event, now) → (record, actions). The host stores the record before it acts, and a
//! tick issues again what a crash may have interrupted.

use super::callback::Callback;
use super::operation_id;
use super::ticket::{Confirmation, CreatedTicket, Outcome, Recovery};
use super::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// A request to create can still be carried out this long after it was sent: the server's own limit.
/// Before that, a ticket that can't be found may yet appear.
pub const ABSENT_IS_FINAL_S: u64 = 600;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `create` answered with a ticket.
    Created(CreatedTicket),
    /// `create` failed, and ITSM proved to have done nothing.
    NotCreated,
    /// `create` failed, and ITSM may have acted.
    Unclear,
    /// `recover` answered. The time that goes with it is when it was called.
    Recovered(Recovery),
    /// A callback came whose binding holds for this operation.
    Callback(Callback),
    /// `confirm` answered.
    Confirmed(Confirmation),
    /// The outcome was handed over.
    Delivered,
    /// Time passed, or the host started again.
    Tick,
}

/// What the host is to do, after it has stored the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create the ticket.
    Create,
    /// Look the operation up.
    Recover,
    /// Ask ITSM about this ticket.
    Confirm(String),
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
    phase: Phase,
    /// How often in a row there was nothing new: the next question waits the longer.
    quiet: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Phase {
    /// A request to create was sent at this time at the latest. `unclear` is false until it is known
    /// that its answer can't be waited for.
    Creating { sent_s: u64, unclear: bool },
    /// The ticket is known; its end is not.
    Waiting { sn: String },
    /// ITSM confirmed the end; the outcome may not have been handed over yet.
    Delivering { outcome: Box<Outcome> },
    /// The outcome was handed over. Nothing changes this.
    Delivered { sn: String, verdict: Verdict },
    /// There is no ticket, or none that can be told to be ours. A person was told.
    Abandoned { why: String },
}

const VERSION: u32 = 2;
const FIRST_WAIT_S: u64 = 30;
const LONGEST_WAIT_S: u64 = 900;

/// Begins to await a ticket: stores first, then creates.
pub fn start(operation_id: &str, now_s: u64) -> Result<Step, String> {
    if !operation_id::is_valid(operation_id) {
        return Err("the operation id is not 1 to 32 lower-case letters and digits".to_owned());
    }
    let record = Record {
        version: VERSION,
        operation_id: operation_id.to_owned(),
        phase: Phase::sending(now_s),
        quiet: 0,
    };
    Ok(record.with(vec![Action::Create], now_s))
}

impl Phase {
    fn sending(now_s: u64) -> Self {
        Self::Creating {
            sent_s: now_s,
            unclear: false,
        }
    }
}

impl Record {
    /// Reads a record, also one that an older version wrote.
    pub fn read(json: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let unreadable = |_| "the record is not one that tracking wrote".to_owned();
        let Versioned { version } = serde_json::from_str(json).map_err(unreadable)?;
        match version {
            1 => {
                let first: first_version::Record =
                    serde_json::from_str(json).map_err(unreadable)?;
                Ok(first.migrate())
            }
            VERSION => serde_json::from_str(json).map_err(unreadable),
            newer => Err(format!(
                "the record has version {newer}, and this component knows only up to {VERSION}: use the newer component"
            )),
        }
    }

    /// The record as JSON text.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What an event does.
    pub fn advance(mut self, event: Event, now_s: u64) -> Step {
        let actions = match &self.phase {
            Phase::Creating { sent_s, unclear } => {
                let (sent_s, unclear) = (*sent_s, *unclear);
                self.while_creating(sent_s, unclear, event, now_s)
            }
            Phase::Waiting { sn } => {
                let sn = sn.clone();
                self.while_waiting(sn, event)
            }
            Phase::Delivering { outcome } => {
                let outcome = outcome.clone();
                self.while_delivering(outcome, event)
            }
            Phase::Delivered { sn, verdict } => contradictions(sn, Some(*verdict), &event),
            Phase::Abandoned { .. } => self.while_abandoned(event),
        };
        self.with(actions, now_s)
    }

    /// For an event that this version does not know: a person has to.
    pub fn unchanged(self, words: String, now_s: u64) -> Step {
        self.with(vec![Action::Report(words)], now_s)
    }

    fn while_creating(
        &mut self,
        sent_s: u64,
        unclear: bool,
        event: Event,
        now_s: u64,
    ) -> Vec<Action> {
        match event {
            Event::Created(ticket) => {
                self.wait_for(ticket.sn);
                Vec::new()
            }
            // It may have ended meanwhile, and its callback may have been the news.
            Event::Recovered(Recovery::Found(ticket)) => {
                self.wait_for(ticket.sn.clone());
                vec![Action::Confirm(ticket.sn)]
            }
            Event::NotCreated => self.abandon("ITSM made no ticket".to_owned()),
            // A callback before the answer: the operation's ticket is looked up by its tag. The number
            // in the callback is somebody's word.
            Event::Unclear | Event::Callback(_) | Event::Tick => {
                if !unclear {
                    // The host may have slept between storing the record and sending: the request
                    // left at any time until now.
                    self.phase = Phase::Creating {
                        sent_s: now_s,
                        unclear: true,
                    };
                }
                vec![Action::Recover]
            }
            Event::Recovered(Recovery::Absent)
                if unclear && now_s >= sent_s.saturating_add(ABSENT_IS_FINAL_S) =>
            {
                self.phase = Phase::sending(now_s);
                self.quiet = 0;
                vec![Action::Create]
            }
            Event::Recovered(Recovery::Absent) => {
                self.quiet += 1;
                Vec::new()
            }
            Event::Recovered(Recovery::Several(tickets)) => self.abandon(format!(
                "one operation has several tickets: {}",
                sns(&tickets)
            )),
            Event::Recovered(Recovery::Another(tickets)) => self.abandon(format!(
                "the operation's tag is on another's ticket: {}",
                sns(&tickets)
            )),
            Event::Recovered(Recovery::TagsIgnored) => self.abandon(
                "it is unknown whether ITSM made the ticket, and this server can't be asked by tag"
                    .to_owned(),
            ),
            Event::Confirmed(_) | Event::Delivered => Vec::new(),
        }
    }

    fn while_waiting(&mut self, sn: String, event: Event) -> Vec<Action> {
        match event {
            Event::Callback(callback) if callback.sn == sn => vec![Action::Confirm(sn)],
            Event::Tick => vec![Action::Confirm(sn)],
            Event::Confirmed(Confirmation::Ended(outcome))
                if outcome.ticket.sn == sn && outcome.verdict != Verdict::Open =>
            {
                self.quiet = 0;
                let outcome = Box::new(outcome);
                self.phase = Phase::Delivering {
                    outcome: outcome.clone(),
                };
                vec![Action::Deliver(outcome)]
            }
            Event::Confirmed(Confirmation::Open(_) | Confirmation::Undecided(_)) => {
                self.quiet += 1;
                Vec::new()
            }
            Event::Confirmed(other) => {
                self.quiet += 1;
                let what = match other {
                    Confirmation::Foreign => "was not made by this operation",
                    Confirmation::Missing => "does not exist",
                    Confirmation::Ambiguous(_) => "exists several times",
                    Confirmation::TagsIgnored => {
                        "can't be told to be ours: the server ignores tags"
                    }
                    _ => "was answered with another ticket's outcome",
                };
                vec![Action::Report(format!("ITSM says that {sn} {what}"))]
            }
            other => contradictions(&sn, None, &other),
        }
    }

    fn while_delivering(&mut self, outcome: Box<Outcome>, event: Event) -> Vec<Action> {
        match event {
            Event::Delivered => {
                self.phase = Phase::Delivered {
                    sn: outcome.ticket.sn,
                    verdict: outcome.verdict,
                };
                Vec::new()
            }
            Event::Tick => vec![Action::Deliver(outcome)],
            other => contradictions(&outcome.ticket.sn, Some(outcome.verdict), &other),
        }
    }

    fn while_abandoned(&self, event: Event) -> Vec<Action> {
        match event {
            Event::Created(ticket) | Event::Recovered(Recovery::Found(ticket)) => {
                vec![Action::Report(format!(
                    "{} was made by an operation that was given up",
                    ticket.sn
                ))]
            }
            Event::Callback(callback) => vec![Action::Report(format!(
                "a callback names {}, for an operation that was given up",
                callback.sn
            ))],
            _ => Vec::new(),
        }
    }

    fn wait_for(&mut self, sn: String) {
        self.quiet = 0;
        self.phase = Phase::Waiting { sn };
    }

    fn abandon(&mut self, why: String) -> Vec<Action> {
        self.phase = Phase::Abandoned { why: why.clone() };
        vec![Action::Report(why)]
    }

    fn with(self, actions: Vec<Action>, now_s: u64) -> Step {
        let wait = (FIRST_WAIT_S << self.quiet.min(8)).min(LONGEST_WAIT_S);
        let due_s = match &self.phase {
            Phase::Creating { .. } | Phase::Waiting { .. } | Phase::Delivering { .. } => {
                Some(now_s.saturating_add(wait))
            }
            Phase::Delivered { .. } | Phase::Abandoned { .. } => None,
        };
        Step {
            record: self,
            actions,
            due_s,
        }
    }
}

/// Records as the first version wrote them. It neither counted quiet questions, nor told a request
/// that was about to be sent from one whose answer was lost.
mod first_version {
    use super::{Phase, VERSION};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Record {
        operation_id: String,
        #[serde(flatten)]
        state: State,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum State {
        Creating(u64),
        Waiting(String),
    }

    impl Record {
        pub fn migrate(self) -> super::Record {
            super::Record {
                version: VERSION,
                operation_id: self.operation_id,
                phase: match self.state {
                    State::Creating(sent_s) => Phase::Creating {
                        sent_s,
                        unclear: false,
                    },
                    State::Waiting(sn) => Phase::Waiting { sn },
                },
                quiet: 0,
            }
        }
    }
}

/// What an event says against what is settled. It changes nothing, but a person has to know.
fn contradictions(sn: &str, verdict: Option<Verdict>, event: &Event) -> Vec<Action> {
    let why = match event {
        Event::Created(ticket) | Event::Recovered(Recovery::Found(ticket)) if ticket.sn != sn => {
            format!("one operation has two tickets: {sn} and {}", ticket.sn)
        }
        Event::Recovered(Recovery::Several(tickets)) => {
            format!("one operation has several tickets: {}", sns(tickets))
        }
        Event::Callback(callback) if callback.sn != sn => {
            format!("a callback for {sn} names {}", callback.sn)
        }
        Event::Confirmed(Confirmation::Ended(outcome))
            if verdict.is_some_and(|settled| settled != outcome.verdict) =>
        {
            format!("{sn} was settled, and ITSM now says {:?}", outcome.verdict)
        }
        Event::NotCreated => format!("{sn} exists, and its creation was reported to have failed"),
        _ => return Vec::new(),
    };
    vec![Action::Report(why)]
}

fn sns<'a>(tickets: impl IntoIterator<Item = &'a super::ticket::Ticket>) -> String {
    let sns: Vec<_> = tickets
        .into_iter()
        .take(5)
        .map(|ticket| ticket.sn.as_str())
        .collect();
    sns.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ticket::{Evidence, Ticket};

    fn ticket(sn: &str) -> Ticket {
        Ticket {
            sn: sn.into(),
            id: 1,
            title: "t".into(),
            creator: "carol".into(),
            service_id: 2,
            status: "FINISHED".into(),
            created_at: "t".into(),
            ended_at: Some("t".into()),
            updated_by: vec![],
            updated_at: "t".into(),
            ticket_url: "u".into(),
        }
    }

    fn created(sn: &str) -> CreatedTicket {
        CreatedTicket {
            sn: sn.into(),
            id: 1,
            ticket_url: "u".into(),
        }
    }

    fn outcome(sn: &str, verdict: Verdict) -> Outcome {
        Outcome {
            ticket: ticket(sn),
            verdict,
            evidence: Evidence::ApprovalResult,
        }
    }

    fn ended(sn: &str, verdict: Verdict) -> Event {
        Event::Confirmed(Confirmation::Ended(outcome(sn, verdict)))
    }

    fn callback(sn: &str) -> Event {
        Event::Callback(Callback {
            sn: sn.into(),
            title: String::new(),
            status: "FINISHED".into(),
            approve_result: true,
            ticket_url: String::new(),
            updated_by: vec![],
            updated_at: String::new(),
            last_approvers: vec![],
        })
    }

    /// Plays events at their times, through the record's JSON text, and tells each step's actions.
    fn play(events: Vec<(u64, Event)>) -> (Vec<String>, Step) {
        let mut step = start("op1", 0).unwrap();
        let mut told = vec![words(&step.actions)];
        for (now_s, event) in events {
            let record = Record::read(&step.record.write()).unwrap();
            assert_eq!(record, step.record);
            step = record.advance(event, now_s);
            told.push(words(&step.actions));
        }
        (told, step)
    }

    fn words(actions: &[Action]) -> String {
        let word = |action: &Action| match action {
            Action::Create => "create".to_owned(),
            Action::Recover => "recover".to_owned(),
            Action::Confirm(sn) => format!("confirm {sn}"),
            Action::Deliver(outcome) => {
                format!("deliver {} {:?}", outcome.ticket.sn, outcome.verdict)
            }
            Action::Report(why) => format!("report: {why}"),
        };
        actions.iter().map(word).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn stories_end_with_one_delivery_whatever_came_twice_late_or_never() {
        use Verdict::{Approved, Rejected};
        let found = || Event::Recovered(Recovery::Found(created("A")));
        let absent = || Event::Recovered(Recovery::Absent);
        for (events, told) in [
            // The plain way.
            (
                vec![
                    (1, Event::Created(created("A"))),
                    (9, callback("A")),
                    (9, ended("A", Approved)),
                    (9, Event::Delivered),
                ],
                vec!["create", "", "confirm A", "deliver A Approved", ""],
            ),
            // The callback is lost: a tick asks.
            (
                vec![
                    (1, Event::Created(created("A"))),
                    (31, Event::Tick),
                    (31, ended("A", Rejected)),
                    (31, Event::Delivered),
                ],
                vec!["create", "", "confirm A", "deliver A Rejected", ""],
            ),
            // The callback comes first: its number is not asked for, the tag is.
            (
                vec![
                    (1, callback("X")),
                    (1, found()),
                    (2, Event::Created(created("A"))),
                    (3, Event::Tick),
                ],
                vec!["create", "recover", "confirm A", "", "confirm A"],
            ),
            // A crash after storing the outcome: handed over again, then settled for good.
            (
                vec![
                    (1, Event::Created(created("A"))),
                    (2, Event::Tick),
                    (2, ended("A", Approved)),
                    (3, Event::Tick),
                    (4, Event::Delivered),
                    (5, Event::Tick),
                    (6, callback("A")),
                    (7, ended("A", Approved)),
                ],
                vec![
                    "create",
                    "",
                    "confirm A",
                    "deliver A Approved",
                    "deliver A Approved",
                    "",
                    "",
                    "",
                    "",
                ],
            ),
            // The answer is lost and the ticket appears late.
            (
                vec![
                    (5, Event::Unclear),
                    (6, absent()),
                    (604, Event::Tick),
                    (604, absent()),
                    (604, Event::Tick),
                    (604, found()),
                ],
                vec![
                    "create",
                    "recover",
                    "",
                    "recover",
                    "",
                    "recover",
                    "confirm A",
                ],
            ),
            // Absent is final only 600 s after the request can have been sent.
            (
                vec![
                    (5, Event::Unclear),
                    (604, absent()),
                    (605, absent()),
                    (606, Event::Created(created("A"))),
                ],
                vec!["create", "recover", "", "create", ""],
            ),
            // The host slept before it sent: the count begins when it woke.
            (
                vec![
                    (900, Event::Tick),
                    (900, absent()),
                    (1_499, absent()),
                    (1_500, absent()),
                ],
                vec!["create", "recover", "", "", "create"],
            ),
            // Not ended, whatever the callback says.
            (
                vec![
                    (1, Event::Created(created("A"))),
                    (2, callback("A")),
                    (2, Event::Confirmed(Confirmation::Open(ticket("A")))),
                    (3, Event::Confirmed(Confirmation::Undecided(ticket("A")))),
                ],
                vec!["create", "", "confirm A", "", ""],
            ),
        ] {
            assert_eq!(play(events).0, told);
        }
    }

    #[test]
    fn contradictions_are_reported_and_change_nothing() {
        use Verdict::{Approved, Withdrawn};
        let settled = || {
            vec![
                (1, Event::Created(created("A"))),
                (2, Event::Tick),
                (2, ended("A", Approved)),
                (2, Event::Delivered),
            ]
        };
        for (event, report) in [
            (
                Event::Created(created("B")),
                "report: one operation has two tickets: A and B",
            ),
            (
                Event::Recovered(Recovery::Several(vec![ticket("A"), ticket("B")])),
                "report: one operation has several tickets: A, B",
            ),
            (callback("B"), "report: a callback for A names B"),
            (
                ended("A", Withdrawn),
                "report: A was settled, and ITSM now says Withdrawn",
            ),
            (
                Event::NotCreated,
                "report: A exists, and its creation was reported to have failed",
            ),
        ] {
            let mut events = settled();
            events.push((3, event));
            let (told, step) = play(events);
            assert_eq!(told.last().map(String::as_str), Some(report));
            assert_eq!(step.due_s, None);
            assert_eq!(step.record, play(settled()).1.record);
        }
        let waiting = || vec![(1, Event::Created(created("A")))];
        for (event, report) in [
            (callback("B"), "report: a callback for A names B"),
            (
                ended("B", Approved),
                "report: ITSM says that A was answered with another ticket's outcome",
            ),
            (
                Event::Confirmed(Confirmation::Foreign),
                "report: ITSM says that A was not made by this operation",
            ),
            (
                Event::Confirmed(Confirmation::Missing),
                "report: ITSM says that A does not exist",
            ),
            (
                Event::Confirmed(Confirmation::Ambiguous(vec![])),
                "report: ITSM says that A exists several times",
            ),
        ] {
            let mut events = waiting();
            events.push((3, event));
            assert_eq!(play(events).0.last().map(String::as_str), Some(report));
        }
    }

    #[test]
    fn an_operation_without_a_ticket_of_its_own_is_given_up_and_a_person_told() {
        for (event, report) in [
            (Event::NotCreated, "report: ITSM made no ticket"),
            (
                Event::Recovered(Recovery::Several(vec![ticket("A"), ticket("B")])),
                "report: one operation has several tickets: A, B",
            ),
            (
                Event::Recovered(Recovery::Another(vec![ticket("B")])),
                "report: the operation's tag is on another's ticket: B",
            ),
            (
                Event::Recovered(Recovery::TagsIgnored),
                "report: it is unknown whether ITSM made the ticket, and this server can't be asked by tag",
            ),
        ] {
            let (told, step) = play(vec![(1, event), (2, Event::Tick), (3, callback("A"))]);
            assert_eq!(
                told[1..],
                [
                    report,
                    "",
                    "report: a callback names A, for an operation that was given up"
                ]
            );
            assert_eq!(step.due_s, None);
        }
    }

    #[test]
    fn questions_without_news_become_rarer_up_to_a_quarter_of_an_hour() {
        let mut step = start("op1", 0)
            .unwrap()
            .record
            .advance(Event::Created(created("A")), 0);
        let mut waits = vec![step.due_s.unwrap()];
        for _ in 0..7 {
            step = step
                .record
                .advance(Event::Confirmed(Confirmation::Open(ticket("A"))), 0);
            waits.push(step.due_s.unwrap());
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn records_of_older_versions_are_migrated_and_newer_ones_refused_clearly() {
        let waiting = Record::read(r#"{"version":1,"operation_id":"op1","waiting":"A"}"#).unwrap();
        assert_eq!(
            waiting,
            play(vec![(1, Event::Created(created("A")))]).1.record
        );
        let creating = Record::read(r#"{"version":1,"operation_id":"op1","creating":0}"#).unwrap();
        assert_eq!(creating, start("op1", 0).unwrap().record);
        let newer = Record::read(r#"{"version":3,"what":"ever"}"#).unwrap_err();
        assert!(newer.contains("version 3"), "{newer}");
        for junk in [
            "",
            "{}",
            "[]",
            r#"{"version":2}"#,
            r#"{"version":2,"operation_id":"a","phase":"x","quiet":0}"#,
            r#"{"version":-1}"#,
        ] {
            let why = Record::read(junk).unwrap_err();
            assert_eq!(why, "the record is not one that tracking wrote");
        }
    }
}
