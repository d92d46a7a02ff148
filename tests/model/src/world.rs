//! What there is: the host's records and memory, ITSM's tickets, and what is on its way between them.

use blueking_itsm::domain::callback::Callback;
use blueking_itsm::domain::confirmation::{Confirmation, Outcome, Recovery};
use blueking_itsm::domain::failure::{Advice, Failure, Origin};
use blueking_itsm::domain::ticket::{CreatedTicket, Ticket};
use blueking_itsm::domain::tracking::{self, Action, Event, LookedUp, Record, Step};
use blueking_itsm::domain::verdict::{Evidence, Verdict};
use std::collections::BTreeSet;

/// How far the host's clock jumps.
const JUMP_S: u64 = 5_000;

/// What is wrong with the host, to see that the properties find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Nothing.
    None,
    /// It hands an outcome over, and stores the record afterwards.
    DeliverBeforeStoring,
    /// It asks ITSM for the number in a callback while it does not know its own.
    AskForeignSn,
    /// It takes the first "absent" for final, and creates again.
    CreateTwice,
    /// It takes an absence to be as fresh as the answer that tells of it.
    AgeAbsence,
    /// It takes what a callback claims for what ITSM confirmed.
    TrustCallbacks,
    /// It ticks a record while it is handing the outcome over.
    TickWhileDelivering,
    /// It takes a ticket for another's because its title is another.
    CompareTitles,
    /// When its clock has jumped, it makes up for each tick that it seems to have missed.
    CatchUp,
    /// It repeats a request that was refused, and does not ask tracking first.
    CreateAtOnce,
    /// It leaves a failed request to the next tick, and does not tell tracking of it.
    ForgetFailures,
    /// It takes an ending that nobody can read for an approval.
    ReadKindly,
    /// It takes an ending that nobody can read for the end, and no longer ticks.
    StopAsking,
    /// It does not store a record when there is nothing to do but to tell a person.
    SkipStoring,
    /// It takes a ticket back when its own clock says so, and does not ask ITSM first.
    WithdrawUnasked,
    /// It repeats a withdrawal that ITSM refused, and does not ask tracking first.
    WithdrawAgain,
    /// It takes its own withdrawal for the outcome.
    InventVerdict,
    /// It takes a server that can't be asked by tag for one that has no ticket.
    TakeUntraceableForAbsent,
    /// Its tag is the operation id, which anybody can read.
    PublicTag,
}

/// How large the world is, and what goes wrong in it.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Operations that go on side by side.
    pub operations: u8,
    /// The instants there are, in seconds.
    pub times: &'static [u64],
    /// How often the host crashes.
    pub crashes: u8,
    /// How many answers are lost, or calls do not leave.
    pub losses: u8,
    /// How many callbacks come once more.
    pub duplicates: u8,
    /// How many callbacks somebody makes up.
    pub forgeries: u8,
    /// How many tickets change without ending: the server rewrites a title, people edit a field.
    pub edits: u8,
    /// How many tickets somebody makes who read an operation's header: under its public id, with a
    /// callback to its host.
    pub thefts: u8,
    /// How often the host's clock jumps forward.
    pub jumps: u8,
    /// How many tickets end so that this user can't read how, until a verified user is configured.
    pub unreadable: u8,
    /// How many seconds the host's calls can last. With 0 no time passes while one is under way.
    pub longest_call_s: u64,
    /// Whether people choose how a ticket ends, or each ticket has its own end.
    pub any_end: bool,
    /// Whether the host ticks in time, unless it crashes.
    pub prompt: bool,
    /// What each request to create comes to, if ITSM makes no ticket at all.
    pub refuses: Option<Trouble>,
    /// Whether the server stores tags and finds tickets by them.
    pub traceable: bool,
    /// The time by which a decision must have come, by the host's clock. Until somebody has handled the
    /// ticket's first node, ITSM lets it be taken back.
    pub decide_by_s: Option<u64>,
}

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    /// How large it is.
    pub bounds: Bounds,
    /// What is wrong with its host.
    pub bug: Bug,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// It can't leave.
    Unreachable,
    /// Its answer is lost.
    Broken,
    /// The gateway has too much to do.
    Busy,
    /// The gateway does not know the app.
    Credentials,
    /// ITSM says no, in words that it also has for what it did half.
    Refused,
}

