//! What a person is told, and what of it was told already.

use super::{Action, Event, LookedUp, is_same_sn};
use crate::domain::confirmation::{Confirmation, Recovery};
use crate::domain::failure::{Advice, Failure, Origin};
use crate::domain::message::{redacted, redacted_within};
use crate::domain::ticket::Ticket;
use crate::domain::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// A failure that can pass by itself is reported when it came so often in a row.
const REPORTED_FAILURES: u32 = 3;

/// The calls that failed in a row: those to create the ticket, then those to take it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failures {
    pub(super) in_a_row: u32,
    /// What was said of the last one.
    last: String,
    /// Whether the next one would fail as the last one did.
    pub(super) hopeless: bool,
}

/// What a person was told already, in the reasons' order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Reported(Vec<Reason>);

/// Why a person is told. None holds a text that a stranger chooses: the record would grow with each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reason {
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
pub(super) enum Outlook {
    /// It can succeed a while later.
    Later,
    /// It can succeed when somebody has fixed something.
    #[serde(rename = "mended")]
    Fixed(Remedy),
    /// It will fail again.
    Never,
}

/// What has to be fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Remedy {
    Credentials,
    Permission,
    User,
    Host,
    Between,
    Other,
}

impl Failures {
    pub(super) fn add(&mut self, failure: &Failure) {
        let said = words(failure);
        let answered = matches!(failure.origin, Origin::Gateway | Origin::Esb | Origin::Itsm);
        self.hopeless = match failure.advice {
            Advice::FixArgument(_) | Advice::GiveUp => true,
            Advice::LookUp | Advice::WaitMs(_) => answered && said == self.last,
            // Somebody can fix it.
            _ => false,
        };
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last = said;
    }

    /// A sentence, with what was said of the last failure.
    pub(super) fn explain(&self, what: &str) -> String {
        match self.last.as_str() {
            "" => format!("{what}."),
            last => format!("{what}: {last}."),
        }
    }
}

impl Reported {
    pub(super) fn once(&mut self, reason: Reason, why: String) -> Vec<Action> {
        match self.0.binary_search(&reason) {
            Ok(_) => vec![],
            Err(place) => {
                self.0.insert(place, reason);
                vec![report(&why)]
            }
        }
    }

    /// What a failed call means, if it is worth a word.
    pub(super) fn failed(
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
            Outlook::Fixed(remedy) => {
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

    pub(super) fn undecidable(&mut self, sn: &str, why: String) -> Vec<Action> {
        let words = format!(
            "The ticket {sn} has ended, and it can't be told how: {why}. \
             A verified user or a person has to look."
        );
        self.once(Reason::Undecidable(why), words)
    }

    /// What ITSM says of the own ticket that leads nowhere.
    pub(super) fn unexpected(&mut self, sn: &str, confirmation: &Confirmation) -> Vec<Action> {
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
    pub(super) fn contradiction(
        &mut self,
        sn: &str,
        verdict: Option<Verdict>,
        event: &Event,
    ) -> Vec<Action> {
        let (reason, why) = match event {
            Event::Created(ticket)
            | Event::Recovered(LookedUp { recovery: Recovery::Found(ticket), .. })
                if !is_same_sn(&ticket.sn, sn) =>
            {
                (
                    Reason::SecondTicket,
                    format!("One operation has two tickets: {sn} and {}.", ticket.sn),
                )
            }
            Event::Recovered(LookedUp { recovery: Recovery::Ambiguous(tickets), .. }) => {
                (Reason::SecondTicket, several(tickets))
            }
            Event::Callback(callback) if !is_same_sn(&callback.sn, sn) => {
                (Reason::Callback, format!("A callback for the ticket {sn} names {}.", callback.sn))
            }
            Event::NotCreated(_) => (
                Reason::CreationDenied,
                format!("The ticket {sn} exists, and its creation was reported to have failed."),
            ),
            Event::Confirmed(Confirmation::Ended(outcome))
                if is_same_sn(&outcome.ticket.sn, sn) =>
            {
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
    pub(super) fn of(failure: &Failure) -> Self {
        match failure.advice {
            Advice::WaitMs(_) => Self::Later,
            // ITSM's own answer, but not a clear one. The other servers' is that they do not know.
            Advice::LookUp if failure.origin != Origin::Itsm => Self::Later,
            Advice::LookUp | Advice::FixArgument(_) | Advice::GiveUp => Self::Never,
            Advice::FixCredentials => Self::Fixed(Remedy::Credentials),
            Advice::AskPermission => Self::Fixed(Remedy::Permission),
            Advice::SendVerifiedUser => Self::Fixed(Remedy::User),
            Advice::AllowHost(_) => Self::Fixed(Remedy::Host),
            Advice::CallOperator => Self::Fixed(Remedy::Between),
            Advice::Other(_) => Self::Fixed(Remedy::Other),
        }
    }
}

impl Remedy {
    fn sentence(self) -> &'static str {
        match self {
            Self::Credentials => "The app code, the secret or the user's token has to be fixed",
            Self::Permission => "The app or its user needs a permission",
            Self::User => "The server wants a verified user",
            Self::Host => "The component has to be allowed to reach the server",
            Self::Between => "Something between the host and ITSM has to be fixed",
            Self::Other => "Somebody has to look",
        }
    }
}

/// Numbers and words of a server stand in it too.
pub(super) fn report(why: &str) -> Action {
    const MAX_BYTES: usize = 1_024;
    Action::Report(redacted_within(why, &[], MAX_BYTES))
}

pub(super) fn several(tickets: &[Ticket]) -> String {
    format!("One operation has several tickets: {}.", sns(tickets))
}

pub(super) fn sns(tickets: &[Ticket]) -> String {
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

pub(super) fn word(verdict: Verdict) -> &'static str {
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
