//! Runs `itsm-receiver-stdout.wasm` in wasmCloud's runtime and checks it end to end against the fake ITSM.
//!
//! `ITSM_WASM_DIR` names the folder of the built components. The component's own lines, one for the
//! outcome and one for the operator, come before that of their check.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use fake_itsm::{FakeItsm, HttpAnswer, HttpClient, Options};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wash_runtime::host::{Host, HostApi};
use wash_runtime::plugin::wasi_http::HttpServer;
use wash_runtime::types::{Component, LocalResources, Workload, WorkloadStartRequest};
use wash_runtime::wit::WitInterface;

/// Bindings with the keys that they were made with: none has to be made here.
const VECTORS: &str = include_str!("../../../vectors/binding.json");
const APP: (&str, &str) = ("gate", "canary-app-secret");
/// A request that the receiver hangs on is a check that fails.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let vectors: Vectors = serde_json::from_str(VECTORS)?;
    let binding = vectors.made.first().context("there is no binding to use")?;
    let fake = FakeItsm::start(Options::default()).await?;
    let address = free_address().await?;
    let version = serve(address, receiver(&fake, binding)?).await?;
    let url = format!("http://{address}/itsm/callback");

    let checks = [
        told("GET says that the settings are whole", ready(&url).await),
        told(
            "a callback without a binding is refused, and no call leaves",
            stranger(&fake, &url).await,
        ),
        told(
            "ITSM's callback about an approved ticket is accepted",
            approved(&fake, &url, binding).await,
        ),
    ];
    let (hold, all) = (checks.iter().filter(|held| **held).count(), checks.len());
    println!("{hold} of {all} checks hold on wash-runtime {version}");
    ensure!(hold == all, "the receiver does not do all that it should");
    Ok(())
}

fn told(check: &str, held: Result<()>) -> bool {
    if let Err(why) = held {
        println!("fails: {check}: {why:#}");
        return false;
    }
    println!("holds: {check}");
    true
}

#[derive(Deserialize)]
struct Vectors {
    made: Vec<Binding>,
}

/// A binding, the key that it was made with, and what it binds.
#[derive(Deserialize)]
struct Binding {
    key: String,
    callback_url: String,
    header: String,
    tag: String,
}

/// The receiver with its settings. It stands behind the address that is bound, as behind a proxy.
fn receiver(fake: &FakeItsm, binding: &Binding) -> Result<Component> {
    let folder = std::env::var_os("ITSM_WASM_DIR")
        .context("set ITSM_WASM_DIR to the folder that `cargo xtask build` fills")?;
    let file = Path::new(&folder).join("itsm-receiver-stdout.wasm");
    let bytes = std::fs::read(&file)
        .with_context(|| format!("{} can't be read: run `cargo xtask build`", file.display()))?;
    let settings = [
        ("ITSM_GATEWAY", fake.gateway_url()),
        ("ITSM_APP_CODE", APP.0.to_owned()),
        ("ITSM_APP_SECRET", APP.1.to_owned()),
        ("ITSM_CALLBACK_URL", binding.callback_url.clone()),
        ("ITSM_BINDING_KEYS", binding.key.clone()),
    ];
    Ok(Component {
        bytes: Bytes::from(bytes),
        local_resources: LocalResources {
            environment: settings
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            ..LocalResources::default()
        },
        ..Component::default()
    })
}

/// Serves the component with wasmCloud's runtime for as long as this program runs; its version.
async fn serve(address: SocketAddr, component: Component) -> Result<String> {
    let host = Host::builder()
        .with_plugin(Arc::new(HttpServer::new(address)))?
        .build()?;
    let host = host.start().await.context("the host does not start")?;
    let workload = Workload {
        namespace: "itsm".to_owned(),
        name: "receiver".to_owned(),
        annotations: HashMap::new(),
        service: None,
        components: vec![component],
        host_interfaces: vec![WitInterface::from("wasi:http/incoming-handler")],
        volumes: Vec::new(),
    };
    host.workload_start(WorkloadStartRequest { workload })
        .await
        .context("the runtime does not take the component")?;
    Ok(host.heartbeat().await?.version)
}

/// The runtime does not say which port it took, so it can't be given port 0.
async fn free_address() -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?)
}

async fn ready(url: &str) -> Result<()> {
    let answer = in_time(HttpClient::default().get(url)).await?;
    ensure!(answer.status == 200, "status {}", answer.status);
    Ok(())
}

async fn stranger(fake: &FakeItsm, url: &str) -> Result<()> {
    // Nothing but the binding is missing.
    let body = json!({
        "sn": "REQ20260101000001", "title": "open an account", "current_status": "FINISHED",
        "approve_result": true, "ticket_url": "", "update_at": "", "updated_by": ",bob,",
        "last_approver": "bob", "token": fake.token(),
    });
    let answer = post(url, &[], &body).await?;
    let refused = answer["code"].as_i64().is_some_and(|code| code != 0);
    ensure!(refused, "answered {answer}");
    ensure!(fake.exchanges().is_empty(), "ITSM was called");
    Ok(())
}

async fn approved(fake: &FakeItsm, url: &str, binding: &Binding) -> Result<()> {
    let ticket = json!({
        "creator": "alice",
        "tag": binding.tag,
        "fast_approval": true,
        "fields": [
            {"key": "title", "value": "open an account"},
            {"key": "APPROVER", "value": "bob"},
            {"key": "APPROVAL_CONTENT", "value": "An account for carol."},
        ],
        "meta": {"callback_url": url, "headers": {"X-Itsm-Binding": binding.header}},
    });
    let credentials = json!({"bk_app_code": APP.0, "bk_app_secret": APP.1}).to_string();
    let headers = [("X-Bkapi-Authorization", credentials.as_str())];
    let create = format!("{}/v2/itsm/create_ticket/", fake.gateway_url());
    let created = post(&create, &headers, &ticket).await?;
    let sn = created["data"]["sn"].as_str();
    let sn = sn.with_context(|| format!("create_ticket answered {created}"))?;
    fake.approve(sn, "bob").await?;
    let called = fake.called_back(sn).await?;
    let answer: Value = serde_json::from_str(&called.answer)
        .with_context(|| format!("answered {:?} {:?}", called.status, called.answer))?;
    let accepted = answer["code"] == 0 && answer["message"] == "success";
    ensure!(accepted, "answered {answer}");
    Ok(())
}

async fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
    let (client, body) = (HttpClient::default(), body.to_string());
    let answer = in_time(client.post(url, headers, &body)).await?.body;
    serde_json::from_str(&answer).with_context(|| format!("answered {answer:?}"))
}

async fn in_time(answer: impl Future<Output = Result<HttpAnswer>>) -> Result<HttpAnswer> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer.context("no answer in time")?
}
