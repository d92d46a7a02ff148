//! The requests of one call: one deadline, secrets redacted. Reads are repeated, and those that do not depend on
//! each other go together; writes do neither.

use crate::domain::action::Action;
use crate::domain::connection::Connection;
use crate::domain::envelope;
use crate::domain::failure::{Advice, Failure};
use crate::domain::http::{NoAnswer, Request, Response};
use crate::domain::json::{Json, Mismatch};
use crate::domain::parameters::Parameters;
use crate::domain::secret::Secret;
use crate::transport::Transport;

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
        parameters: Parameters,
        decode: impl FnOnce(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        let request = self.connection.request(action, parameters)?;
        let sent = self.start(&request);
        let response = self.response(action, &request, sent)?;
        let data = self.data(action, &response)?;
        decode(data).map_err(|why| self.unexpected(action, &why))
    }

    /// Sends a request that only reads, again while the failure is a passing one and time remains.
    pub fn query<R>(
        &mut self,
        action: &Action,
        parameters: Parameters,
        decode: impl Fn(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        let question = self.question(action, parameters, decode)?;
        self.answer(question)
    }

    /// Sends one question, as `query` does.
    pub fn answer<R>(&mut self, mut question: Question<R>) -> Result<R, Failure> {
        self.ask(&mut [&mut question]);
        question.answer
    }

    /// A question to be asked together with others.
    pub fn question<'q, R>(
        &self,
        action: &'q Action,
        parameters: Parameters,
        decode: impl Fn(Json) -> Result<R, Mismatch> + 'q,
    ) -> Result<Question<'q, R>, Failure> {
        let request = self.connection.request(action, parameters)?;
        // What was not asked yet has failed in passing.
        let answer = Err(Failure::unusable(action, Advice::WaitMs(0), "not asked yet"));
        Ok(Question { action, request, decode: Box::new(decode), answer })
    }

    /// Sends questions that do not depend on each other together, each as `query` does.
    pub fn ask(&mut self, questions: &mut [&mut dyn Asked]) {
        for tries in 0..TRIES {
            let open = questions.iter_mut().filter(|one| one.wait_ms().is_some());
            let open: Vec<_> = open.collect();
            // Who wants to wait longest decides: they go together again.
            let Some(wait) = open.iter().filter_map(|one| one.wait_ms()).max() else {
                return;
            };
            if tries > 0 && !self.waited(wait, tries) {
                return;
            }
            let sent: Vec<_> = open.iter().map(|one| self.start(one.request())).collect();
            for (one, sent) in open.into_iter().zip(sent) {
                if let Err(failure) = self.read(*one, sent) {
                    one.fail(failure);
                }
            }
        }
    }

    /// The answers to questions that do not depend on each other: a few are asked at once.
    pub fn ask_each<R>(&mut self, mut questions: Vec<Question<R>>) -> Result<Vec<R>, Failure> {
        let mut answers = Vec::with_capacity(questions.len());
        while !questions.is_empty() {
            let later = questions.split_off(questions.len().min(MOST_AT_ONCE));
            let few = questions.iter_mut().map(|one| one as &mut dyn Asked);
            self.ask(&mut few.collect::<Vec<_>>());
            for question in questions {
                answers.push(question.answer?);
            }
            questions = later;
        }
        Ok(answers)
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

    fn start(&mut self, request: &Request) -> Result<T::Sent, NoAnswer> {
        self.transport.start(request, self.deadline)
    }

    fn read(
        &mut self,
        asked: &mut dyn Asked,
        sent: Result<T::Sent, NoAnswer>,
    ) -> Result<(), Failure> {
        let response = self.response(asked.action(), asked.request(), sent)?;
        let data = self.data(asked.action(), &response)?;
        asked.read(data).map_err(|why| self.unexpected(asked.action(), &why))
    }

    fn response(
        &mut self,
        action: &Action,
        request: &Request,
        sent: Result<T::Sent, NoAnswer>,
    ) -> Result<Response, Failure> {
        let answer = sent.and_then(|sent| self.transport.answer(sent));
        answer.map_err(|cause| self.clean(Failure::transport(action, &request.authority, cause)))
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

/// What only reads: a request, how its data are read, and its last answer.
pub struct Question<'q, R> {
    action: &'q Action,
    request: Request,
    decode: Box<Decode<'q, R>>,
    /// What was read, once it was asked.
    pub answer: Result<R, Failure>,
}

/// Reads the data of an answer.
type Decode<'q, R> = dyn Fn(Json) -> Result<R, Mismatch> + 'q;

/// A question, whatever it asks: the code that sends it is in the component once, and not for each kind of answer.
pub trait Asked {
    /// Its action.
    fn action(&self) -> &Action;
    /// Its request.
    fn request(&self) -> &Request;
    /// After how many milliseconds it can be asked again, if that can help.
    fn wait_ms(&self) -> Option<u32>;
    /// Makes an answer of the data.
    fn read(&mut self, data: Json) -> Result<(), Mismatch>;
    /// Keeps why there is no answer.
    fn fail(&mut self, failure: Failure);
}

impl<R> Asked for Question<'_, R> {
    fn action(&self) -> &Action {
        self.action
    }

    fn request(&self) -> &Request {
        &self.request
    }

    fn wait_ms(&self) -> Option<u32> {
        self.answer.as_ref().err().and_then(Failure::wait_ms)
    }

    fn read(&mut self, data: Json) -> Result<(), Mismatch> {
        self.answer = Ok((self.decode)(data)?);
        Ok(())
    }

    fn fail(&mut self, failure: Failure) {
        self.answer = Err(failure);
    }
}
