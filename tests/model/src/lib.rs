//! The world around `tracking`, as a state machine that a model checker can walk through whole.
//!
//! There are operations, one host that follows the rule of `wit/tracking.wit` (store the record, then
//! act, then advance), an ITSM that commits late, and a network that loses, repeats, reorders and
//! forges. Each record is the real [`Record`], and each step is the real `advance`: nothing of
//! tracking is modelled again here.
//!
//! What takes one step in the model is what nothing can come between in the world: a record is
//! advanced and stored; a call reaches ITSM, and is answered from what ITSM then holds; an answer
//! reaches the host. So a crash can come before and after each store and each act, and an answer can
//! be out of date when it arrives.
//!
//! Losing a message needs no step of its own where the message may stay on its way for ever: each
//! callback is taken at any later time, in any order, or never.
//!
//! Every run ends: time only goes forward through [`Bounds::times`], a tick needs a due time or a crash,
//! and each fault takes from a budget. So the walk ends, and what it saw is all there is.

use blueking_itsm::core::callback::Callback;
use blueking_itsm::core::ticket::{
    Confirmation, CreatedTicket, Evidence, Outcome, Recovery, Ticket,
};
use blueking_itsm::core::tracking::{self, ABSENT_IS_FINAL_S, Event, Record, Step};
use blueking_itsm::core::verdict::Verdict;
use stateright::{Model, Property};
use std::collections::BTreeSet;

/// ITSM carries a request out before this many seconds have passed since it was sent, or never.
pub const COMMITS_WITHIN_S: u64 = 600;

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
}

/// How large the world is.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Operations that go on side by side.
    pub operations: u8,
    /// The instants there are, in seconds.
    pub times: &'static [u64],
    /// How often the host crashes.
    pub crashes: u8,
    /// How many answers are lost, or calls refused.
    pub losses: u8,
    /// How many callbacks come once more.
    pub duplicates: u8,
    /// How many callbacks somebody makes up.
    pub forgeries: u8,
    /// How many ended tickets change once more, without another ending.
    pub edits: u8,
    /// How many seconds the host's calls can last. With 0 no time passes while one is under way.
    pub longest_call_s: u64,
    /// Whether people choose how a ticket ends, or each ticket has its own end.
    pub any_end: bool,
}

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    /// How large it is.
    pub bounds: Bounds,
    /// What is wrong with its host.
    pub bug: Bug,
}

/// A ticket's number: whose tag the ticket has, and the how many-th of that operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sn {
    /// The operation.
    pub operation: u8,
    /// Counted from 0.
    pub nth: u8,
}

/// A number that ITSM never gave.
const UNKNOWN: Sn = Sn {
    operation: 25,
    nth: 9,
};

/// An ending as ITSM tells of it, and so also what is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ended {
    /// The ticket.
    pub sn: Sn,
    /// How it ended.
    pub approved: bool,
    /// Whether the ticket was edited after its end: the same ending, told in other words.
    pub edited: bool,
}

/// An action that the host has yet to carry out; it lives in memory only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Todo {
    /// Call create.
    Create,
    /// Call recover.
    Recover,
    /// Call confirm.
    Confirm(Sn),
    /// Hand over.
    Deliver(Ended),
}

/// What came of an action, and has yet to reach the record; it lives in memory only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// create answered.
    Created(Sn),
    /// create failed before it left.
    NotCreated,
    /// create failed after it may have left.
    Unclear,
    /// recover found one ticket.
    Found(Sn),
    /// recover found none.
    Absent {
        /// When it was called.
        asked_s: u64,
    },
    /// recover found several.
    Several,
    /// confirm: the ticket is open.
    Open(Sn),
    /// confirm: the ticket has ended.
    Ended(Ended),
    /// confirm: another's ticket.
    Foreign,
    /// confirm: no ticket.
    Missing,
    /// The sink took the outcome.
    Delivered,
}

/// A request to create that ITSM has neither carried out nor dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    sent_s: u64,
    /// Whether the host still waits for the answer.
    awaited: bool,
}

