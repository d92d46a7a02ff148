//! The modules of the Python package that say what the WIT says: its types as classes, its functions as methods,
//! its words as docstrings. They are made of the description in `target/itsm/itsm.json`, and committed.

use crate::tools;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

const FOLDER: &str = "host-examples/python/blueking_itsm";

/// Cases whose class has another name than the case, which is too common a word or would name two classes in
/// one module. Where the class has the name of the payload's record, the record itself is the case.
const CASES: [(&str, &str); 12] = [
    ("types.user.name", "UserName"),
    ("types.user.other", "Credential"),
    ("types.authorization.app", "AppCredentials"),
    ("callbacks.parse-error.field", "FieldFault"),
    ("callbacks.binding-error.malformed", "MalformedHeader"),
    ("callbacks.reception.genuine", "BoundCallback"),
    ("callbacks.reception.refused", "Refusal"),
    ("tracking.event.created", "CreatedTicket"),
    ("tracking.event.recovered", "LookedUp"),
    ("handling.assignees.others", "AssigneeGroup"),
    ("tickets.service.id", "ServiceId"),
    ("services.resolve-error.failed", "ItsmError"),
];

/// Classes of cases that stand in another module than their variant, and are no records.
const ELSEWHERE: [(&str, &str); 3] =
    [("People", "types"), ("ItsmError", "types"), ("Other", "cases")];

/// What nothing prints: fields, and cases.
const SECRETS: [&str; 11] = [
    "types.credential.value",
    "types.app-credentials.app-secret",
    "types.connection.headers",
    "types.callback-target.headers",
    "types.user.access-token",
    "types.user.login-token",
    "callbacks.binding.header",
    "callbacks.binding.tag",
    "callbacks.bound.tag",
    "tickets.new-ticket.tag",
    "tickets.ticket-filter.tag",
];

/// Follows the record that it raises.
const ITSM_ERROR: &str = r#"

class ItsmError(Failure, Error):
    """A call to ITSM has no result: the failure, raised."""

    def __reduce__(self) -> tuple[type[ItsmError], tuple[object, ...]]:
        # Else unpickling would set the frozen fields.
        return type(self), self.args
"#;

/// Compares the modules with the description.
pub fn check(built: &Path) -> Result<()> {
    for (name, made) in modules(built)? {
        let path = tools::root()?.join(FOLDER).join(&name);
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&made) {
            bail!("{FOLDER}/{name} is not what wit/ says: run `cargo xtask python --bless`");
        }
    }
    Ok(())
}

/// Writes the modules.
pub fn bless(built: &Path) -> Result<()> {
    for (name, made) in modules(built)? {
        let path = tools::root()?.join(FOLDER).join(&name);
        std::fs::write(&path, made).with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(())
}

fn modules(built: &Path) -> Result<Vec<(String, String)>> {
    let description: Value = serde_json::from_slice(&tools::read(&built.join("itsm.json"))?)?;
    let wit = Wit::new(&description);
    check_tables(&wit.kinds)?;
    let interfaces = list(&description["interfaces"]).iter();
    interfaces
        .map(|interface| Ok((format!("{}.py", word(interface, "name")), wit.module(interface)?)))
        .collect()
}

/// What the tables name must be there, and what the docs call a secret must be in them.
fn check_tables(kinds: &BTreeMap<String, &Value>) -> Result<()> {
    let mut there = BTreeSet::new();
    for (path, kind) in kinds {
        for member in list(&kind["record"]).iter().chain(list(&kind["variant"])) {
            let path = format!("{path}.{}", word(member, "name"));
            if word(member, "docs").contains("is a secret") && !SECRETS.contains(&path.as_str()) {
                bail!("the docs of {path} say that it is a secret: add it to SECRETS");
            }
            there.insert(path);
        }
    }
    let named = SECRETS.iter().chain(CASES.iter().map(|(path, _)| path));
    match named.copied().find(|path| !there.contains(*path)) {
        Some(path) => bail!("the WIT has no {path}, of which a table of the Python package speaks"),
        None => Ok(()),
    }
}

struct Wit<'a> {
    kinds: BTreeMap<String, &'a Value>,
    functions: BTreeSet<String>,
    /// The names of parameters, fields and functions, which stay as they are but for their hyphens.
    plain: BTreeSet<&'a str>,
    given: BTreeSet<String>,
    returned: BTreeSet<String>,
}

