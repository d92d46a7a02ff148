//! Builds the components that are shipped, and what they are composed to.
//!
//! Each is compiled for `wasm32-unknown-unknown`, whose std imports nothing, and then turned into a
//! component here. That is what keeps `wasi:cli` out of them.

use crate::compose::compose;
use crate::{description, tools, wit_lint};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use wasmparser::BinaryReader;
use wit_component::ComponentEncoder;

/// The target of what is shipped.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The magic number and the version, before the first section.
const HEADER_BYTES: usize = 8;

/// A component that is compiled from a package of this workspace.
pub struct Component {
    /// The name of its file, without the ending.
    pub name: &'static str,
    /// Its package.
    pub package: &'static str,
    /// The features it is compiled with, as arguments of cargo.
    pub features: &'static [&'static str],
    /// How its own code is optimised: for its size (`z`), or where its budget has the room, a little less so (`s`).
    pub opt_level: &'static str,
    /// All packages from which it may import.
    pub may_import: &'static [&'static str],
}

/// For hosts that call ITSM and receive its callbacks.
pub const ITSM: Component = Component {
    name: "itsm",
    package: "blueking-itsm",
    features: &[],
    opt_level: "z",
    may_import: &["wasi:clocks", "wasi:http", "wasi:io", "wasi:random"],
};

/// For hosts that only receive.
pub const ITSM_CALLBACKS: Component = Component {
    name: "itsm-callbacks",
    package: "blueking-itsm",
    features: &["--no-default-features"],
    opt_level: "s",
    may_import: &[],
};

/// For runtimes that serve components, to be composed with the first and a sink.
pub const ITSM_RECEIVER: Component = Component {
    name: "itsm-receiver",
    package: "receiver",
    features: &[],
    opt_level: "z",
    may_import: &["blueking:itsm", "wasi:cli", "wasi:clocks", "wasi:http", "wasi:io"],
};

/// The sink that writes JSON lines.
pub const SINK_STDOUT: Component = Component {
    name: "sink-stdout",
    package: "sink",
    features: &[],
    opt_level: "z",
    may_import: &["blueking:itsm", "wasi:cli", "wasi:io"],
};

/// The sink that posts to a URL.
pub const SINK_FORWARD: Component = Component {
    name: "sink-forward",
    package: "sink",
    features: &["--features", "forward"],
    opt_level: "z",
    may_import: &["blueking:itsm", "wasi:cli", "wasi:clocks", "wasi:http", "wasi:io"],
};

/// All of them.
pub const ALL: [Component; 5] = [ITSM, ITSM_CALLBACKS, ITSM_RECEIVER, SINK_STDOUT, SINK_FORWARD];

/// What is composed of them: a name, and the parts, each after those whose exports it imports.
pub const COMPOSED: [(&str, [Component; 3]); 2] = [
    ("itsm-receiver-stdout", [ITSM, SINK_STDOUT, ITSM_RECEIVER]),
    ("itsm-receiver-forward", [ITSM, SINK_FORWARD, ITSM_RECEIVER]),
];

/// The most bytes of what hosts carry with them: each is in every package and image of a host, is compiled at the
/// first start, and is sent to a browser. There is little room above what each is, so that a dependency that comes
/// by accident has none.
pub const BUDGETS: [(Component, usize); 2] = [(ITSM, 600_000), (ITSM_CALLBACKS, 220_000)];

/// All instances have their stack from the start, and more than this is most of their memory: 1 MiB otherwise. JSON that
/// is nested as deep as is read takes a quarter of it (`tests/component`).
const STACK_BYTES: usize = 256 << 10;

/// What hosts load as a core module too, each with its world in `wit/`.
pub const DESCRIBED: [(Component, &str); 2] =
    [(ITSM, "provider"), (ITSM_CALLBACKS, "callbacks-only")];

impl Component {
    /// Where the built component lies, within the folder that [`build`] returns.
    pub fn file(&self, folder: &Path) -> PathBuf {
        folder.join(self.name).with_extension("wasm")
    }

    /// Compiles it for a target, and returns the file that cargo made. The next one of the same package
    /// overwrites it.
    pub fn compile(&self, target: &str) -> Result<PathBuf> {
        let folder = tools::target_dir()?.join("components");
        tools::run(
            tools::cargo()?
                // As nothing else: of a package that is made for linking into programs too, cargo does not
                // optimise across crates, whatever the profile says.
                .args(["rustc", "--release", "--lib", "--crate-type", "cdylib"])
                .args(["-p", self.package, "--target", target])
                .args(self.features)
                .arg("--target-dir")
                .arg(&folder)
                // With any value, two sets of features of one package have two files, and neither build undoes the other.
                .env("__CARGO_DEFAULT_LIB_METADATA", "components")
                // A profile of its own would have all macros compiled once more.
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level)
                .env("CARGO_ENCODED_RUSTFLAGS", flags()?),
        )?;
        let file = self.package.replace('-', "_");
        let release = folder.join(target).join("release");
        Ok(release.join(file).with_extension("wasm"))
    }
}

