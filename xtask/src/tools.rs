//! The programs that the verbs run, and where they run them.

use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// The workspace's folder.
pub fn root() -> Result<PathBuf> {
    // Asked at run time: several checkouts may share a target directory, and so this program.
    let package = env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
    let root = Path::new(&package).parent();
    Ok(root.context("the package xtask has no parent")?.to_owned())
}

/// A file's bytes.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("can't read {}", file.display()))
}

/// The cargo that runs us, in the workspace's folder.
pub fn cargo() -> Result<Command> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()?);
    // The one set for us is none of its: build scripts look at it, and what a plain cargo has built
    // would be built again.
    cargo.env_remove("CARGO_MANIFEST_DIR");
    Ok(cargo)
}

/// The rustc that cargo uses.
pub fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Where cargo puts what it builds.
pub fn target_dir() -> Result<PathBuf> {
    let root = root()?;
    Ok(match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root.join(folder),
        None => root.join("target"),
    })
}

/// Builds a program of the workspace's default members.
pub fn program(name: &str) -> Result<PathBuf> {
    run(cargo()?.args(["build", "--bin", name]))?;
    Ok(target_dir()?.join("debug").join(name))
}

/// The name of the system that programs are built for.
pub fn host_target() -> Result<String> {
    let about = output(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what it builds for")?.to_owned())
}

/// Runs a command whose output the user sees.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// What a command prints. Its errors go to the user.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// A child's exit code as our own. One that was killed has none, and counts as failed.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The folder of the toolchain.
pub fn sysroot() -> Result<PathBuf> {
    Ok(output(rustc().args(["--print", "sysroot"]))?.into())
}

fn cannot_start(command: &Command) -> String {
    format!("can't start `{}`", shown(command))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        let error = run(Command::new("/no/such/program").arg("--flag")).unwrap_err();
        assert_eq!(error.to_string(), "can't start `program --flag`");
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(rustc().arg("--no-such-flag").stderr(std::process::Stdio::null()));
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("`rustc --no-such-flag` failed"), "{message}");
    }
}
