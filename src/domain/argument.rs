//! The arguments of calls: what ITSM would refuse, misunderstand or strand is refused here, by the
//! argument's name, before anything is sent.

use super::failure::Failure;
use super::json;
use super::operation_id;
use super::secret::Secret;
use super::text;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A value, or the argument that must be fixed.
pub type Checked<T> = Result<T, Failure>;

/// How many numbers one call takes: ITSM takes each off its failed list when it gives the result.
const MAX_SNS: usize = 50;

/// Refuses an argument.
pub fn refuse<T>(name: &str, why: &str) -> Checked<T> {
    Err(Failure::argument(name, why))
}

/// A ticket's number. Numbers are opaque, but never blank and never long.
pub fn check_sn(name: &str, sn: &str) -> Checked<()> {
    let bytes = 1..=64;
    if sn.trim() != sn || !bytes.contains(&sn.len()) || sn.contains(char::is_control) {
        return refuse(name, "must be a ticket number: 1 to 64 bytes, without blanks around it");
    }
    Ok(())
}

/// A list of numbers. ITSM answers an empty one with an error, and misunderstands a bare text (recorded).
pub fn check_sns(sns: &[String]) -> Checked<()> {
    if !(1..=MAX_SNS).contains(&sns.len()) {
        return refuse("sns", "must hold 1 to 50 ticket numbers");
    }
    sns.iter().try_for_each(|sn| check_sn("sns", sn))
}

/// A tag.
pub fn check_tag(name: &str, tag: &Secret) -> Checked<()> {
    if operation_id::is_valid(tag.expose()) {
        Ok(())
    } else {
        refuse(name, "must be 1 to 32 lower-case letters and digits")
    }
}

/// Text that is not blank.
pub fn check_not_blank(name: &str, text: &str) -> Checked<()> {
    if text.trim().is_empty() {
        return refuse(name, "must not be blank");
    }
    check_characters(name, text)
}

/// Text that is not blank and not too long.
pub fn check_text(name: &str, text: &str, max_chars: usize) -> Checked<()> {
    check_not_blank(name, text)?;
    if text.chars().count() > max_chars {
        return refuse(name, &format!("must have at most {max_chars} characters"));
    }
    Ok(())
}

/// Text that the server's database can hold.
///
/// Its tables have three-byte characters: an emoji in the title is an error of the database, and in
/// a field the ticket is made and never starts (both recorded).
pub fn check_characters(name: &str, text: &str) -> Checked<()> {
    if text.chars().any(|character| character > '\u{ffff}') {
        return refuse(name, "must have no character beyond the basic plane (such as emoji)");
    }
    if text.contains('\0') {
        return refuse(name, "must not contain the character NUL");
    }
    Ok(())
}

/// A user's name, and one only. ITSM takes any text for a name, and what holds two of them, or a character
/// that nobody sees, is a user that nobody is: such a ticket waits for ever (recorded).
pub fn check_user(name: &str, user: &str) -> Checked<()> {
    if user.trim().is_empty() {
        return refuse(name, "must not hold a blank user name");
    }
    let separates = |character: char| {
        ",;|/\\&，；｜／＼＆、､﹐﹑﹔：".contains(character)
            || character.is_whitespace()
            || character.is_control()
            || text::is_invisible(character)
    };
    if user.contains(separates) {
        return refuse(
            name,
            "must hold one user name in each text, without separators, blanks or invisible characters",
        );
    }
    check_characters(name, user)
}

/// User names as ITSM wants them. A JSON list is accepted too and leaves the ticket stuck (recorded).
pub fn join_users(name: &str, users: &[String]) -> Checked<String> {
    if users.is_empty() {
        return refuse(name, "must name at least one user");
    }
    for user in users {
        check_user(name, user)?;
    }
    Ok(users.join(","))
}

/// JSON text of the caller's. Its members become members of the request: which of two with one name counts
/// is the server's choice, not one to leave open.
pub fn parse_json(name: &str, text: &str) -> Checked<Value> {
    let value = json::strict(text).or_else(|why| refuse(name, &format!("is not usable: {why}")))?;
    check_characters(name, &value.to_string())?;
    Ok(value)
}

/// JSON text that is an object, whose members become members of the request.
pub fn parse_object(name: &str, text: &str) -> Checked<Map<String, Value>> {
    let kind = match parse_json(name, text)? {
        Value::Object(members) => return Ok(members),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
    };
    refuse(name, &format!("holds JSON that is {kind}, not an object"))
}

/// Refuses headers that can't be sent, or that HTTP, the component or ITSM itself sets.
pub fn check_headers(
    argument: &str,
    headers: &[(String, String)],
    reserved: &[&str],
) -> Checked<()> {
    const RESERVED: [&str; 13] = [
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-bkapi-authorization",
        "x-bkapi-jwt",
    ];
    let is_token = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let names: Vec<_> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let mut seen = BTreeSet::new();
    for (index, ((name, value), lower)) in headers.iter().zip(&names).enumerate() {
        let wrong = |why: &str| refuse(&format!("{argument}[{index}]"), why);
        if !is_token(name) {
            return wrong("has a name that no HTTP header can have");
        }
        if RESERVED.contains(&lower.as_str())
            || reserved.contains(&lower.as_str())
            || lower.starts_with("proxy-")
        {
            return wrong("has the name of a header that is set without it");
        }
        if !text::is_printable_ascii(value) {
            return wrong("has a value with other characters than printable ASCII");
        }
        if value.trim() != value {
            return wrong(
                "has a value with a blank at its beginning or end, which HTTP takes away",
            );
        }
        if !seen.insert(lower.as_str()) {
            return wrong("has the name of an earlier one");
        }
    }
    Ok(())
}