/// A ticket's number: whose operation's it is, and the how many-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sn {
    /// The operation.
    pub operation: u8,
    /// Counted from 0.
    pub nth: u8,
}

/// The `nth` of the ticket that a thief made under an operation's id.
const STOLEN: u8 = 8;
/// A number that ITSM never gave.
pub const UNKNOWN: Sn = Sn { operation: 25, nth: 9 };

/// How a ticket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// People said yes.
    Approved,
    /// People said no.
    Rejected,
    /// The host took it back.
    Withdrawn,
}

/// An ending as ITSM tells of it, and so also what is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ended {
    /// The ticket.
    pub sn: Sn,
    /// How it ended.
    pub end: End,
    /// Whether the ticket was edited: the same ending, told in other words.
    pub edited: bool,
}

/// An action that the host has yet to carry out; it lives in memory only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Todo {
    /// Call create.
    Create,
    /// Call recover.
    Recover,
    /// Call confirm-own.
    Confirm(Sn),
    /// Call withdraw.
    Withdraw(Sn),
    /// Hand over.
    Deliver(Ended),
}

/// What came of an action, and has yet to reach the record; it lives in memory only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// create answered.
    Created(Sn),
    /// create failed.
    NotCreated(Trouble),
    /// recover found one ticket.
    Found(Sn),
    /// recover found none.
    Absent {
        /// When it was called, by the host's clock.
        asked_s: u64,
    },
    /// recover can't find tickets by tag.
    Untraceable {
        /// When it was called, by the host's clock.
        asked_s: u64,
    },
    /// recover found several.
    Several,
    /// recover found one that does not look like the operation's.
    Mismatched,
    /// confirm: the ticket is open.
    Open(Sn),
    /// confirm: the ticket has ended.
    Ended(Ended),
    /// confirm: the ticket has ended, and this user can't read how.
    Undecidable(Sn),
    /// confirm: another's ticket.
    Foreign,
    /// confirm: no ticket.
    Missing,
    /// withdraw succeeded.
    Withdrew(Sn),
    /// withdraw failed.
    NotWithdrawn(Sn, Trouble),
    /// The sink took the outcome.
    Delivered,
}

/// A request to create that ITSM has neither carried out nor dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    pub(crate) sent_s: u64,
    /// Whether the host still waits for the answer.
    pub(crate) awaited: bool,
}

/// What ITSM holds of a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Held {
    pub(crate) end: Option<End>,
    pub(crate) edited: bool,
    /// Whether somebody handled its first node, after which ITSM lets nobody take it back.
    pub(crate) handled: bool,
    /// Whether it takes a verified user to read how it ended.
    pub(crate) unreadable: bool,
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wrong {
    /// An outcome was handed over that ITSM did not tell of this very operation's ticket.
    Unconfirmed,
    /// Two different outcomes were handed over for one operation.
    OtherContent,
    /// An outcome was handed over after the record said that this was done.
    AfterSettled,
    /// ITSM was asked for a number that is not the operation's own.
    AskedForeign,
    /// A request to create was repeated sooner or more often than a refused one may be.
    TooOften,
    /// A request to create was refused again and again, and nobody was told.
    Untold,
    /// A person was told the same twice.
    ToldTwice,
    /// A ticket was taken back before its time, or before ITSM had said after it that it is open.
    Unasked,
    /// A withdrawal was repeated after ITSM's refusal of one had reached the host.
    WithdrawnAgain,
}

