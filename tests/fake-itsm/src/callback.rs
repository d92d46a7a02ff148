//! Calling back: once, following redirects, and judging the answer.

use crate::python;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
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
}

/// ITSM counts a callback as delivered for status 200 or 201 with a JSON object whose `code` equals 0.
pub fn is_delivered(status: u16, answer: &str) -> bool {
    matches!(status, 200 | 201)
        && serde_json::from_str::<Value>(answer)
            .is_ok_and(|answer| answer.get("code").is_some_and(python::is_zero))
}

pub(crate) async fn send(
    client: &reqwest::Client,
    sn: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
) -> CallbackAttempt {
    let mut sent = HeaderMap::new();
    sent.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in &headers {
        // Python's client fails on a header that is no header, and so does this delivery.
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            sent.insert(name, value);
        }
    }
    let answer = client
        .post(&url)
        .headers(sent)
        .body(body.clone())
        .send()
        .await;
    let (status, answer) = match answer {
        Ok(answer) => (
            Some(answer.status().as_u16()),
            answer.text().await.unwrap_or_default(),
        ),
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
    }
}

#[cfg(test)]
mod tests {
    use super::is_delivered;

    #[test]
    fn delivered_is_what_the_recorded_server_did_not_put_on_its_failed_list() {
        for (status, answer, delivered) in [
            (
                200,
                r#"{"result": true, "code": 0, "message": "success", "data": null}"#,
                true,
            ),
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
}