impl<'a> Wit<'a> {
    fn new(description: &'a Value) -> Self {
        let (kinds, functions, plain) = Default::default();
        let mut wit =
            Self { kinds, functions, plain, given: BTreeSet::new(), returned: BTreeSet::new() };
        let interfaces = list(&description["interfaces"]);
        for interface in interfaces {
            for ty in list(&interface["types"]) {
                wit.kinds.insert(
                    format!("{}.{}", word(interface, "name"), word(ty, "name")),
                    &ty["kind"],
                );
                wit.plain
                    .extend(list(&ty["kind"]["record"]).iter().map(|field| word(field, "name")));
            }
        }
        for function in interfaces.iter().flat_map(|interface| {
            list(&interface["functions"]).iter().map(move |function| (interface, function))
        }) {
            let (interface, function) = function;
            wit.functions.insert(format!("{}.{}", word(interface, "name"), word(function, "name")));
            wit.plain.insert(word(function, "name"));
            for param in list(&function["params"]) {
                wit.plain.insert(word(param, "name"));
                let mut given = std::mem::take(&mut wit.given);
                wit.reach(&param["type"], &mut given);
                wit.given = given;
            }
            let mut returned = std::mem::take(&mut wit.returned);
            wit.reach(&function["result"], &mut returned);
            wit.returned = returned;
        }
        wit
    }

