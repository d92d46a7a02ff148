//! Puts components together: what one imports and an earlier one exports is connected.

use crate::tools;
use anyhow::{Context, Result};
use std::path::PathBuf;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

/// Composes the components in these files, each of which may import what those before it export. The
/// whole exports what the last one does, and imports what nobody exports.
pub fn compose(files: &[PathBuf]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut instances: Vec<NodeId> = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let bytes = tools::read(file)?;
        let package =
            Package::from_bytes(&format!("part:n{place}"), None, bytes, graph.types_mut())
                .with_context(|| format!("{} is no component", file.display()))?;
        let world = package.ty();
        let package = graph.register_package(package)?;
        let instance = graph.instantiate(package);
        let imports: Vec<_> = graph.types()[world].imports.keys().cloned().collect();
        for import in imports {
            // The nearest one first: a later component may export what an earlier one does.
            let mut exporters = instances.iter().rev();
            if let Some(export) =
                exporters.find_map(|&other| graph.alias_instance_export(other, &import).ok())
            {
                graph.set_instantiation_argument(instance, &import, export)?;
            }
        }
        if place + 1 == files.len() {
            let exports: Vec<_> = graph.types()[world].exports.keys().cloned().collect();
            for name in exports {
                let export = graph.alias_instance_export(instance, &name)?;
                graph.export(export, name)?;
            }
        }
        instances.push(instance);
    }
    Ok(graph.encode(EncodeOptions::default())?)
}
