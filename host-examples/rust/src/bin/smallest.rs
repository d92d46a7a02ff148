//! The smallest host: asks bob for an approval, and waits until ITSM says how it ended.
//!
//!     ITSM_WASM_DIR=target/itsm cargo run --bin smallest
//!
//! ITSM_GATEWAY, ITSM_APP_CODE and ITSM_APP_SECRET come from the environment too.

use anyhow::{Context, Result, bail};
use bindings::exports::blueking::itsm::diagnosis::Language;
use bindings::exports::blueking::itsm::tickets::{FastApproval, NewTicket, Service};
use bindings::exports::blueking::itsm::types::{
    AppCredentials, Authorization, Confirmation, Connection, Endpoint, Verdict,
};
use std::time::Duration;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};

// The component's types and functions, made from its WIT.
#[allow(unsafe_code)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider",
        exports: { default: async },
    });
}

/// What the component can use: HTTP, clocks and random numbers, but no files and no environment.
#[derive(Default)]
struct Host {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: default_hooks() }
    }
}

fn env(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

#[tokio::main]
async fn main() -> Result<()> {
    // Load the component, and connect its imports with this host.
    let engine = Engine::default();
    let component = Component::from_file(&engine, env("ITSM_WASM_DIR")? + "/itsm.wasm")?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
    let mut store = Store::new(&engine, Host::default());
    let provider = bindings::Provider::instantiate_async(&mut store, &component, &linker).await?;
    let tickets = provider.blueking_itsm_tickets();

    // Create the ticket. `create` is sent once, and never repeated.
    let connection = Connection {
        endpoint: Endpoint::Gateway(env("ITSM_GATEWAY")?),
        authorization: Authorization::App(AppCredentials {
            app_code: env("ITSM_APP_CODE")?,
            app_secret: env("ITSM_APP_SECRET")?,
            user: None,
        }),
        headers: vec![],
        deadline_ms: None,
    };
    let ticket = NewTicket {
        tag: tickets.call_new_tag(&mut store).await?,
        service: Service::FastApproval(FastApproval {
            approvers: vec!["bob".into()],
            content: "an account for carol".into(),
        }),
        creator: "carol".into(),
        title: "open an account".into(),
        fields: vec![],
        processors: vec![],
        callback: None,
        extra_json: None,
    };
    let sn = match tickets.call_create(&mut store, &connection, &ticket).await? {
        Ok(created) => created.sn,
        Err(failure) => {
            let diagnosis = provider.blueking_itsm_diagnosis();
            let advice = diagnosis.call_describe_failure(&mut store, &failure, Language::English);
            bail!("{}. {}", failure.message, advice.await?)
        }
    };

    // Ask until the ticket has ended. Every ending but an approval is exit code 1.
    loop {
        match tickets.call_confirm_own(&mut store, &connection, &sn).await? {
            Ok(Confirmation::Ended(outcome)) => {
                let approved = outcome.verdict == Verdict::Approved;
                println!("{sn} was {}", if approved { "approved" } else { "not approved" });
                std::process::exit(i32::from(!approved));
            }
            Ok(Confirmation::Open(_) | Confirmation::Undecided(_)) => {}
            Ok(_) => bail!("{sn}: a person must look at this ticket"),
            // A question that failed changes nothing: ask again.
            Err(failure) => eprintln!("{}", failure.message),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
