//! `itsm.wasm` in instances that are kept, as the host in Rust keeps them, and with an ITSM in memory.

use crate::itsm::Tickets;
use anyhow::Result;
use bindings::exports::blueking::itsm::types::{Authorization, Connection, Endpoint};
use bindings::{Provider, ProviderPre};
use http_body_util::{BodyExt, Full};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Config, Engine, ResourceLimiter, Store};
use wasmtime_wasi::{Deterministic, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

#[allow(unsafe_code, clippy::all)]
pub mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider",
        exports: { default: async },
    });
}

/// The component, loaded.
pub struct Program {
    engine: Engine,
    provider: ProviderPre<State>,
}

/// An instance and all that it has.
pub struct Kept {
    pub store: Store<State>,
    pub exports: Provider,
}

impl Program {
    /// Loads it, with instructions that are counted or with none.
    pub fn load(counting: bool) -> Result<Self> {
        let engine = Engine::new(Config::new().consume_fuel(counting))?;
        let component = rust_host::load_component(&engine, &crate::built()?)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
        let provider = ProviderPre::new(linker.instantiate_pre(&component)?)?;
        Ok(Self { engine, provider })
    }

    /// A new instance, whose random numbers are always the same.
    pub async fn instance(&self) -> Result<Kept> {
        let random = Deterministic::new((0..=250).collect());
        let state = State {
            table: ResourceTable::new(),
            wasi: WasiCtx::builder().secure_random(random).build(),
            http: WasiHttpCtx::new(),
            tickets: InMemory::default(),
            memory: 0,
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        if store.get_fuel().is_ok() {
            store.set_fuel(u64::MAX)?;
        }
        let exports = self.provider.instantiate_async(&mut store).await?;
        Ok(Kept { store, exports })
    }
}

/// The gateway of the ITSM in memory.
pub const GATEWAY: &str = "http://itsm.example.com/api/bk-itsm/prod";

/// The connection to the ITSM in memory.
pub fn connection() -> Connection {
    Connection {
        endpoint: Endpoint::Gateway(GATEWAY.to_owned()),
        authorization: Authorization::AddedByHost,
        headers: Vec::new(),
        deadline_ms: None,
    }
}

/// What one instance has.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    tickets: InMemory,
    memory: usize,
}

impl State {
    /// The bytes of the instance's memory.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The ITSM in memory.
    pub fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock()
    }
}

#[derive(Clone, Default)]
struct InMemory(Arc<Mutex<Tickets>>);

impl InMemory {
    fn lock(&self) -> MutexGuard<'_, Tickets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for InMemory {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let tickets = self.clone();
        Box::new(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let answer = tickets.lock().answer(head.uri.path(), &body);
            let answer = Full::new(answer.into()).map_err(|never| match never {}).boxed_unsync();
            Ok((http::Response::new(answer), Box::new(async { Ok(()) }) as _))
        })
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.memory = desired;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.tickets }
    }
}