    /// Adds the names of all types within a type.
    fn reach(&self, ty: &Value, reached: &mut BTreeSet<String>) {
        match ty {
            Value::Object(members) => {
                for (key, value) in members {
                    match value
                        .as_str()
                        .filter(|_| key == "type")
                        .and_then(|name| self.kinds.get_key_value(name))
                    {
                        Some((name, kind)) if reached.insert(name.clone()) => {
                            self.reach(kind, reached)
                        }
                        Some(_) => {}
                        None => self.reach(value, reached),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.reach(item, reached)),
            _ => {}
        }
    }

    fn module(&self, interface: &Value) -> Result<String> {
        let name = word(interface, "name");
        let (mut body, mut table, mut seen) = (String::new(), String::new(), BTreeMap::new());
        for ty in list(&interface["types"]) {
            self.type_(name, ty, &mut body, &mut table, &mut seen)?;
        }
        table = format!("\n\n# fmt: off\nWIT: dict[str, Any] = {{\n{table}}}\n");
        let functions = list(&interface["functions"]);
        if !functions.is_empty() {
            let docs = self.docs(name, word(interface, "docs"), 4);
            for (class, base, define, wait) in
                [("", "Interface", "def", ""), ("Async", "AsyncInterface", "async def", "await ")]
            {
                write!(body, "\n\nclass {class}{}({base}):\n    {docs}", pascal(name))?;
                for function in functions {
                    self.function(name, function, define, wait, &mut body)?;
                }
            }
            table += "FUNCTIONS: dict[str, Function] = {\n";
            for function in functions {
                table += &Self::row(function);
            }
            table += "}\n";
        }
        let body = body + &table + "# fmt: on\n";
        let uses = |name: &str| {
            let call = |before, after| body.contains(&format!("{before}{name}{after}"));
            // A word alone can stand in docs.
            [
                ("@", "("),
                ("= ", "("),
                ("(", ")"),
                ("(", ":"),
                ("(", "["),
                (" ", "["),
                (", ", ")"),
                ("(", ","),
                (" ", "]"),
            ]
            .iter()
            .any(|(before, after)| call(before, after))
        };
        let import = |from: &str, names: &[&str]| {
            let used: Vec<_> = names.iter().copied().filter(|name| uses(name)).collect();
            if used.is_empty() {
                String::new()
            } else {
                format!("from {from} import {}\n", used.join(", "))
            }
        };
        let standard =
            import("collections.abc", &["Sequence"]) + &import("typing", &["Any", "Union"]);
        let types =
            if body.contains("types.") && name != "types" { "from . import types\n" } else { "" };
        let cases = import("._dataclass", &["dataclass", "field"])
            + &import("._interface", &["AsyncInterface", "Function", "Interface"])
            + &import(
                ".cases",
                &[
                    "Bare",
                    "Case",
                    "Error",
                    "FailureWords",
                    "Other",
                    "ReasonError",
                    "SecretCase",
                    "Word",
                ],
            );
        let docs =
            format!("{}\n\n{}", format_args!("blueking:itsm/{name}."), word(interface, "docs"));
        let made = "Made of wit/ by `cargo xtask python --bless`: edit the comments there.";
        let docs = self.docs(name, &format!("{docs}\n\n{made}"), 0);
        let body = body.trim_start();
        let gap = if body.starts_with("class") || body.starts_with('@') { "\n\n" } else { "\n" };
        Ok(format!(
            "{docs}\nfrom __future__ import annotations\n\n{standard}\n{types}{cases}{gap}{body}"
        ))
    }

    /// Adds the classes of a type, and its row in the table by which values are converted. `seen` are the case
    /// classes of the module so far, with their payloads.
    fn type_(
        &self,
        module: &str,
        ty: &Value,
        body: &mut String,
        table: &mut String,
        seen: &mut BTreeMap<String, Value>,
    ) -> Result<()> {
        let (name, kind) = (word(ty, "name"), &ty["kind"]);
        let path = format!("{module}.{name}");
        let class = pascal(name);
        let docs = |indent| self.docs(module, word(ty, "docs"), indent);
        let given = self.given.contains(&path);
        if let Some(alias) = kind.get("alias") {
            write!(body, "\n\n{class} = {}\n{}", self.hint(module, alias, given), docs(0))?;
            writeln!(table, "    {path:?}: {},", descriptor(alias))?;
        } else if let Some(cases) = kind.get("enum") {
            write!(body, "\n\nclass {class}(Word):\n    {}", docs(4))?;
            for case in list(cases) {
                let case_name = word(case, "name");
                write!(
                    body,
                    "\n    {} = {case_name:?}\n    {}",
                    constant(case_name),
                    self.docs(module, word(case, "docs"), 4)
                )?;
            }
            writeln!(table, "    {path:?}: (\"enum\", {class}),")?;
        } else if let Some(fields) = kind.get("record") {
            let base = if path == "types.failure" { "(FailureWords)" } else { "" };
            write!(body, "\n\n@dataclass(frozen=True)\nclass {class}{base}:\n    {}", docs(4))?;
            let fields = list(fields);
            let can_lack =
                |field: &Value| field["type"].get("option").or(field["type"].get("list")).is_some();
            let optional = fields.iter().rev().take_while(|field| can_lack(field)).count();
            let (needed, trailing) = fields.split_at(fields.len() - optional);
            let defaults = given
                && !self.returned.contains(&path)
                && trailing.iter().any(|field| field["type"].get("option").is_some());
            for (index, field) in fields.iter().enumerate() {
                let hidden = SECRETS.contains(&format!("{path}.{}", word(field, "name")).as_str());
                let default = match field["type"].get("option") {
                    _ if !defaults || index < needed.len() => None,
                    Some(_) => Some("None"),
                    None => Some("()"),
                };
                // A list that is optional may stand before fields that are not.
                let value = match (default, hidden) {
                    (None, false) => String::new(),
                    (None, true) => " = field(repr=False)".to_owned(),
                    (Some(value), false) => format!(" = {value}"),
                    (Some(value), true) => format!(" = field(default={value}, repr=False)"),
                };
                let hint = self.hint(module, &field["type"], given);
                let docs = self.docs(module, word(field, "docs"), 4);
                write!(body, "\n    {}: {hint}{value}\n    {docs}", snake(word(field, "name")))?;
            }
            let types: String =
                fields.iter().map(|field| format!(", {}", descriptor(&field["type"]))).collect();
            writeln!(table, "    {path:?}: (\"record\", {class}{types}),")?;
            if path == "types.failure" {
                *body += ITSM_ERROR;
            }
        } else if let Some(cases) = kind.get("variant") {
            let mut classes = Vec::new();
            let mut row = String::new();
            for case in list(cases) {
                let case_path = format!("{path}.{}", word(case, "name"));
                let class = Self::case_class(&case_path);
                let payload = case.get("type").cloned().unwrap_or_default();
                let place = place(&class, &payload);
                if place.as_deref().unwrap_or(module) == module && !is_record(&class, &payload) {
                    match seen.insert(class.clone(), payload.clone()) {
                        Some(other) if other != payload => bail!(
                            "{case_path} needs another name than {class} in CASES: the class has another payload"
                        ),
                        Some(_) => {}
                        None => {
                            let secret =
                                if SECRETS.contains(&case_path.as_str()) { "Secret" } else { "" };
                            let base = match &payload {
                                Value::Null => "Bare".to_owned(),
                                payload => {
                                    format!("{secret}Case[{}]", self.hint(module, payload, given))
                                }
                            };
                            let docs = self.docs(module, word(case, "docs"), 4);
                            write!(body, "\n\nclass {class}({base}):\n    {docs}")?;
                        }
                    }
                }
                let class = match place {
                    Some(place) if place != module && place != "cases" => {
                        format!("{place}.{class}")
                    }
                    _ => class,
                };
                let payload =
                    if payload.is_null() { "None".to_owned() } else { descriptor(&payload) };
                write!(row, ", ({class}, {payload})")?;
                classes.push(class);
            }
            // What the WIT calls an error is in Python the exception, and its cases are the reasons.
            let union =
                class.strip_suffix("Error").map_or(class.clone(), |stem| format!("{stem}Reason"));
            let members: String = classes.iter().map(|class| format!("    {class},\n")).collect();
            write!(body, "\n\n{union} = Union[\n{members}]\n{}", docs(0))?;
            if union != class {
                write!(body, "\n\nclass {class}(ReasonError[{union}]):\n    {}", docs(4))?;
            }
            writeln!(table, "    {path:?}: (\"variant\"{row}),")?;
        } else {
            bail!("{path} is of a kind that the Python package does not have");
        }
        Ok(())
    }

    fn case_class(path: &str) -> String {
        let renamed = CASES.iter().find(|(case, _)| *case == path);
        renamed.map_or_else(
            || pascal(path.rsplit('.').next().unwrap_or_default()),
            |(_, class)| (*class).to_owned(),
        )
    }

    fn function(
        &self,
        module: &str,
        function: &Value,
        define: &str,
        wait: &str,
        body: &mut String,
    ) -> Result<()> {
        let name = snake(word(function, "name"));
        let (mut parameters, mut arguments) = (String::new(), String::new());
        for param in list(&function["params"]) {
            let param_name = snake(word(param, "name"));
            let hint = self.hint(module, &param["type"], true);
            writeln!(parameters, "        {param_name}: {hint},")?;
            write!(arguments, ", {param_name}")?;
        }
        let parameters = if parameters.is_empty() {
            "self".to_owned()
        } else {
            format!("\n        self,\n{parameters}    ")
        };
        let result = &function["result"];
        let result = result.get("result").map_or(Some(result), |result| result.get("ok"));
        let hint = result.filter(|ty| !ty.is_null()).map(|ty| self.hint(module, ty, false));
        let returns = hint.as_deref().unwrap_or("None");
        let docs = self.docs(module, word(function, "docs"), 8);
        write!(body, "\n    {define} {name}({parameters}) -> {returns}:\n        {docs}")?;
        let call = format!("{wait}self._call(\"{module}.{name}\"{arguments})");
        let give = if hint.is_some() { "return " } else { "" };
        writeln!(body, "        {give}{call}")?;
        Ok(())
    }

    /// A function's row in the table: its name, what it is given, what it gives, what it raises, and whether it asks.
    fn row(function: &Value) -> String {
        let params = list(&function["params"]).iter();
        let params: String = params
            .map(|param| {
                format!("({:?}, {}), ", snake(word(param, "name")), descriptor(&param["type"]))
            })
            .collect();
        let name = word(function, "name");
        let error = match &function["result"]["result"]["err"] {
            Value::Null => "None".to_owned(),
            Value::String(_) => "ValueError".to_owned(),
            ty if ty["type"] == "types.failure" => "types.ItsmError".to_owned(),
            ty => pascal(word(ty, "type").rsplit('.').next().unwrap_or_default()),
        };
        let asks = if function["asks"] == true { "True" } else { "False" };
        let result = descriptor(&function["result"]);
        format!(
            "    {:?}: Function({name:?}, ({params}), {result}, {error}, {asks}),\n",
            snake(name)
        )
    }

    /// A type as a hint. What is given may be any sequence.
    fn hint(&self, module: &str, ty: &Value, given: bool) -> String {
        let of = |ty: &Value| self.hint(module, ty, given);
        if let Some(word) = ty.as_str() {
            return match word {
                "string" => "str",
                "bool" => "bool",
                _ => "int",
            }
            .to_owned();
        }
        if let Some(name) = ty.get("type").and_then(Value::as_str) {
            let (place, name) = name.split_once('.').unwrap_or_default();
            let class = pascal(name);
            return if place == module { class } else { format!("{place}.{class}") };
        }
        if let Some(item) = ty.get("list") {
            return match (item.as_str(), given) {
                (Some("u8"), _) => "bytes".to_owned(),
                (_, true) => format!("Sequence[{}]", of(item)),
                (_, false) => format!("tuple[{}, ...]", of(item)),
            };
        }
        if let Some(item) = ty.get("option") {
            return format!("{} | None", of(item));
        }
        format!("tuple[{}]", list(&ty["tuple"]).iter().map(of).collect::<Vec<_>>().join(", "))
    }

    /// Docs as a docstring, with the names that Python has for what they name.
    fn docs(&self, module: &str, docs: &str, indent: usize) -> String {
        let parts: Vec<_> = docs.split('`').collect();
        let said: Vec<_> = (0..parts.len())
            .map(|at| match (at % 2, at.checked_sub(2).map(|before| &parts[before..at])) {
                (0, _) => parts[at].to_owned(),
                // The text in which the component names an argument.
                (_, Some(["fix-argument", " "])) => format!("`{}`", parts[at]),
                _ => format!("`{}`", self.named(module, parts[at])),
            })
            .collect();
        let said = said.concat();
        let margin = " ".repeat(indent);
        let lines: Vec<_> = said
            .lines()
            .map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") })
            .collect();
        let text = lines.join("\n");
        let text = text.trim_start();
        if text.contains('\n') {
            format!("\"\"\"{text}\n{margin}\"\"\"\n")
        } else {
            format!("\"\"\"{text}\"\"\"\n")
        }
    }

    /// What Python calls what the WIT calls so.
    fn named(&self, module: &str, name: &str) -> String {
        match name {
            "none" => return "None".to_owned(),
            "true" => return "True".to_owned(),
            "false" => return "False".to_owned(),
            _ => {}
        }
        let is_name = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-".contains(letter)
        };
        if !name.chars().all(is_name) || !name.contains(['.', '-']) {
            return name.to_owned();
        }
        if self.functions.contains(name) || self.plain.contains(name) {
            return snake(name);
        }
        let parts: Vec<_> = name.split('.').collect();
        for place in [module, "types", parts[0]] {
            let parts = if place == parts[0] && parts.len() > 1 { &parts[1..] } else { &parts[..] };
            let Some(kind) = self.kinds.get(&format!("{place}.{}", parts[0])) else { continue };
            let ty = if place == module || place == "types" {
                pascal(parts[0])
            } else {
                format!("{place}.{}", pascal(parts[0]))
            };
            return match (parts.get(1), kind.get("variant"), kind.get("enum")) {
                (None, ..) => ty,
                (Some(case), Some(_), _) => {
                    Self::case_class(&format!("{place}.{}.{case}", parts[0]))
                }
                (Some(case), _, Some(_)) => format!("{ty}.{}", constant(case)),
                (Some(field), ..) => format!("{ty}.{}", snake(field)),
            };
        }
        // A case by its name alone, or a field of a parameter.
        let case = |kind: &Value| list(&kind["variant"]).iter().any(|case| case["name"] == name);
        match self.kinds.iter().find(|(_, kind)| case(kind)) {
            Some((path, _)) => Self::case_class(&format!("{path}.{name}")),
            None => snake(name),
        }
    }
}

/// Whether the record that a case has is the case itself.
fn is_record(class: &str, payload: &Value) -> bool {
    pascal(word(payload, "type").rsplit('.').next().unwrap_or_default()) == class
}

/// The module of a case's class, if it is another than the variant's.
fn place(class: &str, payload: &Value) -> Option<String> {
    if is_record(class, payload) {
        return word(payload, "type").split('.').next().map(str::to_owned);
    }
    ELSEWHERE.iter().find(|(other, _)| *other == class).map(|(_, place)| (*place).to_owned())
}

/// A type as the package's converters read it.
fn descriptor(ty: &Value) -> String {
    if let Some(word) = ty.as_str() {
        return format!("{word:?}");
    }
    if let Some(name) = ty.get("type") {
        return name.to_string();
    }
    let one = |kind: &str, item: &Value| format!("({kind:?}, {})", descriptor(item));
    let or_none = |ty: Option<&Value>| ty.map_or("None".to_owned(), descriptor);
    if let Some(item) = ty.get("list") {
        return one("list", item);
    }
    if let Some(item) = ty.get("option") {
        return one("option", item);
    }
    if let Some(result) = ty.get("result") {
        return format!(
            "(\"result\", {}, {})",
            or_none(result.get("ok")),
            or_none(result.get("err"))
        );
    }
    if ty.is_null() {
        return "None".to_owned();
    }
    format!(
        "(\"tuple\", {})",
        list(&ty["tuple"]).iter().map(descriptor).collect::<Vec<_>>().join(", ")
    )
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default()
    };
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(interfaces: &Value) -> Result<String> {
        let description = json!({ "interfaces": interfaces });
        Wit::new(&description).module(&interfaces[0])
    }

