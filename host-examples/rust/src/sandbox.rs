//! What the component may do: reach one server, with credentials that it never sees.

use crate::client::Client;
use crate::{Endpoint, Settings, redact};
use anyhow::{Context, Result};
use http::{HeaderValue, Request, Response, Uri};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// Lets requests out to one server, with the credentials.
#[derive(Clone)]
pub(crate) struct Egress {
    allowed: String,
    /// Put on each request, unless the component writes the credentials itself.
    authorization: Option<HeaderValue>,
    /// What is secret: the whole header, then its parts.
    secrets: Arc<[String]>,
    client: Client,
    tried: Arc<AtomicUsize>,
}

impl Egress {
    pub fn new(settings: &Settings) -> Result<Self> {
        let credentials = settings.authorization();
        let mut authorization = HeaderValue::try_from(&credentials)
            .context("the credentials hold characters that no header can")?;
        authorization.set_sensitive(true);
        // One or two characters are no secret, and would be redacted in every word.
        let client = Client::new(&settings.network)?;
        let secrets = [credentials].into_iter().chain(settings.secrets().cloned());
        let secrets = secrets.chain(client.secrets()).filter(|it| it.chars().count() > 2);
        let is_added = !matches!(settings.endpoint, Endpoint::EsbLegacy(_));
        Ok(Self {
            allowed: settings.authority()?,
            authorization: is_added.then_some(authorization),
            secrets: secrets.collect(),
            client,
            tried: Arc::default(),
        })
    }

    /// The same way out to another server, which gets no credentials.
    pub fn to(&self, url: &str) -> Result<Self> {
        let url: Uri = url.parse().context("the address")?;
        let allowed = url.authority().context("the host of the address")?.to_string();
        Ok(Self { allowed, authorization: None, ..self.clone() })
    }

    pub fn count(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    /// A text as it may be shown. A server can repeat what was added here, and the component, which never
    /// had it, can't redact it.
    pub fn redacted(&self, text: &str) -> String {
        redact::redacted(text, &self.secrets)
    }
}

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Egress {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        // The component keeps its deadline itself, and what it lets go of ends.
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        self.tried.fetch_add(1, Ordering::Relaxed);
        let target = request.uri().authority().map(ToString::to_string);
        if target.as_ref() != Some(&self.allowed) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert("x-bkapi-authorization", authorization.clone());
        }
        let client = self.client.clone();
        Box::new(async move {
            let response = client.send(request).await?;
            Ok((response, Box::new(async { Ok(()) }) as _))
        })
    }
}

/// What one instance has: no files, no environment, no arguments, and the one way out.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    limits: StoreLimits,
    memory: usize,
}

/// What an instance may take, in bytes. The longest answer that the component reads has 16 MiB, and it takes
/// four times as much and 3 MiB at most.
pub(crate) const MOST_MEMORY: usize = 128 << 20;

pub(crate) fn store(engine: &Engine, egress: Egress, most_memory: usize) -> Store<State> {
    let state = State {
        table: ResourceTable::new(),
        wasi: WasiCtx::builder().build(),
        http: WasiHttpCtx::new(),
        egress,
        // A refused growth would end as `unreachable`, and nobody would know why.
        limits: StoreLimitsBuilder::new()
            .memory_size(most_memory)
            .trap_on_grow_failure(true)
            .build(),
        memory: 0,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store
}

impl State {
    /// The bytes of the instance's memory.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Whether nothing is left of the calls so far: no request, no answer, no timer. The options of a request are
    /// the component's no longer, and wasmtime-wasi-http lets them lie: they go with their table.
    pub fn is_clean(&mut self) -> bool {
        let only_options = self.table.iter_mut().all(|it| it.is::<RequestOptions>());
        if only_options {
            self.table = ResourceTable::new();
        }
        only_options
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grows = self.limits.memory_growing(current, desired, maximum)?;
        self.memory = desired;
        Ok(grows)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.egress }
    }
}
