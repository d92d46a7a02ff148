//! What must not be shown: credentials, tokens, tags, and what makes a binding's header a proof.

use crate::callback::CallbackAttempt;
use crate::page::words::{Language, NO_JSON};
use crate::server::percent_decode;
use serde_json::{Value, json};

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "••••";

/// The header of a binding. Its last part is the proof, and the others are public.
const BINDING: &str = "x-itsm-binding";

const SECRET_NAMES: [&str; 3] = ["tag", "bk_ticket", "sign"];
const SECRET_PARTS: [&str; 10] = [
    "secret",
    "token",
    "passw",
    "authorization",
    "cookie",
    "jwt",
    "signature",
    "api-key",
    "api_key",
    "apikey",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAMES.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// The value of a header.
pub(crate) fn header(name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case(BINDING) {
        return match value.rsplit_once('.') {
            Some((public, _)) => format!("{public}.{MASK}"),
            None => MASK.to_owned(),
        };
    }
    match serde_json::from_str::<Value>(value) {
        Ok(credentials @ Value::Object(_)) => json(credentials).to_string(),
        _ if is_secret(name) => MASK.to_owned(),
        _ => value.to_owned(),
    }
}

fn json(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let masked = |(name, value): (String, Value)| {
                let value = match &value {
                    Value::String(text) if name.eq_ignore_ascii_case(BINDING) => {
                        json!(header(&name, text))
                    }
                    _ if is_secret(&name) => json!(MASK),
                    _ => json(value),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(masked).collect())
        }
        Value::String(text) if text.contains("://") => json!(address(&text)),
        Value::Array(items) => items.into_iter().map(json).collect(),
        other => other,
    }
}

/// A body. One that is no JSON may hold anything, and only its length is shown.
pub(crate) fn body(language: Language, text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => serde_json::to_string_pretty(&json(value)).unwrap_or_default(),
        Err(_) if text.is_empty() => String::new(),
        Err(_) => language.filled(NO_JSON, &text.len().to_string()),
    }
}

pub(crate) fn query(text: &str) -> String {
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(&percent_decode(name)) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// An address: without who logs in, and with its query masked.
pub(crate) fn address(url: &str) -> String {
    let (place, asked) = url.split_once('?').unwrap_or((url, ""));
    let place = match place.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            match host.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://{MASK}@{host}{path}"),
                None => place.to_owned(),
            }
        }
        None => place.to_owned(),
    };
    if asked.is_empty() { place } else { format!("{place}?{}", query(asked)) }
}

/// What a receiver answered. It may repeat what it was sent.
pub(crate) fn answer(sent: &CallbackAttempt) -> String {
    let token = serde_json::from_str::<Value>(&sent.body).unwrap_or_default()["token"].clone();
    let mut secrets: Vec<_> = token.as_str().map(str::to_owned).into_iter().collect();
    for (name, value) in &sent.headers {
        if name.eq_ignore_ascii_case(BINDING) {
            secrets.extend(value.rsplit_once('.').map(|(_, proof)| proof.to_owned()));
        } else if is_secret(name) {
            secrets.push(value.clone());
        }
    }
    let (_, asked) = sent.url.split_once('?').unwrap_or_default();
    let pairs = asked.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter(|(name, _)| is_secret(&percent_decode(name)));
    secrets.extend(named.flat_map(|(_, value)| [value.to_owned(), percent_decode(value)]));
    let secrets = secrets.iter().filter(|secret| secret.len() >= 4);
    let masked = secrets.fold(sent.answer.clone(), |text, secret| text.replace(secret, MASK));
    match serde_json::from_str::<Value>(&masked) {
        Ok(value) => json(value).to_string(),
        Err(_) => masked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_where_they_stand_and_all_else_stays() {
        let credentials = r#"{"bk_app_code":"demo","bk_app_secret":"s3","access_token":"s4"}"#;
        for (masked, expected) in [
            (
                header("X-Bkapi-Authorization", credentials),
                r#"{"access_token":"••••","bk_app_code":"demo","bk_app_secret":"••••"}"#,
            ),
            (header("X-Bkapi-Authorization", "s3"), MASK),
            (header("cookie", "bk_token=s3"), MASK),
            (header("X-Itsm-Binding", "v1.k1.op1.9.abcdef"), "v1.k1.op1.9.••••"),
            (header("X-Itsm-Binding", "abcdef"), MASK),
            (header("accept", "*/*"), "*/*"),
            (
                query("sn=REQ1&bk_app_secret=s3&bk%5Ftoken=s4"),
                "sn=REQ1&bk_app_secret=••••&bk%5Ftoken=••••",
            ),
            (address("http://a:s3@host/x?token=s4&y=1"), "http://••••@host/x?token=••••&y=1"),
            (address("http://host"), "http://host"),
            (body(Language::English, "bk_app_secret=s3"), "(16 bytes that are no JSON)"),
            (body(Language::English, ""), ""),
        ] {
            assert_eq!(masked, expected);
        }
        let sent = json!({
            "tag": "s3", "title": "t", "token": ["s4"],
            "meta": {"headers": {"x-itsm-binding": "v1.k1.op1.9.s5", "X-Api-Key": "s6"}, "callback_url": "http://h/?token=s8"},
            "list": [{"bk_token": "s7"}],
        });
        let shown: Value =
            serde_json::from_str(&body(Language::English, &sent.to_string())).unwrap();
        let expected = json!({
            "tag": MASK, "title": "t", "token": MASK,
            "meta": {"headers": {"x-itsm-binding": "v1.k1.op1.9.••••", "X-Api-Key": MASK}, "callback_url": "http://h/?token=••••"},
            "list": [{"bk_token": MASK}],
        });
        assert_eq!(shown, expected);
    }
}
