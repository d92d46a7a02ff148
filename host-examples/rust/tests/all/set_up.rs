//! What the tests share.

use rust_host::{Itsm, Settings};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const SECRET: &str = "canary-of-the-app-secret";

/// Longer than anything takes that comes at all, on the slowest machine.
pub const LONGEST: Duration = Duration::from_secs(180);

/// What a host says, as it says it.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
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

pub fn settings(gateway: String, callback_url: String) -> Settings {
    Settings {
        gateway,
        app_code: "app".into(),
        app_secret: SECRET.into(),
        callback_url,
        binding_key: format!("itsm-key.t.{}", "0f".repeat(32)),
    }
}

pub fn itsm(settings: Settings) -> (Itsm, Said) {
    let said = Said::default();
    let heard = said.clone();
    let watch = Arc::new(move |words| heard.0.lock().unwrap().push(words));
    let wasm = wasm_folder().join("itsm.wasm");
    (Itsm::load(&wasm, settings, watch).unwrap(), said)
}

/// An empty folder for a test.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "not yet: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