/// One operation: at the host, at ITSM, and at what waits for its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    // Survives a crash.
    pub(crate) record: Record,
    pub(crate) due_s: Option<u64>,
    // In memory.
    pub(crate) restarted: bool,
    /// Since when there is something under way.
    pub(crate) busy_since_s: Option<u64>,
    pub(crate) todo: BTreeSet<Todo>,
    pub(crate) answers: BTreeSet<Answer>,
    /// Only of [`Bug::DeliverBeforeStoring`].
    pub(crate) unstored: Option<(Record, Option<u64>)>,
    // ITSM.
    pub(crate) requests: Vec<Request>,
    pub(crate) tickets: Vec<Held>,
    /// What a thief made under this operation's id, with its header.
    pub(crate) stolen: Option<Held>,
    /// What ITSM told the host of the ticket's ending.
    pub(crate) confirmed: BTreeSet<Ended>,
    /// Whether the host heard, when the time for a decision had passed, that the ticket is open.
    pub(crate) open_too_long: bool,
    /// The header that binds callbacks has been seen by others once create was sent.
    pub(crate) binding_is_out: bool,
    // What waits for the outcome.
    pub(crate) taken: Option<Ended>,
    pub(crate) takes: u8,
    pub(crate) creates: u8,
    // A person.
    pub(crate) reports: BTreeSet<String>,
    /// Whether a person was told that this operation is given up.
    pub(crate) given_up: bool,
    /// Whether the host heard from create what its ticket's number is. Only where nothing else can tell.
    pub(crate) heard: bool,
    /// How many failed requests to create the host heard of, and when of the last. Only where each fails.
    pub(crate) refusals: (u8, u64),
    /// Whether the host heard that ITSM refused to take the ticket back.
    pub(crate) denied: bool,
}

/// All there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Which of [`Bounds::times`] it is.
    pub(crate) time: usize,
    pub(crate) operations: Vec<Operation>,
    /// Callbacks on their way. ITSM sends each with the binding of the ticket's operation.
    pub(crate) callbacks: BTreeSet<Sn>,
    /// Whether a verified user is configured.
    pub(crate) proven: bool,
    /// What is left of the faults.
    pub(crate) left: Faults,
    pub(crate) wrongs: BTreeSet<Wrong>,
}

/// How often each fault can still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    pub(crate) crashes: u8,
    pub(crate) losses: u8,
    pub(crate) duplicates: u8,
    pub(crate) forgeries: u8,
    pub(crate) edits: u8,
    pub(crate) thefts: u8,
    pub(crate) jumps: u8,
    pub(crate) unreadable: u8,
}

impl World {
    /// What the host's clock says.
    pub(crate) fn host_s(&self, state: &State) -> u64 {
        let jumped = u64::from(self.bounds.jumps - state.left.jumps);
        self.bounds.times[state.time] + jumped * JUMP_S
    }

    pub(crate) fn is_overdue(&self, host_s: u64) -> bool {
        self.bounds.decide_by_s.is_some_and(|time_s| time_s <= host_s)
    }
}

impl State {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        let now_s = bounds.times[0];
        let start = |number| {
            let started = tracking::start(&format!("op{number}"), bounds.decide_by_s, now_s);
            Operation::new(started.expect("id and time are valid"), now_s)
        };
        Self {
            time: 0,
            operations: (0..bounds.operations).map(start).collect(),
            callbacks: BTreeSet::new(),
            proven: false,
            left: Faults {
                crashes: bounds.crashes,
                losses: bounds.losses,
                duplicates: bounds.duplicates,
                forgeries: bounds.forgeries,
                edits: bounds.edits,
                thefts: bounds.thefts,
                jumps: bounds.jumps,
                unreadable: bounds.unreadable,
            },
            wrongs: BTreeSet::new(),
        }
    }

    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u8, &Operation)> {
        (0..).zip(&self.operations)
    }

    pub(crate) fn operation(&mut self, number: u8) -> &mut Operation {
        &mut self.operations[usize::from(number)]
    }

    pub(crate) fn held(&mut self, sn: Sn) -> &mut Held {
        let operation = self.operation(sn.operation);
        match sn.nth {
            STOLEN => operation.stolen.get_or_insert_default(),
            nth => &mut operation.tickets[usize::from(nth)],
        }
    }

    /// What ITSM says of a ticket to who may ask for it.
    pub(crate) fn told_of(&mut self, sn: Sn) -> Answer {
        let proven = self.proven;
        let held = *self.held(sn);
        match held.end {
            None => Answer::Open(sn),
            Some(_) if held.unreadable && !proven => Answer::Undecidable(sn),
            Some(end) => Answer::Ended(Ended { sn, end, edited: held.edited }),
        }
    }
}