/// What ITSM holds of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    approved: Option<bool>,
    edited: bool,
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrong {
    /// An outcome was handed over that ITSM did not tell of this very operation's ticket.
    Unconfirmed,
    /// Two different outcomes were handed over for one operation.
    OtherContent,
    /// An outcome was handed over after the record said that this was done.
    AfterSettled,
    /// ITSM was asked for a number that is not the operation's own.
    AskedForeign,
}

/// One operation: at the host, at ITSM, and at what waits for its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    // Survives a crash.
    record: Record,
    due_s: Option<u64>,
    // In memory.
    restarted: bool,
    /// Since when there is something under way.
    busy_since_s: Option<u64>,
    todo: BTreeSet<Todo>,
    answers: BTreeSet<Answer>,
    /// Only of [`Bug::DeliverBeforeStoring`].
    unstored: Option<(Record, Option<u64>)>,
    // ITSM.
    requests: Vec<Request>,
    tickets: Vec<Held>,
    /// What ITSM told the host of its ending.
    told: BTreeSet<Ended>,
    /// The header that binds callbacks has been seen by others once create was sent.
    binding_is_out: bool,
    // What waits for the outcome.
    taken: Option<Ended>,
    takes: u8,
    creates: u8,
}

/// All there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Which of [`Bounds::times`] it is.
    time: usize,
    operations: Vec<Operation>,
    /// Callbacks on their way. ITSM sends each with the binding of the ticket's operation.
    callbacks: BTreeSet<Sn>,
    crashes: u8,
    losses: u8,
    duplicates: u8,
    forgeries: u8,
    edits: u8,
    wrongs: BTreeSet<Wrong>,
}

/// What can happen next. The first number says to which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The host carries an action out, and what it calls does its part.
    Act(u8, Todo),
    /// The host advances the record with an answer, and stores it.
    Take(u8, Answer),
    /// A read's answer is lost: the host has no event, and waits for its tick.
    Lose(u8, Answer),
    /// A request to create can't even leave.
    Refuse(u8),
    /// The host stops waiting for the answer to create.
    GiveUp(u8, Request),
    /// ITSM carries a request out, at last.
    Commit(u8, Request),
    /// A request that nobody waits for disappears.
    Vanish(u8, Request),
    /// Only of [`Bug::DeliverBeforeStoring`].
    StoreLate(u8),
    /// It is due, or the host started again.
    Tick(u8),
    /// The people decide.
    End(Sn, bool),
    /// Something about an ended ticket changes that is not its ending.
    Edit(Sn),
    /// A callback arrives.
    Call(Sn),
    /// A callback arrives, and will once more.
    CallAgain(Sn),
    /// Somebody posts a body with any number under the operation's binding.
    Forge(u8, Sn),
    /// The host loses its memory, and starts again.
    Crash,
    /// The next instant.
    Pass,
}

impl Model for World {
    type State = State;
    type Action = Happening;

