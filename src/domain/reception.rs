//! Everything that is to be done with a request to the callback address before anything leaves.

use super::binding::{self, BindingError, Bound};
use super::callback::{self, Callback, ParseError, Reply};
use super::secret::Secret;

/// What a request to the callback address is.
pub enum Reception {
    /// A callback whose binding holds.
    Genuine(Bound, Callback),
    /// The probe of the self-check, with its answer.
    SelfCheck(Reply),
    /// Nothing to act on.
    Refused {
        /// What to send back.
        reply: Reply,
        /// Why, for the host's log.
        why: String,
    },
}

/// Checks the binding first, so that a stranger's body is not even read.
///
/// ```
/// use blueking_itsm::domain::binding::{Claims, bind};
/// use blueking_itsm::domain::reception::{Reception, receive};
/// use blueking_itsm::domain::secret::Secret;
///
/// let key = Secret::new(format!("itsm-key.k1.{}", "5a".repeat(32)));
/// let url = "https://gate.example.com/itsm";
/// let claims = Claims {
///     operation_id: "op1".to_owned(),
///     callback_url: url.to_owned(),
///     expires_s: 2_000_000_000,
/// };
/// let binding = bind(&key, &claims).unwrap();
/// let body = br#"{"sn": "REQ1", "current_status": "FINISHED", "approve_result": true}"#;
///
/// // ITSM sends the header back that the ticket was made with.
/// let reception = receive(&[key], &[binding.header], url, 1_900_000_000, body);
/// let Reception::Genuine(bound, callback) = reception else { panic!("it was refused") };
/// assert_eq!((bound.claims.operation_id.as_str(), callback.sn.as_str()), ("op1", "REQ1"));
///
/// // A stranger has no binding.
/// assert!(matches!(receive(&[], &[], url, 1_900_000_000, body), Reception::Refused { .. }));
/// ```
pub fn receive(
    keys: &[Secret],
    headers: &[(String, String)],
    callback_url: &str,
    now_s: u64,
    body: &[u8],
) -> Reception {
    let bound = match binding::check(keys, headers, callback_url, now_s) {
        Ok(bound) => bound,
        // One answer for all of them: a stranger learns nothing.
        Err(unbound) => return refused("no binding holds", why_unbound(&unbound)),
    };
    // A body can repeat these, and none of them may reach a log.
    let sent: Vec<_> = headers.iter().map(|(_, value)| Secret::new(value.clone())).collect();
    let secrets: Vec<_> = keys.iter().chain([&bound.tag]).chain(&sent).collect();
    match callback::parse(body) {
        Ok(callback) if callback.is_self_check() => Reception::SelfCheck(callback::accepted()),
        Ok(callback) => Reception::Genuine(bound, callback),
        // The reason may repeat a name from the body, and nothing is echoed.
        Err(unreadable) => {
            refused("the body is no callback", why_unreadable(&unreadable.redacted(&secrets)))
        }
    }
}

fn refused(message: &str, why: String) -> Reception {
    Reception::Refused { reply: callback::refused(message), why }
}

fn why_unbound(unbound: &BindingError) -> String {
    match unbound {
        BindingError::Absent => {
            "the binding's header is not there: servers older than V2.6.3 send none, and a proxy may take it away".to_owned()
        }
        BindingError::Malformed => "the binding's header is there twice, or is not of its form".to_owned(),
        BindingError::UnknownKey => "the binding's header names a key that is not configured".to_owned(),
        BindingError::Forged => {
            "the binding's header was not made with the configured key for this callback address: compare the address with the one that ITSM was given".to_owned()
        }
        BindingError::Expired(claims) => {
            format!("the binding of operation {} has expired", claims.operation_id)
        }
        BindingError::InvalidKey(place) => {
            format!("the key at place {place}, counted from 0, is no key: fix the configuration")
        }
    }
}

fn why_unreadable(unreadable: &ParseError) -> String {
    match unreadable {
        ParseError::TooLarge(limit) => format!("the body is larger than {limit} bytes"),
        ParseError::Malformed(why) => format!("the body is no callback: {why}"),
        ParseError::Field(name, why) => format!("the body is no callback: `{name}` {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::binding::{Claims, bind};

    const URL: &str = "https://gate.example.com/itsm/callback";

    /// `genuine OPERATION SN`, `self-check`, or the reply's text and the reason.
    fn words(headers: &[(String, String)], url: &str, body: &str) -> String {
        let keys = [Secret::new(format!("itsm-key.k1.{}", "07".repeat(32)))];
        match receive(&keys, headers, url, 10, body.as_bytes()) {
            Reception::Genuine(bound, callback) => {
                format!("genuine {} {}", bound.claims.operation_id, callback.sn)
            }
            Reception::SelfCheck(reply) => format!("self-check {}", reply.status),
            Reception::Refused { reply, why } => {
                let body = String::from_utf8(reply.body).unwrap();
                let message = body.split("\"message\":\"").nth(1).unwrap();
                format!("{}; {why}", message.split('"').next().unwrap())
            }
        }
    }

    fn header(expires_s: u64) -> Vec<(String, String)> {
        let key = Secret::new(format!("itsm-key.k1.{}", "07".repeat(32)));
        let claims = Claims { operation_id: "op1".into(), callback_url: URL.into(), expires_s };
        vec![bind(&key, &claims).ok().unwrap().header]
    }

    #[test]
    fn secrets_that_a_body_repeats_are_redacted() {
        let key = format!("itsm-key.k1.{}", "07".repeat(32));
        let binding = header(20);
        let bound = binding::check(&[Secret::new(key.clone())], &binding, URL, 10);
        let tag = bound.ok().unwrap().tag;
        for secret in [key.as_str(), binding[0].1.as_str(), tag.expose()] {
            let body = format!(r#"{{"{secret}":1,"{secret}":2}}"#);
            assert_eq!(
                words(&binding, URL, &body),
                "the body is no callback; the body is no callback: `[secret]` is given twice"
            );
        }
        let steering = "{\"a\\u001b[31m\":1,\"a\\u001b[31m\":2}";
        assert_eq!(
            words(&binding, URL, steering),
            "the body is no callback; the body is no callback: `a [31m` is given twice"
        );
    }

    #[test]
    fn the_binding_comes_first_then_the_body_and_strangers_learn_nothing() {
        let body = |sn: &str| {
            format!(r#"{{"sn":"{sn}","current_status":"FINISHED","approve_result":true}}"#)
        };
        let genuine = body("REQ1");
        for (headers, url, body, expected) in [
            (header(20), URL, genuine.as_str(), "genuine op1 REQ1"),
            (header(20), URL, &body(callback::SELF_CHECK_SN), "self-check 200"),
            (
                header(20),
                URL,
                "{}",
                "the body is no callback; the body is no callback: `approve_result` is missing",
            ),
            (vec![], URL, &genuine, "no binding holds; the binding's header is not there"),
            (vec![], URL, "{", "no binding holds; the binding's header is not there"),
            (
                header(20),
                "https://gate.example.com/",
                &genuine,
                "no binding holds; the binding's header was not made",
            ),
            (
                header(10),
                URL,
                &genuine,
                "no binding holds; the binding of operation op1 has expired",
            ),
            (vec![], URL, &body(callback::SELF_CHECK_SN), "no binding holds; "),
        ] {
            let told = words(&headers, url, body);
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
