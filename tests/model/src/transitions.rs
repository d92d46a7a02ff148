//! What can happen next, and what it does.

use crate::world::{
    Answer, Bug, End, Ended, Operation, Request, Sn, State, Todo, Trouble, UNKNOWN, World, Wrong,
};
use blueking_itsm::domain::tracking::{Action, Event};

/// ITSM carries a request out before this many seconds have passed since it was sent, or never.
const COMMITS_WITHIN_S: u64 = 600;

/// What can happen next. A first number says to which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The host carries an action out, and what it calls does its part.
    Act(u8, Todo),
    /// The host advances the record with an answer, and stores it.
    Take(u8, Answer),
    /// An answer is lost. A read then has none, and the host waits for its tick.
    Lose(u8, Answer),
    /// A call that changes something can't even leave.
    Hold(u8, Todo),
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
    /// A ticket ends: people decide, or the thief does. And whether it takes a verified user to read how.
    End(Sn, End, bool),
    /// A ticket changes without ending: the server rewrites its title, or people edit it.
    Edit(Sn),
    /// Somebody handles a ticket's first node.
    Handle(Sn),
    /// A verified user is configured.
    Prove,
    /// Who read an operation's header makes a ticket with it, under its public id.
    Steal(u8),
    /// A callback arrives.
    Call(Sn),
    /// A callback arrives, and will once more.
    CallAgain(Sn),
    /// Somebody posts a body with any number under the operation's binding.
    Forge(u8, Sn),
    /// The host loses its memory, and starts again.
    Crash,
    /// The host's clock jumps forward.
    Jump,
    /// The next instant.
    Pass,
}

impl World {
    pub(crate) fn possible(&self, state: &State, can: &mut Vec<Happening>) {
        let left = state.left;
        for (number, operation) in state.numbered() {
            if operation.unstored.is_some() {
                can.push(Happening::StoreLate(number));
                continue;
            }
            self.possible_at_the_host(state, number, operation, can);
            for &request in &operation.requests {
                can.push(Happening::Commit(number, request));
                if !request.awaited {
                    can.push(Happening::Vanish(number, request));
                } else if left.losses > 0 {
                    can.push(Happening::GiveUp(number, request));
                }
            }
            self.possible_with_tickets(state, number, operation, can);
            if !operation.binding_is_out {
                continue;
            }
            if left.thefts > 0 && operation.stolen.is_none() {
                can.push(Happening::Steal(number));
            }
            if left.forgeries > 0 {
                can.push(Happening::Forge(number, UNKNOWN));
                // A claim about the own ticket that ITSM never sent, and claims about the others'.
                for (other, its) in state.numbered() {
                    let all = its.numbered_tickets(other);
                    can.extend(all.map(|(sn, _)| Happening::Forge(number, sn)));
                }
            }
        }
        for &sn in &state.callbacks {
            let receiver = &state.operations[usize::from(sn.operation)];
            if receiver.unstored.is_none() {
                can.push(Happening::Call(sn));
                if left.duplicates > 0 {
                    can.push(Happening::CallAgain(sn));
                }
            }
        }
        if left.crashes > 0 {
            can.push(Happening::Crash);
        }
        if left.jumps > 0 {
            can.push(Happening::Jump);
        }
        if self.time_can_pass(state) {
            can.push(Happening::Pass);
        }
    }

    fn possible_at_the_host(
        &self,
        state: &State,
        number: u8,
        operation: &Operation,
        can: &mut Vec<Happening>,
    ) {
        for &todo in &operation.todo {
            can.push(Happening::Act(number, todo));
            if matches!(todo, Todo::Create | Todo::Withdraw(_)) && state.left.losses > 0 {
                can.push(Happening::Hold(number, todo));
            }
        }
        for &answer in &operation.answers {
            can.push(Happening::Take(number, answer));
            if state.left.losses > 0 && answer.can_be_lost() {
                can.push(Happening::Lose(number, answer));
            }
        }
        let waits = operation.is_delivering() && self.bug != Bug::TickWhileDelivering;
        if operation.is_due(self.host_s(state)) && !waits {
            can.push(Happening::Tick(number));
        }
    }

