//! The long evidence, which is not for every change. Its last figures are in docs/evidence.md.

use crate::{components, dist, suites, tools};
use anyhow::Result;

/// How often the durable host is killed: seven times before and after each of its 9 writes.
const KILL_RUNS: &str = "126";

/// How often the workers of the Django site are killed at each of their writes.
const SITE_TIMES: &str = "5";

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
    println!("\n== four workers of the Django site on MariaDB, killed at each write");
    let mut killed = dist::python()?.python();
    killed
        .args(["-m", "tests.mariadb", "-m", "tests.django_lives"])
        .current_dir(tools::root()?.join("host-examples/python"))
        .env("SITE_TIMES", SITE_TIMES);
    tools::run(suites::with_built(&mut killed)?)?;
    println!("\n== the model of tracking, whole");
    tools::run(tools::cargo()?.arg("test").args(["--test", "tracking", "--", "--nocapture"]))
}
