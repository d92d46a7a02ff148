//! Other runtimes than the tests use. They take longer to get than a change should wait for; what ran last is
//! in docs/platforms.md.

use crate::node::Packages;
use crate::suites::with_built;
use crate::{components, guests, python, tools};
use anyhow::Result;
use std::process::Command;

/// Other versions of the `wasmtime` command, by their requirements in `tests/platforms`.
const WASMTIMES: [&str; 2] = ["wasmtime-47", "wasmtime-49"];

/// The modules of `tests/commands` that run the `wasmtime` command. No other package's tests are named so.
const UNDER_WASMTIME: [&str; 3] = ["receiver::", "guests::", "command_line::"];

/// Runs in each what it can run, up to the first failure.
pub fn run() -> Result<()> {
    let folder = components::build()?;
    guests::build()?;
    for name in WASMTIMES {
        let wasmtime = python::wasmtime_of(name, &format!("tests/platforms/{name}.txt"))?;
        let version = tools::output(Command::new(&wasmtime).arg("--version"))?;
        println!("\n== {version}: the receiver, the guests, the command line");
        tools::run(
            tools::cargo()?
                .arg("test")
                .args(["--test", "all", "--"])
                .args(UNDER_WASMTIME)
                .env("ITSM_WASM_DIR", &folder)
                .env("WASMTIME", &wasmtime),
        )?;
    }
    bun()?;
    println!("\n== wasmCloud's wash-runtime: the receiver");
    tools::run(
        tools::cargo()?
            .args(["run", "--quiet", "--locked"])
            .args(["--manifest-path", "tests/platforms/wash/Cargo.toml"])
            .arg("--target-dir")
            .arg(tools::target_dir()?.join("platforms"))
            .env("ITSM_WASM_DIR", &folder),
    )
}

/// The host in JavaScript with another engine than Node's.
fn bun() -> Result<()> {
    const HOST: &str = "host-examples/javascript";
    let built = Packages::install(HOST)?;
    tools::run(with_built(built.npm().args(["run", "--silent", "build"]))?)?;
    Packages::install("tests/platforms/bun")?;
    let bun = || -> Result<Command> {
        let root = tools::root()?;
        let mut bun = Command::new(root.join("tests/platforms/bun/node_modules/.bin/bun"));
        bun.current_dir(root.join(HOST));
        Ok(bun)
    };
    let version = tools::output(bun()?.arg("--version"))?;
    println!("\n== Bun {version}: the demo of the host in JavaScript");
    tools::run(with_built(bun()?.arg("demo.js"))?)
}

#[cfg(test)]
mod tests {
    use crate::tools;

    /// Nothing that is run on every change builds these, and they are built with `--locked`.
    #[test]
    fn the_lock_files_of_other_workspaces_fit_their_packages() {
        for workspace in ["tests/bench", "tests/platforms/wash"] {
            let manifest = tools::root().unwrap().join(workspace).join("Cargo.toml");
            let mut resolved = tools::cargo().unwrap();
            resolved.args(["update", "--workspace", "--locked", "--quiet", "--manifest-path"]);
            assert!(
                resolved.arg(&manifest).status().unwrap().success(),
                "run `cargo metadata --manifest-path {workspace}/Cargo.toml`"
            );
        }
    }
}
