//! The requests of one call: one deadline, secrets redacted. Reads are repeated, and those that do not depend on
//! each other go together; writes do neither.

use crate::domain::action::Action;
use crate::domain::connection::Connection;
use crate::domain::envelope;
use crate::domain::failure::Failure;
use crate::domain::http::{NoAnswer, Response};
use crate::domain::json::{Json, Mismatch};
use crate::domain::secret::Secret;
use crate::transport::Transport;
use serde_json::{Map, Value};

/// A read is tried so often.
const TRIES: u32 = 3;
/// The longest pause before the second try; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 200;
/// So many requests of a call are under way at once: the server has others to serve too.
const MOST_AT_ONCE: usize = 4;

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
        let sent = self.start(action, parameters);
        self.answer(action, sent, decode)
    }

    /// Sends a question, again while the failure is a passing one and time remains.
    pub fn query<R>(&mut self, question: &Question<R>) -> Result<R, Failure> {
        let sent = question.start(self);
        let mut answer = question.answer(self, sent);
        self.repeat(&mut [&mut (question, &mut answer)]);
        answer
    }

    /// Sends two questions that do not depend on each other together, each as `query` does.
    pub fn query_both<A, B>(
        &mut self,
        first: &Question<A>,
        second: &Question<B>,
    ) -> (Result<A, Failure>, Result<B, Failure>) {
        let sent = (first.start(self), second.start(self));
        let mut answers = (first.answer(self, sent.0), second.answer(self, sent.1));
        self.repeat(&mut [&mut (first, &mut answers.0), &mut (second, &mut answers.1)]);
        answers
    }

    /// Sends questions that do not depend on each other, a few at once, each as `query` does.
    pub fn query_each<R>(&mut self, questions: &[Question<R>]) -> Result<Vec<R>, Failure> {
        let mut all = Vec::with_capacity(questions.len());
        for few in questions.chunks(MOST_AT_ONCE) {
            let sent: Vec<_> = few.iter().map(|question| question.start(self)).collect();
            let each = few.iter().zip(sent);
            let mut answers: Vec<_> =
                each.map(|(question, sent)| question.answer(self, sent)).collect();
            let mut asked: Vec<_> = few.iter().zip(&mut answers).collect();
            let mut asked: Vec<_> = asked.iter_mut().map(|one| one as &mut dyn Asked<T>).collect();
            self.repeat(&mut asked);
            all.extend(answers.into_iter().collect::<Result<Vec<_>, _>>()?);
        }
        Ok(all)
    }

    /// Asks again what failed in passing, together, while there are tries and time left.
    fn repeat(&mut self, asked: &mut [&mut dyn Asked<T>]) {
        for tries in 1..TRIES {
            let failed = asked.iter_mut().filter(|one| one.wait_ms().is_some());
            let failed: Vec<_> = failed.collect();
            // Who wants to wait longest decides: they go together again.
            let Some(wait) = failed.iter().filter_map(|one| one.wait_ms()).max() else {
                return;
            };
            if !self.waited(wait, tries) {
                return;
            }
            let sent: Vec<_> = failed.iter().map(|one| one.start(self)).collect();
            for (one, sent) in failed.into_iter().zip(sent) {
                one.answer(self, sent);
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

    fn start(
        &mut self,
        action: &Action,
        parameters: Map<String, Value>,
    ) -> Result<Sent<T>, Failure> {
        let request = self.connection.request(action, parameters)?;
        let by = self.transport.start(&request, self.deadline);
        Ok(Sent { by, authority: request.authority })
    }

    fn answer<R>(
        &mut self,
        action: &Action,
        sent: Result<Sent<T>, Failure>,
        decode: impl FnOnce(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        let response = self.response(action, sent)?;
        let data = self.data(action, &response)?;
        decode(data).map_err(|why| self.unexpected(action, &why))
    }

    fn response(
        &mut self,
        action: &Action,
        sent: Result<Sent<T>, Failure>,
    ) -> Result<Response, Failure> {
        let Sent { by, authority } = sent?;
        let answer = by.and_then(|sent| self.transport.answer(sent));
        answer.map_err(|cause| self.clean(Failure::transport(action, &authority, cause)))
    }

    fn data<'r>(&self, action: &Action, response: &'r Response) -> Result<Json<'r>, Failure> {
        envelope::decode(action, response).map_err(|failure| self.clean(failure))
    }

    fn unexpected(&self, action: &Action, why: &Mismatch) -> Failure {
        let why = format!("{} answered with unexpected data: {why}", action.path);
        self.clean(Failure::answer(action, why))
    }

    fn clean(&self, failure: Failure) -> Failure {
        failure.redacted(&self.secrets)
    }

    /// Waits before another try, if there is time enough for it.
    ///
    /// Full jitter: after a common fault all hosts come back at different moments.
    fn waited(&mut self, wait: u32, tries: u32) -> bool {
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

/// What only reads: a request, and how its data are read.
pub struct Question<'q, R> {
    action: &'q Action,
    parameters: Map<String, Value>,
    decode: Box<Decode<'q, R>>,
}

/// Reads the data of an answer.
type Decode<'q, R> = dyn Fn(Json) -> Result<R, Mismatch> + 'q;

impl<'q, R> Question<'q, R> {
    /// `decode` reads the data of the answer.
    pub fn new(
        action: &'q Action,
        parameters: Map<String, Value>,
        decode: impl Fn(Json) -> Result<R, Mismatch> + 'q,
    ) -> Self {
        Self { action, parameters, decode: Box::new(decode) }
    }

    fn start<T: Transport>(&self, session: &mut Session<T>) -> Result<Sent<T>, Failure> {
        session.start(self.action, self.parameters.clone())
    }

    fn answer<T: Transport>(
        &self,
        session: &mut Session<T>,
        sent: Result<Sent<T>, Failure>,
    ) -> Result<R, Failure> {
        session.answer(self.action, sent, &self.decode)
    }
}

/// A request that is on its way to this host and port, unless it could not be sent.
struct Sent<T: Transport> {
    by: Result<T::Sent, NoAnswer>,
    authority: String,
}

/// A question with its last answer, whatever it asks.
trait Asked<T: Transport> {
    /// After how many milliseconds it can be asked again, if that can help.
    fn wait_ms(&self) -> Option<u32>;
    fn start(&self, session: &mut Session<T>) -> Result<Sent<T>, Failure>;
    fn answer(&mut self, session: &mut Session<T>, sent: Result<Sent<T>, Failure>);
}

impl<T: Transport, R> Asked<T> for (&Question<'_, R>, &mut Result<R, Failure>) {
    fn wait_ms(&self) -> Option<u32> {
        self.1.as_ref().err().and_then(Failure::wait_ms)
    }

    fn start(&self, session: &mut Session<T>) -> Result<Sent<T>, Failure> {
        self.0.start(session)
    }

    fn answer(&mut self, session: &mut Session<T>, sent: Result<Sent<T>, Failure>) {
        *self.1 = self.0.answer(session, sent);
    }
}
