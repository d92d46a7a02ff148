//! The formatter and the linter of each language. Rust's come with the toolchain, and the others' are pinned
//! in `xtask/formatters`. Their settings are in the workspace's folder, where editors find them.

use crate::{node, python, tools};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

const PINNED: &str = "xtask/formatters";

/// Fails at the first language in which something is not as its formatter and linter want it.
pub fn check() -> Result<()> {
    rust(&["--check"])?;
    python(&["check"], &["format", "--check"])?;
    javascript(&["check", "--error-on-warnings"])?;
    c(&["--dry-run", "--Werror"])
}

/// Formats everything, and makes the linters' corrections that cannot change what a program does.
pub fn write() -> Result<()> {
    rust(&[])?;
    python(&["check", "--fix-only"], &["format"])?;
    javascript(&["check", "--write", "--error-on-warnings"])?;
    c(&["-i"])
}

fn rust(arguments: &[&str]) -> Result<()> {
    tools::run(tools::cargo()?.args(["fmt", "--all"]).args(arguments))
}

fn python(lint: &[&str], format: &[&str]) -> Result<()> {
    for arguments in [lint, format] {
        let mut ruff = environment()?.program("ruff");
        tools::run(ruff.args(arguments).current_dir(tools::root()?))?;
    }
    Ok(())
}

fn javascript(arguments: &[&str]) -> Result<()> {
    let mut npm = node::Packages::install(PINNED)?.npm();
    // npm runs the program in the folder of its package.
    tools::run(npm.args(["exec", "--", "biome"]).args(arguments).arg("../.."))
}

fn c(arguments: &[&str]) -> Result<()> {
    let mut format = environment()?.program("clang-format");
    tools::run(format.args(arguments).args(c_files()?))
}

fn c_files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["host-examples/c", "host-examples/c/tests"] {
        let entries = fs::read_dir(tools::root()?.join(folder))
            .with_context(|| format!("can't read {folder}"))?;
        for entry in entries {
            files.push(entry?.path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|name| name == "c" || name == "h"));
    Ok(files)
}

fn environment() -> Result<python::Environment> {
    python::Environment::new("formatters", &["xtask/formatters/requirements.txt"])
}
