//! Folders with a `package.json`.

use crate::tools;
use anyhow::Result;
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