    fn init_states(&self) -> Vec<State> {
        let operations = (0..self.bounds.operations)
            .map(|number| {
                let started = tracking::start(&format!("op{number}"), self.bounds.times[0]);
                Operation::new(started.expect("the id is valid"), self.bounds.times[0])
            })
            .collect();
        vec![State {
            time: 0,
            operations,
            callbacks: BTreeSet::new(),
            crashes: self.bounds.crashes,
            losses: self.bounds.losses,
            duplicates: self.bounds.duplicates,
            forgeries: self.bounds.forgeries,
            edits: self.bounds.edits,
            wrongs: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &State, can: &mut Vec<Happening>) {
        let now_s = self.bounds.times[state.time];
        for (number, operation) in state.numbered() {
            if operation.unstored.is_some() {
                can.push(Happening::StoreLate(number));
                continue;
            }
            for &todo in &operation.todo {
                can.push(Happening::Act(number, todo));
                if todo == Todo::Create && state.losses > 0 {
                    can.push(Happening::Refuse(number));
                }
            }
            for &answer in &operation.answers {
                can.push(Happening::Take(number, answer));
                if state.losses > 0 && answer.can_be_lost() {
                    can.push(Happening::Lose(number, answer));
                }
            }
            for &request in &operation.requests {
                can.push(Happening::Commit(number, request));
                if !request.awaited {
                    can.push(Happening::Vanish(number, request));
                } else if state.losses > 0 {
                    can.push(Happening::GiveUp(number, request));
                }
            }
            if operation.ticks(now_s, self.bug) {
                can.push(Happening::Tick(number));
            }
            for (sn, held) in operation.numbered_tickets(number) {
                if held.approved.is_none() {
                    let ends = [true, false].into_iter();
                    let own = |approved: &bool| self.bounds.any_end || *approved == (number == 0);
                    can.extend(
                        ends.filter(own)
                            .map(|approved| Happening::End(sn, approved)),
                    );
                } else if state.edits > 0 && !held.edited {
                    can.push(Happening::Edit(sn));
                }
            }
            if state.forgeries > 0 && operation.binding_is_out {
                can.push(Happening::Forge(number, UNKNOWN));
                // A claim about the own ticket that ITSM never sent, and claims about the others'.
                for (other, its) in state.numbered() {
                    let all = its.numbered_tickets(other);
                    can.extend(all.map(|(sn, _)| Happening::Forge(number, sn)));
                }
            }
        }
        for &sn in &state.callbacks {
            if state.operations[usize::from(sn.operation)]
                .unstored
                .is_none()
            {
                can.push(Happening::Call(sn));
                if state.duplicates > 0 {
                    can.push(Happening::CallAgain(sn));
                }
            }
        }
        if state.crashes > 0 {
            can.push(Happening::Crash);
        }
        if self.time_can_pass(state) {
            can.push(Happening::Pass);
        }
    }

    fn next_state(&self, before: &State, happening: Happening) -> Option<State> {
        let mut state = before.clone();
        let now_s = self.bounds.times[before.time];
        self.happen(&mut state, happening, now_s);
        for operation in &mut state.operations {
            operation.busy_since_s = match operation.is_idle() {
                true => None,
                false => operation.busy_since_s.or(Some(now_s)),
            };
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONLY_CONFIRMED, |_, state: &State| {
                !state.wrongs.contains(&Wrong::Unconfirmed)
            }),
            Property::always(ONE_OUTCOME, |_, state: &State| {
                !state.wrongs.contains(&Wrong::OtherContent)
            }),
            Property::always(NOT_AFTER_SETTLED, |_, state: &State| {
                !state.wrongs.contains(&Wrong::AfterSettled)
            }),
            Property::always(ONLY_OWN_SN, |_, state: &State| {
                !state.wrongs.contains(&Wrong::AskedForeign)
            }),
            Property::always(ONE_TICKET, |_, state: &State| {
                state.operations.iter().all(|its| its.tickets.len() <= 1)
            }),
            Property::always(WHAT_ENDS_IS_DELIVERED, World::heals),
            // The walk meets what it is for.
            Property::sometimes(SOMETIMES_AGAIN, |_, state: &State| {
                state.operations.iter().any(|its| its.takes > 1)
            }),
            Property::sometimes(SOMETIMES_CREATED_AGAIN, |_, state: &State| {
                let mut all = state.operations.iter();
                all.any(|its| its.creates > 1 && its.taken.is_some())
            }),
            Property::sometimes(SOMETIMES_LATE, |world: &World, state: &State| {
                let mut all = state.operations.iter();
                all.any(|its| its.requests.iter().any(|it| !it.awaited))
                    && world.bounds.times[state.time] > 0
            }),
            Property::sometimes(SOMETIMES_ALL, |_, state: &State| {
                state.operations.iter().all(Operation::is_delivered)
            }),
        ]
    }
}

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

impl World {
    fn happen(&self, state: &mut State, happening: Happening, now_s: u64) {
        match happening {
            Happening::Act(number, todo) => self.act(state, number, todo, now_s),
            Happening::Take(number, answer) => {
                let operation = state.operation(number);
                operation.answers.remove(&answer);
                let now_s = match answer {
                    Answer::Absent { .. } if self.bug == Bug::CreateTwice => {
                        now_s + ABSENT_IS_FINAL_S
                    }
                    Answer::Absent { asked_s } if self.bug != Bug::AgeAbsence => asked_s,
                    _ => now_s,
                };
                self.advance(state, number, answer.event(), now_s);
            }
            Happening::Lose(number, answer) => {
                state.losses -= 1;
                let operation = state.operation(number);
                operation.answers.remove(&answer);
                if matches!(answer, Answer::Created(_)) {
                    operation.answers.insert(Answer::Unclear);
                }
            }
            Happening::Refuse(number) => {
                state.losses -= 1;
                let operation = state.operation(number);
                operation.todo.remove(&Todo::Create);
                operation.answers.insert(Answer::NotCreated);
            }
            Happening::GiveUp(number, request) => {
                state.losses -= 1;
                let operation = state.operation(number);
                operation.remove(request);
                operation.send(Request {
                    awaited: false,
                    ..request
                });
                operation.answers.insert(Answer::Unclear);
            }
            Happening::Commit(number, request) => {
                let operation = state.operation(number);
                operation.remove(request);
                let nth = operation.tickets.len() as u8;
                operation.tickets.push(Held {
                    approved: None,
                    edited: false,
                });
                if request.awaited {
                    operation.answers.insert(Answer::Created(Sn {
                        operation: number,
                        nth,
                    }));
                }
            }
            Happening::Vanish(number, request) => state.operation(number).remove(request),
            Happening::StoreLate(number) => {
                let operation = state.operation(number);
                if let Some((record, due_s)) = operation.unstored.take() {
                    operation.record = record;
                    operation.due_s = due_s;
                    operation.answers.insert(Answer::Delivered);
                }
            }
            Happening::Tick(number) => {
                state.operation(number).restarted = false;
                self.advance(state, number, Event::Tick, now_s);
            }
            Happening::End(sn, approved) => {
                state.held(sn).approved = Some(approved);
                state.callbacks.insert(sn);
            }
            Happening::Edit(sn) => {
                state.edits -= 1;
                state.held(sn).edited = true;
            }
            Happening::Call(sn) => {
                state.callbacks.remove(&sn);
                self.called(state, sn.operation, sn, now_s);
            }
            Happening::CallAgain(sn) => {
                state.duplicates -= 1;
                self.called(state, sn.operation, sn, now_s);
            }
            Happening::Forge(number, sn) => {
                state.forgeries -= 1;
                self.called(state, number, sn, now_s);
            }
            Happening::Crash => {
                state.crashes -= 1;
                for operation in &mut state.operations {
                    operation.crash();
                }
            }
            Happening::Pass => state.time += 1,
        }
    }

