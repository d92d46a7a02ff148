//! The built components, each found and compiled once in a process.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// How often the engine's epoch advances: a guest that computes for ever is stopped by it.
const TICK: Duration = Duration::from_secs(1);

pub(crate) fn engine() -> &'static Engine {
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
pub(crate) fn whole() -> &'static Component {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    COMPONENT.get_or_init(|| component(&read("itsm.wasm")))
}

/// `itsm-callbacks.wasm`
pub(crate) fn callbacks_only() -> &'static Component {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    COMPONENT.get_or_init(|| component(&read("itsm-callbacks.wasm")))
}

pub(crate) fn component(bytes: &[u8]) -> Component {
    Component::new(engine(), bytes).expect("a component")
}

/// A built component.
pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        let path = path.display();
        panic!("{path} can't be read: {error}. Run `cargo xtask build`")
    })
}

/// A built component as a release of another version would be: only the names of its interfaces differ.
pub fn under_version(name: &str, version: &str) -> Vec<u8> {
    const PACKAGE: &[u8] = b"blueking:itsm/";
    const BUILT: &[u8] = b"@0.1.0";
    let mut bytes = read(name);
    let names: Vec<_> = memchr::memmem::find_iter(&bytes, PACKAGE).collect();
    let mut renamed = 0;
    for name in names {
        let is_letter = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'-');
        let interface = name + PACKAGE.len();
        let at = interface + bytes[interface..].iter().take_while(is_letter).count();
        if bytes[at..].starts_with(BUILT) {
            bytes[at + 1..at + BUILT.len()].copy_from_slice(version.as_bytes());
            renamed += 1;
        }
    }
    assert!(renamed > 0, "no interface of {name} has the version 0.1.0");
    bytes
}

fn folder() -> PathBuf {
    match std::env::var_os("ITSM_WASM_DIR") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/itsm"),
    }
}
