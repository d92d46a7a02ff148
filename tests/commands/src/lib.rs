//! What the suites about commands share. `cargo xtask test` installs and builds what they run.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

mod served;

pub use served::Served;

use fake_itsm::FakeItsm;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The app's secret in these suites, which nothing ever says.
pub const SECRET: &str = "canary-app-secret";

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

/// Waits for the first ticket: engines of scripts compile for a while.
pub async fn ticket(fake: &FakeItsm) -> String {
    for _ in 0..6_000 {
        if let Some(ticket) = fake.tickets().last() {
            return ticket.sn.clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no ticket was made");
}

/// The exit code, stdout and stderr of a command that ends by itself. None of them holds the secret.
pub async fn output(command: Child) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.wait_with_output().await.unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout), String::from_utf8(stderr));
    let (stdout, stderr) = (stdout.unwrap(), stderr.unwrap());
    assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET));
    (status.code(), stdout, stderr)
}
