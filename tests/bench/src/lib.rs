//! What the measuring programs share: bodies, turns, an ITSM that answers at once, and both sides of a comparison.

pub mod component;
pub mod itsm;
pub mod native;

use anyhow::{Context, Result};
use rust_host::{Callback, Endpoint, Itsm, Network, Settings};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A callback as a server sent it, in 377 bytes. Its token has other characters.
const RECORDED: &str = r#"{"title": "\u5ba1\u6279\u901a\u8fc7 ok", "current_status": "FINISHED", "sn": "REQ20261124000052", "ticket_url": "http://itsm.example.com/weixin/#/ticket/49/", "update_at": "2026-11-24 07:35:37.207535", "updated_by": ",admin,", "approve_result": true, "token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "last_approver": "admin"}"#;
/// The bytes of [`RECORDED`].
pub const SMALL: usize = 377;
/// A binding key that nobody uses.
pub const KEY: &str =
    "itsm-key.k1.5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
/// Where callbacks are said to arrive.
pub const CALLBACK_URL: &str = "http://gate.example.com/itsm/callback";
/// When the bindings of the benchmark expire.
pub const EXPIRES_S: u64 = 4_000_000_000;

/// So many turns are counted, after one that warms up.
const TURNS: usize = 7;
/// So long a turn of calls without a network takes.
const CALLS_FOR: Duration = Duration::from_millis(200);
/// So long a turn of requests takes.
pub const REQUESTS_FOR: Duration = Duration::from_millis(700);
/// So many calls are made between two looks at the clock.
const BATCH: u32 = 20;

/// A callback's body of this length: members that nobody reads fill it up, and blanks the rest.
pub fn body(bytes: usize) -> Vec<u8> {
    let mut text = RECORDED.trim_end_matches('}').to_owned();
    for number in 0.. {
        let member = format!(r#", "member_{number}": "the value {number:0100}""#);
        if text.len() + member.len() >= bytes {
            break;
        }
        text += &member;
    }
    text += &" ".repeat((bytes - 1).saturating_sub(text.len()));
    format!("{text}}}").into_bytes()
}

/// The recorded body for the ticket of this number, withdrawn.
pub fn withdrawn(sn: &str) -> String {
    RECORDED.replacen("REQ20261124000052", sn, 1).replacen("FINISHED", "REVOKED", 1)
}

/// Prints a line for `cargo xtask bench`.
pub fn print(what: &str, beside: Option<&str>, unit: &str, ours: &[f64], theirs: &[f64]) {
    println!(
        "{}",
        json!({"what": what, "beside": beside, "unit": unit, "ours": ours, "theirs": theirs})
    );
}

/// Measures both in turn, so that both have the same of what else the machine does.
pub fn turns(
    what: &str,
    beside: &str,
    unit: &str,
    mut ours: impl FnMut() -> Result<f64>,
    mut theirs: impl FnMut() -> Result<f64>,
) -> Result<()> {
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let (one, other) = (ours()?, theirs()?);
        if turn > 0 {
            of_ours.push(one);
            of_theirs.push(other);
        }
    }
    print(what, Some(beside), unit, &of_ours, &of_theirs);
    Ok(())
}

/// The microseconds of a call. `calls` makes as many as it is told.
pub fn micros(mut calls: impl FnMut(u32) -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    let mut made = 0;
    while begun.elapsed() < CALLS_FOR {
        calls(BATCH)?;
        made += BATCH;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / f64::from(made))
}

/// How often a second something is done, where so many do it at once.
pub async fn rate<F>(at_once: usize, one: impl Fn() -> F) -> Result<f64>
where
    F: Future<Output = Result<u32>> + Send + 'static,
{
    let begun = Instant::now();
    let all: JoinSet<_> = (0..at_once).map(|_| one()).collect();
    let mut done = 0;
    for each in all.join_all().await {
        done += each?;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

/// Does something again and again until a turn is over, and counts it.
pub async fn repeated<F>(one: impl Fn() -> F) -> Result<u32>
where
    F: Future<Output = Result<()>>,
{
    let until = Instant::now() + REQUESTS_FOR;
    let mut done = 0;
    while Instant::now() < until {
        one().await?;
        done += 1;
    }
    Ok(done)
}

/// The built component.
pub fn built() -> Result<PathBuf> {
    let folder = std::env::var_os("ITSM_WASM_DIR").context("ITSM_WASM_DIR is not set")?;
    Ok(Path::new(&folder).join("itsm.wasm"))
}

/// The host in Rust, for a gateway whose certificate may be this CA's.
pub fn rust_host(gateway: &str, ca_file: Option<PathBuf>) -> Result<Itsm> {
    let settings = Settings {
        endpoint: Endpoint::Gateway(gateway.to_owned()),
        app_code: "app".to_owned(),
        app_secret: "secret".to_owned(),
        access_token: None,
        tenant_id: None,
        callback: Some(Callback { url: CALLBACK_URL.to_owned(), keys: vec![KEY.to_owned()] }),
        network: Network { ca_file, ..Network::default() },
    };
    Itsm::load(&built()?, settings, Arc::new(drop))
}