impl Operation {
    fn new(started: Step, now_s: u64) -> Self {
        let mut operation = Self {
            record: started.record.clone(),
            due_s: None,
            restarted: false,
            busy_since_s: Some(now_s),
            todo: BTreeSet::new(),
            answers: BTreeSet::new(),
            unstored: None,
            requests: Vec::new(),
            tickets: Vec::new(),
            stolen: None,
            confirmed: BTreeSet::new(),
            open_too_long: false,
            binding_is_out: false,
            taken: None,
            takes: 0,
            creates: 0,
            reports: BTreeSet::new(),
            given_up: false,
            heard: false,
            refusals: (0, 0),
            denied: false,
        };
        operation.store(started);
        operation
    }

    /// Stores the record; from then on its actions are to be carried out.
    pub(crate) fn store(&mut self, step: Step) {
        self.record = step.record;
        self.due_s = step.due_s;
        let todo = step.actions.iter().filter_map(Todo::of);
        self.todo.extend(todo);
    }

    /// What is stored is text, so what comes back is what that text means.
    pub(crate) fn crash(&mut self) {
        let text = self.record.to_json().expect("a record is JSON");
        self.record = Record::from_json(&text).expect("tracking wrote it");
        self.restarted = self.due_s.is_some();
        self.todo.clear();
        self.answers.clear();
        self.unstored = None;
        for request in &mut self.requests {
            request.awaited = false;
        }
        self.requests.sort();
    }

    pub(crate) fn is_due(&self, host_s: u64) -> bool {
        self.due_s.is_some_and(|due_s| self.restarted || due_s <= host_s)
    }

    /// A host does not tick a record while it is about to hand its outcome over: it would only do so
    /// twice.
    pub(crate) fn is_delivering(&self) -> bool {
        self.todo.iter().any(|it| matches!(it, Todo::Deliver(_)))
            || self.answers.contains(&Answer::Delivered)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.todo.is_empty()
            && self.answers.is_empty()
            && !self.requests.iter().any(|it| it.awaited)
    }

    pub(crate) fn is_delivered(&self) -> bool {
        self.taken.is_some() && self.due_s.is_none()
    }

    pub(crate) fn send(&mut self, request: Request) {
        self.requests.push(request);
        self.requests.sort();
    }

    pub(crate) fn remove(&mut self, request: Request) {
        if let Some(at) = self.requests.iter().position(|it| *it == request) {
            self.requests.remove(at);
        }
    }

    /// All tickets with this operation's binding, the stolen one too.
    pub(crate) fn numbered_tickets(&self, operation: u8) -> impl Iterator<Item = (Sn, &Held)> {
        let own = (0..).zip(&self.tickets);
        let stolen = self.stolen.iter().map(|held| (STOLEN, held));
        own.chain(stolen).map(move |(nth, held)| (Sn { operation, nth }, held))
    }
}

impl Sn {
    /// Whether it is a ticket that this operation made.
    pub(crate) fn is_own(self, operation: u8) -> bool {
        self.operation == operation && self.nth != STOLEN
    }

    pub(crate) fn is_stolen(self) -> bool {
        self.nth == STOLEN
    }

    fn text(self) -> String {
        [b'A' + self.operation, b'0' + self.nth].map(char::from).iter().collect()
    }

    fn read(text: &str) -> Self {
        match text.as_bytes() {
            [operation, nth] => Self { operation: operation - b'A', nth: nth - b'0' },
            _ => panic!("{text} is no number of this world"),
        }
    }

    /// A callback that claims an approval of this ticket.
    pub(crate) fn claim(self) -> Event {
        Event::Callback(Callback {
            sn: self.text(),
            id: None,
            title: String::new(),
            status: "FINISHED".to_owned(),
            approve_result: true,
            ticket_url: String::new(),
            updated_by: Vec::new(),
            updated_at: String::new(),
            last_approvers: Vec::new(),
        })
    }

    fn created(self) -> CreatedTicket {
        CreatedTicket { sn: self.text(), id: String::new(), ticket_url: String::new() }
    }

    fn ticket(self, edited: bool) -> Ticket {
        Ticket {
            sn: self.text(),
            id: String::new(),
            title: if edited { "rewritten" } else { "" }.to_owned(),
            creator: String::new(),
            service: String::new(),
            status: String::new(),
            created_at: String::new(),
            ended_at: None,
            updated_by: Vec::new(),
            updated_at: String::new(),
            ticket_url: String::new(),
        }
    }
}

