//! A host of `itsm.wasm` in wasmtime: creates tickets, receives their callbacks, and hands over what
//! ITSM itself says became of them.
//!
//! The component does the work. This file loads it, lets it reach one server and no other, puts the
//! credentials on its requests as they leave, and gives each call an instance of its own.

pub mod durable;
mod endpoint;
mod sandbox;

pub use endpoint::callback_endpoint;

use crate::sandbox::{Gate, State, store};
use anyhow::{Context, Result, bail};
use bindings::ProviderPre;
use bindings::exports::blueking::itsm::tickets::{
    CallbackTarget, FastApproval, NewTicket, Service,
};
use bindings::exports::blueking::itsm::types::{Authorization, Connection, Endpoint};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

pub use bindings::exports::blueking::itsm::callbacks::Claims;
pub use bindings::exports::blueking::itsm::tracking::{Action, Event, Step};
pub use bindings::exports::blueking::itsm::types::{
    Confirmation, CreatedTicket, Failure, Outcome, Recovery, Verdict,
};

#[allow(missing_docs, unsafe_code)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider",
        exports: { default: async },
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

/// A loaded component and its settings. Clones share both.
#[derive(Clone)]
pub struct Itsm {
    provider: ProviderPre<State>,
    settings: Settings,
    gate: Gate,
    watch: Watch,
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
        })
    }

    /// A new operation id. Store it before [`Itsm::create`]: by it a ticket is found whose answer was
    /// lost.
    pub async fn new_operation_id(&self) -> Result<String> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        Ok(tickets.call_new_operation_id(&mut store).await?)
    }

    /// Asks `approvers` for an approval, in a new ticket whose callback is bound to the operation.
    pub async fn create(
        &self,
        operation_id: &str,
        creator: &str,
        title: &str,
        approvers: &[&str],
    ) -> Result<Result<CreatedTicket, Failure>> {
        let ticket = self.ticket(operation_id, creator, title, approvers).await?;
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection(Duration::from_secs(30));
        Ok(tickets
            .call_create(&mut store, &connection, &ticket)
            .await?)
    }

    /// Looks an operation up whose answer was lost. The arguments are those of [`Itsm::create`].
    pub async fn recover(
        &self,
        operation_id: &str,
        creator: &str,
        title: &str,
        approvers: &[&str],
    ) -> Result<Result<Recovery, Failure>> {
        let ticket = self.ticket(operation_id, creator, title, approvers).await?;
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection(Duration::from_secs(30));
        Ok(tickets
            .call_recover(&mut store, &connection, &ticket)
            .await?)
    }

    async fn ticket(
        &self,
        operation_id: &str,
        creator: &str,
        title: &str,
        approvers: &[&str],
    ) -> Result<NewTicket> {
        let (mut store, instance) = self.instance().await?;
        let claims = Claims {
            operation_id: operation_id.to_owned(),
            callback_url: self.settings.callback_url.clone(),
            expires_at: now_s() + BINDING_HOLDS.as_secs(),
        };
        let callbacks = instance.blueking_itsm_callbacks();
        let bound = callbacks
            .call_bind(&mut store, &self.settings.binding_key, &claims)
            .await?;
        let header = match bound {
            Ok(header) => header,
            Err(why) => bail!("the callback can't be bound: {why}"),
        };
        Ok(NewTicket {
            operation_id: operation_id.to_owned(),
            service: Service::FastApproval(FastApproval {
                approvers: approvers.iter().map(ToString::to_string).collect(),
                content: title.to_owned(),
            }),
            creator: creator.to_owned(),
            title: title.to_owned(),
            fields: Vec::new(),
            processors: Vec::new(),
            callback: Some(CallbackTarget {
                url: self.settings.callback_url.clone(),
                headers: vec![header],
            }),
            extra_json: None,
        })
    }

    /// Begins a tracking record.
    pub async fn start_tracking(&self, operation_id: &str, now_s: u64) -> Result<Step> {
        let (mut store, instance) = self.instance().await?;
        let tracking = instance.blueking_itsm_tracking();
        let step = tracking.call_start(&mut store, operation_id, now_s).await?;
        step.map_err(anyhow::Error::msg)
    }

    /// Takes an event into a tracking record.
    pub async fn advance(&self, state_json: &str, event: &Event, now_s: u64) -> Result<Step> {
        let (mut store, instance) = self.instance().await?;
        let tracking = instance.blueking_itsm_tracking();
        let step = tracking
            .call_advance(&mut store, state_json, event, now_s)
            .await?;
        step.map_err(anyhow::Error::msg)
    }

    /// Asks ITSM what became of a ticket. Give the operation id whenever the number comes from
    /// elsewhere than [`Itsm::create`].
    pub async fn confirm(
        &self,
        sn: &str,
        operation_id: Option<&str>,
        within: Duration,
    ) -> Result<Result<Confirmation, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection(within);
        Ok(tickets
            .call_confirm(&mut store, &connection, sn, operation_id)
            .await?)
    }

    /// Whether ITSM issued a token to somebody, some day. It proves no callback.
    pub async fn verify_token(&self, token: &str) -> Result<Result<bool, Failure>> {
        let (mut store, instance) = self.instance().await?;
        let tickets = instance.blueking_itsm_tickets();
        let connection = self.connection(Duration::from_secs(30));
        Ok(tickets
            .call_verify_token(&mut store, &connection, token)
            .await?)
    }

    /// How many requests the component has made or tried to make.
    pub fn outgoing_requests(&self) -> usize {
        self.gate.count()
    }

    /// A fresh instance. One instance takes one call at a time, so a callback that comes while a call
    /// is under way needs its own; it costs microseconds.
    async fn instance(&self) -> Result<(Store<State>, bindings::Provider)> {
        let mut store = store(self.provider.engine(), self.gate.clone());
        let instance = self.provider.instantiate_async(&mut store).await?;
        Ok((store, instance))
    }

    fn connection(&self, within: Duration) -> Connection {
        Connection {
            endpoint: Endpoint::Gateway(self.settings.gateway.clone()),
            authorization: Authorization::AddedByHost,
            headers: Vec::new(),
            deadline_ms: Some(within.as_millis() as u32),
        }
    }

    fn say(&self, words: impl Into<String>) {
        (self.watch)(words.into());
    }
}

/// A verdict in a word.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
        Verdict::Withdrawn => "withdrawn",
        Verdict::Terminated => "terminated",
        Verdict::Closed => "closed",
    }
}

fn now_s() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_secs()
}
