//! The requests of one call: one deadline, secrets redacted, reads repeated, writes never.

use crate::domain::action::Action;
use crate::domain::connection::Connection;
use crate::domain::envelope;
use crate::domain::failure::Failure;
use crate::domain::http::Response;
use crate::domain::json::{Json, Mismatch};
use crate::domain::secret::Secret;
use crate::transport::Transport;
use serde_json::{Map, Value};

/// A read is tried so often.
const TRIES: u32 = 3;
/// The longest pause before the second try; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 200;

/// The requests of one call of a function.
pub struct Session<'a, T> {
    transport: &'a mut T,
    connection: &'a Connection,
    secrets: Vec<&'a Secret>,
    deadline: u64,
}

impl<'a, T: Transport> Session<'a, T> {
    /// Starts the clock. `secrets` are those of the call's own arguments.
    pub fn open(
        transport: &'a mut T,
        connection: &'a Connection,
        secrets: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Self, Failure> {
        let deadline = transport.now() + u64::from(connection.deadline_ms()?);
        Ok(Self {
            transport,
            connection,
            secrets: connection.secrets().chain(secrets).collect(),
            deadline,
        })
    }

    /// Sends a request once, and reads what `decode` makes of its data.
    pub fn send_once<R>(
        &mut self,
        action: &Action,
        parameters: Map<String, Value>,
        decode: impl FnOnce(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        let response = self.send(action, parameters)?;
        self.data(action, &response).and_then(|data| self.decoded(action, decode(data)))
    }

    /// Sends a question, again while the failure is a passing one and time remains, and reads what
    /// `decode` makes of its data.
    pub fn query<R>(
        &mut self,
        action: &Action,
        parameters: Map<String, Value>,
        decode: impl FnOnce(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        let mut tries = 1;
        loop {
            let response = self.send(action, parameters.clone());
            let data = response
                .as_ref()
                .map_err(Failure::clone)
                .and_then(|response| self.data(action, response));
            match data {
                Ok(data) => return self.decoded(action, decode(data)),
                Err(failure) if tries < TRIES && self.waited(&failure, tries) => tries += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// A fresh random number.
    pub fn random(&mut self) -> u128 {
        self.transport.random()
    }

    /// Waits, or says that the deadline comes before.
    pub fn pause(&mut self, ms: u64) -> Result<(), Failure> {
        let until = self.transport.now() + ms;
        if until >= self.deadline {
            let why = "leaves no time for the pause before a second look";
            return Err(Failure::argument("connection.deadline-ms", why));
        }
        self.transport.pause(until);
        Ok(())
    }

    fn send(
        &mut self,
        action: &Action,
        parameters: Map<String, Value>,
    ) -> Result<Response, Failure> {
        let request = self.connection.request(action, parameters)?;
        self.transport
            .send(&request, self.deadline)
            .map_err(|cause| self.clean(Failure::transport(action, &request.authority, cause)))
    }

    fn data<'r>(&self, action: &Action, response: &'r Response) -> Result<Json<'r>, Failure> {
        envelope::decode(action, response).map_err(|failure| self.clean(failure))
    }

    fn decoded<R>(&self, action: &Action, decoded: Result<R, Mismatch>) -> Result<R, Failure> {
        decoded.map_err(|why| {
            let why = format!("{} answered with unexpected data: {why}", action.path);
            self.clean(Failure::answer(action, why))
        })
    }

    fn clean(&self, failure: Failure) -> Failure {
        failure.redacted(&self.secrets)
    }

    /// Waits before another try, if there is a point and time enough for it.
    ///
    /// Full jitter: after a common fault all hosts come back at different moments.
    fn waited(&mut self, failure: &Failure, tries: u32) -> bool {
        let Some(wait) = failure.wait_ms() else {
            return false;
        };
        let longest = FIRST_PAUSE_MS << tries.min(8);
        #[expect(clippy::cast_possible_truncation, reason = "it is below `longest`")]
        let jitter = (self.transport.random() % u128::from(longest)) as u64;
        let until = self.transport.now() + u64::from(wait) + jitter;
        let in_time = until < self.deadline;
        if in_time {
            self.transport.pause(until);
        }
        in_time
    }
}
