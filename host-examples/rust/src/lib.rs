//! A host of `itsm.wasm` in wasmtime: creates tickets, receives their callbacks, and hands over what
//! ITSM itself says became of them.
//!
//! The component does the work. This file loads it, lets it reach one server and no other, puts the
//! credentials on its requests as they leave, and gives each call an instance that no other call has meanwhile.

mod client;
mod compiled;
pub mod durable;
mod endpoint;
mod error;
mod functions;
mod instances;
mod redact;
mod sandbox;
mod settings;
mod store;

pub use compiled::load_component;
pub use endpoint::callback_endpoint;
pub use error::Error;
pub use settings::{Callback, NAMES, Network, Settings, check_names, env};

use crate::instances::Instances;
use crate::sandbox::{Egress, MOST_MEMORY};
use anyhow::{Context, Result};
use bindings::ProviderPre;
use bindings::exports::blueking::itsm::callbacks::Claims;
use bindings::exports::blueking::itsm::types::{AppCredentials, Authorization, Connection, User};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

pub use bindings::exports::blueking::itsm::callbacks::{BoundCallback, Reception, Reply};
pub use bindings::exports::blueking::itsm::diagnosis::{CallbackUrlError, Finding, Language};
pub use bindings::exports::blueking::itsm::handling::Assignees;
pub use bindings::exports::blueking::itsm::services::{ServiceFilter, ServiceForm, ServiceSummary};
pub use bindings::exports::blueking::itsm::tickets::{
    ApprovalResult, Confirmed, Ending, Explanation, FastApproval, LogEntry, NewTicket, Service,
    TicketFilter, TicketInfo, TicketPage, TicketStatus,
};
pub use bindings::exports::blueking::itsm::tracking::{Action, Event, LookedUp, Step};
pub use bindings::exports::blueking::itsm::types::{
    Advice, CallbackTarget, Confirmation, CreatedTicket, Decision, Endpoint, Evidence, Failure,
    Field, FieldValue, Origin, Outcome, Recovery, RunningNode, Ticket, Verdict,
};

#[allow(unsafe_code)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider",
        exports: { default: async },
        // So that a ticket can be stored before it is made.
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

/// Takes a line for people about each thing that happens.
pub type Log = Arc<dyn Fn(String) + Send + Sync>;

/// A ticket that is yet to be made. Store it before [`Itsm::create`]: by it the ticket is found again when
/// the answer was lost.
///
/// It has no `Debug`, because it holds the ticket's tag, and a tag is a secret.
#[derive(Serialize, Deserialize)]
pub struct Operation {
    /// Its public id: for logs, and as the key by which an action is carried out once.
    pub id: String,
    ticket: NewTicket,
}

impl Operation {
    /// What its ticket asks for.
    pub fn title(&self) -> &str {
        &self.ticket.title
    }

    /// In whose name.
    pub fn creator(&self) -> &str {
        &self.ticket.creator
    }

    /// The headers that its callback carries. Whoever has them can post callbacks for it.
    pub fn callback_headers(&self) -> &[(String, String)] {
        self.ticket.callback.as_ref().map_or(&[], |callback| &callback.headers)
    }
}

/// A loaded component and its settings. Clones share both.
#[derive(Clone)]
pub struct Itsm {
    instances: Instances,
    settings: Settings,
    egress: Egress,
    log: Log,
    language: Language,
    deadline: Duration,
}

/// A month: how long a binding holds. A ticket may wait that long.
const BINDING_HOLDS: Duration = Duration::from_secs(30 * 24 * 3600);

impl Itsm {
    /// Loads the component, once for the life of the program. Its compiled code is kept for the next program.
    pub fn load(component: &Path, settings: Settings, log: Log) -> Result<Self> {
        Self::with_component(&load_component(&Engine::default(), component)?, settings, log)
    }

    /// The same with a component that is loaded already, as from code that was compiled before.
    pub fn with_component(component: &Component, settings: Settings, log: Log) -> Result<Self> {
        let mut linker = Linker::new(component.engine());
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
        let provider = ProviderPre::new(linker.instantiate_pre(component)?)?;
        let egress = Egress::new(&settings)?;
        Ok(Self {
            instances: Instances::new(provider, egress.clone()),
            egress,
            settings,
            log,
            language: Language::English,
            deadline: Duration::from_secs(30),
        })
    }

    /// The same, with another time that a call may take.
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// The same, with errors in another language.
    pub fn speaking(&self, language: Language) -> Self {
        Self { language, ..self.clone() }
    }

