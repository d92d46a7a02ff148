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
const CASES: [(&str, &str); 14] = [
    ("types.user.name", "UserName"),
    ("types.user.other", "Credential"),
    ("types.authorization.app", "AppCredentials"),
    ("callbacks.parse-error.field", "FieldFault"),
    ("callbacks.binding-error.malformed", "MalformedHeader"),
    ("callbacks.reception.genuine", "BoundCallback"),
    ("callbacks.reception.refused", "Refusal"),
    ("tracking.event.created", "CreatedTicket"),
    ("tracking.event.recovered", "LookedUp"),
    ("handling.assignees.people", "People"),
    ("handling.assignees.others", "AssigneeGroup"),
    ("tickets.service.id", "ServiceId"),
    ("services.resolve-error.failed", "ItsmError"),
    ("diagnosis.callback-url-error.status", "Status"),
];

/// The classes above, and those of cases that are named as usual, that stand in another module than their variant.
const ELSEWHERE: [(&str, &str); 5] = [
    ("CreatedTicket", "types."),
    ("Callback", "types."),
    ("People", "types."),
    ("ItsmError", "types."),
    ("Other", ""),
];

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
    let interfaces = list(&description["interfaces"]);
    interfaces.iter().map(|interface| Ok((format!("{}.py", word(interface, "name")), wit.module(interface)?))).collect()
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
        let mut wit = Self { kinds, functions, plain, given: BTreeSet::new(), returned: BTreeSet::new() };
        let interfaces = list(&description["interfaces"]);
        for interface in interfaces {
            for ty in list(&interface["types"]) {
                wit.kinds.insert(format!("{}.{}", word(interface, "name"), word(ty, "name")), &ty["kind"]);
                wit.plain.extend(list(&ty["kind"]["record"]).iter().map(|field| word(field, "name")));
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
                    match value.as_str().filter(|_| key == "type").and_then(|name| self.kinds.get_key_value(name)) {
                        Some((name, kind)) if reached.insert(name.clone()) => self.reach(kind, reached),
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
            [("@", "("), ("= ", "("), ("(", ")"), ("(", ":"), ("(", "["), (" ", "["), (", ", ")"), ("(", ","), (" ", "]")]
                .iter()
                .any(|(before, after)| call(before, after))
        };
        let import = |from: &str, names: &[&str]| {
            let used: Vec<_> = names.iter().copied().filter(|name| uses(name)).collect();
            if used.is_empty() { String::new() } else { format!("from {from} import {}\n", used.join(", ")) }
        };
        let standard = import("collections.abc", &["Sequence"])
            + &import("dataclasses", &["dataclass", "field"])
            + &import("typing", &["Any", "Union"]);
        let types = if body.contains("types.") && name != "types" { "from . import types\n" } else { "" };
        let cases = import("._interface", &["AsyncInterface", "Function", "Interface"])
            + &import(
                ".cases",
                &["Bare", "Case", "Error", "FailureWords", "Other", "ReasonError", "SecretCase", "Word"],
            );
        let docs = format!("{}\n\n{}", format_args!("blueking:itsm/{name}."), word(interface, "docs"));
        let made = "Made of wit/ by `cargo xtask python --bless`: edit the comments there.";
        let docs = self.docs(name, &format!("{docs}\n\n{made}"), 0);
        let body = body.trim_start();
        let gap = if body.starts_with("class") || body.starts_with('@') { "\n\n" } else { "\n" };
        Ok(format!("{docs}\nfrom __future__ import annotations\n\n{standard}\n{types}{cases}{gap}{body}"))
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
                write!(body, "\n    {} = {case_name:?}\n    {}", constant(case_name), self.docs(module, word(case, "docs"), 4))?;
            }
            writeln!(table, "    {path:?}: (\"enum\", {class}),")?;
        } else if let Some(fields) = kind.get("record") {
            let base = if path == "types.failure" { "(FailureWords)" } else { "" };
            write!(body, "\n\n@dataclass(frozen=True)\nclass {class}{base}:\n    {}", docs(4))?;
            let fields = list(fields);
            let can_lack = |field: &Value| field["type"].get("option").or(field["type"].get("list")).is_some();
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
            let types: String = fields.iter().map(|field| format!(", {}", descriptor(&field["type"]))).collect();
            writeln!(table, "    {path:?}: (\"record\", {class}{types}),")?;
            if path == "types.failure" {
                *body += ITSM_ERROR;
            }
        } else if let Some(cases) = kind.get("variant") {
            let mut classes = Vec::new();
            let mut row = String::new();
            for case in list(cases) {
                let case_path = format!("{path}.{}", word(case, "name"));
                let class = self.case_class(&case_path);
                let payload = case.get("type").cloned().unwrap_or_default();
                if !self.defined(module, &class, &payload) {
                    match seen.insert(class.clone(), payload.clone()) {
                        Some(other) if other != payload => {
                            bail!("{case_path} needs another name than {class} in CASES: the class has another payload")
                        }
                        Some(_) => {}
                        None => {
                            let secret = if SECRETS.contains(&case_path.as_str()) { "Secret" } else { "" };
                            let base = match &payload {
                                Value::Null => "Bare".to_owned(),
                                payload => format!("{secret}Case[{}]", self.hint(module, payload, given)),
                            };
                            let docs = self.docs(module, word(case, "docs"), 4);
                            write!(body, "\n\nclass {class}({base}):\n    {docs}")?;
                        }
                    }
                }
                let class = match ELSEWHERE.iter().find(|(other, _)| *other == class) {
                    Some((_, place)) if *place != format!("{module}.") => format!("{place}{class}"),
                    _ => class,
                };
                let payload = if payload.is_null() { "None".to_owned() } else { descriptor(&payload) };
                write!(row, ", ({class}, {payload})")?;
                classes.push(class);
            }
            // What the WIT calls an error is in Python the exception, and its cases are the reasons.
            let union = class.strip_suffix("Error").map_or(class.clone(), |stem| format!("{stem}Reason"));
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

    /// Whether the class of a case needs no definition in this module: a record is the case, or it stands elsewhere.
    fn defined(&self, module: &str, class: &str, payload: &Value) -> bool {
        let record = word(payload, "type").rsplit('.').next().unwrap_or_default();
        let elsewhere = ELSEWHERE.iter().any(|(other, place)| *other == class && *place != format!("{module}."));
        pascal(record) == class || elsewhere
    }

    fn case_class(&self, path: &str) -> String {
        let renamed = CASES.iter().find(|(case, _)| *case == path);
        renamed.map_or_else(|| pascal(path.rsplit('.').next().unwrap_or_default()), |(_, class)| (*class).to_owned())
    }

    fn function(&self, module: &str, function: &Value, define: &str, wait: &str, body: &mut String) -> Result<()> {
        let name = snake(word(function, "name"));
        let (mut parameters, mut arguments) = (String::new(), String::new());
        for param in list(&function["params"]) {
            let param_name = snake(word(param, "name"));
            write!(parameters, "        {param_name}: {},\n", self.hint(module, &param["type"], true))?;
            write!(arguments, ", {param_name}")?;
        }
        let parameters = if parameters.is_empty() { "self".to_owned() } else { format!("\n        self,\n{parameters}    ") };
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
        let params: String =
            params.map(|param| format!("({:?}, {}), ", snake(word(param, "name")), descriptor(&param["type"]))).collect();
        let name = word(function, "name");
        let error = match &function["result"]["result"]["err"] {
            Value::Null => "None".to_owned(),
            Value::String(_) => "ValueError".to_owned(),
            ty if ty["type"] == "types.failure" => "types.ItsmError".to_owned(),
            ty => pascal(word(ty, "type").rsplit('.').next().unwrap_or_default()),
        };
        let asks = if function["asks"] == true { "True" } else { "False" };
        let result = descriptor(&function["result"]);
        format!("    {:?}: Function({name:?}, ({params}), {result}, {error}, {asks}),\n", snake(name))
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
        let lines: Vec<_> = said.lines().map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") }).collect();
        let text = lines.join("\n");
        let text = text.trim_start();
        if text.contains('\n') { format!("\"\"\"{text}\n{margin}\"\"\"\n") } else { format!("\"\"\"{text}\"\"\"\n") }
    }

    /// What Python calls what the WIT calls so.
    fn named(&self, module: &str, name: &str) -> String {
        match name {
            "none" => return "None".to_owned(),
            "true" => return "True".to_owned(),
            "false" => return "False".to_owned(),
            _ => {}
        }
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-".contains(letter);
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
            let ty = if place == module || place == "types" { pascal(parts[0]) } else { format!("{place}.{}", pascal(parts[0])) };
            return match (parts.get(1), kind.get("variant"), kind.get("enum")) {
                (None, ..) => ty,
                (Some(case), Some(_), _) => self.case_class(&format!("{place}.{}.{case}", parts[0])),
                (Some(case), _, Some(_)) => format!("{ty}.{}", constant(case)),
                (Some(field), ..) => format!("{ty}.{}", snake(field)),
            };
        }
        // A case by its name alone, or a field of a parameter.
        let case = |kind: &Value| list(&kind["variant"]).iter().any(|case| case["name"] == name);
        match self.kinds.iter().find(|(_, kind)| case(kind)) {
            Some((path, _)) => self.case_class(&format!("{path}.{name}")),
            None => snake(name),
        }
    }
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
        return format!("(\"result\", {}, {})", or_none(result.get("ok")), or_none(result.get("err")));
    }
    if ty.is_null() {
        return "None".to_owned();
    }
    format!("(\"tuple\", {})", list(&ty["tuple"]).iter().map(descriptor).collect::<Vec<_>>().join(", "))
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
    let capital = |word: &str| word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default();
    name.split('-').map(capital).collect()
}
