use crate::artifacts;
use crate::bindings::callbacks_only::{CallbacksOnly, CallbacksOnlyPre};
use crate::call;
use crate::host::{self, Host, State};
use crate::wit_callbacks::{
    Binding, BindingError, Bound, Callback, Claims, NodeEvent, ParseError, Reception, Reply,
    Verdict,
};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};

type Header = (String, String);

/// The interface `callbacks` of one of the components, a fresh instance for each call.
pub struct Callbacks {
    engine: Engine,
    pre: CallbacksOnlyPre<State>,
    host: Host,
}

impl Callbacks {
    /// Of `itsm-callbacks.wasm`, in a world that offers nothing at all to import.
    pub fn alone() -> Self {
        Self::of(&Linker::new(artifacts::engine()), artifacts::callbacks_only())
    }

    /// Of `itsm.wasm`, whose every request would be counted and denied.
    pub fn of_the_whole() -> Self {
        Self::of(&host::linker(artifacts::engine()), artifacts::whole())
    }

    /// Of `itsm-callbacks.wasm`, with instructions that are counted.
    pub fn counting() -> Self {
        let engine = Engine::new(Config::new().consume_fuel(true)).expect("an engine");
        let bytes = artifacts::read("itsm-callbacks.wasm");
        let component = Component::new(&engine, bytes).expect("a component");
        Self::of(&Linker::new(&engine), &component)
    }

    fn of(linker: &Linker<State>, component: &Component) -> Self {
        let pre = linker.instantiate_pre(component).expect("all imports");
        Self {
            engine: component.engine().clone(),
            pre: CallbacksOnlyPre::new(pre).expect("the world callbacks-only"),
            host: Host::denying(),
        }
    }

    /// How many requests left: none ever should.
    pub fn requests(&self) -> usize {
        self.host.sent().len()
    }

    /// A fresh instance.
    pub async fn instance(&self) -> (Store<State>, CallbacksOnly) {
        let mut store = self.host.store(&self.engine);
        if store.get_fuel().is_ok() {
            store.set_fuel(u64::MAX).expect("instructions are counted");
        }
        let instance = self.pre.instantiate_async(&mut store).await;
        (store, instance.expect("the component can be instantiated"))
    }

    /// `receive`
    pub async fn receive(
        &self,
        keys: &[String],
        headers: &[Header],
        callback_url: &str,
        now_s: u64,
        body: &[u8],
    ) -> Reception {
        call!(self => blueking_itsm_callbacks.call_receive(keys, headers, callback_url, now_s, body))
    }

    /// `parse`
    pub async fn parse(&self, body: &[u8]) -> Result<Callback, ParseError> {
        call!(self => blueking_itsm_callbacks.call_parse(body))
    }

    /// `token`
    pub async fn token(&self, body: &[u8]) -> Result<String, ParseError> {
        call!(self => blueking_itsm_callbacks.call_token(body))
    }

    /// `conclude`
    pub async fn conclude(&self, status: &str, approve_result: bool, ended: bool) -> Verdict {
        call!(self => blueking_itsm_callbacks.call_conclude(status, approve_result, ended))
    }

    /// `bind`
    pub async fn bind(&self, key: &str, claims: &Claims) -> Result<Binding, String> {
        call!(self => blueking_itsm_callbacks.call_bind(key, claims))
    }

    /// `check-binding`
    pub async fn check_binding(
        &self,
        keys: &[String],
        headers: &[Header],
        callback_url: &str,
        now_s: u64,
    ) -> Result<Bound, BindingError> {
        call!(self => blueking_itsm_callbacks.call_check_binding(keys, headers, callback_url, now_s))
    }

    /// The instructions that `check-binding` takes. Only with [`Self::counting`].
    pub async fn instructions_of_check(
        &self,
        keys: &[String],
        header: &Header,
        callback_url: &str,
        now_s: u64,
    ) -> (Result<Bound, BindingError>, u64) {
        let (mut store, instance) = self.instance().await;
        let before = store.get_fuel().expect("instructions are counted");
        let callbacks = instance.blueking_itsm_callbacks();
        let headers = std::slice::from_ref(header);
        let found =
            callbacks.call_check_binding(&mut store, keys, headers, callback_url, now_s).await;
        let after = store.get_fuel().expect("instructions are counted");
        (found.expect("no trap"), before - after)
    }

    /// `accepted`
    pub async fn accepted(&self) -> Reply {
        call!(self => blueking_itsm_callbacks.call_accepted())
    }

    /// `refused`
    pub async fn refused(&self, message: &str) -> Reply {
        call!(self => blueking_itsm_callbacks.call_refused(message))
    }

    /// `parse-node-event`
    pub async fn parse_node_event(&self, body: &[u8]) -> Result<NodeEvent, ParseError> {
        call!(self => blueking_itsm_callbacks.call_parse_node_event(body))
    }

    /// `is-self-check`
    pub async fn is_self_check(&self, callback: &Callback) -> bool {
        call!(self => blueking_itsm_callbacks.call_is_self_check(callback))
    }
}