    /// The same, with another limit to the memory of an instance, in bytes. A call that wants more ends with
    /// an error that says so, and the next call has an instance of its own.
    pub fn with_memory(&self, most_memory: usize) -> Self {
        Self { instances: self.instances.with_memory(most_memory), ..self.clone() }
    }

    /// Prepares a ticket: gives it its tag and, where callbacks are set up, binds its callback to it. No call
    /// leaves.
    pub async fn prepare(&self, ticket: NewTicket) -> Result<Operation> {
        let mut instance = self.instances.take().await?;
        let tickets = instance.exports.blueking_itsm_tickets();
        let id = tickets.call_new_operation_id(&mut instance.store).await?;
        let Some(Callback { url, keys }) = &self.settings.callback else {
            let tag = tickets.call_new_tag(&mut instance.store).await?;
            self.instances.keep(instance);
            return Ok(Operation { id, ticket: NewTicket { tag, ..ticket } });
        };
        let claims = Claims {
            operation_id: id.clone(),
            callback_url: url.clone(),
            expires_s: now_s() + BINDING_HOLDS.as_secs(),
        };
        let key = keys.first().context("there is no binding key")?;
        let callbacks = instance.exports.blueking_itsm_callbacks();
        let binding = callbacks.call_bind(&mut instance.store, key, &claims).await?;
        self.instances.keep(instance);
        let binding = binding.map_err(anyhow::Error::msg).context("the callback can't be bound")?;
        let target = CallbackTarget { url: claims.callback_url, headers: vec![binding.header] };
        let ticket = NewTicket { tag: binding.tag, callback: Some(target), ..ticket };
        Ok(Operation { id, ticket })
    }

    /// Begins a tracking record.
    pub async fn start_tracking(
        &self,
        operation_id: &str,
        decide_by_s: Option<u64>,
        now_s: u64,
    ) -> Result<Step> {
        let mut instance = self.instances.take().await?;
        let tracking = instance.exports.blueking_itsm_tracking();
        let step =
            tracking.call_start(&mut instance.store, operation_id, decide_by_s, now_s).await?;
        self.instances.keep(instance);
        step.map_err(anyhow::Error::msg)
    }

    /// Takes an event into a tracking record.
    pub async fn advance(&self, record_json: &str, event: &Event, now_s: u64) -> Result<Step> {
        let mut instance = self.instances.take().await?;
        let tracking = instance.exports.blueking_itsm_tracking();
        let step = tracking.call_advance(&mut instance.store, record_json, event, now_s).await?;
        self.instances.keep(instance);
        step.map_err(anyhow::Error::msg)
    }

    /// How many requests the component has made or tried to make.
    pub fn outgoing_requests(&self) -> usize {
        self.egress.count()
    }

    /// A text of a server, as it may be shown: on one line, and without the credentials, which the server can
    /// have repeated.
    pub fn redacted(&self, text: &str) -> String {
        self.egress.redacted(text)
    }

    fn log(&self, line: impl AsRef<str>) {
        (self.log)(self.egress.redacted(line.as_ref()));
    }
}

/// A ticket of ITSM's built-in service that asks `approvers` for an approval. One of them is enough.
pub fn fast_approval(creator: &str, title: &str, approvers: &[&str]) -> NewTicket {
    NewTicket {
        tag: String::new(),
        service: Service::FastApproval(FastApproval {
            approvers: approvers.iter().map(ToString::to_string).collect(),
            content: title.to_owned(),
        }),
        creator: creator.to_owned(),
        title: title.to_owned(),
        fields: Vec::new(),
        processors: Vec::new(),
        callback: None,
        extra_json: None,
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Open => "open",
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
            Verdict::Completed => "completed",
            Verdict::Withdrawn => "withdrawn",
            Verdict::Terminated => "terminated",
            Verdict::Closed => "closed",
        })
    }
}

