//! Builds the guests in `host-examples/guests`, and composes each with `itsm.wasm`.

use crate::compose::compose;
use crate::node::Packages;
use crate::python::Environment;
use crate::{components, tools};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "host-examples/guests";

/// Builds them all, as `guest-*.wasm` beside the components that are shipped, which must be there.
pub fn build() -> Result<()> {
    let shipped = components::folder()?;
    let wit = wit()?;
    for (language, guest) in
        [("rust", rust()?), ("python", python(&wit)?), ("javascript", javascript(&wit)?)]
    {
        let itsm = components::ITSM.file(&shipped);
        let whole = compose(&[itsm, guest])
            .with_context(|| format!("the guest in {language} can't be composed"))?;
        let file = format!("guest-{language}.wasm");
        fs::write(shipped.join(&file), &whole).with_context(|| format!("can't write {file}"))?;
        println!("{file}: {} bytes", whole.len());
    }
    Ok(())
}

fn rust() -> Result<PathBuf> {
    let target = "wasm32-wasip2";
    tools::run(
        tools::cargo()?.args(["build", "--release", "-p", "rust-guest"]).args(["--target", target]),
    )?;
    let release = tools::target_dir()?.join(target).join("release");
    Ok(release.join("rust-guest.wasm"))
}

fn python(wit: &Path) -> Result<PathBuf> {
    let folder = format!("{FOLDER}/python");
    let environment = Environment::new("guest", &[&format!("{folder}/requirements.txt")])?;
    let python = environment.python();
    let componentize = Path::new(python.get_program()).with_file_name("componentize-py");
    let guest = work()?.join("python.wasm");
    tools::run(
        Command::new(componentize)
            .args(["--quiet", "-w", "guest", "-d"])
            .arg(wit)
            .args(["componentize", "approval", "-o"])
            .arg(&guest)
            .current_dir(tools::root()?.join(folder)),
    )?;
    Ok(guest)
}

fn javascript(wit: &Path) -> Result<PathBuf> {
    let packages = Packages::install(&format!("{FOLDER}/javascript"))?;
    let guest = work()?.join("javascript.wasm");
    tools::run(
        packages
            .npm()
            .args(["run", "--silent", "build", "--", "--wit"])
            .arg(wit)
            .arg("--out")
            .arg(&guest),
    )?;
    Ok(guest)
}

/// One folder with everything that the guests' world names, as the tools want it: the world, this
/// project's `wit/`, and WASI from the package that `itsm.wasm` itself has it from.
fn wit() -> Result<PathBuf> {
    let root = tools::root()?;
    let folder = work()?.join("wit");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let dependencies = folder.join("deps");
    copy(&root.join("wit"), &dependencies.join("itsm"))?;
    copy(&wasi()?, &dependencies)?;
    fs::copy(root.join(FOLDER).join("guest.wit"), folder.join("guest.wit"))?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Where cargo keeps WASI's WIT.
fn wasi() -> Result<PathBuf> {
    let metadata = tools::output(tools::cargo()?.args(["metadata", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let wasi = packages.iter().find(|package| package["name"] == "wasip2");
    let manifest = wasi.and_then(|package| package["manifest_path"].as_str());
    let manifest = Path::new(manifest.context("the package wasip2 is not among the dependencies")?);
    Ok(manifest.with_file_name("wit").join("deps"))
}

/// Where parts lie until they are composed.
fn work() -> Result<PathBuf> {
    Ok(tools::target_dir()?.join("guests"))
}
