//! An endpoint to look at callbacks with: it prints what each one proves and what not, and can pass it on to the
//! endpoint that is being written.

use crate::configuration::{Configuration, Flags};
use crate::exit::Exit;
use crate::{packed, words};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use clap::Args;
use fake_itsm::{HttpClient, Reader};
use rust_host::{BoundCallback, Callback, Confirmation, Itsm, Language, Reception, Reply};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Receives callbacks, and prints what each one proves.
#[derive(Args)]
pub struct Listen {
    /// Passes each callback on to this address, and gives ITSM the answer that comes from there.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
}

const MOST_BYTES: usize = 128 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Listening {
    itsm: Itsm,
    language: Language,
    forward: Option<Arc<str>>,
    client: Arc<HttpClient>,
    reader: Arc<Reader>,
}

impl Listen {
    pub async fn run(self, flags: &Flags) -> Result<Exit> {
        let configuration = flags.configuration()?;
        let listen = configuration.listen.as_deref().unwrap_or("127.0.0.1:8080");
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("{listen} can't be listened on"))?;
        let Configuration { language, .. } = configuration;
        let Callback { url, .. } = configuration.settings.callback()?;
        println!(
            "{}",
            say!(
                language,
                "listening on {listen} for callbacks to {url}",
                "正在 {listen} 监听发往 {url} 的回调"
            )
        );
        let reader = packed::reader()?;
        if reader.is_there() {
            let page = format!("http://{listen}{}", Reader::ADDRESS);
            println!(
                "{}",
                say!(
                    language,
                    "a page that reads what you paste: {page}",
                    "可粘贴内容并读取的页面：{page}"
                )
            );
        }
        let listening = Listening {
            itsm: configuration.itsm(Arc::new(drop))?,
            language,
            forward: self.forward.map(Arc::from),
            client: Arc::default(),
            reader: Arc::new(reader),
        };
        let router = Router::new().fallback(receive).with_state(listening);
        axum::serve(listener, router)
            .with_graceful_shutdown(crate::gate::cancelled())
            .await
            .context("the endpoint broke down")?;
        Ok(Exit::Done)
    }
}

async fn receive(State(listening): State<Listening>, request: Request) -> Response {
    if let Some(page) = listening.page(request.method(), request.uri()) {
        return page;
    }
    match listening.answer(request).await {
        Ok(response) => response,
        Err(error) => {
            listening.line(&format!("{error:#}"));
            let mut response = Response::default();
            *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

impl Listening {
    /// A file of the page that reads callbacks. ITSM posts, so it never asks for one.
    fn page(&self, method: &Method, uri: &Uri) -> Option<Response> {
        let (kind, text) = self.reader.file(uri.path()).filter(|_| method == Method::GET)?;
        let response = Response::builder().header("content-type", kind);
        response.body(Body::from(text.to_owned())).ok()
    }

    async fn answer(&self, request: Request) -> Result<Response> {
        let language = self.language;
        let (head, body) = request.into_parts();
        self.line("");
        self.line(&format!("{} {}", head.method, head.uri.path()));
        let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, MOST_BYTES)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) | Err(_) => {
                let why = "the body is too large, too slow or broke off";
                return self.reply(self.itsm.refuse(why).await?);
            }
        };
        let text = |value: &axum::http::HeaderValue| -> String {
            String::from_utf8_lossy(value.as_bytes()).into()
        };
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let reply = match self.itsm.reception(&headers, &body).await? {
            Reception::SelfCheck(reply) => {
                self.line(&say!(
                    language,
                    "  binding  holds; the body is a self-check, and nobody's ticket",
                    "  绑定     有效；内容是自检，不是任何单据"
                ));
                reply
            }
            Reception::Refused(refusal) => {
                let why = refusal.why;
                self.line(&say!(
                    language,
                    "  proves   nothing: {why}",
                    "  证明     什么也不能证明：{why}"
                ));
                refusal.reply
            }
            Reception::Genuine(callback) => self.look(callback).await?,
        };
        match &self.forward {
            Some(url) => self.pass_on(url, &headers, &body).await,
            None => self.reply(reply),
        }
    }

    /// What ITSM itself says of a callback whose binding holds.
    async fn look(&self, BoundCallback { bound, callback }: BoundCallback) -> Result<Reply> {
        let language = self.language;
        let (operation, sn, status) = (&bound.claims.operation_id, &callback.sn, &callback.status);
        self.line(&say!(
            language,
            "  binding  holds: the header was made for operation {operation}, here",
            "  绑定     有效：这个请求头是本系统为操作 {operation} 生成的"
        ));
        self.line(&say!(
            language,
            "  claims   {sn} is {status}. Anybody who has the header can write that",
            "  声称     {sn} 为 {status}。拿到请求头的人都能这样写"
        ));
        let confirmation = match self.itsm.confirm(sn, &bound.tag).await {
            Ok(confirmation) => confirmation,
            Err(error) => {
                self.line(&say!(language, "  ITSM     {error}", "  ITSM     {error}"));
                return self.itsm.refuse("not confirmed yet").await;
            }
        };
        let says = words::confirmation(&confirmation, language);
        self.line(&say!(language, "  ITSM     says: {says}", "  ITSM     答复：{says}"));
        match confirmation {
            Confirmation::Ended(_) => self.itsm.accept().await,
            _ => self.itsm.refuse("not confirmed").await,
        }
    }

    async fn pass_on(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Response> {
        let own = ["host", "content-length", "connection", "transfer-encoding"];
        let headers: Vec<_> = headers
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let body = String::from_utf8_lossy(body);
        let answer = self.client.post(url, &headers, &body).await;
        let answer = answer.with_context(|| format!("{url} gave no answer"))?;
        let counts = fake_itsm::is_delivered(answer.status, &answer.body);
        let status = answer.status;
        let verdict = match (counts, self.language) {
            (true, Language::English) => "ITSM takes that for delivered",
            (false, Language::English) => "ITSM takes that for a failure",
            (true, Language::Chinese) => "ITSM 视为成功",
            (false, Language::Chinese) => "ITSM 视为失败",
        };
        self.line(&say!(
            self.language,
            "  forward  {url} answered {status}: {verdict}",
            "  转发     {url} 返回 {status}：{verdict}"
        ));
        let mut response = Response::builder().status(status);
        if let Some(kind) = answer.headers.get("content-type") {
            response = response.header("content-type", kind);
        }
        Ok(response.body(Body::from(answer.body))?)
    }

    fn reply(&self, reply: Reply) -> Result<Response> {
        let Reply { status, headers, body } = reply;
        let text = String::from_utf8_lossy(&body).into_owned();
        self.line(&say!(self.language, "  answer   {status} {text}", "  应答     {status} {text}"));
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Body::from(body))?)
    }

    fn line(&self, text: &str) {
        println!("{}", self.itsm.redacted(text));
    }
}
