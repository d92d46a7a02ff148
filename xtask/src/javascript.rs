//! What the npm package has of the interface, made of the description of the core module: `table.js`, by which the
//! package lifts and lowers values, and `index.d.ts`, the types with the words of `wit/`.

use crate::tools;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PACKAGE: &str = "host-examples/javascript/package";
const BLESS: &str = "cargo xtask javascript --bless";

/// Compares the generated files with what is built.
pub fn check(built: &Path) -> Result<()> {
    for (name, expected) in files(built)? {
        let found = std::fs::read_to_string(path(name)?).unwrap_or_default();
        if found != expected {
            bail!("{PACKAGE}/{name} is not what the built module says: run `{BLESS}`");
        }
    }
    Ok(())
}

/// Writes the generated files.
pub fn bless(built: &Path) -> Result<()> {
    for (name, content) in files(built)? {
        std::fs::write(path(name)?, content).with_context(|| format!("can't write {name}"))?;
    }
    Ok(())
}

fn files(built: &Path) -> Result<[(&'static str, String); 2]> {
    let description = serde_json::from_slice(&tools::read(&built.join("itsm.json"))?)?;
    let host = String::from_utf8(tools::read(&path("host.d.ts")?)?)?;
    Ok([("table.js", table(&description)?), ("index.d.ts", types(&description, &host)?)])
}

fn path(name: &str) -> Result<PathBuf> {
    Ok(tools::root()?.join(PACKAGE).join(name))
}

/// Types and functions as data, a line each. Of the docs it has those that an error repeats.
fn table(description: &Value) -> Result<String> {
    let mut table = format!(
        "// Made from wit/ by `{BLESS}`.\n\nexport const version = {};\n",
        description["version"]
    );
    table += "\nexport const types = {\n";
    for (interface, ty) in each(description, "types") {
        let (word, kind) = kind(ty)?;
        let members = members(kind).map(|member| {
            let name = text(member, "name");
            let ty = member.get("type").map(bare).transpose()?;
            Ok(match (word, ty) {
                ("record", Some(ty)) => json!([camel(name), ty]),
                ("enum", _) => json!(name),
                (_, Some(ty)) => json!([name, ty]),
                (_, None) => json!([name]),
            })
        });
        let kind = match word {
            "alias" => bare(kind)?,
            _ => json!({ word: members.collect::<Result<Vec<_>>>()? }),
        };
        table += &format!("  {}: {kind},\n", json!(full_name(interface, ty)));
    }
    table += "};\n\nexport const interfaces = {\n";
    for interface in list(description, "interfaces") {
        let functions = list(interface, "functions");
        if functions.is_empty() {
            continue;
        }
        table += &format!("  {}: {{\n", camel(text(interface, "name")));
        for function in functions {
            let params = list(function, "params")
                .iter()
                .map(|param| Ok(json!([camel(text(param, "name")), bare(&param["type"])?])));
            let params = json!(params.collect::<Result<Vec<_>>>()?);
            let result = function.get("result").map(bare).transpose()?;
            let (export, asks) = (&function["export"], &function["asks"]);
            let row = json!({ "asks": asks, "export": export, "params": params, "result": result });
            table += &format!("    {}: {row},\n", camel(text(function, "name")));
        }
        table += "  },\n";
    }
    table += "};\n\n// What the cases of errors mean.\nexport const words = {\n";
    let words = Words::of(description)?;
    let errors: BTreeSet<_> = each(description, "functions")
        .filter_map(|(_, function)| function["result"]["result"]["err"]["type"].as_str())
        .collect();
    for (interface, ty) in each(description, "types") {
        let name = full_name(interface, ty);
        if let ("variant", kind) = kind(ty)?
            && errors.contains(name.as_str())
        {
            let said = members(kind).map(|case| {
                (text(case, "name").to_owned(), json!(words.written(case).replace('\n', " ")))
            });
            table += &format!("  {}: {},\n", json!(name), Value::Object(said.collect()));
        }
    }
    Ok(table + "};\n")
}

/// The types and the functions of TypeScript, then what the package adds to them.
fn types(description: &Value, host: &str) -> Result<String> {
    let words = Words::of(description)?;
    let mut page = format!("// Made from wit/ and host.d.ts by `{BLESS}`.\n");
    let mut taken = BTreeSet::new();
    for (interface, ty) in each(description, "types") {
        let name = pascal(text(ty, "name"));
        if !taken.insert(name.clone()) {
            bail!("{} has the same name in JavaScript as another type", full_name(interface, ty));
        }
        page += &format!("\n{}{}", words.comment(ty, "", None), declaration(&words, &name, ty)?);
    }
    for interface in list(description, "interfaces") {
        let functions = list(interface, "functions");
        if functions.is_empty() {
            continue;
        }
        let name = pascal(text(interface, "name"));
        if !taken.insert(name.clone()) {
            bail!("the interface {name} has the same name in JavaScript as a type");
        }
        page += &format!("\n{}export interface {name} {{\n", words.comment(interface, "", None));
        for function in functions {
            page += &method(&words, function)?;
        }
        page += "}\n";
    }
    Ok(page + "\n" + host)
}

fn declaration(words: &Words, name: &str, ty: &Value) -> Result<String> {
    let (word, kind) = kind(ty)?;
    if word == "alias" {
        return Ok(format!("export type {name} = {};\n", typescript(kind)?));
    }
    let mut lines = String::new();
    for member in members(kind) {
        lines += &words.comment(member, "  ", None);
        let (name, ty) = (text(member, "name"), member.get("type"));
        lines += &match (word, ty) {
            ("record", Some(ty)) => {
                let (mark, ty) = match ty.get("option") {
                    Some(inner) => ("?", format!("{} | undefined", typescript(inner)?)),
                    None => ("", typescript(ty)?),
                };
                format!("  {}{mark}: {ty};\n", camel(name))
            }
            ("variant", Some(ty)) => format!("  | {{ tag: '{name}'; val: {} }}\n", typescript(ty)?),
            ("variant", None) => format!("  | {{ tag: '{name}'; val?: undefined }}\n"),
            _ => format!("  | '{name}'\n"),
        };
    }
    Ok(match word {
        "record" => format!("export interface {name} {{\n{lines}}}\n"),
        _ => format!("export type {name} =\n{};\n", lines.trim_end()),
    })
}

fn method(words: &Words, function: &Value) -> Result<String> {
    let params = list(function, "params").iter();
    let params = params.map(|param| {
        let (name, ty) = (camel(text(param, "name")), typescript(&param["type"])?);
        Ok(match ty.as_str() {
            "string" | "boolean" | "Uint8Array" => format!("{name}: {ty}"),
            _ => format!("{name}: Input<{ty}>"),
        })
    });
    let mut params = params.collect::<Result<Vec<_>>>()?;
    let result = function.get("result").and_then(|result| result.get("result"));
    let returned = match result {
        Some(result) => result.get("ok"),
        None => function.get("result"),
    };
    let mut returned = returned.map_or(Ok("void".to_owned()), typescript)?;
    if function["asks"] == json!(true) {
        params.push("options?: CallOptions".to_owned());
        returned = format!("Promise<{returned}>");
    }
    let thrown = result.and_then(|result| result.get("err")).map(typescript).transpose()?;
    let thrown = thrown.map(|ty| match ty.as_str() {
        "Failure" => "@throws {ItsmError}".to_owned(),
        _ => format!("@throws {{ItsmError}} whose `payload` is `{ty}`"),
    });
    let (name, params) = (camel(text(function, "name")), params.join(", "));
    Ok(format!("{}  {name}({params}): {returned};\n", words.comment(function, "  ", thrown)))
}

/// A type of the description as `abi.js` reads it: a named one by its name alone.
fn bare(ty: &Value) -> Result<Value> {
    let Value::Object(object) = ty else {
        return match ty.as_str() {
            Some("bool" | "u8" | "u16" | "u32" | "u64" | "s64" | "string") => Ok(ty.clone()),
            _ => bail!("abi.js does not know the type {ty}"),
        };
    };
    let (word, inner) = object.iter().next().context("a type without a word")?;
    Ok(match (word.as_str(), inner) {
        ("type", name) => name.clone(),
        ("list" | "option", inner) => json!({ word: bare(inner)? }),
        ("tuple", Value::Array(types)) => {
            json!({ word: types.iter().map(bare).collect::<Result<Vec<_>>>()? })
        }
        ("result", result) => {
            let of = |word| result.get(word).map(bare).transpose();
            json!({ word: [of("ok")?, of("err")?] })
        }
        _ => bail!("abi.js does not know the type {ty}"),
    })
}

fn typescript(ty: &Value) -> Result<String> {
    Ok(match bare(ty)? {
        Value::String(name) => match name.as_str() {
            "string" => name,
            "bool" => "boolean".to_owned(),
            _ => name.split_once('.').map_or("number".to_owned(), |(_, name)| pascal(name)),
        },
        _ if ty["list"] == "u8" => "Uint8Array".to_owned(),
        _ if ty.get("list").is_some() => format!("{}[]", typescript(&ty["list"])?),
        _ if ty.get("option").is_some() => format!("{} | undefined", typescript(&ty["option"])?),
        _ => match ty["tuple"].as_array() {
            Some(types) => {
                let types = types.iter().map(typescript).collect::<Result<Vec<_>>>()?;
                format!("[{}]", types.join(", "))
            }
            None => bail!("TypeScript has no {ty} here"),
        },
    })
}

/// The names of the WIT, as its docs write them between backquotes.
struct Words {
    members: BTreeSet<String>,
    types: BTreeSet<String>,
    cases: BTreeSet<String>,
}

impl Words {
    fn of(description: &Value) -> Result<Self> {
        let mut words =
            Self { members: BTreeSet::new(), types: BTreeSet::new(), cases: BTreeSet::new() };
        for (_, ty) in each(description, "types") {
            let (word, kind) = kind(ty)?;
            let names = members(kind).map(|member| text(member, "name").to_owned());
            if word == "record" {
                words.members.extend(names)
            } else {
                words.cases.extend(names)
            }
            words.types.insert(text(ty, "name").to_owned());
        }
        for (_, function) in each(description, "functions") {
            let params = list(function, "params").iter();
            words.members.extend(params.chain([function]).map(|it| text(it, "name").to_owned()));
        }
        Ok(words)
    }

    /// The docs, in which names are written as they are in JavaScript.
    fn written(&self, documented: &Value) -> String {
        let mut written = String::new();
        for (index, part) in text(documented, "docs").split('`').enumerate() {
            if index % 2 == 0 {
                written += part;
            } else {
                written += &format!("`{}`", self.code(part));
            }
        }
        written
    }

    fn comment(&self, documented: &Value, indent: &str, further: Option<String>) -> String {
        let written = self.written(documented).replace("*/", "* /");
        let lines: Vec<_> = written.lines().map(str::to_owned).chain(further).collect();
        match &lines[..] {
            [] => String::new(),
            [line] => format!("{indent}/** {line} */\n"),
            lines => {
                let lines = lines.iter().map(|line| format!("{indent} * {line}"));
                let lines = lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
                format!("{indent}/**\n{}\n{indent} */\n", lines.join("\n"))
            }
        }
    }

    /// A case keeps its name, since it is a text in JavaScript.
    fn code(&self, code: &str) -> String {
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '-';
        if !code.chars().all(|letter| is_name(letter) || letter == '.') {
            return code.to_owned();
        }
        if code == "none" {
            return "undefined".to_owned();
        }
        let names = code.split('.').enumerate().map(|(index, name)| match name {
            name if self.cases.contains(name) && index == 0 => name.to_owned(),
            name if self.members.contains(name) => camel(name),
            name if self.types.contains(name) => pascal(name),
            name => name.to_owned(),
        });
        names.collect::<Vec<_>>().join(".")
    }
}

/// All types, or all functions, each with its interface.
fn each<'a>(
    description: &'a Value,
    what: &'static str,
) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let interfaces = list(description, "interfaces").iter();
    interfaces
        .flat_map(move |interface| list(interface, what).iter().map(move |it| (interface, it)))
}

