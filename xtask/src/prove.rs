//! The long evidence, which is not for every change. Its last figures are in docs/evidence.md.

use crate::{components, tools};
use anyhow::{Result, bail};
use std::process::Command;

/// How often the durable host is killed: seven times before and after each of its 9 writes.
const KILL_RUNS: &str = "126";
/// How often it is killed with a write removed, which is found the first time that it matters.
const KILL_RUNS_TO_FIND: &str = "36";

/// The kill test is one of many in its binary.
const KILLS: [&str; 3] = ["--", "killed::", "--nocapture"];

/// Runs it all, up to the first that fails.
pub fn run() -> Result<()> {
    components::build()?;
    println!("\n== the durable host, killed at each of its writes");
    tools::run(kill_test(KILL_RUNS, &[])?.args(KILLS))?;
    println!("\n== the same with one write removed, which the test has to find");
    let removed = ["--features", "rust-host/one-write-removed"];
    // What does not compile would look like a bug that is found.
    tools::run(kill_test(KILL_RUNS_TO_FIND, &removed)?.arg("--no-run"))?;
    let mut found = kill_test(KILL_RUNS_TO_FIND, &removed)?;
    if found.args(KILLS).status()?.success() {
        bail!("the kill test did not find the write that was removed");
    }
    println!("\nfound: the test above failed, as it has to");
    println!("\n== the model of tracking, whole");
    tools::run(tools::cargo()?.arg("test").args(tools::HOSTS).args([
        "--test",
        "tracking",
        "--",
        "--nocapture",
    ]))
}

fn kill_test(runs: &str, features: &[&str]) -> Result<Command> {
    let mut test = tools::cargo()?;
    test.arg("test")
        .args(tools::HOSTS)
        .args(["--test", "all"])
        .args(features)
        .env("KILL_RUNS", runs)
        .env("ITSM_WASM_DIR", components::folder()?);
    Ok(test)
}