    fn small() -> Value {
        json!([{
            "name": "acts", "docs": "Deeds.",
            "types": [
                { "name": "colour-word", "docs": "A colour.", "kind": { "enum": [{ "name": "dark-red", "docs": "Red." }] } },
                { "name": "site", "docs": "A place.", "kind": { "record": [
                    { "name": "at-url", "docs": "Its address.", "type": "string" },
                    { "name": "users", "docs": "Names.", "type": { "list": "string" } },
                    { "name": "limit", "docs": "`none` for no limit.", "type": { "option": "u64" } },
                ] } },
                { "name": "found", "docs": "What is.", "kind": { "record": [
                    { "name": "words", "docs": "Said.", "type": { "option": "string" } },
                ] } },
                { "name": "act-error", "docs": "Why `ask` fails.", "kind": { "variant": [
                    { "name": "not-there", "docs": "Nothing is there." },
                    { "name": "found", "docs": "", "type": { "type": "acts.found" } },
                    { "name": "too-many", "docs": "So many.", "type": "u32" },
                ] } },
            ],
            "functions": [{
                "name": "ask-for", "docs": "Asks, or fails with `not-there`.", "asks": true,
                "params": [{ "name": "on-site", "type": { "type": "acts.site" } }],
                "result": { "result": { "ok": { "list": "u8" }, "err": { "type": "acts.act-error" } } },
            }],
        }])
    }