fn now_s() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpListener;
    use std::path::PathBuf;

    /// A host whose component asks `asked`, while the sandbox lets it out to `allowed` alone.
    fn itsm(allowed: &TcpListener, asked: &TcpListener) -> Itsm {
        let address =
            |server: &TcpListener| format!("http://{}/prod", server.local_addr().unwrap());
        let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
        let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/itsm"));
        let settings = Settings {
            endpoint: Endpoint::Gateway(address(allowed)),
            app_code: "app".into(),
            app_secret: "canary-of-the-app-secret".into(),
            access_token: None,
            tenant_id: None,
            callback: None,
            network: Network::default(),
        };
        let component = folder.unwrap_or_else(built).join("itsm.wasm");
        let mut itsm = Itsm::load(&component, settings, Arc::new(drop)).unwrap();
        itsm.settings.endpoint = Endpoint::Gateway(address(asked));
        itsm
    }

    fn server() -> TcpListener {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        server.set_nonblocking(true).unwrap();
        server
    }

    fn was_reached(server: &TcpListener) -> bool {
        match server.accept() {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn failure(itsm: &Itsm) -> Failure {
        let operation = itsm.prepare(fast_approval("carol", "扩容", &["admin"])).await.unwrap();
        match itsm.create(&operation).await {
            Err(Error::Failed { failure, .. }) => failure,
            Err(error) => panic!("{error}"),
            Ok(created) => panic!("{}", created.sn),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_is_not_allowed_gets_nothing() {
        let (allowed, other) = (server(), server());
        let itsm = itsm(&allowed, &other);
        let failure = failure(&itsm).await;
        let host = other.local_addr().unwrap().to_string();
        assert!(matches!(&failure.advice, Advice::AllowHost(it) if *it == host), "{failure:?}");
        assert!(!failure.may_have_acted);
        assert_eq!(itsm.outgoing_requests(), 1);
        assert!(!was_reached(&other) && !was_reached(&allowed));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_redirect_of_the_allowed_server_is_not_followed() {
        let (allowed, other) = (server(), server());
        let itsm = itsm(&allowed, &allowed);
        let answer = format!(
            "HTTP/1.1 307 Moved\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
            other.local_addr().unwrap()
        );
        allowed.set_nonblocking(false).unwrap();
        let answering = std::thread::spawn(move || {
            let (mut connection, _) = allowed.accept().unwrap();
            let mut asked = String::new();
            while !asked.ends_with('}') {
                let mut bytes = [0; 4096];
                let count = connection.read(&mut bytes).unwrap();
                asked.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
            connection.write_all(answer.as_bytes()).unwrap();
            asked
        });
        let failure = failure(&itsm).await;
        assert!(failure.may_have_acted, "{failure:?}");
        let asked = answering.join().unwrap();
        assert!(asked.contains("canary-of-the-app-secret"), "{asked}");
        assert_eq!(itsm.outgoing_requests(), 1);
        assert!(!was_reached(&other));
    }

    /// docs/binding.md says what the members of a vector are.
    #[tokio::test(flavor = "multi_thread")]
    async fn each_vector_of_the_binding_has_its_result() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../tests/vectors/binding.json")).unwrap();
        let of = |list: &str| vectors[list].as_array().unwrap().clone();
        let text = |vector: &Value, member: &str| vector[member].as_str().unwrap().to_owned();
        let claims = |vector: &Value| Claims {
            operation_id: text(vector, "operation_id"),
            callback_url: text(vector, "callback_url"),
            expires_s: text(vector, "expires_s").parse().unwrap(),
        };
        let nobody = server();
        let mut instance = itsm(&nobody, &nobody).instances.take().await.unwrap();
        let (callbacks, store) = (instance.exports.blueking_itsm_callbacks(), &mut instance.store);
        for vector in of("made") {
            let key = text(&vector, "key");
            let made = callbacks.call_bind(&mut *store, &key, &claims(&vector)).await.unwrap();
            let expected =
                json!({"header": ["X-Itsm-Binding", vector["header"]], "tag": vector["tag"]});
            assert_eq!(json!(made.unwrap()), expected, "{}", vector["name"]);
        }
        for vector in of("not_made") {
            let key = text(&vector, "key");
            let made = callbacks.call_bind(&mut *store, &key, &claims(&vector)).await.unwrap();
            let why = made.err().unwrap();
            assert!(why.starts_with(&text(&vector, "wrong")), "{}: {why}", vector["name"]);
        }
        for vector in of("checks") {
            let keys: Vec<String> = serde_json::from_value(vector["keys"].clone()).unwrap();
            let headers: Vec<_> = serde_json::from_value(vector["headers"].clone()).unwrap();
            let (url, now_s) = (text(&vector, "callback_url"), text(&vector, "now_s"));
            let expected = match text(&vector, "result").as_str() {
                "bound" => json!({"Ok": {"claims": claims(&vector), "tag": vector["tag"]}}),
                "absent" => json!({"Err": "Absent"}),
                "malformed" => json!({"Err": "Malformed"}),
                "unknown-key" => json!({"Err": "UnknownKey"}),
                "forged" => json!({"Err": "Forged"}),
                "expired" => json!({"Err": {"Expired": claims(&vector)}}),
                "invalid-key" => json!({"Err": {"InvalidKey": vector["place"]}}),
                other => panic!("{other} is no result"),
            };
            let now_s = now_s.parse().unwrap();
            let found = callbacks.call_check_binding(&mut *store, &keys, &headers, &url, now_s);
            assert_eq!(json!(found.await.unwrap()), expected, "{}", vector["name"]);
        }
    }
}