impl Todo {
    /// What there is to do for an action, but for telling a person.
    fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Create => Some(Self::Create),
            Action::Recover => Some(Self::Recover),
            Action::Confirm(sn) => Some(Self::Confirm(Sn::read(sn))),
            Action::Withdraw(sn) => Some(Self::Withdraw(Sn::read(sn))),
            Action::Deliver(outcome) => Some(Self::Deliver(Ended::of(outcome))),
            Action::Report(_) => None,
        }
    }
}

impl Answer {
    /// A call within the host, and what is already a failure of the network, is not lost.
    pub(crate) fn can_be_lost(self) -> bool {
        match self {
            Self::NotCreated(trouble) | Self::NotWithdrawn(_, trouble) => {
                trouble == Trouble::Refused
            }
            Self::Delivered => false,
            _ => true,
        }
    }

    pub(crate) fn event(self) -> Event {
        let recovered = |asked_s, recovery| Event::Recovered(LookedUp { asked_s, recovery });
        match self {
            Self::Created(sn) => Event::Created(sn.created()),
            Self::NotCreated(trouble) => match trouble.failure() {
                failure if failure.may_have_acted => Event::MaybeCreated(failure),
                failure => Event::NotCreated(failure),
            },
            Self::Found(sn) => recovered(0, Recovery::Found(sn.created())),
            Self::Absent { asked_s } => recovered(asked_s, Recovery::Absent),
            Self::Untraceable { asked_s } => recovered(asked_s, Recovery::Untraceable),
            Self::Several => recovered(0, Recovery::Ambiguous(Vec::new())),
            Self::Mismatched => recovered(0, Recovery::Mismatched(Vec::new())),
            Self::Open(sn) => Event::Confirmed(Confirmation::Open(sn.ticket(false))),
            Self::Ended(ended) => Event::Confirmed(Confirmation::Ended(ended.outcome())),
            Self::Undecidable(sn) => Event::Confirmed(Confirmation::Undecidable(
                sn.ticket(false),
                "this user may not read it".to_owned(),
            )),
            Self::Foreign => Event::Confirmed(Confirmation::Foreign),
            Self::Missing => Event::Confirmed(Confirmation::Missing),
            // As the contract says of a withdrawal that succeeds.
            Self::Withdrew(_) => Event::Tick,
            Self::NotWithdrawn(_, trouble) => Event::NotWithdrawn(trouble.failure()),
            Self::Delivered => Event::Delivered,
        }
    }
}

impl Trouble {
    fn failure(self) -> Failure {
        let (advice, may_have_acted, origin) = match self {
            Self::Unreachable => (Advice::WaitMs(1_000), false, Origin::Transport),
            Self::Broken => (Advice::LookUp, true, Origin::Transport),
            Self::Busy => (Advice::WaitMs(1_000), false, Origin::Gateway),
            Self::Credentials => (Advice::FixCredentials, false, Origin::Gateway),
            Self::Refused => (Advice::LookUp, true, Origin::Itsm),
        };
        Failure {
            advice,
            may_have_acted,
            origin,
            code: None,
            message: format!("{self:?}"),
            request_id: None,
        }
    }
}

impl Ended {
    fn outcome(self) -> Outcome {
        Outcome {
            ticket: self.sn.ticket(self.edited),
            verdict: match self.end {
                End::Approved => Verdict::Approved,
                End::Rejected => Verdict::Rejected,
                End::Withdrawn => Verdict::Withdrawn,
            },
            evidence: Evidence::ApprovalResult,
            decisions: Vec::new(),
        }
    }

    pub(crate) fn of(outcome: &Outcome) -> Self {
        Self {
            sn: Sn::read(&outcome.ticket.sn),
            end: match outcome.verdict {
                Verdict::Approved => End::Approved,
                Verdict::Rejected => End::Rejected,
                Verdict::Withdrawn => End::Withdrawn,
                other => panic!("{other:?} is no end of this world"),
            },
            edited: !outcome.ticket.title.is_empty(),
        }
    }
}
