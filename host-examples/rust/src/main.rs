//! Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.
//!
//! Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, ITSM_CALLBACK_URL,
//! ITSM_BINDING_KEYS, ITSM_LISTEN where the endpoint is not to be at 0.0.0.0:8080, and ITSM_WASM_DIR for the
//! folder of `itsm.wasm`.

use anyhow::{Context, Result, bail};
use rust_host::{Itsm, Settings, Verdict, callback_endpoint, env, fast_approval};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

#[tokio::main]
async fn main() -> Result<()> {
    let settings = Settings::from_env()?;
    let component = Path::new(&env("ITSM_WASM_DIR")?).join("itsm.wasm");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [creator, approver, title] = arguments.as_slice() else {
        bail!("usage: rust-host CREATOR APPROVER TITLE");
    };
    let log = Arc::new(|line| println!("{line}"));
    let listen = env("ITSM_LISTEN").unwrap_or_else(|_| "0.0.0.0:8080".to_owned());
    let (ended, end) = oneshot::channel::<()>();
    let end = async { drop(end.await) };

    // The README shows the lines from here to the end of `if`.
    let itsm = Itsm::load(&component, settings, log)?;
    let (outcomes, mut inbox) = mpsc::channel(16);
    let listener = TcpListener::bind(listen).await?;
    let endpoint = callback_endpoint(itsm.clone(), outcomes);
    let serving = axum::serve(listener, endpoint).with_graceful_shutdown(end);
    let serving = tokio::spawn(serving.into_future());

    // Store the operation, then create its ticket.
    let operation = itsm.prepare(fast_approval(creator, title, &[approver])).await?;
    let ticket = itsm.create(&operation).await?;
    println!("waiting for {} ({})", ticket.sn, ticket.ticket_url);
    let (operation_id, outcome) = inbox.recv().await.context("the endpoint stopped")?;
    if outcome.verdict == Verdict::Approved {
        carry_out(&operation_id);
    }

    // ITSM is still to hear that the outcome was taken.
    drop(ended);
    serving.await??;
    println!("{}", outcome.verdict);
    std::process::exit(i32::from(outcome.verdict != Verdict::Approved))
}

/// The gated action. The same outcome can come twice, so the operation's id is its key.
fn carry_out(operation_id: &str) {
    println!("  action    carried out for operation {operation_id}");
}
