//! The durable host as a program: asks for as many approvals as told, and keeps at it until each is settled.
//!
//! Settings come from the environment, as for `rust-host`, with ITSM_DATABASE for the file and
//! ITSM_LISTEN for the endpoint's address. ITSM_ORDERS says how many approvals, ITSM_TITLE for what, and
//! ITSM_DECIDE_WITHIN_S, which can be left out, after how many seconds a ticket is withdrawn. The kill
//! test adds KILL_AT, the durable write at which the program kills itself, and CLOCK_RATE, by which its
//! clock runs faster.

use anyhow::{Context, Result};
use rust_host::durable::{Checkpoint, Clock, Durable, Order};
use rust_host::{Itsm, Settings};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[tokio::main]
async fn main() -> Result<()> {
    let set = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let number = |name: &str| set(name).ok().and_then(|value| value.parse::<u64>().ok());
    let settings = Settings {
        gateway: set("ITSM_GATEWAY")?,
        app_code: set("ITSM_APP_CODE")?,
        app_secret: set("ITSM_APP_SECRET")?,
        callback_url: set("ITSM_CALLBACK_URL")?,
        binding_key: set("ITSM_BINDING_KEY")?,
    };
    let wasm = Path::new(&set("ITSM_WASM_DIR")?).join("itsm.wasm");
    let itsm = Itsm::load(&wasm, settings, Arc::new(|words| println!("{words}")))?;
    let rate = number("CLOCK_RATE").unwrap_or(1);
    let clock: Clock = Arc::new(move || {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        since_epoch.unwrap_or_default().as_millis() as u64 * rate / 1_000
    });
    let database = set("ITSM_DATABASE")?;
    let checkpoint = kill_at(set("KILL_AT").ok(), format!("{database}.killed"));
    let host = Durable::open(itsm, Path::new(&database), clock.clone(), checkpoint)?;

    let listener = tokio::net::TcpListener::bind(set("ITSM_LISTEN")?).await?;
    let endpoint = host.callback_endpoint();
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    // Whatever the last run left, before anything new.
    host.tick(true).await?;
    let title = set("ITSM_TITLE").unwrap_or_else(|_| "order".to_owned());
    for index in 0..number("ITSM_ORDERS").unwrap_or(1) {
        host.begin(&Order {
            creator: "carol".to_owned(),
            title: format!("{title} {index}"),
            approver: "admin".to_owned(),
            decide_by_s: number("ITSM_DECIDE_WITHIN_S").map(|within| clock() + within),
        })
        .await?;
    }
    host.run(Duration::from_millis(1_000 / rate.clamp(1, 20))).await;
    Ok(())
}

/// Notes that it is done for, and dies as a power cut would have it: `WRITE#N` is the N-th time, from 0,
/// that this write is come to.
fn kill_at(wanted: Option<String>, note: String) -> Checkpoint {
    let seen = AtomicU64::new(0);
    Arc::new(move |write| {
        let Some((name, count)) = wanted.as_ref().and_then(|wanted| wanted.split_once('#')) else {
            return;
        };
        if write == name && seen.fetch_add(1, Ordering::SeqCst).to_string() == count {
            let noted = std::fs::write(&note, write);
            let pid = std::process::id().to_string();
            let killed = std::process::Command::new("kill").args(["-9", &pid]).status();
            unreachable!("still alive after {noted:?} and {killed:?}");
        }
    })
}