    /// The host acts at once or crashes; its calls last, but not for ever. And what ITSM has not carried
    /// out in time, it never will.
    fn time_can_pass(&self, state: &State) -> bool {
        let Some(&then_s) = self.bounds.times.get(state.time + 1) else {
            return false;
        };
        state.operations.iter().all(|its| {
            let in_time = |it: &Request| then_s < it.sent_s + COMMITS_WITHIN_S;
            its.unstored.is_none()
                && its.todo.is_empty()
                && its.requests.iter().all(in_time)
                && (its.busy_since_s)
                    .is_none_or(|since_s| then_s - since_s <= self.bounds.longest_call_s)
        })
    }

    fn advance(&self, state: &mut State, number: u8, event: Event, now_s: u64) {
        let operation = state.operation(number);
        let step = operation.record.clone().advance(event, now_s);
        if self.bug == Bug::DeliverBeforeStoring
            && let Some(ended) = step.actions.iter().find_map(|action| match action {
                tracking::Action::Deliver(outcome) => Some(Ended::of(outcome)),
                _ => None,
            })
        {
            operation.unstored = Some((step.record, step.due_s));
            state.hand_over(number, ended);
        } else {
            operation.store(step);
        }
    }

    fn called(&self, state: &mut State, number: u8, sn: Sn, now_s: u64) {
        if self.bug == Bug::TrustCallbacks {
            let claimed = Answer::Ended(Ended {
                sn,
                approved: true,
                edited: false,
            });
            return self.advance(state, number, claimed.event(), now_s);
        }
        let event = Event::Callback(Callback {
            sn: sn.text(),
            title: String::new(),
            // Whatever is claimed.
            status: "FINISHED".to_owned(),
            approve_result: true,
            ticket_url: String::new(),
            updated_by: Vec::new(),
            updated_at: String::new(),
            last_approvers: Vec::new(),
        });
        if self.bug == Bug::AskForeignSn {
            let operation = state.operation(number);
            let step = operation.record.clone().advance(event.clone(), now_s);
            if step.actions == [tracking::Action::Recover] {
                operation.todo.insert(Todo::Confirm(sn));
                return;
            }
        }
        self.advance(state, number, event, now_s);
    }

