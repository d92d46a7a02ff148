use crate::artifacts;
use crate::bindings::provider::{Provider, ProviderPre};
use crate::samples::CANARIES;
use crate::wit_tickets::{
    ApprovalResult, Confirmation, Connection, CreatedTicket, Failure, NewTicket,
};
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// The longest that any call may take here. No test comes near it: it turns a hang into a failure.
const LONGEST: Duration = Duration::from_secs(40);
/// The most memory that a call may take: 16 MiB of answer, and what is read from it.
const MOST_MEMORY: usize = 256 << 20;

/// A host of `itsm.wasm`. It lets each request out, unless told otherwise, and notes it.
#[derive(Clone, Default)]
pub struct Host {
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

type Answer = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Host {
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
    /// A host that lets everything out.
    pub fn new() -> Self {
        Self::default()
    }

    /// A host that lets nothing out.
    pub fn denying() -> Self {
        Self {
            denies: true,
            ..Self::default()
        }
    }

    /// Adds a header to each request as it leaves.
    pub fn adding(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.adds.push((HeaderName::from_static(name), value));
        self
    }

    /// Ignores the timeouts that the component asks for: those of the host are left, ten minutes.
    pub fn forgetting_timeouts(mut self) -> Self {
        self.forgets_timeouts = true;
        self
    }

    /// The requests so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// A fresh instance, for functions that have no shorthand here.
    pub async fn instance(&self) -> (Store<State>, Provider) {
        let mut store = self.store();
        let instance = provider().instantiate_async(&mut store).await;
        (store, instance.expect("the component can be instantiated"))
    }

    /// Does this as each request is about to leave, while the component waits.
    pub fn watching(mut self, watch: impl Fn() + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }

    pub(crate) fn state(&self) -> State {
        State {
            table: ResourceTable::new(),
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            hooks: self.clone(),
            limits: StoreLimitsBuilder::new()
                .memory_size(MOST_MEMORY)
                .trap_on_grow_failure(true)
                .build(),
        }
    }

    pub(crate) fn store(&self) -> Store<State> {
        let state = self.state();
        let mut store = Store::new(artifacts::engine(), state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(LONGEST.as_secs());
        store
    }
}

/// Calls one function in a fresh instance, and fails the test when it traps or hangs.
macro_rules! call {
    ($self:ident, $function:ident, $($argument:expr),*) => {{
        let mut store = $self.store();
        let instance = provider().instantiate_async(&mut store).await;
        let instance = instance.expect("the component can be instantiated");
        let interface = instance.blueking_itsm_tickets();
        returned(interface.$function(&mut store, $($argument),*)).await
    }};
}

impl Host {
    /// `new-operation-id`
    pub async fn new_operation_id(&self) -> String {
        call!(self, call_new_operation_id,)
    }

    /// `create`
    pub async fn create(
        &self,
        connection: &Connection,
        ticket: &NewTicket,
    ) -> Result<CreatedTicket, Failure> {
        checked(call!(self, call_create, connection, ticket))
    }

    /// `confirm`
    pub async fn confirm(
        &self,
        connection: &Connection,
        sn: &str,
        operation_id: Option<&str>,
    ) -> Result<Confirmation, Failure> {
        checked(call!(self, call_confirm, connection, sn, operation_id))
    }

    /// `approval-results`
    pub async fn approval_results(
        &self,
        connection: &Connection,
        sns: &[&str],
    ) -> Result<Vec<ApprovalResult>, Failure> {
        let sns: Vec<String> = sns.iter().map(ToString::to_string).collect();
        checked(call!(self, call_approval_results, connection, &sns))
    }

    /// `verify-token`
    pub async fn verify_token(
        &self,
        connection: &Connection,
        token: &str,
    ) -> Result<bool, Failure> {
        checked(call!(self, call_verify_token, connection, token))
    }

    /// `failed-callbacks`
    pub async fn failed_callbacks(
        &self,
        connection: &Connection,
        among: &[&str],
    ) -> Result<Vec<String>, Failure> {
        let among: Vec<String> = among.iter().map(ToString::to_string).collect();
        checked(call!(self, call_failed_callbacks, connection, &among))
    }
}

/// What every failure of every test must be: short, and free of what must not be seen.
fn checked<T>(result: Result<T, Failure>) -> Result<T, Failure> {
    if let Err(failure) = &result {
        let text = format!("{failure:?}");
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} is in {text}");
        }
        assert!(failure.message.len() <= 256, "too long: {text}");
    }
    result
}

/// The value of a call, which neither traps nor hangs.
pub(crate) async fn returned<T>(call: impl Future<Output = wasmtime::Result<T>>) -> T {
    match tokio::time::timeout(LONGEST, call).await {
        Ok(Ok(value)) => value,
        Ok(Err(trap)) => panic!("the component trapped: {trap:?}"),
        Err(_) => panic!("the component did not return in {LONGEST:?}"),
    }
}

/// All that a host has to offer to `itsm.wasm`.
pub(crate) fn linker() -> Linker<State> {
    let mut linker = Linker::new(artifacts::engine());
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).expect("a fresh linker");
    linker
}

fn provider() -> &'static ProviderPre<State> {
    static PROVIDER: OnceLock<ProviderPre<State>> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let pre = linker()
            .instantiate_pre(artifacts::whole())
            .expect("itsm.wasm imports wasi:http and what that needs");
        ProviderPre::new(pre).expect("the world provider")
    })
}

/// What one instance has.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Host,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}
