//! A host of `itsm.wasm` in wasmtime: creates tickets, receives their callbacks, and hands over what
//! ITSM itself says became of them.
//!
//! The component does the work. This file loads it, lets it reach one server and no other, puts the
//! credentials on its requests as they leave, and gives each call an instance of its own.

pub mod durable;
mod endpoint;
mod sandbox;
mod words;

pub use endpoint::callback_endpoint;

use crate::sandbox::{Gate, MOST_MEMORY, State, store};
use anyhow::{Context, Result};
use bindings::ProviderPre;
use bindings::exports::blueking::itsm::callbacks::Claims;
use bindings::exports::blueking::itsm::tickets::{FastApproval, NewTicket, Service};
use bindings::exports::blueking::itsm::types::{
    Authorization, CallbackTarget, Connection, Endpoint,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

pub use bindings::exports::blueking::itsm::tracking::{Action, Event, LookedUp, Step};
pub use bindings::exports::blueking::itsm::types::{
    Advice, Confirmation, CreatedTicket, Failure, Origin, Outcome, Recovery, Verdict,
};

#[allow(missing_docs, unsafe_code)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider",
        exports: { default: async },
        // So that a ticket can be stored before it is made.
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

/// What this host needs to know.
#[derive(Clone)]
pub struct Settings {
    /// ITSM's API gateway, with its stage.
    pub gateway: String,
    /// The app's code.
    pub app_code: String,
    /// The app's secret. It never enters the component.
    pub app_secret: String,
    /// Where ITSM calls back: the address of [`callback_endpoint`], as ITSM reaches it.
    pub callback_url: String,
    /// The key that ties callbacks to operations: `itsm-key.ID.` and what `openssl rand -hex 32` prints.
    pub binding_key: String,
}

/// What happens, in words, as it happens.
pub type Watch = Arc<dyn Fn(String) + Send + Sync>;

/// A ticket that is yet to be made. Store it before [`Itsm::create`]: by it the ticket is found again when
/// the answer was lost.
///
/// It has no `Debug`, because it holds the ticket's tag, and a tag is a secret.
pub struct Operation {
    /// Its public id: for logs, and as the key by which an action is carried out once.
    pub id: String,
    ticket: NewTicket,
}

/// A loaded component and its settings. Clones share both.
#[derive(Clone)]
pub struct Itsm {
    provider: ProviderPre<State>,
    settings: Settings,
    gate: Gate,
    watch: Watch,
    deadline: Duration,
    most_memory: usize,
}

/// A month: how long a binding holds. A ticket may wait that long.
const BINDING_HOLDS: Duration = Duration::from_secs(30 * 24 * 3600);

impl Itsm {
    /// Loads the component, once for the life of the program.
    pub fn load(component: &Path, settings: Settings, watch: Watch) -> Result<Self> {
        let engine = Engine::default();
        let component = Component::from_file(&engine, component)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("{} is no component", component.display()))?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
        Ok(Self {
            provider: ProviderPre::new(linker.instantiate_pre(&component)?)?,
            gate: Gate::new(&settings)?,
            settings,
            watch,
            deadline: Duration::from_secs(30),
            most_memory: MOST_MEMORY,
        })
    }

    /// The same, with another time that a call may take.
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// The same, with another limit to the memory of an instance, in bytes. A call that wants more ends with
    /// an error that says so, and the next call has an instance of its own.
    pub fn with_memory(&self, most_memory: usize) -> Self {
        Self { most_memory, ..self.clone() }
    }

    /// Prepares a ticket that asks `approvers` for an approval, and binds its callback to it. No call
    /// leaves.
    pub async fn prepare(
        &self,
        creator: &str,
        title: &str,
        approvers: &[&str],
    ) -> Result<Operation> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let id = tickets.call_new_operation_id(&mut store).await?;
        let claims = Claims {
            operation_id: id.clone(),
            callback_url: self.settings.callback_url.clone(),
            expires_s: now_s() + BINDING_HOLDS.as_secs(),
        };
        let callbacks = instance.blueking_itsm_callbacks();
        let binding = callbacks
            .call_bind(&mut store, &self.settings.binding_key, &claims)
            .await?
            .map_err(anyhow::Error::msg)
            .context("the callback can't be bound")?;
        let ticket = NewTicket {
            tag: binding.tag,
            service: Service::FastApproval(FastApproval {
                approvers: approvers.iter().map(ToString::to_string).collect(),
                content: title.to_owned(),
            }),
            creator: creator.to_owned(),
            title: title.to_owned(),
            fields: Vec::new(),
            processors: Vec::new(),
            callback: Some(CallbackTarget {
                url: claims.callback_url,
                headers: vec![binding.header],
            }),
            extra_json: None,
        };
        Ok(Operation { id, ticket })
    }

    /// Makes the ticket of an operation.
    pub async fn create(&self, operation: &Operation) -> Result<Result<CreatedTicket, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection();
        let answer = tickets.call_create(&mut store, &connection, &operation.ticket);
        self.heard(answer.await, |_| None)
    }

    /// Looks the ticket of an operation up, when the answer to [`Itsm::create`] was lost.
    pub async fn recover(&self, operation: &Operation) -> Result<Result<Recovery, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection();
        let answer = tickets.call_recover(&mut store, &connection, &operation.ticket);
        self.heard(answer.await, |it| match it {
            Recovery::Other(words) => Some(words),
            _ => None,
        })
    }

    /// Takes the ticket of an operation back, as its creator. ITSM calls back before it answers.
    pub async fn withdraw(
        &self,
        operation: &Operation,
        sn: &str,
        why: &str,
    ) -> Result<Result<(), Failure>> {
        let (mut store, instance) = self.instance().await?;
        let operations = instance.blueking_itsm_operations();
        let creator = &operation.ticket.creator;
        let connection = self.connection();
        let answer = operations.call_withdraw(&mut store, &connection, sn, creator, why);
        self.heard(answer.await, |_| None)
    }

    /// Begins a tracking record.
    pub async fn start_tracking(
        &self,
        operation_id: &str,
        decide_by_s: Option<u64>,
        now_s: u64,
    ) -> Result<Step> {
        let (mut store, instance) = self.instance().await?;
        let tracking = instance.blueking_itsm_tracking();
        let step = tracking.call_start(&mut store, operation_id, decide_by_s, now_s).await?;
        step.map_err(anyhow::Error::msg)
    }

    /// Takes an event into a tracking record.
    pub async fn advance(&self, state_json: &str, event: &Event, now_s: u64) -> Result<Step> {
        let (mut store, instance) = self.instance().await?;
        let tracking = instance.blueking_itsm_tracking();
        let step = tracking.call_advance(&mut store, state_json, event, now_s).await?;
        step.map_err(anyhow::Error::msg)
    }

    /// Asks ITSM what became of a ticket, by the number that [`Itsm::create`] or [`Itsm::recover`]
    /// answered.
    pub async fn confirm_own(&self, sn: &str) -> Result<Result<Confirmation, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection();
        let answer = tickets.call_confirm_own(&mut store, &connection, sn);
        self.heard(answer.await, words_of)
    }

    /// The same for a number that a callback names: it must be the number of the ticket with this tag.
    async fn confirm(&self, sn: &str, tag: &str) -> Result<Result<Confirmation, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection();
        let answer = tickets.call_confirm(&mut store, &connection, sn, tag);
        self.heard(answer.await, words_of)
    }

    /// Whether ITSM issued a token to somebody, some day. It proves no callback.
    pub async fn verify_token(&self, token: &str) -> Result<Result<bool, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection();
        let answer = tickets.call_verify_token(&mut store, &connection, token);
        self.heard(answer.await, |_| None)
    }

    /// How many requests the component has made or tried to make.
    pub fn outgoing_requests(&self) -> usize {
        self.gate.count()
    }

    /// A fresh instance. One instance takes one call at a time, so a callback that comes while a call
    /// is under way needs its own; it costs microseconds.
    async fn instance(&self) -> Result<(Store<State>, bindings::Provider)> {
        let engine = self.provider.engine();
        let mut store = store(engine, self.gate.clone(), self.most_memory);
        let instance = self.provider.instantiate_async(&mut store).await?;
        Ok((store, instance))
    }

    fn connection(&self) -> Connection {
        Connection {
            endpoint: Endpoint::Gateway(self.settings.gateway.clone()),
            authorization: Authorization::AddedByHost,
            headers: Vec::new(),
            deadline_ms: Some(self.deadline.as_millis() as u32),
        }
    }

    /// What a call came to, with its words cleaned. A call that was stopped half-way, as at the limit to its
    /// memory, may have acted.
    fn heard<T>(
        &self,
        answer: wasmtime::Result<Result<T, Failure>>,
        words_of: impl Fn(&mut T) -> Option<&mut String>,
    ) -> Result<Result<T, Failure>> {
        let mut answer = answer
            .map_err(anyhow::Error::from)
            .context("the call was stopped, and ITSM may have done what it asked for")?;
        let words: Vec<&mut String> = match &mut answer {
            Ok(told) => words_of(told).into_iter().collect(),
            Err(failure) => {
                let advice = match &mut failure.advice {
                    Advice::FixArgument(it) | Advice::AllowHost(it) | Advice::Other(it) => Some(it),
                    _ => None,
                };
                let others = [&mut failure.code, &mut failure.request_id];
                let others = others.into_iter().filter_map(Option::as_mut);
                others.chain(advice).chain([&mut failure.message]).collect()
            }
        };
        for text in words {
            *text = self.gate.cleaned(text);
        }
        Ok(answer)
    }

    fn say(&self, words: impl AsRef<str>) {
        (self.watch)(self.gate.cleaned(words.as_ref()));
    }
}

/// The words in what ITSM says of a ticket.
fn words_of(confirmation: &mut Confirmation) -> Option<&mut String> {
    match confirmation {
        Confirmation::Undecidable(undecidable) => Some(&mut undecidable.why),
        Confirmation::Other(words) => Some(words),
        _ => None,
    }
}

/// A verdict in a word.
pub fn word(verdict: Verdict) -> &'static str {
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

fn now_s() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_secs()
}