    const EXPECTED: &str = r#""""blueking:itsm/acts.

Deeds.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from ._dataclass import dataclass
from ._interface import AsyncInterface, Function, Interface
from .cases import Bare, Case, ReasonError, Word


class ColourWord(Word):
    """A colour."""

    DARK_RED = "dark-red"
    """Red."""


@dataclass(frozen=True)
class Site:
    """A place."""

    at_url: str
    """Its address."""

    users: Sequence[str] = ()
    """Names."""

    limit: int | None = None
    """`None` for no limit."""


@dataclass(frozen=True)
class Found:
    """What is."""

    words: str | None
    """Said."""


class NotThere(Bare):
    """Nothing is there."""


class TooMany(Case[int]):
    """So many."""


ActReason = Union[
    NotThere,
    Found,
    TooMany,
]
"""Why `ask` fails."""


class ActError(ReasonError[ActReason]):
    """Why `ask` fails."""


class Acts(Interface):
    """Deeds."""

    def ask_for(
        self,
        on_site: Site,
    ) -> bytes:
        """Asks, or fails with `NotThere`."""
        return self._call("acts.ask_for", on_site)


class AsyncActs(AsyncInterface):
    """Deeds."""

    async def ask_for(
        self,
        on_site: Site,
    ) -> bytes:
        """Asks, or fails with `NotThere`."""
        return await self._call("acts.ask_for", on_site)


# fmt: off
WIT: dict[str, Any] = {
    "acts.colour-word": ("enum", ColourWord),
    "acts.site": ("record", Site, "string", ("list", "string"), ("option", "u64")),
    "acts.found": ("record", Found, ("option", "string")),
    "acts.act-error": ("variant", (NotThere, None), (Found, "acts.found"), (TooMany, "u32")),
}
FUNCTIONS: dict[str, Function] = {
    "ask_for": Function("ask-for", (("on_site", "acts.site"), ), ("result", ("list", "u8"), "acts.act-error"), ActError, True),
}
# fmt: on
"#;

