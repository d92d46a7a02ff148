//! What people get who have no Rust: the components, the WIT package, an npm package, a wheel, checksums.

use crate::node::Packages;
use crate::python::Environment;
use crate::{components, tools, wit_lint};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The components that are handed out.
const COMPONENTS: [&str; 5] = [
    "itsm.wasm",
    "itsm-callbacks.wasm",
    "itsm-receiver.wasm",
    "itsm-receiver-stdout.wasm",
    "itsm-receiver-forward.wasm",
];
const JAVASCRIPT: &str = "host-examples/javascript";
const PYTHON: &str = "host-examples/python";

/// Makes everything in `target/dist`, anew.
pub fn make() -> Result<PathBuf> {
    let built = components::build()?;
    let folder = tools::root()?.join("target/dist");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for name in COMPONENTS {
        fs::copy(built.join(name), folder.join(name))?;
    }
    fs::write(folder.join("blueking-itsm.wit"), wit_lint::in_one_file()?)?;
    fs::copy(program(&built)?, folder.join(format!("itsm-{}", tools::host_target()?)))?;
    npm_package(&built, &folder)?;
    wheel(&built, &folder)?;
    let mut sums = String::new();
    for name in names(&folder)? {
        let bytes = tools::read(&folder.join(&name))?;
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{name}: {} bytes", bytes.len());
        sums += &format!("{sum}  {name}\n");
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(folder)
}

/// Installs each package from its file in an empty place, and makes a call with it.
pub fn check() -> Result<()> {
    let folder = make()?;
    tools::run(
        Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&folder),
    )?;
    let named = |end: &str| -> Result<PathBuf> {
        let name = names(&folder)?.into_iter().find(|name| name.ends_with(end));
        Ok(folder.join(name.with_context(|| format!("no {end} in target/dist"))?))
    };
    let empty = tools::target_dir()?.join("dist-check");
    if empty.exists() {
        fs::remove_dir_all(&empty)?;
    }
    fs::create_dir_all(&empty)?;

    tools::run(Command::new("python3").args(["-m", "venv", "python"]).current_dir(&empty))?;
    let python = || {
        let mut python = Command::new(empty.join("python/bin/python"));
        python.current_dir(&empty);
        python
    };
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    tools::run(python().args(pip).arg(named(".whl")?))?;
    let call = "from blueking_itsm import Itsm; print(len(Itsm().tickets.new_operation_id()))";
    said("wheel", python().args(["-c", call]))?;

    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--prefix", "."]).arg(named(".tgz")?);
    tools::run(install.current_dir(&empty))?;
    let call = "import { Itsm } from 'blueking-itsm';
        const itsm = new Itsm({ tag: 'gateway', val: 'http://127.0.0.1:1/prod' }, {});
        console.log(itsm.tickets.newOperationId().length);";
    fs::write(empty.join("call.mjs"), call)?;
    said("npm package", Command::new("node").arg("call.mjs").current_dir(&empty))?;

    // Nobody listens there: the component has been started, and has said so.
    let mut itsm = Command::new(named(&tools::host_target()?)?);
    itsm.args(["status", "REQ1", "--deadline", "1s"]).current_dir(&empty).env_clear();
    itsm.env("ITSM_GATEWAY", "http://127.0.0.1:1/prod").env("ITSM_APP_CODE", "app");
    let status = itsm.env("ITSM_APP_SECRET", "secret").status()?;
    if status.code() != Some(32) {
        bail!("itsm should say that the server can't be reached, and ends with {status}");
    }
    println!("the command itsm works where it is copied to");
    Ok(())
}

/// An operation id has 26 characters.
fn said(what: &str, call: &mut Command) -> Result<()> {
    let answer = tools::output(call)?;
    if answer != "26" {
        bail!("the {what}'s new operation id has {answer} characters");
    }
    println!("the {what} works where it is installed");
    Ok(())
}

/// The command `itsm`, with the component compiled inside, and the page that reads callbacks.
pub fn program(built: &Path) -> Result<PathBuf> {
    let (bare, whole) =
        (tools::target_dir()?.join("itsm-bare"), tools::target_dir()?.join("itsm-whole"));
    fs::copy(tools::program("itsm")?, &bare)?;
    // Names and lines for a debugger are two thirds of it.
    tools::run(Command::new("strip").arg(&bare))?;
    let mut npm = Packages::install(JAVASCRIPT)?.npm();
    tools::run(npm.args(["run", "--silent", "build"]).env("ITSM_WASM_DIR", built))?;
    let page = tools::root()?.join(JAVASCRIPT).join("page");
    let parts = [&built.join("itsm.wasm"), &page, &whole];
    tools::run(Command::new(&bare).arg("pack").args(parts))?;
    Ok(whole)
}

fn npm_package(built: &Path, folder: &Path) -> Result<()> {
    let packages = Packages::install(JAVASCRIPT)?;
    let mut pack = packages.npm();
    tools::run(pack.args(["run", "--silent", "pack"]).env("ITSM_WASM_DIR", built))?;
    let generated = tools::root()?.join(JAVASCRIPT).join("generated");
    for name in names(&generated)?.iter().filter(|name| name.ends_with(".tgz")) {
        fs::copy(generated.join(name), folder.join(name))?;
    }
    Ok(())
}

fn wheel(built: &Path, folder: &Path) -> Result<()> {
    let from = tools::root()?.join(PYTHON);
    let work = tools::target_dir()?.join("wheel");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let package = work.join("blueking_itsm");
    copy_all(&from.join("blueking_itsm"), &package)?;
    fs::copy(built.join("itsm.core.wasm"), package.join("itsm.core.wasm"))?;
    fs::copy(from.join("pyproject.toml"), work.join("pyproject.toml"))?;
    fs::copy(tools::root()?.join("LICENSE"), work.join("LICENSE"))?;
    let mut pip = python()?.python();
    pip.args(["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-build-isolation", "--wheel-dir"])
        .arg(folder)
        .arg(&work);
    tools::run(&mut pip)
}

/// Python with what the example's tests and its wheel need.
pub fn python() -> Result<Environment> {
    let files =
        ["requirements.txt", "requirements-test.txt"].map(|file| format!("{PYTHON}/{file}"));
    Environment::new("host", &[&files[0], &files[1]])
}

/// Copies a folder with what is below it, but for what Python has compiled.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), place)?;
        } else if entry.file_name() != "__pycache__" {
            copy_all(&entry.path(), &place)?;
        }
    }
    Ok(())
}

/// The names of the files in a folder, in order.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