fn full_name(interface: &Value, ty: &Value) -> String {
    format!("{}.{}", text(interface, "name"), text(ty, "name"))
}

fn kind(ty: &Value) -> Result<(&str, &Value)> {
    let kind = ty["kind"].as_object().and_then(|kind| kind.iter().next());
    let (word, kind) = kind.context("a type without a kind")?;
    if word == "flags" {
        bail!("abi.js does not know flags");
    }
    Ok((word, kind))
}

fn members(kind: &Value) -> impl Iterator<Item = &Value> {
    kind.as_array().into_iter().flatten()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn pascal(name: &str) -> String {
    name.split('-').map(capital).collect()
}

fn camel(name: &str) -> String {
    let (first, rest) = name.split_once('-').unwrap_or((name, ""));
    format!("{first}{}", pascal(rest))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Value {
        json!({ "version": "1.2.3", "interfaces": [
            { "name": "types", "docs": "", "functions": [], "types": [
                { "name": "pair", "docs": "Two.", "kind": { "alias": { "tuple": ["string", "u64"] } } },
                { "name": "site-name", "docs": "A `site-name`.", "kind": { "record": [
                    { "name": "full-url", "docs": "`none` is no\naddress.", "type": { "option": "string" } },
                    { "name": "pairs", "docs": "", "type": { "list": { "type": "types.pair" } } },
                ] } },
                { "name": "way-off", "docs": "", "kind": { "variant": [
                    { "name": "too-far", "docs": "See `site-name.full-url`,\nnot `too-far`.", "type": "u32" },
                    { "name": "lost", "docs": "Nowhere */." },
                ] } },
                { "name": "colour", "docs": "", "kind": { "enum": [{ "name": "dark-red", "docs": "Red." }] } },
            ] },
            { "name": "far-acts", "docs": "Deeds.", "types": [], "functions": [
                { "name": "go-on", "docs": "Goes.", "asks": true, "export": "a:b/far-acts@1.2.3#go-on",
                  "params": [{ "name": "to-site", "type": { "type": "types.site-name" } },
                             { "name": "body", "type": { "list": "u8" } }],
                  "result": { "result": { "err": { "type": "types.way-off" } } } },
                { "name": "rest", "docs": "", "asks": false, "export": "a:b/far-acts@1.2.3#rest",
                  "params": [], "result": { "type": "types.colour" } },
            ] },
        ] })
    }

    #[test]
    fn the_table_has_a_line_for_each_type_and_function() {
        let table = table(&small()).unwrap();
        for line in [
            r#"export const version = "1.2.3";"#,
            r#"  "types.pair": {"tuple":["string","u64"]},"#,
            r#"  "types.site-name": {"record":[["fullUrl",{"option":"string"}],["pairs",{"list":"types.pair"}]]},"#,
            r#"  "types.way-off": {"variant":[["too-far","u32"],["lost"]]},"#,
            r#"  "types.colour": {"enum":["dark-red"]},"#,
            r#"  farActs: {"#,
            r#"    goOn: {"asks":true,"export":"a:b/far-acts@1.2.3#go-on","params":[["toSite","types.site-name"],["body",{"list":"u8"}]],"result":{"result":[null,"types.way-off"]}},"#,
            r#"    rest: {"asks":false,"export":"a:b/far-acts@1.2.3#rest","params":[],"result":"types.colour"},"#,
            r#"  "types.way-off": {"lost":"Nowhere */.","too-far":"See `SiteName.fullUrl`, not `too-far`."},"#,
        ] {
            assert!(table.lines().any(|found| found == line), "{line}\n{table}");
        }
    }

    #[test]
    fn the_types_have_the_words_of_the_wit_with_the_names_of_javascript() {
        let expected = "// Made from wit/ and host.d.ts by `cargo xtask javascript --bless`.

/** Two. */
export type Pair = [string, number];

/** A `SiteName`. */
export interface SiteName {
  /**
   * `undefined` is no
   * address.
   */
  fullUrl?: string | undefined;
  pairs: Pair[];
}

export type WayOff =
  /**
   * See `SiteName.fullUrl`,
   * not `too-far`.
   */
  | { tag: 'too-far'; val: number }
  /** Nowhere * /. */
  | { tag: 'lost'; val?: undefined };

export type Colour =
  /** Red. */
  | 'dark-red';

/** Deeds. */
export interface FarActs {
  /**
   * Goes.
   * @throws {ItsmError} whose `payload` is `WayOff`
   */
  goOn(toSite: Input<SiteName>, body: Uint8Array, options?: CallOptions): Promise<void>;
  rest(): Colour;
}

// The rest.
";
        assert_eq!(types(&small(), "// The rest.\n").unwrap(), expected);
    }

    #[test]
    fn what_the_package_does_not_know_is_refused() {
        for (kind, why) in [
            (json!({ "alias": "f64" }), "abi.js does not know the type \"f64\""),
            (json!({ "flags": [] }), "abi.js does not know flags"),
        ] {
            let ty = json!({ "name": "odd", "docs": "", "kind": kind });
            let interface = json!({ "name": "types", "types": [ty], "functions": [] });
            let description = json!({ "version": "1.0.0", "interfaces": [interface] });
            assert_eq!(table(&description).unwrap_err().to_string(), why);
        }
    }
}
