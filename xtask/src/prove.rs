//! The long evidence, which is not for every change. Its last figures are in docs/evidence.md.

use crate::{components, tools};
use anyhow::Result;

/// How often the durable host is killed: seven times before and after each of its 9 writes.
const KILL_RUNS: &str = "126";

/// Runs it all, up to the first that fails.
pub fn run() -> Result<()> {
    components::build()?;
    println!("\n== the durable host, killed at each write, and once more with one write removed");
    tools::run(
        tools::cargo()?
            .arg("test")
            .args(["--test", "all", "--", "killed::", "--nocapture"])
            .env("KILL_RUNS", KILL_RUNS)
            .env("ITSM_WASM_DIR", components::folder()?),
    )?;
    println!("\n== the model of tracking, whole");
    tools::run(tools::cargo()?.arg("test").args(["--test", "tracking", "--", "--nocapture"]))
}
