//! The receiver without a component, with the same checks: `receiver ADDRESS GATEWAY [connecting-anew]`.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bench::native::Native;
use bench::{CALLBACK_URL, KEY};
use blueking_itsm::domain::binding;
use blueking_itsm::domain::callback::{MAX_BYTES, Reply, accepted, refused};
use blueking_itsm::domain::reception::{Reception, receive};
use blueking_itsm::domain::secret::Secret;
use blueking_itsm::domain::verdict::Ruling;
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

const NOT_OURS: &str = "not a callback of this receiver";
const BODY_WITHIN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: receiver ADDRESS GATEWAY [connecting-anew]";
    let address = arguments.next().context(usage)?;
    let gateway = arguments.next().context(usage)?;
    let native = match arguments.next() {
        None => Native::new(&gateway, None)?,
        Some(_) => Native::keeping_no_connection(&gateway)?,
    };
    let listener = TcpListener::bind(address).await?;
    axum::serve(listener, Router::new().fallback(answer).with_state(native)).await?;
    Ok(())
}

async fn answer(State(native): State<Native>, request: Request) -> Response {
    let reply = received(&native, request).await.unwrap_or_else(|why| refused(&why.to_string()));
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap_or_default()
}

async fn received(native: &Native, request: Request) -> Result<Reply> {
    let (head, body) = request.into_parts();
    if head.method == http::Method::GET {
        return Ok(accepted());
    }
    if !CALLBACK_URL.ends_with(head.uri.path()) {
        return Ok(Reply { status: 404, ..refused(NOT_OURS) });
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let headers: Vec<_> =
        head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let keys = [Secret::new(KEY.to_owned())];
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    if binding::check(&keys, &headers, CALLBACK_URL, now_s).is_err() {
        return Ok(refused(NOT_OURS));
    }
    let body = to_bytes(body, usize::try_from(MAX_BYTES)?);
    let body = tokio::time::timeout(BODY_WITHIN, body).await??;
    let (bound, callback) = match receive(&keys, &headers, CALLBACK_URL, now_s, &body) {
        Reception::Genuine(bound, callback) => (bound, callback),
        Reception::SelfCheck(reply) | Reception::Refused { reply, .. } => return Ok(reply),
    };
    let Ruling::Ended(verdict, evidence) = native.confirm(&callback.sn, bound.tag.expose()).await?
    else {
        return Ok(refused("the ticket has not ended"));
    };
    let outcome = json!({
        "operation_id": bound.claims.operation_id, "sn": callback.sn,
        "verdict": format!("{verdict:?}"), "evidence": format!("{evidence:?}"),
    });
    println!("{outcome}");
    Ok(accepted())
}
