//! Reading JSON member by member, with reasons a person can act on.
//!
//! serde's own complaints quote the value they met, and a value may be a secret; these name only the
//! member and the kind of what stands there.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const MAX_DEPTH: i32 = 64;

/// The known members of one JSON object, each name once.
///
/// Servers differ in what they do with a repeated name, and an attacker can use that, so it is kept
/// as a fact instead of letting one of the two win. Values of other members are passed over unread:
/// ITSM puts credentials of its own into some requests.
#[derive(Default)]
pub struct Members {
    pub by_name: BTreeMap<String, Value>,
    pub repeated: Option<String>,
}

struct Known<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Known<'_> {
    type Value = Members;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Known<'_> {
    type Value = Members;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.0.contains(&name.as_str()) {
                let value = map.next_value()?;
                members.by_name.insert(name.clone(), value);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if !seen.insert(name.clone()) {
                members.repeated.get_or_insert(name);
            }
        }
        Ok(members)
    }
}

/// Reads the `known` members of one JSON object, with nothing after it.
pub fn members(text: &str, known: &[&str]) -> Result<Members, String> {
    if let Some(column) = too_deep(text) {
        return Err(format!("nested too deep (byte {column})"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Known(known)
        .deserialize(&mut deserializer)
        .and_then(|members| deserializer.end().map(|()| members))
        .map_err(|error| reason(&error))
}

/// The place of a bracket that opens one level too many: what is passed over has no limit of its own.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(place);
        }
    }
    None
}

/// What serde_json found, without any piece of the text: that may hold a secret.
pub fn reason(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the JSON ends too early",
        Category::Data => "not a JSON object",
        Category::Syntax | Category::Io if error.to_string().starts_with("recursion limit") => {
            "nested too deep"
        }
        Category::Syntax | Category::Io => "not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// The kind of a value, in JSON's words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Reads the members of an answer's object, naming the one that is not as it should be.
pub struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    /// `what` is named when `value` is no object.
    pub fn of(value: &'a Value, what: &str) -> Result<Self, String> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(format!("{what} is {}, not an object", kind(other))),
        }
    }

    pub fn get(&self, name: &str) -> Result<&'a Value, String> {
        self.0
            .get(name)
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    /// Text; a number counts as its digits, since ITSM writes some ids either way.
    pub fn text(&self, name: &str) -> Result<String, String> {
        match self.get(name)? {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            other => Err(wrong(name, other, "a string")),
        }
    }

    /// Text, or `None` for null and for a member that is not there.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    /// A number that is not negative; a string of digits counts.
    pub fn number(&self, name: &str) -> Result<u64, String> {
        let value = self.get(name)?;
        match value {
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        }
        .ok_or_else(|| wrong(name, value, "a number that is not negative"))
    }

    pub fn boolean(&self, name: &str) -> Result<bool, String> {
        match self.get(name)? {
            Value::Bool(flag) => Ok(*flag),
            other => Err(wrong(name, other, "a boolean")),
        }
    }
}

/// The rows of an answer's list.
pub fn rows<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Array(rows) => Ok(rows),
        other => Err(format!("{what} is {}, not a list", kind(other))),
    }
}

fn wrong(name: &str, value: &Value, expected: &str) -> String {
    format!("`{name}` is {}, not {expected}", kind(value))
}
