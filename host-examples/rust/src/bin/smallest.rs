//! The smallest host: asks bob for an approval, and waits until ITSM says how it ended. To copy.

use bindings::exports::blueking::itsm::tickets::{FastApproval, NewTicket, Service};
use bindings::exports::blueking::itsm::types::*;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Result, Store, bail};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};

#[allow(missing_docs, unsafe_code)]
mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit", world: "provider", exports: { default: async } });
}

#[derive(Default)]
struct Host(WasiCtx, WasiHttpCtx, ResourceTable);

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Host(ctx, _, table) = self;
        WasiCtxView { ctx, table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (Host(_, ctx, table), hooks) = (self, default_hooks());
        WasiHttpCtxView { ctx, table, hooks }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (engine, set) = (Engine::default(), |name| std::env::var(name).expect(name));
    let mut linker = Linker::new(&engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
    let component = Component::from_file(&engine, set("ITSM_WASM"))?;
    let mut store = Store::new(&engine, Host::default());
    let provider = bindings::Provider::instantiate_async(&mut store, &component, &linker).await?;
    let itsm = provider.blueking_itsm_tickets();

    let connection = Connection {
        endpoint: Endpoint::Gateway(set("ITSM_GATEWAY")),
        authorization: Authorization::App(AppCredentials {
            app_code: set("ITSM_APP_CODE"),
            app_secret: set("ITSM_APP_SECRET"),
            user: None,
        }),
        headers: vec![],
        deadline_ms: None,
    };
    let ticket = NewTicket {
        tag: itsm.call_new_tag(&mut store).await?,
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
    let sn = match itsm.call_create(&mut store, &connection, &ticket).await? {
        Ok(created) => created.sn,
        Err(failure) => bail!("{failure}"),
    };
    loop {
        match itsm.call_confirm_own(&mut store, &connection, &sn).await? {
            Ok(Confirmation::Ended(outcome)) => {
                println!("{sn} ended: {:?}", outcome.verdict);
                std::process::exit(i32::from(outcome.verdict != Verdict::Approved));
            }
            Ok(Confirmation::Open(_) | Confirmation::Undecided(_)) => {}
            Ok(other) => bail!("{sn}: {other:?}"),
            Err(failure) => eprintln!("{failure}"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}
