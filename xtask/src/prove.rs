//! The long evidence, which is not for every change. Its last figures are in docs/evidence.md.

use crate::{components, tools};
use anyhow::{Result, bail};
use std::process::Command;

/// How often the durable host is killed: seven times before and after each of its 8 writes.
const KILL_RUNS: &str = "112";

const SHOW: [&str; 2] = ["--", "--nocapture"];

/// Runs it all, up to the first that fails.
pub fn run() -> Result<()> {
    components::build()?;
    println!("\n== the durable host, killed at each of its writes");
    tools::run(kill_test(&[])?.args(SHOW))?;
    println!("\n== the same with one write removed, which the test has to find");
    let removed = ["--features", "rust-host/one-write-removed"];
    // What does not compile would look like a bug that is found.
    tools::run(kill_test(&removed)?.arg("--no-run"))?;
    if kill_test(&removed)?.args(SHOW).status()?.success() {
        bail!("the kill test did not find the write that was removed");
    }
    println!("\nfound: the test above failed, as it has to");
    println!("\n== the model of tracking, whole");
    tools::run(
        tools::cargo()?
            .args(["test", "--release", "-p", "model"])
            .args(SHOW),
    )
}

fn kill_test(features: &[&str]) -> Result<Command> {
    let mut test = tools::cargo()?;
    test.arg("test")
        .args(tools::HOSTS)
        .args(["--test", "killed"])
        .args(features)
        .env("KILL_RUNS", KILL_RUNS)
        .env("ITSM_WASM_DIR", components::folder()?);
    Ok(test)
}
