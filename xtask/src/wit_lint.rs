//! Everything in `wit/` has a doc comment in plain sentences, says since when it is there, and has a name
//! that command lines can write as it is.

use crate::{prose, tools};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wit_component::WitPrinter;
use wit_parser::{
    Docs, Function, Interface, PackageId, Resolve, Stability, Type, TypeDefKind, TypeId, World,
    WorldItem, WorldKey,
};

/// Checks the package in `wit/`. Those in `wit/deps` are somebody else's.
pub fn check() -> Result<()> {
    let (resolve, package) = load()?;
    let lint = lint(&resolve, package);
    let unwritable = unwritable(&resolve, package)?;
    if !lint.missing.is_empty() || !unwritable.is_empty() {
        let lines = [lint.missing, unwritable].concat();
        bail!("wit/ is not as it should be:\n{}", lines.join("\n"));
    }
    println!("wit/: {} items, all of them documented", lint.items);
    Ok(())
}

/// The package in `wit/`, with what it needs.
pub fn load() -> Result<(Resolve, PackageId)> {
    let mut resolve = everything();
    let (package, _) = resolve.push_dir(tools::root()?.join("wit")).context("can't read wit/")?;
    Ok((resolve, package))
}

/// The package in `wit/` as one text, docs included.
pub fn in_one_file() -> Result<String> {
    let (resolve, package) = load()?;
    printed(&resolve, package)
}

fn printed(resolve: &Resolve, package: PackageId) -> Result<String> {
    let mut printer = WitPrinter::default();
    printer.print(resolve, package, &[])?;
    Ok(printer.output.to_string())
}

/// A resolver that leaves no feature out.
fn everything() -> Resolve {
    Resolve { all_features: true, ..Resolve::default() }
}

/// Names that command lines can't write as they are: they call a function without its interface, and a
/// name that is a word of WIT's own needs a `%`.
fn unwritable(resolve: &Resolve, package: PackageId) -> Result<Vec<String>> {
    let text = printed(resolve, package)?;
    let code = text.lines().map(str::trim);
    let mut found: Vec<_> = code
        .filter(|line| !line.starts_with("///") && line.contains('%'))
        .map(|line| format!("`{line}` has a word of WIT's own for its name"))
        .collect();
    let mut places = BTreeMap::new();
    for (place, id) in &resolve.packages[package].interfaces {
        for function in resolve.interfaces[*id].functions.keys() {
            if let Some(other) = places.insert(function, place) {
                found.push(format!("{place} and {other} both have `{function}`"));
            }
        }
    }
    Ok(found)
}

/// What a package lacks.
struct Lint<'a> {
    resolve: &'a Resolve,
    items: usize,
    missing: Vec<String>,
}

fn lint(resolve: &Resolve, package: PackageId) -> Lint<'_> {
    let package = &resolve.packages[package];
    let mut lint = Lint { resolve, items: 0, missing: Vec::new() };
    let name = format!("{}:{}", package.name.namespace, package.name.name);
    lint.docs(&name, &package.docs);
    for (name, id) in &package.interfaces {
        lint.interface(name, &resolve.interfaces[*id]);
    }
    for (name, id) in &package.worlds {
        lint.world(name, &resolve.worlds[*id]);
    }
    lint
}

