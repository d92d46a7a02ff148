//! HTTP: which action an address means, what stands in front of ITSM, and faults.

use crate::Exchange;
use crate::actions::{self, Published};
use crate::clock;
use crate::connection::Scissors;
use crate::control;
use crate::fault::{Fault, Stage};
use crate::page;
use crate::python;
use crate::site::Site;
use base64::Engine;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// An answer, or that the connection is to break.
pub(crate) type Served = Result<Response<Body>, Broken>;

/// The body of an answer: whole, or as it comes.
pub(crate) type Body = BoxBody<Bytes, Infallible>;

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
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let body = request.into_body().collect().await.map_err(|_| Broken)?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    if site.options.page {
        let asked = page::Asked {
            method: &method,
            path: &path,
            query: parse_query(&query),
            headers: &headers,
            form: if method == "POST" { parse_query(&body) } else { BTreeMap::new() },
        };
        if let Some(answer) = page::serve(&site, &asked).await {
            return Ok(answer);
        }
    }
    if let Some(verb) = path.strip_prefix("/fake/") {
        let (status, answer) = control::control(&site, &method, verb, &body).await;
        return Ok(answered(status, &[("content-type", "application/json")], answer));
    }
    let Some(located) = locate(&path) else {
        return Ok(html(200, HTML));
    };
    let (front, slash) = (located.front, located.slash);
    let published = match front {
        Front::Esb => actions::at_esb(&located.path, site.options.legacy_esb),
        Front::Nothing | Front::Gateway => actions::at(&located.path),
    };
    let exchange = Exchange {
        action: published.map_or(located.path, |action| action.path.to_owned()),
        method,
        path,
        query,
        headers,
        body,
        at: clock::now(),
        status: None,
        fault: None,
    };
    let place = site.record(exchange.clone());
    let is_published = |action: &Published| match front {
        // It knows no other method of a path, and sends nobody to another one.
        Front::Gateway => {
            action.method == exchange.method && action.ends_with_slash_at_a_gateway == slash
        }
        Front::Nothing | Front::Esb => true,
    };
    let published = published.filter(is_published);
    if front != Front::Gateway && !slash {
        let location = format!("{}/", exchange.path);
        let headers =
            [("content-type", "text/html; charset=utf-8"), ("location", location.as_str())];
        site.annotate(place, |exchange| exchange.status = Some(301));
        return Ok(answered(301, &headers, String::new()));
    }
    let served = answer(site.clone(), scissors, front, published, exchange, place).await;
    let status = served.as_ref().ok().map(|answer| answer.status().as_u16());
    site.annotate(place, |exchange| exchange.status = status);
    served
}

async fn answer(
    site: Arc<Site>,
    scissors: Scissors,
    front: Front,
    published: Option<Published>,
    exchange: Exchange,
    place: usize,
) -> Served {
    let action = exchange.action.as_str();
    let mut query = parse_query(&exchange.query);
    let kind = exchange.header("content-type").unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_read = ["json", "x-www-form-urlencoded"].iter().any(|end| kind.ends_with(end));
    let mut body = match exchange.body.as_str() {
        "" => Ok(Value::Null),
        _ if !is_read => Err(format!("不支持请求中的媒体类型 “{kind}”。")),
        text => serde_json::from_str(text).map_err(|_| python::parse_error(text).to_owned()),
    };
    let admitted = admit(&site, front, published, &exchange, &mut query, &mut body);
    if let Some(refusal) = admitted {
        return Ok(refusal);
    }
    let fault = site.next_fault(action);
    site.annotate(place, |exchange| exchange.fault = fault.as_ref().map(Fault::name));
    match &fault {
        Some(Fault::DropBeforeExecuting) => return Err(Broken),
        Some(Fault::ResetBeforeExecuting) => {
            scissors.reset();
            return Err(Broken);
        }
        Some(Fault::Hang) => std::future::pending::<()>().await,
        Some(Fault::Html) => return Ok(html(200, HTML)),
        Some(Fault::Answer { status, headers, body }) => {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            return Ok(answered(*status, &headers, body.clone()));
        }
        Some(Fault::Redirect(location)) => {
            return Ok(answered(302, &[("location", location)], String::new()));
        }
        Some(Fault::Gateway { status, code, message }) => {
            return Ok(gateway_error(*status, *code, message));
        }
        Some(Fault::RateLimit(wait)) => return Ok(rate_limit(*wait)),
        Some(Fault::PermissionExpired) => {
            let message =
                "App has no permission to the resource [reason=\"permission has expired\"]";
            return Ok(gateway_error(403, 1_640_301, message));
        }
        Some(Fault::Esb { code, message }) => return Ok(esb_error(*code, message)),
        _ => {}
    }
    let json = [("content-type", "application/json")];
    let (Some(published), Some(route)) = (published, actions::route(action)) else {
        return Ok(answered(200, &json, actions::unknown()));
    };
    if published.method != exchange.method {
        let refused = actions::wrong_method(&exchange.method);
        return Ok(answered(200, &json, refused));
    }
    if front == Front::Gateway && published.path == "get_workflow_detail" {
        // The resource was published with a back-end path that the server doesn't have.
        return Ok(html(200, HTML));
    }
    if let Some(Fault::ExecutedLate(wait)) = fault {
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let (_, after) = route.run(&mut site.world(), &query, &body, None);
            site.follow(after, None).await;
        });
        return Err(Broken);
    }
    let (mut body, after) = route.run(&mut site.world(), &query, &body, fault.as_ref());
    site.follow(after, fault.as_ref()).await;
    match fault {
        Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::DropAfterExecuting) => return Err(Broken),
        Some(Fault::ResetAfterExecuting) => {
            scissors.reset();
            return Err(Broken);
        }
        Some(Fault::Truncated) => scissors.cut(Stage::InBody, body.len()),
        Some(Fault::CutAt(stage)) => scissors.cut(stage, body.len()),
        Some(Fault::Huge(blanks)) => body.push_str(&" ".repeat(blanks)),
        _ => {}
    }
    Ok(answered(200, &json, body))
}

