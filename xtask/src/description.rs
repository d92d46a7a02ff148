//! What a host loads that runs no components: the core module inside a component, and one description of its
//! functions, types and imports in JSON. Each language makes its typed API, its lifting and its lowering from
//! the description.
//!
//! A type is a word (`"string"`, `"u64"`), `{"list": T}`, `{"option": T}`, `{"tuple": [T]}`,
//! `{"result": {"ok": T, "err": T}}` with either part left out where WIT has none, or
//! `{"type": "INTERFACE.NAME"}` for one that has a name. Sizes and offsets are not described: they follow from
//! the types by the rules of the canonical ABI. `core` of a function is the signature of its export, which
//! shows what is passed in memory. What `post-return` names must be called with the export's result, once that
//! has been read.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasmparser::types::EntityType;
use wasmparser::{Parser, Payload, ValType, Validator};
use wit_parser::{
    Docs, Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
};

/// The exports through which a host gives and takes values. No module but the one that works has them.
const MEMORY: [&str; 2] = ["memory", "cabi_realloc"];

/// The types of parameters that tell a function where to send requests: with one of them it `asks`, and its
/// host may have to wait. Without one it sends none, as the component has no address of its own and keeps
/// none from call to call.
const ADDRESSES: [&str; 2] = ["types.connection", "types.callback-target"];

/// The module of a component that does the work. The others, if any, only tie its imports.
pub fn core_module(component: &[u8]) -> Result<&[u8]> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::ModuleSection { unchecked_range: range, .. } = payload? {
            let module = &component[usize::try_from(range.start)?..usize::try_from(range.end)?];
            let exports = Core::read(module)?.exports;
            if MEMORY.iter().all(|name| exports.contains_key(*name)) {
                found.push(module);
            }
        }
    }
    match found[..] {
        [module] => Ok(module),
        _ => bail!("{} of its core modules export {}", found.len(), MEMORY.join(" and ")),
    }
}

/// The description of a world, as this core module has it.
pub fn describe(resolve: &Resolve, world: WorldId, module: &[u8]) -> Result<Value> {
    let Core { mut exports, imports } = Core::read(module)?;
    // Without a `#` stands what the linker and the allocator export.
    exports.retain(|name, _| name.contains('#'));
    let world = &resolve.worlds[world];
    let mut interfaces = Vec::new();
    // An interface that is imported has types only: the world exports all functions.
    for item in world.imports.values().chain(world.exports.values()) {
        let WorldItem::Interface { id, .. } = item else {
            bail!("the world {} has something besides interfaces", world.name);
        };
        interfaces.push(interface(resolve, *id, &mut exports)?);
    }
    if let Some((name, _)) = exports.first_key_value() {
        bail!("the module exports {name}, which the world {} does not", world.name);
    }
    let package = world.package.and_then(|id| resolve.packages[id].name.version.as_ref());
    let version = package.context("the package has no version")?.to_string();
    Ok(json!({ "version": version, "interfaces": interfaces, "imports": imports }))
}

/// What a core module exports and imports: each function with its signature, anything else without.
struct Core {
    exports: BTreeMap<String, Value>,
    imports: Vec<Value>,
}

impl Core {
    fn read(module: &[u8]) -> Result<Self> {
        let types = Validator::new().validate_all(module)?;
        let types = types.as_ref();
        let names = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>();
        let signature = |item| match item {
            EntityType::Func(id) => {
                let function = types[id].unwrap_func();
                json!({ "params": names(function.params()), "results": names(function.results()) })
            }
            _ => json!({}),
        };
        let import = |(module, name, item)| {
            let import = with(signature(item), "module", Some(json!(module)));
            with(import, "name", Some(json!(name)))
        };
        let exports = types.core_exports().context("it is no core module")?;
        let imports = types.core_imports().context("it is no core module")?;
        Ok(Self {
            exports: exports.map(|(name, item)| (name.to_owned(), signature(item))).collect(),
            imports: imports.map(import).collect(),
        })
    }
}

