//! The address that ITSM calls back.

use crate::bindings::exports::blueking::itsm::callbacks::{BoundCallback, Reply};
use crate::{Callback, Confirmation, Itsm, Outcome, Reception, now_s};
use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{Method, Uri};
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Withdrawing a ticket waits for its callback: the answer must come within the time that [`Itsm`] gives
/// that call.
pub(crate) const CONFIRM_WITHIN: Duration = Duration::from_secs(10);
/// More than the component reads, so that the refusal is its own.
const MOST_BYTES: usize = 128 * 1024;

/// Whoever withdraws a ticket waits for the answer: a body comes soon or not at all.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// A server that receives callbacks at the path of the callback address and passes outcomes on, each with its operation.
///
/// The same outcome can come twice, as ITSM or a network can repeat a callback: the receiver keeps
/// count by the operation.
pub fn callback_endpoint(itsm: Itsm, outcomes: Sender<(String, Outcome)>) -> Router {
    Router::new().fallback(receive).with_state((itsm, outcomes))
}

type Shared = (Itsm, Sender<(String, Outcome)>);

async fn receive(State((itsm, outcomes)): State<Shared>, request: Request) -> Response {
    let reply = async {
        match itsm.receive(request).await? {
            Continue(callback) => itsm.settle(callback, &outcomes).await,
            Break(reply) => Ok(reply),
        }
    };
    answer(&itsm, reply.await)
}

/// The component's reply as an HTTP response. Any answer but `accepted` puts the ticket on ITSM's failed
/// list: nothing is lost.
pub(crate) fn answer(itsm: &Itsm, reply: Result<Reply>) -> Response {
    let response = reply.and_then(|reply| {
        let mut response = Response::builder().status(reply.status);
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        Ok(response.body(Body::from(reply.body))?)
    });
    response.unwrap_or_else(|error| {
        itsm.log(format!("callback: {error:#}"));
        let mut response = Response::default();
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

impl Itsm {
    /// Goes on with a callback whose binding holds; anything else ends with the reply to it. No call leaves.
    pub(crate) async fn receive(
        &self,
        request: Request,
    ) -> Result<ControlFlow<Reply, BoundCallback>> {
        let (head, body) = request.into_parts();
        let address = self.settings.callback()?;
        let url: Result<Uri, _> = address.url.parse();
        // Before anything is read. The query is ITSM's or a proxy's to change.
        let elsewhere = if !url.is_ok_and(|url| url.path() == head.uri.path()) {
            Some((404, "callbacks are received at the path of the callback address"))
        } else if head.method != Method::POST {
            Some((405, "callbacks are posted"))
        } else {
            None
        };
        if let Some((status, why)) = elsewhere {
            let refused = self.refuse(why).await?;
            return Ok(Break(Reply { status, ..refused }));
        }
        let why = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, MOST_BYTES)).await {
            Ok(Ok(body)) => return self.read(&head, &body).await,
            Ok(Err(_)) => "the body is too large or broke off",
            Err(_) => "the body came too slowly",
        };
        Ok(Break(self.refuse(why).await?))
    }

    async fn read(&self, head: &Parts, body: &[u8]) -> Result<ControlFlow<Reply, BoundCallback>> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(match self.reception(&headers, body).await? {
            Reception::Genuine(it) => {
                let (operation, claim) = (&it.bound.claims.operation_id, &it.callback);
                self.log(format!("  binding   holds, for operation {operation}"));
                self.log(format!("  claim     {} is {}", claim.sn, claim.status));
                Continue(it)
            }
            Reception::SelfCheck(reply) => {
                self.log("  answer    a self-check is accepted");
                Break(reply)
            }
            Reception::Refused(refusal) => {
                self.log(format!("  answer    refused: {}", refusal.why));
                Break(refusal.reply)
            }
        })
    }

    /// What a request to the callback address proves by itself. No call leaves.
    pub async fn reception(&self, headers: &[(String, String)], body: &[u8]) -> Result<Reception> {
        let Callback { url, keys } = self.settings.callback()?;
        let mut instance = self.instances.take().await?;
        let callbacks = instance.exports.blueking_itsm_callbacks();
        let store = &mut instance.store;
        let reception = callbacks.call_receive(store, keys, headers, url, now_s(), body).await?;
        self.instances.keep(instance);
        Ok(reception)
    }

    /// Asks ITSM itself, hands the outcome over, and answers.
    async fn settle(
        &self,
        BoundCallback { bound, callback }: BoundCallback,
        outcomes: &Sender<(String, Outcome)>,
    ) -> Result<Reply> {
        let asking = self.within(CONFIRM_WITHIN);
        let outcome = match asking.confirm(&callback.sn, &bound.tag).await {
            Ok(Confirmation::Ended(outcome)) => outcome,
            Ok(other) => {
                self.log(format!("  ITSM says {}", name(&other)));
                return self.refuse("not confirmed").await;
            }
            Err(error) => {
                self.log(format!("  ITSM      {error}"));
                return self.refuse("not confirmed yet").await;
            }
        };
        self.log(format!("  ITSM says {} has ended: {}", outcome.ticket.sn, outcome.verdict));
        let operation = bound.claims.operation_id;
        if outcomes.send((operation, outcome)).await.is_err() {
            return self.refuse("nobody takes outcomes").await;
        }
        self.log("  answer    accepted");
        self.accept().await
    }

    /// The reply that takes a callback off ITSM's hands.
    pub async fn accept(&self) -> Result<Reply> {
        let mut instance = self.instances.take().await?;
        let callbacks = instance.exports.blueking_itsm_callbacks();
        let reply = callbacks.call_accepted(&mut instance.store).await?;
        self.instances.keep(instance);
        Ok(reply)
    }

    /// The reply that leaves the ticket on ITSM's list of failed callbacks, so that nothing is lost.
    pub async fn refuse(&self, why: &str) -> Result<Reply> {
        self.log(format!("  answer    refused: {why}"));
        let mut instance = self.instances.take().await?;
        let callbacks = instance.exports.blueking_itsm_callbacks();
        let reply = callbacks.call_refused(&mut instance.store, why).await?;
        self.instances.keep(instance);
        Ok(reply)
    }
}

fn name(confirmation: &Confirmation) -> &'static str {
    match confirmation {
        Confirmation::Ended(_) => "it has ended",
        Confirmation::Open(_) => "it is still open",
        Confirmation::Undecided(_) => "its result can't be read yet",
        Confirmation::Undecidable(_) => "it has ended, and a person must look how",
        Confirmation::Foreign => "that ticket is not this operation's",
        Confirmation::Missing => "there is no such ticket",
        Confirmation::Ambiguous(_) => "there are several such tickets",
        Confirmation::Untraceable => "nothing: it can't find tickets by tag",
        Confirmation::Other(_) => "something new",
    }
}