/// What an address says.
struct Located {
    front: Front,
    /// The path below the front's own.
    path: String,
    /// Whether the address ends with a slash.
    slash: bool,
}

impl Located {
    fn new(front: Front, path: &str, slash: bool) -> Option<Self> {
        Some(Self { front, path: path.to_owned(), slash })
    }
}

fn locate(path: &str) -> Option<Located> {
    let (rest, slash) = match path.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (path, false),
    };
    if rest == "/openapi/service_catalog" {
        return Located::new(Front::Nothing, "create_service_catalog", slash);
    }
    let own = ["/openapi/ticket/", "/openapi/service/", "/openapi/workflow/"];
    if let Some(action) = own.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        return Located::new(Front::Nothing, action, slash);
    }
    if let Some(action) = rest.strip_prefix("/api/c/compapi/v2/itsm/") {
        return Located::new(Front::Esb, action, slash);
    }
    let (stage, action) = rest.split_once("/v2/itsm/")?;
    let is_stage = |stage: &str| !stage.is_empty() && !stage.contains('/');
    let stage = stage.strip_prefix("/api/bk-itsm/").or_else(|| stage.strip_prefix('/'))?;
    Located::new(Front::Gateway, action, slash).filter(|_| is_stage(stage))
}

/// Checks the credentials as what stands in front does; answers in its place when it refuses.
fn admit(
    site: &Site,
    front: Front,
    published: Option<Published>,
    exchange: &Exchange,
    query: &mut BTreeMap<String, String>,
    body: &mut Result<Value, String>,
) -> Option<Response<Body>> {
    let header = exchange.header("x-bkapi-authorization");
    let from_header: Option<Map<String, Value>> =
        header.and_then(|text| serde_json::from_str(text).ok());
    let in_parameters = |name: &str| {
        name.starts_with("bk_app_") || matches!(name, "bk_username" | "bk_token" | "access_token")
    };
    match front {
        Front::Nothing if !site.options.wants_token || header.is_some() => None,
        Front::Nothing => match exchange.header("x-bkapi-jwt").map(key_of_token) {
            Some(None) => Some(html(200, HTML)),
            Some(Some(key)) if key == KEY => None,
            _ => Some(html(403, "This API can only be accessed through API gateway")),
        },
        Front::Gateway => {
            let Some(published) = published else {
                return Some(gateway_error(404, 1_640_401, "API not found"));
            };
            let credentials = from_header.unwrap_or_default();
            if !site.knows(&credentials) {
                let message = "Parameters error [reason=\"please provide bk_app_secret or bk_signature to verify app\"]";
                return Some(gateway_error(400, 1_640_001, message));
            }
            let proven =
                credentials.contains_key("access_token") || credentials.contains_key("bk_token");
            if site.options.verified_users && published.wants_user && !proven {
                let Fault::Gateway { status, code, message } = Fault::needs_verified_user() else {
                    return None;
                };
                return Some(gateway_error(status, code, &message));
            }
            None
        }
        Front::Esb => {
            if published.is_none() {
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
                let names: Vec<_> =
                    members.keys().filter(|name| in_parameters(name)).cloned().collect();
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
            (!site.knows(&credentials))
                .then(|| esb_error(1_306_000, "APP authentication failed: bk_app_secret is wrong"))
        }
    }
}

/// The name of the gateway's key, which its token gives.
const KEY: &str = "bk-itsm";

/// The name of the key of the gateway's token. Nothing, where it is no such token.
fn key_of_token(token: &str) -> Option<String> {
    let (head, _) = token.split_once('.')?;
    let head = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(head);
    let head: Value = serde_json::from_slice(&head.ok()?).ok()?;
    Some(head.get("kid")?.as_str()?.to_owned())
}

pub(crate) fn parse_query(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decode(name), percent_decode(value)))
        .collect()
}

pub(crate) fn percent_decode(text: &str) -> String {
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

fn gateway_error(status: u16, code: u32, message: &str) -> Response<Body> {
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

/// The gateway does not always say how long to wait.
fn rate_limit(seconds: Option<u64>) -> Response<Body> {
    let message = "API rate limit exceeded by stage global limit [reason=\"rate limit exceeded\"]";
    let mut refused = gateway_error(429, 1_642_902, message);
    let seconds = seconds.map(|seconds| seconds.to_string());
    let wait = [("retry-after", &seconds), ("x-bkapi-ratelimit-reset", &seconds)];
    let wait = wait.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let left = [("x-bkapi-ratelimit-remaining", "0")];
    set_headers(&mut refused, left.into_iter().chain(wait));
    refused
}

fn esb_error(code: u32, message: &str) -> Response<Body> {
    let body = json!({"result": false, "code": code, "message": message, "data": null, "request_id": "fake-esb-request"});
    answered(200, &[("content-type", "application/json")], body.to_string())
}

fn html(status: u16, page: &str) -> Response<Body> {
    answered(status, &[("content-type", "text/html; charset=utf-8")], page.to_owned())
}

pub(crate) fn answered(status: u16, headers: &[(&str, &str)], body: String) -> Response<Body> {
    let mut response = Response::new(Full::from(body).boxed());
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    set_headers(&mut response, headers.iter().copied());
    response
}

fn set_headers<'a>(
    response: &mut Response<Body>,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    for (name, value) in headers {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
        let value = hyper::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
}