/// An interface with its own types. Those that it uses are described where they are defined. Each function is
/// taken out of the exports.
fn interface(
    resolve: &Resolve,
    id: InterfaceId,
    exports: &mut BTreeMap<String, Value>,
) -> Result<Value> {
    let interface = &resolve.interfaces[id];
    let path = resolve.id_of(id).context("an exported interface has no name")?;
    let (mut types, mut functions) = (Vec::new(), Vec::new());
    for (name, id) in interface.types.iter().filter(|(_, id)| used(resolve, **id).is_none()) {
        let definition = &resolve.types[*id];
        let kind = kind(resolve, &definition.kind)?;
        types.push(json!({ "name": name, "docs": text(&definition.docs), "kind": kind }));
    }
    for function in interface.functions.values() {
        let export = format!("{path}#{}", function.name);
        let core = exports.remove(&export);
        let core = core.with_context(|| format!("the module does not export {export}"))?;
        let post_return = format!("cabi_post_{export}");
        let post_return = exports.remove(&post_return).map(|_| json!(post_return));
        let described = with(function_(resolve, function)?, "export", Some(json!(export)));
        functions.push(with(described, "core", Some(with(core, "post-return", post_return))));
    }
    let (name, docs) = (&interface.name, text(&interface.docs));
    Ok(json!({ "name": name, "docs": docs, "types": types, "functions": functions }))
}

fn function_(resolve: &Resolve, function: &Function) -> Result<Value> {
    let mut params = Vec::new();
    for param in &function.params {
        params.push(json!({ "name": param.name, "type": type_(resolve, &param.ty)? }));
    }
    let asks = params.iter().any(|param| ADDRESSES.iter().any(|ty| param["type"]["type"] == *ty));
    let (name, docs) = (&function.name, text(&function.docs));
    let described = json!({ "name": name, "docs": docs, "params": params, "asks": asks });
    Ok(with(described, "result", optional(resolve, function.result)?))
}

fn kind(resolve: &Resolve, kind: &TypeDefKind) -> Result<Value> {
    let (word, members): (_, Vec<(&str, &Docs, Option<Type>)>) = match kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            ("record", fields.map(|field| (&*field.name, &field.docs, Some(field.ty))).collect())
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            ("variant", cases.map(|case| (&*case.name, &case.docs, case.ty)).collect())
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            ("enum", cases.map(|case| (&*case.name, &case.docs, None)).collect())
        }
        TypeDefKind::Flags(flags) => {
            let flags = flags.flags.iter();
            ("flags", flags.map(|flag| (&*flag.name, &flag.docs, None)).collect())
        }
        other => return Ok(json!({ "alias": structure(resolve, other)? })),
    };
    let mut described = Vec::new();
    for (name, docs, ty) in members {
        let member = json!({ "name": name, "docs": text(docs) });
        described.push(with(member, "type", optional(resolve, ty)?));
    }
    Ok(json!({ word: described }))
}

/// A type, where it is used: a named one by its interface and name.
fn type_(resolve: &Resolve, ty: &Type) -> Result<Value> {
    let Type::Id(id) = ty else {
        return Ok(json!(format!("{ty:?}").to_lowercase()));
    };
    let definition = &resolve.types[*id];
    if let Some(other) = used(resolve, *id) {
        return type_(resolve, other);
    }
    let (Some(name), TypeOwner::Interface(owner)) = (&definition.name, definition.owner) else {
        return structure(resolve, &definition.kind);
    };
    let owner = resolve.interfaces[owner].name.as_deref().unwrap_or_default();
    Ok(json!({ "type": format!("{owner}.{name}") }))
}

fn structure(resolve: &Resolve, kind: &TypeDefKind) -> Result<Value> {
    Ok(match kind {
        TypeDefKind::List(item) => json!({ "list": type_(resolve, item)? }),
        TypeDefKind::Option(item) => json!({ "option": type_(resolve, item)? }),
        TypeDefKind::Tuple(tuple) => {
            let types: Result<Vec<_>> = tuple.types.iter().map(|ty| type_(resolve, ty)).collect();
            json!({ "tuple": types? })
        }
        TypeDefKind::Result(result) => {
            let ok = with(json!({}), "ok", optional(resolve, result.ok)?);
            json!({ "result": with(ok, "err", optional(resolve, result.err)?) })
        }
        TypeDefKind::Type(other) => type_(resolve, other)?,
        other => bail!("the description has no {}", other.as_str()),
    })
}

