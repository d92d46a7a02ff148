//! HTTP: which action an address means, what stands in front of ITSM, and faults.

use crate::Exchange;
use crate::actions::{self, After};
use crate::connection::Scissors;
use crate::control;
use crate::fault::{Fault, Stage};
use crate::site::Site;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An answer, or that the connection is to break.
pub(crate) type Served = Result<Response<Full<Bytes>>, Broken>;

/// The connection breaks.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("the connection breaks on purpose")
    }
}

impl std::error::Error for Broken {}

/// What stands in front of ITSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    Nothing,
    Gateway,
    Esb,
}

const HTML: &str =
    "<!DOCTYPE html><html><head><title>error</title></head><body>error page, trimmed</body></html>";

pub(crate) async fn serve(
    site: Arc<Site>,
    scissors: Scissors,
    request: Request<Incoming>,
) -> Served {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(|_| Broken)?
        .to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    if let Some(verb) = path.strip_prefix("/fake/") {
        let (status, answer) = control::control(&site, &method, verb, &body).await;
        return Ok(answered(
            status,
            &[("content-type", "application/json")],
            answer,
        ));
    }
    let Some((front, action, slash)) = locate(&path) else {
        return Ok(html(200, HTML));
    };
    let exchange = Exchange {
        action: action.clone(),
        method,
        path,
        query,
        headers,
        body,
    };
    site.record(exchange.clone());
    let bare = front == Front::Gateway && action == "get_workflow_detail";
    if slash == bare {
        let location = format!("{}/", exchange.path);
        let headers = [
            ("content-type", "text/html; charset=utf-8"),
            ("location", location.as_str()),
        ];
        return Ok(answered(301, &headers, String::new()));
    }
    answer(site, scissors, front, exchange).await
}

async fn answer(site: Arc<Site>, scissors: Scissors, front: Front, exchange: Exchange) -> Served {
    let action = exchange.action.as_str();
    let mut query = parse_query(&exchange.query);
    let mut body = match exchange.body.as_str() {
        "" => Ok(Value::Null),
        text => serde_json::from_str(text).map_err(|_| {
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)".to_owned()
        }),
    };
    if let Some(refusal) = admit(&site, front, &exchange, &mut query, &mut body) {
        return Ok(refusal);
    }
    let fault = site.next_fault(action);
    match &fault {
        Some(Fault::DropBeforeExecuting) => return Err(Broken),
        Some(Fault::Hang) => std::future::pending::<()>().await,
        Some(Fault::Html) => return Ok(html(200, HTML)),
        Some(Fault::Answer {
            status,
            headers,
            body,
        }) => {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            return Ok(answered(*status, &headers, body.clone()));
        }
        Some(Fault::Redirect(location)) => {
            return Ok(answered(302, &[("location", location)], String::new()));
        }
        Some(Fault::Gateway {
            status,
            code,
            message,
        }) => return Ok(gateway_error(*status, *code, message)),
        Some(Fault::Esb { code, message }) => return Ok(esb_error(*code, message)),
        _ => {}
    }
    let json = [("content-type", "application/json")];
    let Some(route) = actions::route(action) else {
        return Ok(answered(200, &json, actions::unknown()));
    };
    if route.method != exchange.method {
        let refused = actions::wrong_method(&exchange.method);
        return Ok(answered(200, &json, refused));
    }
    let (mut body, after) = route.run(&mut site.world(), &query, &body, fault.as_ref());
    match after {
        After::Nothing => {}
        After::Start(sn) if fault == Some(Fault::EarlyCallback) => {
            site.finish_at_once(&sn);
            site.call_back(&sn).await;
        }
        After::Start(_) if fault == Some(Fault::NeverStarts) => {}
        After::Start(sn) => site.clone().start_later(sn),
        After::CallBack(sn) => site.clone().call_back_later(sn),
        // The caller's own request waits for it.
        After::CallBackInside(sn) => site.call_back(&sn).await,
    }
    match fault {
        Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::DropAfterExecuting) => return Err(Broken),
        Some(Fault::Truncated) => scissors.cut(Stage::InBody, body.len()),
        Some(Fault::CutAt(stage)) => scissors.cut(stage, body.len()),
        Some(Fault::Huge(blanks)) => body.push_str(&" ".repeat(blanks)),
        _ => {}
    }
    Ok(answered(200, &json, body))
}