    fn act(&self, state: &mut State, number: u8, todo: Todo, now_s: u64) {
        let operation = state.operation(number);
        operation.todo.remove(&todo);
        match todo {
            Todo::Create => {
                operation.binding_is_out = true;
                operation.creates += 1;
                operation.send(Request {
                    sent_s: now_s,
                    awaited: true,
                });
            }
            Todo::Recover => {
                let sn = |nth| Sn {
                    operation: number,
                    nth,
                };
                let answer = match operation.tickets.len() {
                    0 => Answer::Absent { asked_s: now_s },
                    1 => Answer::Found(sn(0)),
                    _ => Answer::Several,
                };
                operation.answers.insert(answer);
            }
            Todo::Confirm(sn) => {
                let answer = if sn.operation == number {
                    match state.ended(sn) {
                        Some(ended) => Answer::Ended(ended),
                        None => Answer::Open(sn),
                    }
                } else {
                    state.wrongs.insert(Wrong::AskedForeign);
                    match sn {
                        UNKNOWN => Answer::Missing,
                        _ => Answer::Foreign,
                    }
                };
                let operation = state.operation(number);
                if let Answer::Ended(ended) = answer {
                    operation.told.insert(ended);
                }
                operation.answers.insert(answer);
            }
            Todo::Deliver(ended) => {
                state.hand_over(number, ended);
                state.operation(number).answers.insert(Answer::Delivered);
            }
        }
    }

    /// From this state, once faults stop, what ends is delivered.
    ///
    /// This is liveness checked as safety, in *each* reachable state and not only in the last ones: the
    /// state goes on as [`World::closing`] lets it, and has to arrive. It is sound for "eventually
    /// delivered under a fair environment" for two reasons. What happens before the faults stop, in which
    /// order ever, is one of the states that the walk visits, so nothing is assumed about the past. And
    /// after that the environment does least of what fairness asks for: no callback ever comes, so only
    /// ticks move the record, and requests still under way are tried both carried out and vanished.
    /// Other fair orders from here are walks into other reachable states, of which the same is checked.
    /// There are no cycles to stay in for ever (the state machine is acyclic), so a host that does not
    /// arrive here is a host that can stop without having delivered.
    fn heals(&self, state: &State) -> bool {
        let last_request = state.operations.iter().any(|its| !its.requests.is_empty());
        self.closing(state.clone(), true) && (!last_request || self.closing(state.clone(), false))
    }