    fn possible_with_tickets(
        &self,
        state: &State,
        number: u8,
        operation: &Operation,
        can: &mut Vec<Happening>,
    ) {
        for (sn, held) in operation.numbered_tickets(number) {
            if sn.is_stolen() {
                if held.end.is_none() {
                    can.push(Happening::End(sn, End::Approved, false));
                }
                continue;
            }
            if state.left.edits > 0 && !held.edited {
                can.push(Happening::Edit(sn));
            }
            if held.end.is_some() {
                if held.unreadable && !state.proven {
                    can.push(Happening::Prove);
                }
                continue;
            }
            if self.bounds.decide_by_s.is_some() && !held.handled {
                can.push(Happening::Handle(sn));
            }
            for end in [End::Approved, End::Rejected] {
                if self.bounds.any_end || (end == End::Approved) == (number == 0) {
                    can.push(Happening::End(sn, end, false));
                    if state.left.unreadable > 0 {
                        can.push(Happening::End(sn, end, true));
                    }
                }
            }
        }
    }

    /// The host acts at once or crashes; its calls last, but not for ever. And what ITSM has not carried
    /// out in time, it never will.
    fn time_can_pass(&self, state: &State) -> bool {
        let Some(&then_s) = self.bounds.times.get(state.time + 1) else {
            return false;
        };
        let host_s = self.host_s(state);
        state.operations.iter().all(|its| {
            let in_time = |it: &Request| then_s < it.sent_s + COMMITS_WITHIN_S;
            its.unstored.is_none()
                && its.todo.is_empty()
                && its.requests.iter().all(in_time)
                && !(self.bounds.prompt && its.is_due(host_s))
                && (its.busy_since_s)
                    .is_none_or(|since_s| then_s - since_s <= self.bounds.longest_call_s)
        })
    }

    pub(crate) fn happen(&self, state: &mut State, happening: Happening) {
        let host_s = self.host_s(state);
        self.happen_at(state, happening, host_s);
    }

