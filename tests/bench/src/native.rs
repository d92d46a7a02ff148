//! The same without a component: the domain of `itsm.wasm` as a library, and requests by reqwest.

use crate::itsm::Tickets;
use crate::{CALLBACK_URL, EXPIRES_S, KEY};
use anyhow::{Result, anyhow};
use blueking_itsm::domain::action::{Action, CREATE_TICKET, GET_TICKETS};
use blueking_itsm::domain::binding::{Binding, Claims, bind};
use blueking_itsm::domain::connection::{
    AUTHORIZATION_HEADER, AppCredentials, Authorization, Connection, Endpoint,
};
use blueking_itsm::domain::envelope;
use blueking_itsm::domain::failure::Failure;
use blueking_itsm::domain::history::History;
use blueking_itsm::domain::http::{Request, Response};
use blueking_itsm::domain::json::{Json, Mismatch};
use blueking_itsm::domain::new_ticket::{NewTicket, Service};
use blueking_itsm::domain::operation_id;
use blueking_itsm::domain::search::{Filter, Page};
use blueking_itsm::domain::secret::Secret;
use blueking_itsm::domain::ticket::Ticket;
use blueking_itsm::domain::verdict::{ApproveResult, Ruling, rule};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// The domain, and its way to a server. Clones share the connections.
#[derive(Clone)]
pub struct Native {
    gateway: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Http(reqwest::Client),
    /// To an ITSM in memory.
    Memory(Arc<Mutex<Tickets>>),
}

impl Native {
    /// For a gateway whose certificate may be this CA's.
    pub fn new(gateway: &str, ca: Option<&[u8]>) -> Result<Self> {
        let mut client = reqwest::Client::builder().no_proxy();
        if let Some(ca) = ca {
            client = client.add_root_certificate(reqwest::Certificate::from_pem(ca)?);
        }
        Ok(Self { gateway: gateway.to_owned(), way: Way::Http(client.build()?) })
    }

    /// With a new connection for each request, as `wasmtime serve` makes them.
    pub fn keeping_no_connection(gateway: &str) -> Result<Self> {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        Ok(Self { gateway: gateway.to_owned(), way: Way::Http(client.build()?) })
    }

    /// For an ITSM in memory.
    pub fn in_memory(gateway: &str) -> Self {
        Self { gateway: gateway.to_owned(), way: Way::Memory(Arc::default()) }
    }

    /// Creates a ticket, and returns its number.
    pub async fn create(&self, tag: &str) -> Result<String> {
        let ticket = NewTicket {
            tag: Secret::new(tag.to_owned()),
            service: Service::FastApproval {
                approvers: vec!["admin".to_owned()],
                content: "a title".to_owned(),
            },
            creator: "carol".to_owned(),
            title: "a title".to_owned(),
            fields: Vec::new(),
            processors: Vec::new(),
            callback: None,
            extra_json: None,
        };
        let parameters = ticket.parameters().map_err(failed)?;
        let decode = blueking_itsm::domain::ticket::CreatedTicket::decode;
        Ok(self.ask(&CREATE_TICKET, parameters, decode).await?.sn)
    }

    /// Asks what became of a ticket as `Client::confirm` does, which waits for its thread and not for a future.
    pub async fn confirm(&self, sn: &str, tag: &str) -> Result<Ruling> {
        let fresh = new_id()?;
        let (rows, of_nobody) = tokio::join!(self.with_tag(tag, 100), self.with_tag(&fresh, 1));
        match <[Ticket; 1]>::try_from(rows?) {
            Ok([ticket]) if ticket.sn == sn && of_nobody?.is_empty() => {
                Ok(rule(&ticket, ApproveResult::NotYet, &History::default()))
            }
            _ => Err(anyhow!("the ticket is not found by its tag")),
        }
    }

    async fn with_tag(&self, tag: &str, rows: u32) -> Result<Vec<Ticket>> {
        let filter = Filter { tag: Some(Secret::new(tag.to_owned())), ..Filter::default() };
        let parameters = filter.parameters(1, rows).map_err(failed)?;
        Ok(self.ask(&GET_TICKETS, parameters, Page::<Ticket>::decode).await?.tickets)
    }

    async fn ask<R>(
        &self,
        action: &Action,
        parameters: Map<String, Value>,
        decode: impl FnOnce(Json) -> Result<R, Mismatch>,
    ) -> Result<R> {
        let request = self.connection().request(action, parameters).map_err(failed)?;
        let response = match &self.way {
            Way::Http(client) => by_http(client, &request).await?,
            Way::Memory(tickets) => in_memory(tickets, &request),
        };
        decode(envelope::decode(action, &response).map_err(failed)?).map_err(|why| anyhow!("{why}"))
    }

    fn connection(&self) -> Connection {
        Connection {
            endpoint: Endpoint::Gateway(self.gateway.clone()),
            authorization: Authorization::App(AppCredentials {
                app_code: "app".to_owned(),
                app_secret: Secret::new("secret".to_owned()),
                user: None,
            }),
            headers: Vec::new(),
            deadline_ms: None,
        }
    }
}

async fn by_http(client: &reqwest::Client, request: &Request) -> Result<Response> {
    let scheme = if request.tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", request.authority, request.target.expose());
    let mut sent = client.post(url);
    for (name, value) in &request.headers {
        sent = sent.header(name, value);
    }
    if let Some(authorization) = &request.authorization {
        sent = sent.header(AUTHORIZATION_HEADER, authorization.expose());
    }
    if let Some(body) = &request.body {
        sent = sent.body(body.expose().to_owned());
    }
    let answer = sent.send().await?;
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let headers = answer.headers().iter();
    Ok(Response {
        status: answer.status().as_u16(),
        headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: answer.bytes().await?.into(),
        came_at_s: 0,
    })
}

fn in_memory(tickets: &Mutex<Tickets>, request: &Request) -> Response {
    let body = request.body.as_ref().map(|body| body.expose().as_bytes()).unwrap_or_default();
    let mut tickets = tickets.lock().unwrap_or_else(PoisonError::into_inner);
    let body = tickets.answer(request.target.expose(), body);
    Response { status: 200, headers: Vec::new(), body, came_at_s: 0 }
}

fn failed(failure: Failure) -> anyhow::Error {
    anyhow!("{}", failure.message)
}

/// A new tag.
pub fn new_id() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| anyhow!("{error}"))?;
    Ok(operation_id::from_bits(u128::from_ne_bytes(bits)))
}

/// A binding for [`CALLBACK_URL`], made with [`KEY`].
pub fn binding() -> Result<Binding> {
    let claims = Claims {
        operation_id: "benchmark".to_owned(),
        callback_url: CALLBACK_URL.to_owned(),
        expires_s: EXPIRES_S,
    };
    bind(&Secret::new(KEY.to_owned()), &claims).map_err(anyhow::Error::msg)
}
