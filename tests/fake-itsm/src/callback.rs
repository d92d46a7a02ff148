//! Calling back: once, following redirects, and judging the answer.

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
}

/// ITSM counts a callback as delivered for status 200 or 201 with a JSON object whose `code` equals 0.
pub fn is_delivered(status: u16, answer: &str) -> bool {
    matches!(status, 200 | 201)
        && serde_json::from_str::<Value>(answer)
            .is_ok_and(|answer| answer.get("code").is_some_and(python::is_zero))
}

pub(crate) async fn send(
    client: &HttpClient,
    sn: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
) -> CallbackAttempt {
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
    }
}

#[cfg(test)]
mod tests {
    use super::is_delivered;

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
}