/// Builds some of them, and returns the folder they are in.
pub fn build_only(components: &[Component]) -> Result<PathBuf> {
    let folder = folder()?;
    fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    for component in components {
        let name = component.name;
        let module = component.compile(TARGET)?;
        let bytes =
            encode(&tools::read(&module)?).with_context(|| format!("{name} is no component"))?;
        if let Some(path) = machine_path(&bytes, &machine_paths()?) {
            bail!("{name}.wasm holds a path of this machine: {path}");
        }
        write(&component.file(&folder), &bytes)?;
        println!("{name}.wasm: {} bytes", bytes.len());
    }
    Ok(folder)
}

/// Builds all components and what is composed of them, and returns the folder they are in.
pub fn build() -> Result<PathBuf> {
    let folder = build_only(&ALL)?;
    let (resolve, package) = wit_lint::load()?;
    for (component, world) in DESCRIBED {
        let (name, file) = (component.name, component.file(&folder));
        let bytes = tools::read(&file)?;
        let module = description::core_module(&bytes).with_context(|| format!("{name}.wasm"))?;
        let world = resolve.select_world(&[package], Some(world))?;
        let description = description::describe(&resolve, world, module);
        let description = description.with_context(|| format!("{name}.core.wasm"))?;
        write(&file.with_extension("core.wasm"), module)?;
        write(&file.with_extension("json"), format!("{description:#}\n").as_bytes())?;
        println!("{name}.core.wasm: {} bytes", module.len());
    }
    for (name, parts) in COMPOSED {
        let files = parts.map(|part| part.file(&folder));
        let bytes = compose(&files).with_context(|| format!("{name} can't be composed"))?;
        write(&folder.join(name).with_extension("wasm"), &bytes)?;
        println!("{name}.wasm: {} bytes", bytes.len());
    }
    Ok(folder)
}

/// Compares the sizes of the built components with [`BUDGETS`].
pub fn check_sizes(folder: &Path) -> Result<()> {
    for (component, budget) in BUDGETS {
        let bytes = tools::read(&component.file(folder))?.len();
        check_size(component.name, bytes, budget)?;
        println!("{}.wasm has {bytes} of {budget} bytes", component.name);
    }
    Ok(())
}

fn check_size(name: &str, bytes: usize, budget: usize) -> Result<()> {
    match bytes.checked_sub(budget) {
        None | Some(0) => Ok(()),
        Some(over) => bail!(
            "{name}.wasm has {bytes} bytes, {over} more than its budget. Look what came in: a dependency, a type \
             that is read by serde, an ordered map that is collected, a generic function with many copies. If the \
             bytes are worth it, raise the budget in xtask/src/components.rs"
        ),
    }
}

/// Where the built components are. It is there whatever the target directory is, so that hosts in
/// any language find them.
pub fn folder() -> Result<PathBuf> {
    Ok(tools::root()?.join("target/itsm"))
}

/// Turns a core module into a component.
pub fn encode(module: &[u8]) -> Result<Vec<u8>> {
    without_names(&ComponentEncoder::default().validate(true).module(module)?.encode()?)
}

/// A component without the names of its inner parts: 13 KB of `itsm.wasm`, which no host reads.
fn without_names(component: &[u8]) -> Result<Vec<u8>> {
    const CUSTOM: u8 = 0;
    let mut sections = BinaryReader::new(component, 0);
    let mut kept = sections.read_bytes(HEADER_BYTES)?.to_vec();
    while !sections.eof() {
        let start = sections.current_position();
        let id = sections.read_u8()?;
        let is_names =
            sections.read_reader()?.read_string().is_ok_and(|name| name == "component-name");
        if id != CUSTOM || !is_names {
            kept.extend_from_slice(&component[start..sections.current_position()]);
        }
    }
    Ok(kept)
}

/// Writes a file in one step: whoever reads it meanwhile sees the old one or the new one.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("can't write {}", file.display()))
}

