//! The durable host as a program: asks for as many approvals as told, and keeps at it until each is settled.
//!
//! Settings come from the environment, as for `rust-host`, with ITSM_DATABASE for the file and
//! ITSM_LISTEN for the endpoint's address. ITSM_ORDERS says how many approvals, ITSM_TITLE for what, and
//! ITSM_DECIDE_WITHIN_S, which can be left out, after how many seconds a ticket is withdrawn.

use anyhow::Result;
use rust_host::durable::{Durable, Sqlite};
use rust_host::{Itsm, Settings, env, fast_approval};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[tokio::main]
async fn main() -> Result<()> {
    let number = |name: &str| env(name).ok().and_then(|value| value.parse::<u64>().ok());
    let component = Path::new(&env("ITSM_WASM_DIR")?).join("itsm.wasm");
    let log = Arc::new(|line| println!("{line}"));
    let itsm = Itsm::load(&component, Settings::from_env()?, log)?;
    let store = Sqlite::open(Path::new(&env("ITSM_DATABASE")?))?;
    let host = Durable::new(itsm, Arc::new(store), Arc::new(now_s));

    let listener = tokio::net::TcpListener::bind(env("ITSM_LISTEN")?).await?;
    let endpoint = host.callback_endpoint();
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    // Whatever the last run left, before anything new.
    host.tick(true).await?;
    let title = env("ITSM_TITLE").unwrap_or_else(|_| "order".to_owned());
    for index in 0..number("ITSM_ORDERS").unwrap_or(1) {
        let ticket = fast_approval("carol", &format!("{title} {index}"), &["admin"]);
        let decide_by_s = number("ITSM_DECIDE_WITHIN_S").map(|within| now_s() + within);
        host.begin(ticket, decide_by_s).await?;
    }
    host.run(Duration::from_secs(1)).await;
    Ok(())
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
