//! What the tests share.

use rust_host::{Callback, Endpoint, Error, Failure, Itsm, Network, Settings, load_component};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use wasmtime::Engine;
use wasmtime::component::Component;

pub const SECRET: &str = "canary-of-the-app-secret";

/// Longer than anything takes that comes at all, on the slowest machine.
pub const LONGEST: Duration = Duration::from_secs(180);

/// The lines that a host has logged.
#[derive(Clone, Default)]
pub struct Logged(Arc<Mutex<Vec<String>>>);

impl Logged {
    pub fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

/// The folder of the built components.
pub fn wasm_folder() -> PathBuf {
    let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
    let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/itsm"));
    let folder = folder.unwrap_or_else(built);
    let wasm = folder.join("itsm.wasm");
    assert!(wasm.is_file(), "run `cargo xtask build` first");
    folder
}

/// The key to which the settings bind callbacks.
pub fn key() -> String {
    format!("itsm-key.t.{}", "0f".repeat(32))
}

pub fn settings(gateway: String, callback_url: String) -> Settings {
    Settings {
        endpoint: Endpoint::Gateway(gateway),
        app_code: "app".into(),
        app_secret: SECRET.into(),
        access_token: None,
        tenant_id: None,
        callback: Some(Callback { url: callback_url, keys: vec![key()] }),
        network: Network::default(),
    }
}

pub fn itsm(settings: Settings) -> (Itsm, Logged) {
    let logged = Logged::default();
    let lines = logged.0.clone();
    let log = Arc::new(move |line| lines.lock().unwrap().push(line));
    (Itsm::with_component(component(), settings, log).unwrap(), logged)
}

/// The component, compiled once for all tests.
pub fn component() -> &'static Component {
    static COMPILED: OnceLock<Component> = OnceLock::new();
    let file = || wasm_folder().join("itsm.wasm");
    COMPILED.get_or_init(|| load_component(&Engine::default(), &file()).unwrap())
}

/// The failure of a call.
pub fn failure<T>(answer: Result<T, Error>) -> Failure {
    match answer {
        Err(Error::Failed { failure, .. }) => failure,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("no failure"),
    }
}

/// Says to a program where its ITSM is, and its component.
pub fn with_settings<'a>(program: &'a mut Command, settings: &Settings) -> &'a mut Command {
    let Endpoint::Gateway(gateway) = &settings.endpoint else { panic!("a gateway") };
    let callback = settings.callback.as_ref().unwrap();
    program
        .env("ITSM_WASM_DIR", wasm_folder())
        .env("ITSM_GATEWAY", gateway)
        .env("ITSM_APP_CODE", &settings.app_code)
        .env("ITSM_APP_SECRET", &settings.app_secret)
        .env("ITSM_CALLBACK_URL", &callback.url)
        .env("ITSM_BINDING_KEYS", callback.keys.join(","))
}

/// An empty folder for a test.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// An address that stays the same over the host's lives: its port is none of those that a connection which
/// leaves meanwhile could be given.
pub fn free_address(seed: u64) -> String {
    let first = u64::from(std::process::id()) * 131 + seed;
    let mut addresses = (first..).map(|n| format!("127.0.0.1:{}", 20_000 + n % 10_000));
    let free = addresses.find(|address| std::net::TcpListener::bind(address).is_ok());
    free.unwrap()
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "not yet: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
