//! The built components, each found and compiled once in a process.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// How often the engine's epoch advances: a guest that computes for ever is stopped by it.
const TICK: Duration = Duration::from_secs(1);

pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let engine = Engine::new(Config::new().epoch_interruption(true)).expect("an engine");
        let ticking = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(TICK);
                ticking.increment_epoch();
            }
        });
        engine
    })
}

/// `itsm.wasm`
pub fn whole() -> &'static Component {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    COMPONENT.get_or_init(|| load("itsm.wasm"))
}

/// `itsm-callbacks.wasm`
pub fn callbacks_only() -> &'static Component {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    COMPONENT.get_or_init(|| load("itsm-callbacks.wasm"))
}

/// Where a built component is.
pub fn path(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(
        path.is_file(),
        "{} is missing: run `cargo xtask build`",
        path.display()
    );
    path
}

fn load(name: &str) -> Component {
    let path = path(name);
    Component::from_file(engine(), &path)
        .unwrap_or_else(|error| panic!("{} is no component: {error:?}", path.display()))
}

fn folder() -> PathBuf {
    match std::env::var_os("ITSM_WASM_DIR") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/itsm"),
    }
}
