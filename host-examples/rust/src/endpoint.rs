//! The address that ITSM calls back.

use crate::bindings::exports::blueking::itsm::callbacks::{Callback, Reply};
use crate::{Claims, Confirmation, Itsm, Outcome, now_s, word};
use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// ITSM waits without a timeout, and withdrawing a ticket waits for its callback: answer soon.
pub(crate) const CONFIRM_WITHIN: Duration = Duration::from_secs(2);
/// More than the component reads, so that the refusal is its own.
const MOST_BYTES: usize = 128 * 1024;

/// A server that receives callbacks at `/itsm/callback` and passes outcomes on, each with its operation.
///
/// The same outcome can come twice, as ITSM or a network can repeat a callback: the receiver keeps
/// count by the operation.
pub fn callback_endpoint(itsm: Itsm, outcomes: Sender<(String, Outcome)>) -> Router {
    Router::new()
        .route("/itsm/callback", post(receive))
        .with_state((itsm, outcomes))
}

type Shared = (Itsm, Sender<(String, Outcome)>);

async fn receive(State((itsm, outcomes)): State<Shared>, request: Request) -> Response {
    let reply = async {
        let (claims, callback) = match itsm.admit(request).await? {
            Ok(admitted) => admitted,
            Err(reply) => return Ok(reply),
        };
        itsm.settle(claims, callback, &outcomes).await
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
        itsm.say(format!("callback: {error:#}"));
        let mut response = Response::default();
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

impl Itsm {
    /// Checks the binding, then reads the claim; or gives the reply that ends the matter. No call leaves.
    pub(crate) async fn admit(
        &self,
        request: Request,
    ) -> Result<Result<(Claims, Callback), Reply>> {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MOST_BYTES).await else {
            let why = "the body is too large or broke off";
            return Ok(Err(self.refuse(why).await?));
        };
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect();
        let keys = [self.settings.binding_key.clone()];
        let url = &self.settings.callback_url;
        let (mut store, instance) = self.instance().await?;
        let callbacks = instance.blueking_itsm_callbacks();
        let checked = callbacks
            .call_check_binding(&mut store, &keys, &headers, url, now_s())
            .await?;
        let claims = match checked {
            Ok(claims) => claims,
            Err(why) => {
                self.say(format!("  binding   does not hold ({why:?})"));
                return Ok(Err(self.refuse("not for this receiver").await?));
            }
        };
        self.say(format!(
            "  binding   holds, for operation {}",
            claims.operation_id
        ));
        let callback = match callbacks.call_parse(&mut store, &body).await? {
            Ok(callback) => callback,
            Err(why) => {
                self.say(format!("  claim     unreadable ({why:?})"));
                return Ok(Err(self.refuse("not readable").await?));
            }
        };
        self.say(format!(
            "  claim     {} is {}",
            callback.sn, callback.status
        ));
        if callbacks.call_is_self_check(&mut store, &callback).await? {
            return Ok(Err(self.accept().await?));
        }
        Ok(Ok((claims, callback)))
    }

    /// Asks ITSM itself, hands the outcome over, and answers.
    async fn settle(
        &self,
        claims: Claims,
        callback: Callback,
        outcomes: &Sender<(String, Outcome)>,
    ) -> Result<Reply> {
        let operation = Some(claims.operation_id.as_str());
        let confirmed = self
            .confirm(&callback.sn, operation, CONFIRM_WITHIN)
            .await?;
        let outcome = match confirmed {
            Ok(Confirmation::Ended(outcome)) => outcome,
            Ok(other) => {
                self.say(format!("  ITSM says {}", name(&other)));
                return self.refuse("not confirmed").await;
            }
            Err(failure) => {
                self.say(format!("  ITSM      {}", failure.message));
                return self.refuse("not confirmed yet").await;
            }
        };
        self.say(format!(
            "  ITSM says {} has ended: {}",
            outcome.ticket.sn,
            word(outcome.verdict)
        ));
        if outcomes.send((claims.operation_id, outcome)).await.is_err() {
            return self.refuse("nobody takes outcomes").await;
        }
        self.say("  answer    accepted");
        self.accept().await
    }

    pub(crate) async fn accept(&self) -> Result<Reply> {
        let (mut store, instance) = self.instance().await?;
        let callbacks = instance.blueking_itsm_callbacks();
        Ok(callbacks.call_accepted(&mut store).await?)
    }

    pub(crate) async fn refuse(&self, why: &str) -> Result<Reply> {
        self.say(format!("  answer    refused: {why}"));
        let (mut store, instance) = self.instance().await?;
        let callbacks = instance.blueking_itsm_callbacks();
        Ok(callbacks.call_refused(&mut store, why).await?)
    }
}

fn name(confirmation: &Confirmation) -> &'static str {
    match confirmation {
        Confirmation::Ended(_) => "it has ended",
        Confirmation::Open(_) => "it is still open",
        Confirmation::Undecided(_) => "its result can't be read yet",
        Confirmation::Foreign => "that ticket is not this operation's",
        Confirmation::Missing => "there is no such ticket",
        Confirmation::Ambiguous(_) => "there are several such tickets",
        Confirmation::TagsIgnored => "nothing: it ignores tags",
        Confirmation::Other(_) => "something new",
    }
}
