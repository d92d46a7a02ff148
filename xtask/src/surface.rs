//! What the components import and export, held against the lists in `tests/surface`.
//!
//! A line is an import or an export. WASI stands in it with its version's line (`0.2`): patch
//! versions come and go with dependencies, and hosts do not tell them apart. Everything else stands
//! in it with its full version, a line for each function.

use crate::components::{self, Component};
use crate::tools;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use wit_component::DecodedWasm;
use wit_parser::{InterfaceId, PackageName, Resolve, WorldItem, WorldKey};

/// How a component begins. A core module has a version of its own, and layer 0.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// Compares the built components with their lists and rules.
pub fn check(folder: &Path) -> Result<()> {
    for component in components::ALL {
        let found = read_checked(&component, folder)?;
        let list = list(&component);
        let expected = fs::read_to_string(tools::root()?.join(&list))
            .with_context(|| format!("can't read {list}"))?;
        if let Some(differences) = diff(&expected, &found) {
            bail!(
                "the surface of {}.wasm is not that of {list} (- expected, + built):\n{differences}\
                 If it shall be so, run `cargo xtask surface --bless`.",
                component.name
            );
        }
        println!("{}.wasm has the surface it should have", component.name);
    }
    Ok(())
}

/// Writes the lists anew. The rules hold all the same.
pub fn bless(folder: &Path) -> Result<()> {
    for component in components::ALL {
        let found = read_checked(&component, folder)?;
        let list = list(&component);
        fs::write(tools::root()?.join(&list), found.concat())
            .with_context(|| format!("can't write {list}"))?;
        println!("wrote {list}");
    }
    Ok(())
}

/// Whether two built components have the same exports.
pub fn same_exports(one: &Path, other: &Path) -> Result<()> {
    let exports = |file| -> Result<Vec<String>> {
        let mut lines = read(file)?;
        lines.retain(|line| line.starts_with("export "));
        Ok(lines)
    };
    match diff(&exports(one)?.concat(), &exports(other)?) {
        Some(differences) => bail!(
            "{} and {} export different things:\n{differences}",
            one.display(),
            other.display()
        ),
        None => Ok(()),
    }
}

/// A component's list, within the workspace.
fn list(component: &Component) -> String {
    format!("tests/surface/{}.txt", component.name)
}

/// The surface of a built component, once its imports are found to be allowed ones.
fn read_checked(component: &Component, folder: &Path) -> Result<Vec<String>> {
    let lines = read(&component.file(folder))?;
    let forbidden: Vec<_> = forbidden(&lines, component.may_import).collect();
    if !forbidden.is_empty() {
        bail!(
            "{}.wasm may import {} only, but has:\n{}",
            component.name,
            match component.may_import {
                [] => "nothing".to_owned(),
                packages => packages.join(", "),
            },
            forbidden.concat()
        );
    }
    Ok(lines)
}

fn read(file: &Path) -> Result<Vec<String>> {
    lines(&tools::read(file)?).with_context(|| format!("can't decode {}", file.display()))
}

/// The imports from outside these packages.
fn forbidden<'a>(lines: &'a [String], packages: &[&str]) -> impl Iterator<Item = &'a str> {
    let allowed = |name: &str| {
        let package = name.split_once('/').map(|(package, _)| package);
        package.is_some_and(|package| packages.contains(&package))
    };
    lines
        .iter()
        .map(String::as_str)
        .filter(move |line| line.strip_prefix("import ").is_some_and(|name| !allowed(name)))
}

/// The surface of a component: sorted lines, each with its line end.
pub fn lines(component: &[u8]) -> Result<Vec<String>> {
    // The decoder takes a core module for a component without a surface.
    if !component.starts_with(HEADER) {
        bail!("it is no component");
    }
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("it is a WIT package, not a component");
    };
    let world = &resolve.worlds[world];
    let mut lines = Vec::new();
    for (direction, items) in [("import", &world.imports), ("export", &world.exports)] {
        for (key, item) in items {
            for name in names(&resolve, key, item) {
                lines.push(format!("{direction} {name}\n"));
            }
        }
    }
    lines.sort();
    Ok(lines)
}

/// What one import or export is called.
fn names(resolve: &Resolve, key: &WorldKey, item: &WorldItem) -> Vec<String> {
    match (key, item) {
        (WorldKey::Interface(id), _) => interface(resolve, *id),
        (WorldKey::Name(name), WorldItem::Interface { id, .. }) => functions(resolve, *id, name),
        (WorldKey::Name(name), _) => vec![name.clone()],
    }
}

fn interface(resolve: &Resolve, id: InterfaceId) -> Vec<String> {
    let interface = &resolve.interfaces[id];
    let package = interface.package.map(|id| &resolve.packages[id].name);
    match (package, &interface.name) {
        (Some(package), Some(name)) if package.namespace == "wasi" => {
            vec![without_patch(package, name)]
        }
        (Some(package), Some(name)) => functions(resolve, id, &package.interface_id(name)),
        _ => vec!["an interface without a name".to_owned()],
    }
}

