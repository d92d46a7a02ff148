//! Calling back: once, following redirects, and judging the answer.

use crate::clock;
use crate::http_client::HttpClient;
use crate::python;
use serde_json::Value;

/// A callback that was sent, or that was to be sent and got lost.
#[derive(Clone, Debug)]
pub struct CallbackAttempt {
    /// The ticket's number.
    pub sn: String,
    /// The address, from the ticket.
    pub url: String,
    /// The headers, from the ticket.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The body of the answer.
    pub answer: String,
    /// Whether ITSM counts it as delivered.
    pub delivered: bool,
    /// Whether it was never sent.
    pub lost: bool,
    /// When it was sent, or lost.
    pub at: String,
}

/// Why a callback does not count as delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// Nobody answered.
    NoAnswer,
    /// The answer has another status than 200 and 201.
    Status(u16),
    /// The answer is no JSON object.
    NoObject,
    /// The answer has no `code`.
    NoCode,
    /// The answer's `code` is this, and not 0.
    Code(String),
}

/// ITSM counts a callback as delivered for status 200 or 201 with a JSON object whose `code` equals 0.
pub fn is_delivered(status: u16, answer: &str) -> bool {
    why_undelivered(status, answer).is_none()
}

fn why_undelivered(status: u16, answer: &str) -> Option<Undelivered> {
    if !matches!(status, 200 | 201) {
        return Some(Undelivered::Status(status));
    }
    let Ok(Value::Object(answer)) = serde_json::from_str(answer) else {
        return Some(Undelivered::NoObject);
    };
    match answer.get("code") {
        None => Some(Undelivered::NoCode),
        Some(code) if python::is_zero(code) => None,
        Some(code) => Some(Undelivered::Code(code.to_string())),
    }
}

impl CallbackAttempt {
    /// Why it does not count as delivered.
    pub fn why_undelivered(&self) -> Option<Undelivered> {
        match self.status {
            None => Some(Undelivered::NoAnswer),
            Some(status) => why_undelivered(status, &self.answer),
        }
    }
}

pub(crate) async fn send(
    client: &HttpClient,
    sn: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
) -> CallbackAttempt {
    let at = clock::now();
    let mut sent = vec![("content-type", "application/json")];
    // Python's client fails on a header that is no header, and so does this delivery.
    sent.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let (status, answer) = match client.post(&url, &sent, &body).await {
        Ok(answer) => (Some(answer.status), answer.body),
        Err(_) => (None, String::new()),
    };
    CallbackAttempt {
        delivered: status.is_some_and(|status| is_delivered(status, &answer)),
        sn,
        url,
        headers,
        body,
        status,
        answer,
        lost: false,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::{Undelivered, is_delivered, why_undelivered};

    #[test]
    fn delivered_is_what_the_recorded_server_did_not_put_on_its_failed_list() {
        for (status, answer, delivered) in [
            (200, r#"{"result": true, "code": 0, "message": "success", "data": null}"#, true),
            (201, r#"{"code": 0}"#, true),
            (200, r#"{"code": false}"#, true),
            (200, r#"{"code": 0.0}"#, true),
            (202, r#"{"code": 0}"#, false),
            (204, "", false),
            (200, r#"{"code": 1}"#, false),
            (200, r#"{"code": "0"}"#, false),
            (200, r#"{"result": true}"#, false),
            (200, "null", false),
            (200, "OK", false),
            (404, r#"{"code": 0}"#, false),
            (500, r#"{"code": 0}"#, false),
        ] {
            assert_eq!(is_delivered(status, answer), delivered, "{status} {answer}");
        }
    }

    #[test]
    fn what_is_not_delivered_says_why() {
        for (status, answer, why) in [
            (204, "", Undelivered::Status(204)),
            (200, "OK", Undelivered::NoObject),
            (200, "[0]", Undelivered::NoObject),
            (200, "{}", Undelivered::NoCode),
            (200, r#"{"code": "0"}"#, Undelivered::Code("\"0\"".into())),
        ] {
            assert_eq!(why_undelivered(status, answer), Some(why), "{status} {answer}");
        }
    }
}