    /// First the calls under way end, and a host that has just started ticks. Then come ticks a quarter of
    /// an hour apart, which is the longest that tracking lets a record wait, and each call is answered.
    /// Five are enough from anywhere: up to three until an absence is final and the ticket is made
    /// again, after which it ends; then one to see the end, which is delivered at once.
    fn closing(&self, mut state: State, commits: bool) -> bool {
        let mut now_s = self.bounds.times[state.time];
        for round in 0..6 {
            for number in 0..self.bounds.operations {
                if round == 0 {
                    while let Some(&request) = state.operation(number).requests.first() {
                        let next = match (commits || request.awaited, request.awaited) {
                            (true, _) => Happening::Commit(number, request),
                            (false, _) => Happening::Vanish(number, request),
                        };
                        self.happen(&mut state, next, now_s);
                    }
                }
                let due = round > 0 || state.operation(number).restarted;
                if due && state.operation(number).due_s.is_some() {
                    self.happen(&mut state, Happening::Tick(number), now_s);
                }
                while let Some(next) = state.operation(number).next_in_order(number) {
                    self.happen(&mut state, next, now_s);
                }
                for nth in 0..state.operation(number).tickets.len() {
                    let sn = Sn {
                        operation: number,
                        nth: nth as u8,
                    };
                    if state.held(sn).approved.is_none() {
                        self.happen(&mut state, Happening::End(sn, true), now_s);
                    }
                }
            }
            now_s += 900;
        }
        state.operations.iter().all(|its| {
            let ended = its.tickets.iter().any(|ticket| ticket.approved.is_some());
            !ended || its.is_delivered()
        })
    }
}

impl State {
    fn numbered(&self) -> impl Iterator<Item = (u8, &Operation)> {
        (0..).zip(&self.operations)
    }

    fn operation(&mut self, number: u8) -> &mut Operation {
        &mut self.operations[usize::from(number)]
    }

    fn held(&mut self, sn: Sn) -> &mut Held {
        &mut self.operation(sn.operation).tickets[usize::from(sn.nth)]
    }

    fn ended(&mut self, sn: Sn) -> Option<Ended> {
        let held = *self.held(sn);
        held.approved.map(|approved| Ended {
            sn,
            approved,
            edited: held.edited,
        })
    }

    /// The sink knows each operation, and takes the same outcome for it any number of times.
    fn hand_over(&mut self, number: u8, ended: Ended) {
        let operation = self.operation(number);
        let mut wrongs = Vec::new();
        if ended.sn.operation != number || !operation.told.contains(&ended) {
            wrongs.push(Wrong::Unconfirmed);
        }
        if operation.taken.is_some_and(|taken| taken != ended) {
            wrongs.push(Wrong::OtherContent);
        }
        if operation.due_s.is_none() {
            wrongs.push(Wrong::AfterSettled);
        }
        operation.taken = Some(ended);
        operation.takes = operation.takes.saturating_add(1).min(2);
        self.wrongs.extend(wrongs);
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
            told: BTreeSet::new(),
            binding_is_out: false,
            taken: None,
            takes: 0,
            creates: 0,
        };
        operation.store(started);
        operation
    }

    /// Stores the record; from then on its actions are to be carried out.
    fn store(&mut self, step: Step) {
        self.record = step.record;
        self.due_s = step.due_s;
        for action in step.actions {
            self.todo.insert(match action {
                tracking::Action::Create => Todo::Create,
                tracking::Action::Recover => Todo::Recover,
                tracking::Action::Confirm(sn) => Todo::Confirm(Sn::read(&sn)),
                tracking::Action::Deliver(outcome) => Todo::Deliver(Ended::of(&outcome)),
                tracking::Action::Report(_) => continue,
            });
        }
    }

    /// What is stored is text, so what comes back is what that text means.
    fn crash(&mut self) {
        self.record = Record::read(&self.record.write()).expect("tracking wrote it");
        self.restarted = self.due_s.is_some();
        self.todo.clear();
        self.answers.clear();
        self.unstored = None;
        for request in &mut self.requests {
            request.awaited = false;
        }
        self.requests.sort();
    }

    /// A host does not tick a record while it is about to hand its outcome over: it would only do so
    /// twice.
    fn ticks(&self, now_s: u64, bug: Bug) -> bool {
        let delivers = self.todo.iter().any(|it| matches!(it, Todo::Deliver(_)))
            || self.answers.contains(&Answer::Delivered);
        (!delivers || bug == Bug::TickWhileDelivering)
            && self
                .due_s
                .is_some_and(|due_s| self.restarted || due_s <= now_s)
    }