/// The functions of an interface. One that has none, only types, is named itself.
fn functions(resolve: &Resolve, id: InterfaceId, interface: &str) -> Vec<String> {
    let functions = &resolve.interfaces[id].functions;
    if functions.is_empty() {
        return vec![interface.to_owned()];
    }
    functions.keys().map(|function| format!("{interface}#{function}")).collect()
}

/// `wasi:io/poll@0.2` of the interface poll and `wasi:io@0.2.12`.
fn without_patch(package: &PackageName, interface: &str) -> String {
    let PackageName { namespace, name, version } = package;
    let line = version.as_ref().map(|version| {
        let line = PackageName::version_compat_track_string(version);
        format!("@{line}")
    });
    format!("{namespace}:{name}/{interface}{}", line.unwrap_or_default())
}

/// The lines that only one side has, or `None`.
fn diff(expected: &str, found: &[String]) -> Option<String> {
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.iter().map(|line| line.trim_end()).collect();
    let mut differences = String::new();
    for (sign, these, those) in [('-', &expected, &found), ('+', &found, &expected)] {
        for line in these {
            // Counted, so that an import given twice is seen.
            let count = |lines: &[&str]| lines.iter().filter(|one| *one == line).count();
            if count(these) > count(those) {
                differences += &format!("{sign} {line}\n");
            }
        }
    }
    (!differences.is_empty()).then_some(differences)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use wasm_encoder::{
        CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
        ImportSection, Instruction, Module, TypeSection,
    };
    use wit_component::StringEncoding;

    const WIT: &str = r#"
        package blueking:tiny@0.1.0;

        interface ours {
            type name = string;
        }
        interface out {
            answer: func();
            again: func();
        }
        world tiny {
            import wasi:odd/calls@0.2.12;
            export ours;
            export out;
        }

        package wasi:odd@0.2.12 {
            interface calls {
                call: func();
            }
        }
    "#;

    /// A component with one import and two functions, each of which calls it.
    fn tiny() -> Vec<u8> {
        let functions = ["answer", "again"].map(|name| format!("blueking:tiny/out@0.1.0#{name}"));
        let functions = functions.each_ref().map(String::as_str);
        component(WIT, Some(("wasi:odd/calls@0.2.12", "call")), &functions)
    }

    /// A component of the WIT's only world. Each function that it exports calls the one that it may import.
    pub fn component(wit: &str, import: Option<(&str, &str)>, functions: &[&str]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        if let Some((interface, name)) = import {
            imports.import(interface, name, EntityType::Function(0));
        }
        let mut section = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        for (index, name) in (imports.len()..).zip(functions) {
            section.function(0);
            exports.export(name, ExportKind::Func, index);
            let mut body = Function::new([]);
            if import.is_some() {
                body.instruction(&Instruction::Call(0));
            }
            body.instruction(&Instruction::End);
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&section);
        module.section(&exports).section(&code);
        let mut module = module.finish();

        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", wit).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let encoding = StringEncoding::UTF8;
        wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
        components::encode(&module).unwrap()
    }

    #[test]
    fn wasi_stands_with_its_line_and_our_own_with_version_and_functions() {
        assert_eq!(
            lines(&tiny()).unwrap().concat(),
            "export blueking:tiny/ours@0.1.0\n\
             export blueking:tiny/out@0.1.0#again\n\
             export blueking:tiny/out@0.1.0#answer\n\
             import wasi:odd/calls@0.2\n"
        );
    }

    #[test]
    fn bytes_that_are_no_component_are_an_error() {
        assert!(lines(b"\0asm\x01\0\0\0").is_err());
        assert!(lines(b"").is_err());
    }

    #[test]
    fn an_import_is_forbidden_unless_its_package_is_allowed() {
        let lines = lines(&tiny()).unwrap();
        let found = |packages: &[&str]| forbidden(&lines, packages).count();
        assert_eq!(found(&["wasi:odd"]), 0);
        assert_eq!(found(&["wasi:od", "wasi:http"]), 1);
        assert_eq!(found(&[]), 1);
    }

    #[test]
    fn an_import_without_a_package_is_forbidden() {
        let lines = ["import print\n".to_owned()];
        assert_eq!(forbidden(&lines, &["wasi:io"]).count(), 1);
    }

    #[test]
    fn a_difference_shows_both_sides() {
        let found = ["import a\n".to_owned(), "import b\n".to_owned()];
        assert_eq!(diff("import a\nimport b\n", &found), None);
        assert_eq!(diff("import a\nimport c\n", &found).unwrap(), "- import c\n+ import b\n");
    }

    #[test]
    fn the_same_import_twice_is_a_difference() {
        let found = ["import a\n".to_owned(), "import a\n".to_owned()];
        let differences = diff("import a\n", &found).unwrap();
        assert!(differences.contains("+ import a"), "{differences}");
    }
}
