//! What the suites about the `wasmtime` command share. `cargo xtask test` installs the command and
//! builds what it runs.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod served;

pub use served::Served;

use std::path::PathBuf;
use tokio::process::Command;

/// The `wasmtime` command.
pub fn wasmtime() -> Command {
    let program = std::env::var_os("WASMTIME").expect("run this as `cargo xtask test`");
    let mut command = Command::new(program);
    command.kill_on_drop(true);
    command
}

/// A built component.
pub fn component(name: &str) -> PathBuf {
    let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
    let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/itsm"));
    let path = folder.unwrap_or_else(built).join(name);
    assert!(path.is_file(), "{name} is missing: run `cargo xtask build`");
    path
}
