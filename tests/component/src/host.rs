use crate::artifacts;
use crate::bindings::provider::{Provider, ProviderPre};
use crate::call;
use crate::samples::CANARIES;
use crate::wit_tickets::{
    ApprovalResult, Confirmation, Connection, CreatedTicket, Failure, NewTicket, Recovery,
};
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, ResourceLimiter, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// The longest that any call may take here: it turns a hang into a failure. It is more than any machine needs,
/// and less than the ten minutes after which wasmtime itself gives a request up.
const LONGEST: Duration = Duration::from_secs(300);
/// The most memory that a call may take, where a host says nothing else.
const MOST_MEMORY: usize = 256 << 20;

/// A host of `itsm.wasm`. It lets each request out, unless told otherwise, and notes it.
#[derive(Clone)]
pub struct Host {
    component: Arc<ProviderPre<State>>,
    hooks: Hooks,
    memory: Limit,
}

/// How much memory an instance may take, and the most that one has asked for.
#[derive(Clone)]
struct Limit {
    most: usize,
    asked: Arc<AtomicUsize>,
}

impl Default for Limit {
    fn default() -> Self {
        Self { most: MOST_MEMORY, asked: Arc::default() }
    }
}

/// What the host does about requests.
#[derive(Clone, Default)]
struct Hooks {
    denies: bool,
    forgets_timeouts: bool,
    adds: Vec<(HeaderName, HeaderValue)>,
    watch: Option<Arc<dyn Fn() + Send + Sync>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// A request as the component gave it to the host, before the host added anything.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The address, query included.
    pub uri: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
}

impl Sent {
    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        let values = self.headers.iter().filter(named);
        values.map(|(_, value)| value.as_str()).collect()
    }
}

type Answer = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.sent.lock().unwrap().push(Sent {
            method: request.method().to_string(),
            uri: request.uri().to_string(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
        });
        if let Some(watch) = &self.watch {
            watch();
        }
        if self.denies {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        for (name, value) in &self.adds {
            request.headers_mut().append(name, value.clone());
        }
        let options = options.filter(|_| !self.forgets_timeouts);
        Box::new(async move {
            let sent = wasmtime_wasi_http::default_send_request(request, options);
            let (response, io) = sent.await?;
            let response = response.map(BodyExt::boxed_unsync);
            Ok((response, Box::new(io) as _))
        })
    }
}

impl Host {
    /// A host of the built component that lets everything out.
    pub fn new() -> Self {
        static BUILT: OnceLock<Host> = OnceLock::new();
        let built = BUILT.get_or_init(|| Self::of(artifacts::whole()).expect("the world provider"));
        Self {
            component: built.component.clone(),
            hooks: Hooks::default(),
            memory: Limit::default(),
        }
    }

    /// A host of another component, if it has the world `provider`.
    pub fn of_bytes(component: &[u8]) -> wasmtime::Result<Self> {
        Self::of(&artifacts::component(component))
    }

    pub(crate) fn of(component: &Component) -> wasmtime::Result<Self> {
        let pre = linker(component.engine()).instantiate_pre(component)?;
        Ok(Self {
            component: Arc::new(ProviderPre::new(pre)?),
            hooks: Hooks::default(),
            memory: Limit::default(),
        })
    }

    /// A host that lets nothing out.
    pub fn denying() -> Self {
        let mut host = Self::new();
        host.hooks.denies = true;
        host
    }

    /// Adds a header to each request as it leaves.
    pub fn adding(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.hooks.adds.push((HeaderName::from_static(name), value));
        self
    }

    /// Ignores the timeouts that the component asks for: those of the host are left, ten minutes.
    pub fn forgetting_timeouts(mut self) -> Self {
        self.hooks.forgets_timeouts = true;
        self
    }

    /// Gives each instance this many bytes of memory and no more: it traps when it asks for more.
    pub fn with_memory(mut self, most: usize) -> Self {
        self.memory.most = most;
        self
    }

    /// The most bytes of memory that an instance has asked for so far.
    pub fn memory(&self) -> usize {
        self.memory.asked.load(Ordering::SeqCst)
    }

