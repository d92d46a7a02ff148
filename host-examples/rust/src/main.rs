//! Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.
//!
//! Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, ITSM_CALLBACK_URL,
//! ITSM_BINDING_KEY, and ITSM_WASM_DIR for the folder of `itsm.wasm`.

use anyhow::{Context, Result, bail};
use rust_host::{Itsm, Settings, Verdict, callback_endpoint, word};
use std::path::Path;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<()> {
    let set = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let settings = Settings {
        gateway: set("ITSM_GATEWAY")?,
        app_code: set("ITSM_APP_CODE")?,
        app_secret: set("ITSM_APP_SECRET")?,
        callback_url: set("ITSM_CALLBACK_URL")?,
        binding_key: set("ITSM_BINDING_KEY")?,
    };
    let mut arguments = std::env::args().skip(1);
    let (Some(creator), Some(approver), Some(title)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: rust-host CREATOR APPROVER TITLE");
    };

    let wasm = Path::new(&set("ITSM_WASM_DIR")?).join("itsm.wasm");
    let itsm = Itsm::load(&wasm, settings, Arc::new(|words| println!("{words}")))?;
    let (outcomes, mut inbox) = tokio::sync::mpsc::channel(16);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    let endpoint = callback_endpoint(itsm.clone(), outcomes);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving =
        axum::serve(listener, endpoint).with_graceful_shutdown(async { drop(stopped.await) });
    let serving = tokio::spawn(serving.into_future());

    let operation = itsm.prepare(&creator, &title, &[&approver]).await?;
    match itsm.create(&operation).await? {
        Ok(ticket) => println!("waiting for {} ({})", ticket.sn, ticket.ticket_url),
        Err(failure) => bail!("{} ({:?})", failure.message, failure.advice),
    }
    let (_, outcome) = inbox.recv().await.context("the endpoint stopped")?;
    // ITSM is still to hear that the outcome was taken.
    drop(stop);
    serving.await??;
    println!("{}", word(outcome.verdict));
    std::process::exit(i32::from(outcome.verdict != Verdict::Approved))
}
