use crate::artifacts;
use crate::bindings::callbacks_only::CallbacksOnlyPre;
use crate::host::{self, Host, State};
use crate::wit_callbacks::{Callback, Claims, Reply, Unbound, Unreadable, Verdict};
use wasmtime::component::Linker;

type Header = (String, String);

/// The interface `callbacks` of one of the components, a fresh instance for each call.
pub struct Callbacks {
    pre: CallbacksOnlyPre<State>,
    host: Host,
}

impl Callbacks {
    /// Of `itsm-callbacks.wasm`, in a world that offers nothing at all to import.
    pub fn alone() -> Self {
        let nothing = Linker::new(artifacts::engine());
        let pre = nothing
            .instantiate_pre(artifacts::callbacks_only())
            .expect("itsm-callbacks.wasm imports nothing");
        Self {
            pre: CallbacksOnlyPre::new(pre).expect("the world callbacks-only"),
            host: Host::denying(),
        }
    }

    /// Of `itsm.wasm`, whose every request would be counted and denied.
    pub fn of_the_whole() -> Self {
        let pre = host::linker()
            .instantiate_pre(artifacts::whole())
            .expect("itsm.wasm imports wasi:http and what that needs");
        Self {
            pre: CallbacksOnlyPre::new(pre).expect("the world callbacks-only"),
            host: Host::denying(),
        }
    }

    /// How many requests left: none ever should.
    pub fn requests(&self) -> usize {
        self.host.sent().len()
    }
}

/// Calls one function in a fresh instance, and fails the test when it traps or hangs.
macro_rules! call {
    ($self:ident, $function:ident, $($argument:expr),*) => {{
        let mut store = $self.host.store();
        let instance = $self.pre.instantiate_async(&mut store).await;
        let instance = instance.expect("the component can be instantiated");
        let interface = instance.blueking_itsm_callbacks();
        host::returned(interface.$function(&mut store, $($argument),*)).await
    }};
}

impl Callbacks {
    /// `parse`
    pub async fn parse(&self, body: &[u8]) -> Result<Callback, Unreadable> {
        call!(self, call_parse, body)
    }

    /// `token`
    pub async fn token(&self, body: &[u8]) -> Result<String, Unreadable> {
        call!(self, call_token, body)
    }

    /// `conclude`
    pub async fn conclude(&self, status: &str, approve_result: bool, ended: bool) -> Verdict {
        call!(self, call_conclude, status, approve_result, ended)
    }

    /// `bind`
    pub async fn bind(&self, key: &str, claims: &Claims) -> Result<Header, String> {
        call!(self, call_bind, key, claims)
    }

    /// `check-binding`
    pub async fn check_binding(
        &self,
        keys: &[String],
        headers: &[Header],
        callback_url: &str,
        now_s: u64,
    ) -> Result<Claims, Unbound> {
        call!(self, call_check_binding, keys, headers, callback_url, now_s)
    }

    /// `accepted`
    pub async fn accepted(&self) -> Reply {
        call!(self, call_accepted,)
    }

    /// `refused`
    pub async fn refused(&self, message: &str) -> Reply {
        call!(self, call_refused, message)
    }
}