    #[test]
    fn a_module_has_each_item_with_its_type_and_its_docs() {
        assert_eq!(made(&small()).unwrap(), EXPECTED);
    }

    #[test]
    fn what_is_also_given_back_has_no_defaults() {
        let mut wit = small();
        wit[0]["functions"][0]["result"] = json!({ "type": "acts.site" });
        let made = made(&wit).unwrap();
        assert!(
            made.contains("    users: Sequence[str]\n") && made.contains("    limit: int | None\n"),
            "{made}"
        );
    }

    #[test]
    fn two_cases_that_would_be_one_class_are_an_error() {
        let mut wit = small();
        let other = json!({ "name": "other-error", "docs": "", "kind": { "variant": [
            { "name": "too-many", "docs": "", "type": "string" },
        ] } });
        wit[0]["types"].as_array_mut().unwrap().push(other);
        let error = made(&wit).unwrap_err().to_string();
        assert_eq!(
            error,
            "acts.other-error.too-many needs another name than TooMany in CASES: the class has another payload"
        );
    }

    #[test]
    fn the_text_that_names_an_argument_stays_as_the_component_gives_it() {
        let description = json!({ "interfaces": small() });
        let wit = Wit::new(&description);
        for (docs, expected) in [
            ("`ask-for` and `colour-word.dark-red`", "`ask_for` and `ColourWord.DARK_RED`"),
            ("`site.at-url`, `acts.ask-for`", "`Site.at_url`, `acts.ask_for`"),
            ("fails with `fix-argument` `on-site`", "fails with `fix_argument` `on-site`"),
            ("`true`, `X-Header`, `a b`", "`True`, `X-Header`, `a b`"),
        ] {
            assert_eq!(wit.docs("acts", docs, 0), format!("\"\"\"{expected}\"\"\"\n"));
        }
    }

    #[test]
    fn a_secret_that_no_table_has_is_an_error() {
        let kind = json!({ "record": [{ "name": "pin", "docs": "The pin is a secret.", "type": "string" }] });
        let error = check_tables(&BTreeMap::from([("acts.door".to_owned(), &kind)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the docs of acts.door.pin say that it is a secret: add it to SECRETS"
        );
        let error = check_tables(&BTreeMap::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the WIT has no types.credential.value, of which a table of the Python package speaks"
        );
    }
}
