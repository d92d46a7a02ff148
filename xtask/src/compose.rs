//! Puts components together: what one imports and an earlier one exports is connected.

use crate::tools;
use anyhow::{Context, Result};
use std::path::PathBuf;
use wac_graph::types::{Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions};

/// Composes the components in these files, each of which may import what those before it export. The
/// whole exports what the last one does, and imports what nobody exports.
pub fn compose(files: &[PathBuf]) -> Result<Vec<u8>> {
    let parts: Result<Vec<_>> = files.iter().map(|file| tools::read(file)).collect();
    connect(parts?)
}

fn connect(parts: Vec<Vec<u8>>) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut earlier = Vec::new();
    let last = parts.len().saturating_sub(1);
    for (place, bytes) in parts.into_iter().enumerate() {
        let package =
            Package::from_bytes(&format!("part:n{place}"), None, bytes, graph.types_mut())
                .with_context(|| format!("part {place} is no component"))?;
        let world = package.ty();
        let package = graph.register_package(package)?;
        let instance = graph.instantiate(package);
        let imports: Vec<_> = graph.types()[world].imports.keys().cloned().collect();
        let exports: Vec<_> = graph.types()[world].exports.keys().cloned().collect();
        for import in imports {
            // The nearest one first: a later component may export what an earlier one does. Names are looked up
            // as runtimes do: parts may have been built for different patch versions of one interface.
            let mut exported =
                earlier.iter().rev().flat_map(|(instance, names): &(_, Vec<String>)| {
                    names.iter().map(move |name| (*instance, name))
                });
            if let Some((exporter, name)) =
                exported.find(|(_, name)| are_semver_compatible(name, &import))
            {
                let export = graph.alias_instance_export(exporter, name)?;
                graph.set_instantiation_argument(instance, &import, export)?;
            }
        }
        if place == last {
            for name in &exports {
                let export = graph.alias_instance_export(instance, name)?;
                graph.export(export, name)?;
            }
        }
        earlier.push((instance, exports));
    }
    Ok(graph.encode(EncodeOptions::default())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::{lines, tests::component};

    const CALLS: &str = "{ interface calls { call: func(); } }";

    fn importer() -> Vec<u8> {
        let world = "world part { import test:odd/calls@0.1.0; export run: func(); }";
        let wit = format!("package test:part; {world} package test:odd@0.1.0 {CALLS}");
        component(&wit, Some(("test:odd/calls@0.1.0", "call")), &["run"])
    }

    fn exporter(version: &str) -> Vec<u8> {
        let world = format!("world part {{ export test:odd/calls@{version}; }}");
        let wit = format!("package test:part; {world} package test:odd@{version} {CALLS}");
        component(&wit, None, &[&format!("test:odd/calls@{version}#call")])
    }

    #[test]
    fn an_import_is_connected_to_an_export_of_a_compatible_version() {
        for (exported, surface) in [
            ("0.1.0", "export run\n"),
            ("0.1.1", "export run\n"),
            ("0.2.0", "export run\nimport test:odd/calls@0.1.0#call\n"),
        ] {
            let whole = connect(vec![exporter(exported), importer()]).unwrap();
            assert_eq!(lines(&whole).unwrap().concat(), surface, "{exported}");
        }
    }

    #[test]
    fn a_part_that_is_no_component_is_an_error() {
        let error = connect(vec![exporter("0.1.0"), b"\0asm".to_vec()]).unwrap_err();
        assert_eq!(error.to_string(), "part 1 is no component");
    }
}
