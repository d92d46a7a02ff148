//! The server is written in Python, and it shows in what it sends.

use serde_json::Value;

/// `json.dumps` of an object, in this order: blanks behind separators, everything beyond ASCII escaped.
pub(crate) fn dumps_pairs(pairs: &[(&str, Value)]) -> String {
    let members: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("\"{name}\": {}", ascii(&value.to_string())))
        .collect();
    format!("{{{}}}", members.join(", "))
}

/// `repr` of a value, as far as it can stand in a field.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{text}'"),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("'{name}': {}", repr(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// What `json.loads` says of a text that it can't read, as far as the text's beginning shows.
pub(crate) fn parse_error(text: &str) -> &'static str {
    match text.trim_start().chars().next() {
        Some('{') => {
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        }
        Some('[') => "JSON parse error - Expecting value: line 1 column 2 (char 1)",
        _ => "JSON parse error - Expecting value: line 1 column 1 (char 0)",
    }
}

/// The name of a value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Whether a value counts as true.
pub(crate) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Whether a value equals 0: 0.0 and False do, too.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

fn ascii(json: &str) -> String {
    let mut escaped = String::new();
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}
