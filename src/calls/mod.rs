//! What the component does for a host: each method of [`Client`] is a function of the WIT, and sends the
//! requests that the function takes, over any transport.

mod administer;
mod confirm;
mod create;
mod diagnose;
mod explain;
mod operate;
mod progress;
mod results;
mod search;
mod services;
mod session;

pub use create::new_id;
pub use diagnose::{CallbackUrlError, Finding, check_callback_url};

use crate::domain::connection::Connection;
use crate::domain::failure::Failure;
use crate::domain::secret::Secret;
use crate::transport::Transport;
use session::Session;

/// One server, and the way to it.
///
/// ```
/// use blueking_itsm::calls::Client;
/// use blueking_itsm::domain::confirmation::Confirmation;
/// use blueking_itsm::domain::connection::{Authorization, Connection, Endpoint};
/// use blueking_itsm::domain::http::{NoAnswer, Request, Response};
/// use blueking_itsm::transport::Transport;
///
/// /// A server that has no ticket.
/// struct Empty;
///
/// impl Transport for Empty {
///     type Sent = ();
///     fn start(&mut self, _: &Request, _deadline: u64) -> Result<(), NoAnswer> {
///         Ok(())
///     }
///     fn answer(&mut self, _: ()) -> Result<Response, NoAnswer> {
///         let page = r#"{"page":1,"total_page":1,"count":0,"next":null,"previous":null,"items":[]}"#;
///         let body = format!(r#"{{"result":true,"code":0,"message":"success","data":{page}}}"#);
///         Ok(Response { status: 200, body: body.into(), ..Response::default() })
///     }
///     fn now(&mut self) -> u64 {
///         0
///     }
///     fn pause(&mut self, _until: u64) {}
///     fn random(&mut self) -> u128 {
///         4
///     }
/// }
///
/// let connection = Connection {
///     endpoint: Endpoint::Gateway("https://bk-itsm.example.com/prod".into()),
///     authorization: Authorization::AddedByHost,
///     headers: vec![],
///     deadline_ms: None,
/// };
/// let mut client = Client { transport: Empty, connection };
/// assert_eq!(client.confirm_own("REQ1"), Ok(Confirmation::Missing));
/// ```
pub struct Client<T> {
    /// The way.
    pub transport: T,
    /// The server, and as whom it is called.
    pub connection: Connection,
}

impl<T: Transport> Client<T> {
    /// Begins a call: its deadline runs from now.
    fn session(&mut self) -> Result<Session<'_, T>, Failure> {
        self.session_with([])
    }

    /// The same for a call whose arguments hold secrets.
    fn session_with<'a>(
        &'a mut self,
        secrets: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Session<'a, T>, Failure> {
        Session::open(&mut self.transport, &self.connection, secrets)
    }
}