/// What rustc gets, in cargo's encoding: the size of the stack, and names for the folders of this machine.
///
/// The same sources give the same bytes wherever they are built.
fn flags() -> Result<OsString> {
    let mut flags = OsString::from(format!("-Clink-arg=-zstack-size={STACK_BYTES}"));
    for (folder, name) in renamed()? {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    }
    Ok(flags)
}

/// The folders whose paths rustc would write into the file, and the names they get instead. Of two
/// that fit, rustc takes the later one: so the inner folder comes after the outer one.
fn renamed() -> Result<Vec<(PathBuf, String)>> {
    let cargo = cargo_home()?;
    let std = format!("/rustc/{}", rustc_commit()?);
    let mut renamed = vec![
        (tools::root()?, "/blueking-itsm".to_owned()),
        (tools::target_dir()?, "/target".to_owned()),
        (tools::sysroot()?.join("lib/rustlib/src/rust"), std),
        (cargo.clone(), "/cargo".to_owned()),
    ];
    for registry in registries(&cargo)? {
        renamed.push((registry, "/cargo/registry".to_owned()));
    }
    renamed.sort_by_key(|(folder, _)| folder.components().count());
    Ok(renamed)
}

/// The folders of downloaded sources: one for each registry, and named after it.
fn registries(cargo: &Path) -> Result<Vec<PathBuf>> {
    tools::run(tools::cargo()?.args(["fetch", "--quiet", "--target", TARGET]))?;
    let mut folders = Vec::new();
    // Vendored sources are in the workspace: then there is no such folder.
    if let Ok(entries) = fs::read_dir(cargo.join("registry/src")) {
        for entry in entries {
            folders.push(entry?.path());
        }
    }
    folders.sort();
    Ok(folders)
}

fn cargo_home() -> Result<PathBuf> {
    match std::env::var_os("CARGO_HOME") {
        Some(folder) => Ok(folder.into()),
        None => Ok(home()?.join(".cargo")),
    }
}

fn home() -> Result<PathBuf> {
    std::env::home_dir().context("the home directory is unknown")
}

/// The commit that rustc was made from. std's own paths start with it, where its sources are not
/// installed.
fn rustc_commit() -> Result<String> {
    let version = tools::output(tools::rustc().arg("-vV"))?;
    let line = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(line.unwrap_or("unknown").to_owned())
}

/// What must not be in a component.
fn machine_paths() -> Result<Vec<PathBuf>> {
    Ok(vec![tools::root()?, tools::target_dir()?, tools::sysroot()?, cargo_home()?, home()?])
}

/// The first of the paths that is in the bytes.
fn machine_path(bytes: &[u8], paths: &[PathBuf]) -> Option<String> {
    let paths = paths.iter().filter_map(|path| path.to_str());
    let homes = ["/home/", "/root/", "/Users/"].into_iter();
    paths
        // `/src`, the folder of many a container, is also a part of innocent paths.
        .filter(|path| Path::new(path).components().count() > 2)
        .chain(homes)
        .find(|path| bytes.windows(path.len()).any(|window| window == path.as_bytes()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_machine_is_found_within_the_bytes() {
        let found = |bytes: &str| {
            let paths = ["/some/tree".into(), "/src".into()];
            machine_path(bytes.as_bytes(), &paths)
        };
        assert_eq!(found("at/some/tree/src/lib.rs"), Some("/some/tree".into()));
        assert_eq!(found("at/home/me/.cargo"), Some("/home/".into()));
        assert_eq!(found("at/blueking-itsm/src/lib.rs"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_component_above_its_budget_is_named_with_its_surplus() {
        assert!(check_size("itsm", 600, 600).is_ok());
        let error = check_size("itsm", 607, 600).unwrap_err().to_string();
        assert!(error.starts_with("itsm.wasm has 607 bytes, 7 more than its budget."), "{error}");
    }

    #[test]
    fn of_a_component_only_the_names_are_left_out() {
        let section = |name: &str, content: &[u8]| {
            let length = u8::try_from(1 + name.len() + content.len()).unwrap();
            [&[0, length, u8::try_from(name.len()).unwrap()], name.as_bytes(), content].concat()
        };
        let start = [&b"\0asm\x0d\0\x01\0"[..], &section("producers", b"p")].concat();
        let end = section("other", b"x");
        let named = [&start[..], &section("component-name", b"names"), &end].concat();
        assert_eq!(without_names(&named).unwrap(), [start, end].concat());
        assert!(without_names(&named[..named.len() - 1]).is_err());
    }

    #[test]
    fn what_is_no_module_is_no_component() {
        assert!(encode(b"\0asm").is_err());
    }
}