/// What stands in front of ITSM at an address, the action, and whether the address ends with a slash.
fn locate(path: &str) -> Option<(Front, String, bool)> {
    let (rest, slash) = match path.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (path, false),
    };
    if let Some(action) = rest
        .strip_prefix("/openapi/ticket/")
        .or_else(|| rest.strip_prefix("/openapi/service/"))
    {
        return Some((Front::Nothing, action.to_owned(), slash));
    }
    if let Some(action) = rest.strip_prefix("/api/c/compapi/v2/itsm/") {
        return Some((Front::Esb, action.to_owned(), slash));
    }
    let (stage, action) = rest.split_once("/v2/itsm/")?;
    let is_stage = |stage: &str| !stage.is_empty() && !stage.contains('/');
    let stage = stage
        .strip_prefix("/api/bk-itsm/")
        .or_else(|| stage.strip_prefix('/'))?;
    is_stage(stage).then(|| (Front::Gateway, action.to_owned(), slash))
}

/// Checks the credentials as what stands in front does; answers in its place when it refuses.
fn admit(
    site: &Site,
    front: Front,
    exchange: &Exchange,
    query: &mut BTreeMap<String, String>,
    body: &mut Result<Value, String>,
) -> Option<Response<Full<Bytes>>> {
    let header = exchange.header("x-bkapi-authorization");
    let from_header: Option<Map<String, Value>> =
        header.and_then(|text| serde_json::from_str(text).ok());
    let in_parameters = |name: &str| {
        name.starts_with("bk_app_") || matches!(name, "bk_username" | "bk_token" | "access_token")
    };
    match front {
        Front::Nothing => None,
        Front::Gateway => {
            let credentials = from_header.unwrap_or_default();
            if !site.knows(&credentials) {
                let message = "Parameters error [reason=\"please provide bk_app_secret or bk_signature to verify app\"]";
                return Some(gateway_error(400, 1_640_001, message));
            }
            let Some(route) = actions::route(&exchange.action) else {
                return Some(gateway_error(404, 1_640_401, "API not found"));
            };
            let proven =
                credentials.contains_key("access_token") || credentials.contains_key("bk_token");
            if site.options.verified_users && route.wants_user && !proven {
                let Fault::Gateway {
                    status,
                    code,
                    message,
                } = Fault::needs_verified_user()
                else {
                    return None;
                };
                return Some(gateway_error(status, code, &message));
            }
            None
        }
        Front::Esb => {
            if actions::route(&exchange.action).is_none() {
                return Some(esb_error(1_306_404, "Not found, component class not found"));
            }
            // The oldest ESB drops the header; the newer one ignores credentials among the parameters.
            let mut from_parameters = Map::new();
            query.retain(|name, value| {
                let credential = in_parameters(name);
                if credential {
                    from_parameters.insert(name.clone(), json!(value));
                }
                !credential
            });
            if let Ok(Value::Object(members)) = body {
                let names: Vec<_> = members
                    .keys()
                    .filter(|name| in_parameters(name))
                    .cloned()
                    .collect();
                for name in names {
                    if let Some(value) = members.remove(&name) {
                        from_parameters.insert(name, value);
                    }
                }
            }
            let credentials = if site.options.legacy_esb {
                from_parameters
            } else {
                from_header.unwrap_or_default()
            };
            (!site.knows(&credentials)).then(|| {
                esb_error(
                    1_306_000,
                    "APP authentication failed: bk_app_secret is wrong",
                )
            })
        }
    }
}

fn parse_query(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decode(name), percent_decode(value)))
        .collect()
}

fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits: Vec<_> = bytes.by_ref().take(2).collect();
                let digits = String::from_utf8(digits).unwrap_or_default();
                decoded.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            b'+' => decoded.push(b' '),
            other => decoded.push(other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn gateway_error(status: u16, code: u32, message: &str) -> Response<Full<Bytes>> {
    let body = json!({"code": code, "code_name": "ERROR", "message": message, "result": false, "data": null});
    let code = code.to_string();
    let headers = [
        ("content-type", "application/json"),
        ("x-bkapi-error-code", code.as_str()),
        ("x-bkapi-error-message", message),
        ("x-bkapi-request-id", "fake-gateway-request"),
    ];
    answered(status, &headers, body.to_string())
}

fn esb_error(code: u32, message: &str) -> Response<Full<Bytes>> {
    let body = json!({"result": false, "code": code, "message": message, "data": null, "request_id": "fake-esb-request"});
    answered(
        200,
        &[("content-type", "application/json")],
        body.to_string(),
    )
}

fn html(status: u16, page: &str) -> Response<Full<Bytes>> {
    answered(
        status,
        &[("content-type", "text/html; charset=utf-8")],
        page.to_owned(),
    )
}

fn answered(status: u16, headers: &[(&str, &str)], body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
        let value = hyper::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