    /// Does this as each request is about to leave, while the component waits.
    pub fn watching(mut self, watch: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.watch = Some(Arc::new(watch));
        self
    }

    /// The requests so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.hooks.sent.lock().unwrap().clone()
    }

    /// A fresh instance.
    pub async fn instance(&self) -> (Store<State>, Provider) {
        let mut store = self.store(self.component.engine());
        let instance = self.component.instantiate_async(&mut store).await;
        (store, instance.expect("the component can be instantiated"))
    }

    pub(crate) fn store(&self, engine: &Engine) -> Store<State> {
        let state = State {
            table: ResourceTable::new(),
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            hooks: self.hooks.clone(),
            limits: Limits {
                limits: StoreLimitsBuilder::new()
                    .memory_size(self.memory.most)
                    .trap_on_grow_failure(true)
                    .build(),
                asked: self.memory.asked.clone(),
            },
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(LONGEST.as_secs());
        store
    }

    /// `new-operation-id`
    pub async fn new_operation_id(&self) -> String {
        call!(self => blueking_itsm_tickets.call_new_operation_id())
    }

    /// `new-tag`
    pub async fn new_tag(&self) -> String {
        call!(self => blueking_itsm_tickets.call_new_tag())
    }

    /// `create`
    pub async fn create(
        &self,
        connection: &Connection,
        ticket: &NewTicket,
    ) -> Result<CreatedTicket, Failure> {
        call!(self => blueking_itsm_tickets.call_create(connection, ticket))
    }

    /// `confirm`
    pub async fn confirm(
        &self,
        connection: &Connection,
        sn: &str,
        tag: &str,
    ) -> Result<Confirmation, Failure> {
        call!(self => blueking_itsm_tickets.call_confirm(connection, sn, tag))
    }

    /// `confirm-own`
    pub async fn confirm_own(
        &self,
        connection: &Connection,
        sn: &str,
    ) -> Result<Confirmation, Failure> {
        call!(self => blueking_itsm_tickets.call_confirm_own(connection, sn))
    }

    /// `recover`
    pub async fn recover(
        &self,
        connection: &Connection,
        ticket: &NewTicket,
    ) -> Result<Recovery, Failure> {
        call!(self => blueking_itsm_tickets.call_recover(connection, ticket))
    }

    /// `approval-results`
    pub async fn approval_results(
        &self,
        connection: &Connection,
        sns: &[&str],
    ) -> Result<Vec<ApprovalResult>, Failure> {
        let sns: Vec<String> = sns.iter().map(ToString::to_string).collect();
        call!(self => blueking_itsm_tickets.call_approval_results(connection, &sns))
    }

    /// `verify-token`
    pub async fn verify_token(
        &self,
        connection: &Connection,
        token: &str,
    ) -> Result<bool, Failure> {
        call!(self => blueking_itsm_tickets.call_verify_token(connection, token))
    }

    /// `failed-callbacks`
    pub async fn failed_callbacks(
        &self,
        connection: &Connection,
        among: &[&str],
    ) -> Result<Vec<String>, Failure> {
        let among: Vec<String> = among.iter().map(ToString::to_string).collect();
        call!(self => blueking_itsm_tickets.call_failed_callbacks(connection, &among))
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

/// The value of a call, which neither traps nor hangs, and says no secret.
pub async fn returned<T: Debug>(call: impl Future<Output = wasmtime::Result<T>>) -> T {
    let value = match tokio::time::timeout(LONGEST, call).await {
        Ok(Ok(value)) => value,
        Ok(Err(trap)) => panic!("the component trapped: {trap:?}"),
        Err(_) => panic!("the component did not return in {LONGEST:?}"),
    };
    let text = format!("{value:?}");
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} is in {text}");
    }
    value
}

/// All that a host has to offer to `itsm.wasm`.
pub(crate) fn linker(engine: &Engine) -> Linker<State> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).expect("a fresh linker");
    linker
}

/// What one instance has.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limits: Limits,
}

/// The limits of one instance, which note how much memory it asks for.
struct Limits {
    limits: StoreLimits,
    asked: Arc<AtomicUsize>,
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.asked.fetch_max(desired, Ordering::SeqCst);
        self.limits.memory_growing(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.memory_grow_failed(error)
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
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}