    fn is_idle(&self) -> bool {
        self.todo.is_empty()
            && self.answers.is_empty()
            && !self.requests.iter().any(|it| it.awaited)
    }

    fn is_delivered(&self) -> bool {
        self.taken.is_some() && self.due_s.is_none()
    }

    fn send(&mut self, request: Request) {
        self.requests.push(request);
        self.requests.sort();
    }

    fn remove(&mut self, request: Request) {
        if let Some(at) = self.requests.iter().position(|it| *it == request) {
            self.requests.remove(at);
        }
    }

    fn numbered_tickets(&self, operation: u8) -> impl Iterator<Item = (Sn, &Held)> {
        (0..)
            .zip(&self.tickets)
            .map(move |(nth, held)| (Sn { operation, nth }, held))
    }

    fn next_in_order(&self, number: u8) -> Option<Happening> {
        if self.unstored.is_some() {
            return Some(Happening::StoreLate(number));
        }
        let answer = self.answers.first().map(|it| Happening::Take(number, *it));
        let request =
            (self.requests.iter().find(|it| it.awaited)).map(|it| Happening::Commit(number, *it));
        let todo = self.todo.first().map(|it| Happening::Act(number, *it));
        answer.or(request).or(todo)
    }
}

impl Answer {
    /// A call within the host, and what is already a failure, is not lost.
    fn can_be_lost(self) -> bool {
        !matches!(self, Self::NotCreated | Self::Unclear | Self::Delivered)
    }

    fn event(self) -> Event {
        let created = |sn: Sn| CreatedTicket {
            sn: sn.text(),
            id: 0,
            ticket_url: String::new(),
        };
        let open = |sn: Sn| Ended {
            sn,
            approved: false,
            edited: false,
        };
        match self {
            Self::Created(sn) => Event::Created(created(sn)),
            Self::NotCreated => Event::NotCreated,
            Self::Unclear => Event::Unclear,
            Self::Found(sn) => Event::Recovered(Recovery::Found(created(sn))),
            Self::Absent { .. } => Event::Recovered(Recovery::Absent),
            Self::Several => Event::Recovered(Recovery::Several(Vec::new())),
            Self::Open(sn) => Event::Confirmed(Confirmation::Open(open(sn).outcome().ticket)),
            Self::Ended(ended) => Event::Confirmed(Confirmation::Ended(ended.outcome())),
            Self::Foreign => Event::Confirmed(Confirmation::Foreign),
            Self::Missing => Event::Confirmed(Confirmation::Missing),
            Self::Delivered => Event::Delivered,
        }
    }
}

impl Sn {
    fn text(self) -> String {
        [b'A' + self.operation, b'0' + self.nth]
            .map(char::from)
            .iter()
            .collect()
    }

    fn read(text: &str) -> Self {
        match text.as_bytes() {
            [operation, nth] => Self {
                operation: operation - b'A',
                nth: nth - b'0',
            },
            _ => panic!("{text} is no number of this world"),
        }
    }
}

impl Ended {
    fn outcome(self) -> Outcome {
        Outcome {
            ticket: Ticket {
                sn: self.sn.text(),
                id: 0,
                title: String::new(),
                creator: String::new(),
                service_id: 0,
                status: String::new(),
                created_at: String::new(),
                ended_at: None,
                updated_by: Vec::new(),
                updated_at: if self.edited { "later" } else { "" }.to_owned(),
                ticket_url: String::new(),
            },
            verdict: match self.approved {
                true => Verdict::Approved,
                false => Verdict::Rejected,
            },
            evidence: Evidence::ApprovalResult,
        }
    }

    fn of(outcome: &Outcome) -> Self {
        Self {
            sn: Sn::read(&outcome.ticket.sn),
            approved: outcome.verdict == Verdict::Approved,
            edited: !outcome.ticket.updated_at.is_empty(),
        }
    }
}
