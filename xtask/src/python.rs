//! Python environments, one for each set of requirements, below `target/`.

use crate::tools;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// Python with the packages of requirements files.
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Makes the environment, unless it is there and its requirements are still the same. The files are
    /// named by their place in the workspace.
    pub fn new(name: &str, requirements: &[&str]) -> Result<Self> {
        let root = tools::root()?;
        let folder = tools::target_dir()?.join("python").join(name);
        let mut wanted = String::new();
        for file in requirements {
            wanted += &fs::read_to_string(root.join(file))
                .with_context(|| format!("can't read {file}"))?;
        }
        let installed = folder.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
            return Ok(Self { folder });
        }
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        tools::run(&mut make)?;
        let environment = Self { folder };
        let mut install = environment.python();
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        for file in requirements {
            install.arg("-r").arg(root.join(file));
        }
        tools::run(&mut install)?;
        fs::write(&installed, wanted)?;
        Ok(environment)
    }

    /// Its Python.
    pub fn python(&self) -> Command {
        self.program("python")
    }

    /// A program that one of its packages brings.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.folder.join("bin").join(name))
    }
}

/// The `wasmtime` command, in the version that the example of the command line pins.
pub fn wasmtime() -> Result<PathBuf> {
    wasmtime_of("command-line", "host-examples/command-line/requirements.txt")
}

/// The `wasmtime` command in the version that a requirements file pins.
pub fn wasmtime_of(name: &str, requirements: &str) -> Result<PathBuf> {
    let environment = Environment::new(name, &[requirements])?;
    let place = "import pathlib, wasmtime_cli; print(pathlib.Path(wasmtime_cli.__file__).with_name('wasmtime'))";
    let program = PathBuf::from(tools::output(environment.python().args(["-c", place]))?);
    // The package forgets the run bit.
    let mut rights = fs::metadata(&program)?.permissions();
    rights.set_mode(0o755);
    fs::set_permissions(&program, rights)?;
    Ok(program)
}