impl Lint<'_> {
    fn docs(&mut self, name: &str, docs: &Docs) {
        self.items += 1;
        let text = docs.contents.as_deref().unwrap_or_default();
        if text.trim().is_empty() {
            self.missing.push(format!("{name} has no docs"));
        }
        let faults = prose::faults(text).into_iter();
        self.missing.extend(faults.map(|fault| format!("{name}: {fault}")));
    }

    fn since(&mut self, name: &str, stability: &Stability) {
        if !stability.is_stable() {
            self.missing.push(format!("{name} has no @since"));
        }
    }

    fn interface(&mut self, name: &str, interface: &Interface) {
        self.docs(name, &interface.docs);
        self.since(name, &interface.stability);
        self.items_of(name, interface);
    }

    fn items_of(&mut self, name: &str, interface: &Interface) {
        for (item, id) in &interface.types {
            self.type_(&format!("{name}.{item}"), *id);
        }
        for function in interface.functions.values() {
            self.function(name, function);
        }
    }

    fn world(&mut self, name: &str, world: &World) {
        self.docs(name, &world.docs);
        self.since(name, &world.stability);
        for (key, item) in world.imports.iter().chain(&world.exports) {
            match (key, item) {
                (WorldKey::Name(item), WorldItem::Interface { id, docs, .. }) => {
                    let interface = &self.resolve.interfaces[*id];
                    let name = format!("{name}.{item}");
                    // The comment may stand with the one or with the other.
                    let own = docs.contents.is_some();
                    self.docs(&name, if own { docs } else { &interface.docs });
                    self.items_of(&name, interface);
                }
                // An interface that has a name is documented where it is defined.
                (WorldKey::Interface(_), _) => {}
                (WorldKey::Name(_), WorldItem::Function(function)) => self.function(name, function),
                (WorldKey::Name(item), WorldItem::Type { id, .. }) => {
                    self.type_(&format!("{name}.{item}"), *id);
                }
            }
        }
    }

    fn function(&mut self, place: &str, function: &Function) {
        let name = format!("{place}.{}", function.name);
        self.docs(&name, &function.docs);
        self.since(&name, &function.stability);
        let docs = function.docs.contents.as_deref().unwrap_or_default();
        let mut words = docs.split_whitespace();
        if !docs.is_empty() && self.can_fail(function) && !words.any(|word| word == "Fails") {
            self.missing.push(format!("{name} does not say when it \"Fails\""));
        }
    }

    fn can_fail(&self, function: &Function) -> bool {
        let is_result = |id| matches!(self.resolve.types[id].kind, TypeDefKind::Result(_));
        matches!(function.result, Some(Type::Id(id)) if is_result(id))
    }

    fn type_(&mut self, name: &str, id: TypeId) {
        let definition = &self.resolve.types[id];
        self.since(name, &definition.stability);
        if let TypeDefKind::Type(Type::Id(other)) = definition.kind
            && self.resolve.types[other].owner != definition.owner
        {
            return; // `use`: documented where it is defined.
        }
        self.docs(name, &definition.docs);
        let members: Vec<(&String, &Docs)> = match &definition.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                fields.map(|field| (&field.name, &field.docs)).collect()
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter();
                cases.map(|case| (&case.name, &case.docs)).collect()
            }
            TypeDefKind::Enum(cases) => {
                let cases = cases.cases.iter();
                cases.map(|case| (&case.name, &case.docs)).collect()
            }
            TypeDefKind::Flags(flags) => {
                let flags = flags.flags.iter();
                flags.map(|flag| (&flag.name, &flag.docs)).collect()
            }
            _ => Vec::new(),
        };
        for (member, docs) in members {
            self.docs(&format!("{name}.{member}"), docs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(wit: &str) -> Vec<String> {
        let mut resolve = everything();
        let package = resolve.push_str("test.wit", wit).unwrap();
        lint(&resolve, package).missing
    }

    #[test]
    fn docs_are_missed_at_each_kind_of_place() {
        let missing = missing(
            "package a:bare@1.0.0;
            interface things {
                type text = string;
                record point { x: u8 }
                variant shape { round(u8) }
                enum colour { red }
                flags rights { read }
                resource file { constructor(); close: func(); open: static func(); }
                act: func();
            }
            world place {
                use things.{point};
                import here: interface { go: func(); }
                import call: func();
                type local = u8;
                export things;
                export done: func();
            }",
        );
        let expected = [
            "a:bare has no docs",
            "things has no docs",
            "things has no @since",
            "things.text has no docs",
            "things.text has no @since",
            "things.point has no docs",
            "things.point has no @since",
            "things.point.x has no docs",
            "things.shape has no docs",
            "things.shape has no @since",
            "things.shape.round has no docs",
            "things.colour has no docs",
            "things.colour has no @since",
            "things.colour.red has no docs",
            "things.rights has no docs",
            "things.rights has no @since",
            "things.rights.read has no docs",
            "things.file has no docs",
            "things.file has no @since",
            "things.[constructor]file has no docs",
            "things.[constructor]file has no @since",
            "things.[method]file.close has no docs",
            "things.[method]file.close has no @since",
            "things.[static]file.open has no docs",
            "things.[static]file.open has no @since",
            "things.act has no docs",
            "things.act has no @since",
            "place has no docs",
            "place has no @since",
            "place.point has no @since",
            "place.here has no docs",
            "place.here.go has no docs",
            "place.here.go has no @since",
            "place.call has no docs",
            "place.call has no @since",
            "place.local has no docs",
            "place.local has no @since",
            "place.done has no docs",
            "place.done has no @since",
        ];
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines
        };
        assert_eq!(sorted(missing), sorted(expected.map(str::to_owned).into()));
    }

    #[test]
    fn a_documented_package_lacks_nothing() {
        let missing = missing(
            "/// Docs.
            package a:full@1.0.0;
            /// Docs.
            @since(version = 1.0.0)
            interface things {
                /// Docs.
                @since(version = 1.0.0)
                record point {
                    /// Docs.
                    x: u8,
                }
            }
            /// Docs.
            @since(version = 1.0.0)
            interface more {
                @since(version = 1.0.0)
                use things.{point};
                /// Docs.
                @since(version = 1.0.0)
                act: func(p: point);
                /// Fails with a text.
                @since(version = 1.0.0)
                fail: func() -> result<_, string>;
            }
            /// Docs.
            @since(version = 1.0.0)
            world place {
                @since(version = 1.0.0)
                use things.{point};
                /// Docs.
                import here: interface {
                    /// Docs.
                    @since(version = 1.0.0)
                    go: func();
                }
                export more;
            }",
        );
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn a_function_that_can_fail_says_when_and_each_comment_is_plain() {
        let missing = missing(
            "/// Docs.
            package a:plain@1.0.0;
            /// Who acts.
            @since(version = 1.0.0)
            interface things {
                /// Acts.
                @since(version = 1.0.0)
                act: func() -> result<_, string>;
            }",
        );
        assert_eq!(
            missing,
            ["things: a sentence begins with \"Who\"", "things.act does not say when it \"Fails\"",]
        );
    }

    #[test]
    fn one_file_has_everything_and_its_docs() {
        let mut resolve = everything();
        let package = resolve.push_str("one.wit", &in_one_file().unwrap()).unwrap();
        let one = lint(&resolve, package);
        assert_eq!(one.missing, [""; 0]);
        let (resolve, package) = load().unwrap();
        assert_eq!(one.items, lint(&resolve, package).items);
    }

    #[test]
    fn names_that_command_lines_cannot_write_are_found() {
        let mut resolve = everything();
        let package = resolve.push_str(
            "test.wit",
            "package a:named@1.0.0;
            interface one {
                /// 100 % of it.
                act: func();
                %list: func(from-whom: string);
            }
            interface two {
                enum colour { %flags, red }
                act: func();
            }",
        );
        let found = unwritable(&resolve, package.unwrap()).unwrap();
        assert_eq!(
            found,
            [
                "`%list: func(from-whom: string);` has a word of WIT's own for its name",
                "`%flags,` has a word of WIT's own for its name",
                "two and one both have `act`",
            ]
        );
    }

    #[test]
    fn an_empty_comment_is_none() {
        let missing = missing(
            "/// Docs.
            package a:empty@1.0.0;
            ///
            @since(version = 1.0.0)
            interface things {}",
        );
        assert_eq!(missing, ["things has no docs"]);
    }

    #[test]
    fn an_unstable_item_is_read_too() {
        let missing = missing(
            "/// Docs.
            package a:unstable@1.0.0;
            /// Docs.
            @unstable(feature = later)
            interface things {
                @unstable(feature = later)
                act: func();
            }",
        );
        assert_eq!(
            missing,
            ["things has no @since", "things.act has no docs", "things.act has no @since"]
        );
    }
}