/// The type of another interface that `use` gives this name.
fn used(resolve: &Resolve, id: TypeId) -> Option<&Type> {
    let definition = &resolve.types[id];
    match &definition.kind {
        TypeDefKind::Type(ty @ Type::Id(other)) => {
            (resolve.types[*other].owner != definition.owner).then_some(ty)
        }
        _ => None,
    }
}

fn optional(resolve: &Resolve, ty: Option<Type>) -> Result<Option<Value>> {
    ty.map(|ty| type_(resolve, &ty)).transpose()
}

/// The object with one member more, if there is a value.
fn with(mut object: Value, name: &str, value: Option<Value>) -> Value {
    if let Some(value) = value {
        object[name] = value;
    }
    object
}

fn text(docs: &Docs) -> &str {
    docs.contents.as_deref().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit_lint;
    use wasm_encoder::{
        CodeSection, Component, EntityType, ExportKind, ExportSection, Function, FunctionSection,
        ImportSection, Module, RawSection, TypeSection, ValType,
    };

    const ASK: &str = "a:small/acts@1.2.3#ask";
    const REST: &str = "a:small/acts@1.2.3#rest";

    const WIT: &str = "
        package a:small@1.2.3;
        interface types {
            /// Where to.
            record connection { /// Its address.
                url: string }
        }
        /// Deeds.
        interface acts {
            use types.{connection as site};
            /// An answer.
            variant answer { /// Not one.
                nothing, at(site) }
            enum colour { red }
            flags marks { bold }
            /// Asks.
            ask: func(on: site, number: u64) -> answer;
            rest: func();
        }
        world place { export acts; }
    ";

    /// A module with a memory that imports a function, and exports these of the same signature.
    fn module(functions: &[&str], memory: &str) -> Vec<u8> {
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([ValType::I32, ValType::I64], [ValType::I32]);
        imports.import("a:clock/now@1.0.0", "wait", EntityType::Function(0));
        let (mut section, mut code) = (FunctionSection::new(), CodeSection::new());
        let mut exports = ExportSection::new();
        exports.export(memory, ExportKind::Memory, 0);
        for (name, index) in functions.iter().zip(1..) {
            section.function(0);
            exports.export(name, ExportKind::Func, index);
            let mut body = Function::new([]);
            body.instructions().unreachable().end();
            code.function(&body);
        }
        let memories = RawSection { id: 5, data: &[1, 0, 1] };
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&section).section(&memories);
        module.section(&exports).section(&code);
        module.finish()
    }

    fn described(wit: &str, functions: &[&str]) -> Result<Value> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("small.wit", wit)?;
        let world = resolve.select_world(&[package], None)?;
        describe(&resolve, world, &module(functions, "memory"))
    }

    #[test]
    fn the_module_that_does_the_work_is_found_by_its_memory_and_its_allocator() {
        let real = module(&["cabi_realloc", REST], "memory");
        let (other, third) = (module(&["cabi_realloc"], "other"), module(&[REST], "memory"));
        for (modules, found) in [
            (vec![&other, &real, &third], Ok(real.as_slice())),
            (vec![&other, &third], Err("0 of its core modules export memory and cabi_realloc")),
            (vec![&real, &real], Err("2 of its core modules export memory and cabi_realloc")),
        ] {
            let mut component = Component::new();
            for module in modules {
                component.section(&RawSection { id: 1, data: module });
            }
            let component = component.finish();
            let module = core_module(&component).map_err(|error| error.to_string());
            assert_eq!(module, found.map_err(str::to_owned));
        }
    }

    #[test]
    fn a_world_is_described_with_its_types_its_functions_and_the_modules_imports() {
        let site = json!({ "type": "types.connection" });
        let post = format!("cabi_post_{ASK}");
        let expected = json!({
            "version": "1.2.3",
            "interfaces": [
                { "name": "types", "docs": "", "functions": [], "types": [
                    { "name": "connection", "docs": "Where to.", "kind": { "record": [
                        { "name": "url", "docs": "Its address.", "type": "string" },
                    ] } },
                ] },
                { "name": "acts", "docs": "Deeds.", "types": [
                    { "name": "answer", "docs": "An answer.", "kind": { "variant": [
                        { "name": "nothing", "docs": "Not one." },
                        { "name": "at", "docs": "", "type": site },
                    ] } },
                    { "name": "colour", "docs": "", "kind": { "enum": [{ "name": "red", "docs": "" }] } },
                    { "name": "marks", "docs": "", "kind": { "flags": [{ "name": "bold", "docs": "" }] } },
                ], "functions": [
                    {
                        "name": "ask", "docs": "Asks.", "asks": true, "export": ASK,
                        "params": [{ "name": "on", "type": site }, { "name": "number", "type": "u64" }],
                        "result": { "type": "acts.answer" },
                        "core": { "params": ["i32", "i64"], "results": ["i32"], "post-return": post },
                    },
                    {
                        "name": "rest", "docs": "", "asks": false, "export": REST, "params": [],
                        "core": { "params": ["i32", "i64"], "results": ["i32"] },
                    },
                ] },
            ],
            "imports": [
                { "module": "a:clock/now@1.0.0", "name": "wait", "params": ["i32", "i64"], "results": ["i32"] },
            ],
        });
        assert_eq!(described(WIT, &[ASK, &post, REST, "cabi_realloc"]).unwrap(), expected);
    }

    #[test]
    fn a_type_without_a_name_is_described_by_its_parts() {
        for (wit, expected) in [
            ("u8", json!("u8")),
            ("list<bool>", json!({ "list": "bool" })),
            ("option<list<s64>>", json!({ "option": { "list": "s64" } })),
            ("tuple<string, char>", json!({ "tuple": ["string", "char"] })),
            ("result", json!({ "result": {} })),
            ("result<f32>", json!({ "result": { "ok": "f32" } })),
            ("result<_, mine>", json!({ "result": { "err": { "type": "one.mine" } } })),
            ("mine", json!({ "type": "one.mine" })),
        ] {
            let wit = format!(
                "package a:b@1.0.0; interface one {{ enum mine {{ it }} type other = {wit}; }} world w {{ export one; }}"
            );
            let kind = &described(&wit, &[]).unwrap()["interfaces"][0]["types"][1]["kind"];
            assert_eq!(*kind, json!({ "alias": expected }));
        }
    }

    #[test]
    fn a_world_that_differs_from_the_module_is_an_error() {
        let resource = &WIT.replace("enum colour { red }", "resource colour;");
        for (wit, functions, error) in [
            (WIT, &[ASK][..], "the module does not export a:small/acts@1.2.3#rest"),
            (
                &WIT.replace("rest: func();", ""),
                &[ASK, REST],
                "the module exports a:small/acts@1.2.3#rest, which the world place does not",
            ),
            (resource, &[ASK, REST], "the description has no resource"),
        ] {
            assert_eq!(described(wit, functions).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn every_function_but_these_may_send_requests() {
        let (resolve, package) = wit_lint::load().unwrap();
        let world = resolve.select_world(&[package], Some("provider")).unwrap();
        let mut silent = Vec::new();
        for item in resolve.worlds[world].exports.values() {
            let WorldItem::Interface { id, .. } = item else { panic!("{item:?}") };
            let interface = &resolve.interfaces[*id];
            let name = interface.name.as_deref().unwrap();
            for function in interface.functions.values() {
                if function_(&resolve, function).unwrap()["asks"] == false {
                    silent.push(format!("{name}.{}", function.name));
                }
            }
        }
        silent.retain(|name| !name.starts_with("callbacks.") && !name.starts_with("tracking."));
        let expected =
            ["tickets.new-operation-id", "tickets.new-tag", "diagnosis.describe-failure"];
        assert_eq!(silent, expected);
    }
}
