//! Folders with a `package.json`, and what their programs need of the machine.

use crate::tools;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// npm in a folder of the workspace, whose packages are installed.
pub struct Packages {
    folder: PathBuf,
}

impl Packages {
    /// Installs exactly what the folder's `package-lock.json` names, unless that has been done.
    pub fn install(folder: &str) -> Result<Self> {
        let folder = tools::root()?.join(folder);
        let packages = Self { folder };
        if !tools::works(packages.npm().arg("--version")) {
            bail!(
                "npm is missing: install Node 20 or later with npm, from https://nodejs.org or by `apt-get install nodejs npm`"
            );
        }
        // npm notes there what it has installed.
        let installed = packages.folder.join("node_modules/.package-lock.json");
        if !is_newer(&installed, &packages.folder.join("package-lock.json")) {
            tools::run(packages.npm().args(["ci", "--no-audit", "--no-fund"]))?;
        }
        Ok(packages)
    }

    /// npm in the folder.
    pub fn npm(&self) -> Command {
        let mut npm = Command::new("npm");
        npm.current_dir(&self.folder);
        npm
    }
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |file: &Path| file.metadata().and_then(|about| about.modified()).ok();
    modified(file) > modified(than)
}

/// A Chromium for tests of pages. Where it is missing and Debian's tools are at hand, it is installed.
pub fn chromium() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("CHROMIUM") {
        return Ok(program.into());
    }
    let found = || {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
            .into_iter()
            .map(PathBuf::from)
            .find(|program| program.is_file())
    };
    if found().is_none() {
        // Only root can, and elsewhere the command is not there: then the sentence below says what to do.
        let apt = |arguments: &[&str]| Command::new("apt-get").args(arguments).status();
        let _ = apt(&["update", "--quiet"]);
        let _ = apt(&["install", "--yes", "--quiet", "--no-install-recommends", "chromium"]);
    }
    match found() {
        Some(program) => Ok(program),
        None => {
            bail!("Chromium is missing: `apt-get install chromium`, or set CHROMIUM to its path")
        }
    }
}
