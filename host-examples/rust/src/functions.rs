//! The component's functions that ask ITSM, as methods. Each call has an instance to itself.

use crate::instances::Instance;
use crate::{
    Advice, ApprovalResult, Assignees, CallbackTarget, CallbackUrlError, Confirmation, Confirmed,
    CreatedTicket, Error, Explanation, Failure, Finding, Itsm, LogEntry, Operation, Recovery,
    ServiceFilter, ServiceForm, ServiceSummary, TicketFilter, TicketInfo, TicketPage, TicketStatus,
};

/// Makes a method of each function: its arguments go to the component as they are.
macro_rules! functions {
    ($($interface:ident { $(
        $(#[$doc:meta])+
        $name:ident = $call:ident($($argument:ident: $type:ty),*) -> $answer:ty;
    )+ })+) => { $($(
        $(#[$doc])+
        pub async fn $name(&self, $($argument: $type),*) -> Result<$answer, Error> {
            let mut instance = self.instances.take().await?;
            let connection = self.settings.connection(self.deadline);
            let functions = instance.exports.$interface();
            let answer = functions.$call(&mut instance.store, &connection, $($argument),*).await;
            self.answer(instance, answer).await
        }
    )+)+ };
}

impl Itsm {
    functions! {
        blueking_itsm_tickets {
            /// Asks ITSM what became of a ticket, by the number that [`Itsm::create`] or [`Itsm::recover`]
            /// answered.
            confirm_own = call_confirm_own(sn: &str) -> Confirmation;
            /// The same for a number that a callback names: it must be the number of the ticket with this tag.
            confirm = call_confirm(sn: &str, tag: &str) -> Confirmation;
            /// The same for up to 50 of one's own tickets.
            reconcile = call_reconcile(sns: &[String]) -> Vec<Confirmed>;
            /// How a ticket stands or ended, who decided, and whom it waits for. For people.
            explain = call_explain(sn: &str) -> Explanation;
            /// A ticket's status and its running nodes.
            status = call_status(sn: &str) -> TicketStatus;
            /// A ticket with its form.
            info = call_info(sn: &str) -> TicketInfo;
            /// A ticket's log, oldest entry first.
            ticket_log = call_log(sn: &str) -> Vec<LogEntry>;
            /// The tickets that meet a filter, newest first.
            search = call_search(filter: &TicketFilter, page: u32, page_size: u32) -> TicketPage;
            /// ITSM's results of finished tickets. ITSM then takes them off its list of failed callbacks.
            approval_results = call_approval_results(sns: &[String]) -> Vec<ApprovalResult>;
            /// Those of these tickets whose callback ITSM lists as failed.
            failed_callbacks = call_failed_callbacks(among: &[String]) -> Vec<String>;
            /// Whether ITSM issued a token to somebody, some day. It proves no callback.
            verify_token = call_verify_token(token: &str) -> bool;
        }
        blueking_itsm_operations {
            /// Takes a ticket back, as its creator. ITSM calls back before it answers.
            withdraw = call_withdraw(sn: &str, operator: &str, message: &str) -> ();
            /// Ends a ticket, as somebody who handles it. ITSM calls back before it answers.
            terminate = call_terminate(sn: &str, operator: &str, message: &str) -> ();
            /// Suspends a ticket.
            suspend = call_suspend(sn: &str, operator: &str, message: &str) -> ();
            /// Resumes a suspended ticket.
            resume = call_resume(sn: &str, operator: &str, message: &str) -> ();
        }
        blueking_itsm_handling {
            /// Decides an approval, as one of the node's processors.
            approve = call_approve(sn: &str, node: u64, approver: &str, approved: bool, remark: &str) -> ();
            /// Claims a node that several users may handle.
            claim = call_claim(sn: &str, node: u64, operator: &str) -> ();
            /// Hands a node over to others.
            hand_over = call_hand_over(sn: &str, node: u64, operator: &str, to: &Assignees, message: &str) -> ();
        }
        blueking_itsm_services {
            /// The services that meet a filter.
            services = call_list_services(filter: &ServiceFilter) -> Vec<ServiceSummary>;
            /// A service with its form.
            form = call_form(service: u64) -> ServiceForm;
        }
        blueking_itsm_diagnosis {
            /// Tries the actions of the main job, one by one, so that each harms nothing.
            diagnose = call_diagnose() -> Vec<Finding>;
        }
    }

    /// Makes the ticket of an operation.
    pub async fn create(&self, operation: &Operation) -> Result<CreatedTicket, Error> {
        let mut instance = self.instances.take().await?;
        let tickets = instance.exports.blueking_itsm_tickets();
        let connection = self.settings.connection(self.deadline);
        let store = &mut instance.store;
        let answer = tickets.call_create(store, &connection, &operation.ticket).await;
        self.answer(instance, answer).await
    }

    /// Looks the ticket of an operation up, when the answer to [`Itsm::create`] was lost.
    pub async fn recover(&self, operation: &Operation) -> Result<Recovery, Error> {
        let mut instance = self.instances.take().await?;
        let tickets = instance.exports.blueking_itsm_tickets();
        let connection = self.settings.connection(self.deadline);
        let store = &mut instance.store;
        let answer = tickets.call_recover(store, &connection, &operation.ticket).await;
        self.answer(instance, answer).await
    }

    /// Posts to a callback address what ITSM would, with a number that is no ticket's. The only call that leaves for
    /// another server than ITSM's: for this one, without credentials.
    pub async fn check_callback_url(
        &self,
        target: &CallbackTarget,
    ) -> Result<Result<(), CallbackUrlError>, Error> {
        let egress = self.egress.to(&target.url).map_err(Error::NotStarted)?;
        let mut instance = self.instances.make(egress).await?;
        let diagnosis = instance.exports.blueking_itsm_diagnosis();
        let answer = diagnosis.call_check_callback_url(&mut instance.store, target).await;
        answer.map_err(|error| Error::Stopped(error.into()))
    }

    /// What a failure means and what to do next, in sentences.
    pub async fn describe(&self, failure: &Failure) -> String {
        let Ok(mut instance) = self.instances.take().await else { return String::new() };
        let diagnosis = instance.exports.blueking_itsm_diagnosis();
        let store = &mut instance.store;
        match diagnosis.call_describe_failure(store, failure, self.language).await {
            Ok(words) => {
                self.instances.keep(instance);
                words
            }
            Err(_) => String::new(),
        }
    }

    /// The answer of a call, with its texts as they may be shown. The instance is kept if the call came to its end.
    async fn answer<T: Texts>(
        &self,
        instance: Instance,
        answer: wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, Error> {
        let answer = answer.map_err(|error| Error::Stopped(error.into()))?;
        self.instances.keep(instance);
        let mut failure = match answer {
            Ok(mut value) => {
                for text in value.texts() {
                    *text = self.egress.redacted(text);
                }
                return Ok(value);
            }
            Err(failure) => failure,
        };
        for text in failure.texts() {
            *text = self.egress.redacted(text);
        }
        let advice = self.describe(&failure).await;
        Err(Error::Failed { failure, advice })
    }
}

/// The texts for people in an answer. A server can have repeated the credentials in them.
trait Texts {
    fn texts(&mut self) -> Vec<&mut String> {
        Vec::new()
    }
}

impl Texts for Failure {
    fn texts(&mut self) -> Vec<&mut String> {
        let advice = match &mut self.advice {
            Advice::FixArgument(it) | Advice::AllowHost(it) | Advice::Other(it) => Some(it),
            _ => None,
        };
        let others = [&mut self.code, &mut self.request_id].into_iter().filter_map(Option::as_mut);
        others.chain(advice).chain([&mut self.message]).collect()
    }
}

impl Texts for Confirmation {
    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Confirmation::Undecidable(undecidable) => vec![&mut undecidable.why],
            Confirmation::Other(text) => vec![text],
            _ => Vec::new(),
        }
    }
}

impl Texts for Vec<Confirmed> {
    fn texts(&mut self) -> Vec<&mut String> {
        self.iter_mut().flat_map(|it| it.confirmation.texts()).collect()
    }
}

impl Texts for Recovery {
    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Recovery::Other(text) => vec![text],
            _ => Vec::new(),
        }
    }
}

impl Texts for Explanation {
    fn texts(&mut self) -> Vec<&mut String> {
        vec![&mut self.words]
    }
}

impl Texts for Finding {
    fn texts(&mut self) -> Vec<&mut String> {
        let failure = self.failure.as_mut().map(Texts::texts).unwrap_or_default();
        failure.into_iter().chain([&mut self.words]).collect()
    }
}

impl Texts for Vec<Finding> {
    fn texts(&mut self) -> Vec<&mut String> {
        self.iter_mut().flat_map(Texts::texts).collect()
    }
}

impl Texts for () {}
impl Texts for bool {}
impl Texts for CreatedTicket {}
impl Texts for ServiceForm {}
impl Texts for TicketInfo {}
impl Texts for TicketPage {}
impl Texts for TicketStatus {}
impl Texts for Vec<ApprovalResult> {}
impl Texts for Vec<LogEntry> {}
impl Texts for Vec<ServiceSummary> {}
impl Texts for Vec<String> {}