    /// The same at any time of the host's clock.
    pub(crate) fn happen_at(&self, state: &mut State, happening: Happening, host_s: u64) {
        match happening {
            Happening::Act(number, todo) => {
                state.operation(number).todo.remove(&todo);
                self.act(state, number, todo, host_s);
            }
            Happening::Take(number, answer) => {
                state.operation(number).answers.remove(&answer);
                self.take(state, number, answer, host_s);
            }
            Happening::Lose(number, answer) => {
                state.left.losses -= 1;
                let operation = state.operation(number);
                operation.answers.remove(&answer);
                operation.answers.extend(match answer {
                    Answer::Created(_) => Some(Answer::NotCreated(Trouble::Broken)),
                    Answer::Withdrew(sn) | Answer::NotWithdrawn(sn, _) => {
                        Some(Answer::NotWithdrawn(sn, Trouble::Broken))
                    }
                    _ => None,
                });
            }
            Happening::Hold(number, todo) => {
                state.left.losses -= 1;
                let operation = state.operation(number);
                operation.todo.remove(&todo);
                operation.answers.insert(match todo {
                    Todo::Withdraw(sn) => Answer::NotWithdrawn(sn, Trouble::Unreachable),
                    _ => Answer::NotCreated(Trouble::Unreachable),
                });
            }
            Happening::GiveUp(number, request) => {
                state.left.losses -= 1;
                let operation = state.operation(number);
                operation.remove(request);
                operation.send(Request { awaited: false, ..request });
                operation.answers.insert(Answer::NotCreated(Trouble::Broken));
            }
            Happening::Commit(number, request) => {
                let operation = state.operation(number);
                operation.remove(request);
                let sn = Sn { operation: number, nth: operation.tickets.len() as u8 };
                operation.tickets.push(Default::default());
                if request.awaited {
                    operation.answers.insert(Answer::Created(sn));
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
                let missed = |state: &mut State| {
                    let due_s = state.operation(number).due_s;
                    due_s.filter(|due_s| self.bug == Bug::CatchUp && *due_s < host_s)
                };
                while let Some(due_s) = missed(state) {
                    self.advance(state, number, Event::Tick, due_s);
                }
                self.advance(state, number, Event::Tick, host_s);
            }
            Happening::End(sn, end, unreadable) => {
                state.left.unreadable -= u8::from(unreadable);
                let held = state.held(sn);
                held.end = Some(end);
                held.unreadable = unreadable;
                state.callbacks.insert(sn);
            }
            Happening::Edit(sn) => {
                state.left.edits -= 1;
                state.held(sn).edited = true;
            }
            Happening::Handle(sn) => state.held(sn).handled = true,
            Happening::Prove => state.proven = true,
            Happening::Steal(number) => {
                state.left.thefts -= 1;
                state.operation(number).stolen = Some(Default::default());
            }
            Happening::Call(sn) => {
                state.callbacks.remove(&sn);
                self.called(state, sn.operation, sn, host_s);
            }
            Happening::CallAgain(sn) => {
                state.left.duplicates -= 1;
                self.called(state, sn.operation, sn, host_s);
            }
            Happening::Forge(number, sn) => {
                state.left.forgeries -= 1;
                self.called(state, number, sn, host_s);
            }
            Happening::Crash => {
                state.left.crashes -= 1;
                for operation in &mut state.operations {
                    operation.crash();
                }
            }
            Happening::Jump => state.left.jumps -= 1,
            Happening::Pass => state.time += 1,
        }
    }

    fn act(&self, state: &mut State, number: u8, todo: Todo, host_s: u64) {
        let answer = match todo {
            Todo::Create => self.create(state, number, host_s),
            Todo::Recover => Some(self.recover(state.operation(number), number, host_s)),
            Todo::Confirm(sn) => Some(Self::confirm(state, number, sn)),
            Todo::Withdraw(sn) => Some(self.withdraw(state, number, sn, host_s)),
            Todo::Deliver(ended) => {
                Self::hand_over(state, number, ended);
                Some(Answer::Delivered)
            }
        };
        state.operation(number).answers.extend(answer);
    }

    fn create(&self, state: &mut State, number: u8, host_s: u64) -> Option<Answer> {
        let sent_s = self.bounds.times[state.time];
        let spent =
            self.bounds.crashes - state.left.crashes + self.bounds.losses - state.left.losses;
        let operation = state.operation(number);
        operation.binding_is_out = true;
        operation.creates += 1;
        let Some(trouble) = self.bounds.refuses else {
            operation.send(Request { sent_s, awaited: true });
            return None;
        };
        let mut wrongs = Vec::new();
        let (heard, last_s) = operation.refusals;
        let too_often = match trouble {
            // Nothing is known to be better after waiting.
            Trouble::Refused => heard >= 2,
            _ => heard > 0 && host_s < last_s + (30 << (heard - 1)).min(900),
        };
        if too_often {
            wrongs.push(Wrong::TooOften);
        }
        if operation.creates > 3 + spent && operation.reports.is_empty() {
            wrongs.push(Wrong::Untold);
        }
        state.wrongs.extend(wrongs);
        Some(Answer::NotCreated(trouble))
    }

    fn recover(&self, operation: &Operation, number: u8, asked_s: u64) -> Answer {
        if !self.bounds.traceable {
            return Answer::Untraceable { asked_s };
        }
        let by_public_tag = |(sn, _): &(Sn, _)| self.bug == Bug::PublicTag || !sn.is_stolen();
        let found: Vec<_> = operation.numbered_tickets(number).filter(by_public_tag).collect();
        match found.as_slice() {
            [] => Answer::Absent { asked_s },
            [(_, held)] if self.bug == Bug::CompareTitles && held.edited => Answer::Mismatched,
            [(sn, _)] => Answer::Found(*sn),
            _ => Answer::Several,
        }
    }

    fn confirm(state: &mut State, number: u8, sn: Sn) -> Answer {
        if !sn.is_own(number) {
            state.wrongs.insert(Wrong::AskedForeign);
        }
        let answer = match sn {
            UNKNOWN => Answer::Missing,
            sn if sn.operation != number => Answer::Foreign,
            sn => state.told_of(sn),
        };
        if let Answer::Ended(ended) = answer {
            state.operation(number).confirmed.insert(ended);
        }
        answer
    }

    fn withdraw(&self, state: &mut State, number: u8, sn: Sn, host_s: u64) -> Answer {
        let mut wrongs = Vec::new();
        let operation = state.operation(number);
        if !self.is_overdue(host_s) || !operation.open_too_long {
            wrongs.push(Wrong::Unasked);
        }
        if operation.denied {
            wrongs.push(Wrong::WithdrawnAgain);
        }
        state.wrongs.extend(wrongs);
        let held = state.held(sn);
        if held.handled || held.end.is_some() {
            return Answer::NotWithdrawn(sn, Trouble::Refused);
        }
        held.end = Some(End::Withdrawn);
        state.callbacks.insert(sn);
        Answer::Withdrew(sn)
    }

    /// The sink knows each operation, and takes the same outcome for it any number of times.
    fn hand_over(state: &mut State, number: u8, ended: Ended) {
        let operation = state.operation(number);
        let mut wrongs = Vec::new();
        if !ended.sn.is_own(number) || !operation.confirmed.contains(&ended) {
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
        state.wrongs.extend(wrongs);
    }

    fn take(&self, state: &mut State, number: u8, answer: Answer, host_s: u64) {
        let operation = state.operation(number);
        match answer {
            Answer::Created(_) => operation.heard = !self.bounds.traceable,
            Answer::NotCreated(_) if self.bounds.refuses.is_some() => {
                operation.refusals = (operation.refusals.0 + 1, host_s);
            }
            // One that is about to be sent was ordered before this was known.
            Answer::NotWithdrawn(sn, Trouble::Refused) => {
                operation.denied |= !operation.todo.contains(&Todo::Withdraw(sn));
            }
            Answer::Open(_) => operation.open_too_long |= self.is_overdue(host_s),
            _ => {}
        }
        let ended = |sn, end| Answer::Ended(Ended { sn, end, edited: false });
        let told = match (self.bug, answer) {
            (Bug::CreateTwice, Answer::Absent { .. })
            | (Bug::CreateAtOnce, Answer::NotCreated(_)) => {
                operation.todo.insert(Todo::Create);
                return;
            }
            (Bug::WithdrawAgain, Answer::NotWithdrawn(sn, _)) => {
                operation.todo.insert(Todo::Withdraw(sn));
                return;
            }
            (Bug::ForgetFailures, Answer::NotCreated(_)) => return,
            // It would tick, and no host ticks while it hands over.
            (_, Answer::Withdrew(_)) if operation.is_delivering() => return,
            (Bug::AgeAbsence, Answer::Absent { .. }) => Answer::Absent { asked_s: host_s },
            (Bug::TakeUntraceableForAbsent, Answer::Untraceable { asked_s }) => {
                Answer::Absent { asked_s }
            }
            (Bug::ReadKindly, Answer::Undecidable(sn)) => ended(sn, End::Approved),
            (Bug::InventVerdict, Answer::Withdrew(sn)) => ended(sn, End::Withdrawn),
            _ => answer,
        };
        self.advance(state, number, told.event(), host_s);
        if self.bug == Bug::StopAsking && matches!(answer, Answer::Undecidable(_)) {
            state.operation(number).due_s = None;
        }
    }

    fn called(&self, state: &mut State, number: u8, sn: Sn, host_s: u64) {
        if self.bug == Bug::TrustCallbacks {
            let claimed = Answer::Ended(Ended { sn, end: End::Approved, edited: false });
            return self.advance(state, number, claimed.event(), host_s);
        }
        if self.bug == Bug::AskForeignSn {
            let operation = state.operation(number);
            let step = operation.record.clone().advance(sn.claim(), host_s);
            if step.actions == [Action::Recover] {
                operation.todo.insert(Todo::Confirm(sn));
                return;
            }
        }
        self.advance(state, number, sn.claim(), host_s);
    }

    fn advance(&self, state: &mut State, number: u8, event: Event, host_s: u64) {
        let is_overdue = self.is_overdue(host_s);
        let operation = state.operation(number);
        let step = operation.record.clone().advance(event, host_s);
        let mut told = 0;
        let mut told_twice = false;
        for action in &step.actions {
            if let Action::Report(why) = action {
                told += 1;
                told_twice |= !operation.reports.insert(why.clone());
            }
        }
        let settles = operation.due_s.is_some() && step.due_s.is_none();
        operation.given_up |= settles && told > 0;
        let delivers = step.actions.iter().find_map(|action| match action {
            Action::Deliver(outcome) => Some(Ended::of(outcome)),
            _ => None,
        });
        match (self.bug, delivers) {
            (Bug::SkipStoring, _) if told > 0 && told == step.actions.len() => {}
            (Bug::DeliverBeforeStoring, Some(ended)) => {
                operation.unstored = Some((step.record, step.due_s));
                Self::hand_over(state, number, ended);
            }
            (Bug::WithdrawUnasked, _) if is_overdue => {
                operation.store(step);
                let withdraw = |todo: &Todo| match *todo {
                    Todo::Confirm(sn) => Todo::Withdraw(sn),
                    other => other,
                };
                operation.todo = operation.todo.iter().map(withdraw).collect();
            }
            _ => operation.store(step),
        }
        if told_twice {
            state.wrongs.insert(Wrong::ToldTwice);
        }
    }
}

impl Operation {
    /// What a host without faults does next: each answer is taken, each call is made.
    pub(crate) fn next_in_order(&self, number: u8) -> Option<Happening> {
        let answer = self.answers.first().map(|it| Happening::Take(number, *it));
        let request = self.requests.first();
        let commit = request.map(|it| Happening::Commit(number, *it));
        let todo = self.todo.first().map(|it| Happening::Act(number, *it));
        answer.or(commit).or(todo)
    }
}
