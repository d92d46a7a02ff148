//! Where an action lives on a gateway or an ESB, and how its request carries the credentials.

use super::action::{Action, Esb};
use super::argument::check_headers;
use super::failure::Failure;
use super::http::{Method, Request, uncompressed};
use super::parameters::Parameters;
use super::secret::Secret;
use super::text;
use serde_json::Value;
use wasi_http::Address;

/// Where ITSM's actions live.
pub enum Endpoint {
    /// An API gateway, up to and including the stage.
    Gateway(String),
    /// A site whose ESB reads the authorization header.
    Esb(String),
    /// A site whose ESB drops that header.
    EsbLegacy(String),
}

/// On whose behalf the app calls.
pub enum User {
    /// `access_token`
    AccessToken(Secret),
    /// `bk_token`
    LoginToken(Secret),
    /// `bk_username`
    Name(String),
    /// A key of the site's own.
    Other(String, Secret),
}

/// What identifies the app.
pub struct AppCredentials {
    /// `bk_app_code`
    pub app_code: String,
    /// `bk_app_secret`
    pub app_secret: Secret,
    /// On whose behalf.
    pub user: Option<User>,
}

/// Who adds the credentials.
pub enum Authorization {
    /// This component.
    App(AppCredentials),
    /// The host, to each request as it leaves.
    AddedByHost,
}

/// How to reach one server.
pub struct Connection {
    /// Where.
    pub endpoint: Endpoint,
    /// With which credentials.
    pub authorization: Authorization,
    /// With which further headers.
    pub headers: Vec<(String, String)>,
    /// For how long, in milliseconds.
    pub deadline_ms: Option<u32>,
}

/// The header that carries credentials through the gateway and newer ESBs.
pub const AUTHORIZATION_HEADER: &str = "X-Bkapi-Authorization";

const DEFAULT_DEADLINE_MS: u32 = 30_000;
/// The server itself gives up after this.
const MAX_DEADLINE_MS: u32 = 600_000;

impl Connection {
    /// The milliseconds that one call may take.
    pub fn deadline_ms(&self) -> Result<u32, Failure> {
        match self.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS) {
            deadline @ 1..=MAX_DEADLINE_MS => Ok(deadline),
            _ => Err(Failure::argument("connection.deadline-ms", "must be 1 to 600000")),
        }
    }

    /// Whether the kind of server at this address publishes an action.
    pub fn publishes(&self, action: &Action) -> bool {
        match (&self.endpoint, action.esb) {
            (Endpoint::Gateway(_), _) => true,
            (Endpoint::Esb(_), Esb::Missing) => false,
            (Endpoint::EsbLegacy(_), Esb::Missing | Esb::NotTheOldest) => false,
            (Endpoint::Esb(_) | Endpoint::EsbLegacy(_), _) => true,
        }
    }

    /// The secrets among the credentials, for redacting what a server says.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let app = match &self.authorization {
            Authorization::App(app) => Some(app),
            Authorization::AddedByHost => None,
        };
        let user = match app.and_then(|app| app.user.as_ref()) {
            Some(User::AccessToken(token) | User::LoginToken(token) | User::Other(_, token)) => {
                Some(token)
            }
            Some(User::Name(_)) | None => None,
        };
        app.map(|app| &app.app_secret).into_iter().chain(user)
    }

    /// The request for `action` with `parameters`.
    pub fn request(&self, action: &Action, mut parameters: Parameters) -> Result<Request, Failure> {
        let (tls, authority, mut path) = self.base()?;
        path.push_str("/v2/itsm/");
        // Without the last slash the server answers 301.
        let (action_path, slash) = match self.endpoint {
            Endpoint::Gateway(_) => (action.path, action.ends_with_slash_at_a_gateway()),
            Endpoint::Esb(_) | Endpoint::EsbLegacy(_) => (action.esb_path(), true),
        };
        path.push_str(action_path);
        if slash {
            path.push('/');
        }
        let mut headers = self.headers()?;

        let credentials = match &self.authorization {
            Authorization::App(app) => Some(app.members()?),
            Authorization::AddedByHost => None,
        };
        let mut authorization = None;
        match (&self.endpoint, credentials) {
            (Endpoint::EsbLegacy(_), None) => {
                return Err(Failure::argument(
                    "connection.authorization",
                    "must be `app` with `esb-legacy`, which reads no header the host could add",
                ));
            }
            (Endpoint::EsbLegacy(_), Some(credentials)) => parameters.extend(credentials),
            (Endpoint::Gateway(_) | Endpoint::Esb(_), Some(credentials)) => {
                authorization = Some(Secret::new(ascii_json(&Value::Object(credentials))));
            }
            (Endpoint::Gateway(_) | Endpoint::Esb(_), None) => {}
        }

        let body = match action.method {
            Method::Get => {
                let mut separator = '?';
                for (name, value) in &parameters {
                    let value = match value {
                        Value::String(text) => text::percent_encode(text),
                        other => text::percent_encode(&other.to_string()),
                    };
                    path.push(separator);
                    path.push_str(&format!("{}={value}", text::percent_encode(name)));
                    separator = '&';
                }
                None
            }
            Method::Post => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                Some(Secret::new(Value::Object(parameters).to_string()))
            }
        };
        headers.push(("accept".to_owned(), "application/json".to_owned()));
        headers.push(uncompressed());
        Ok(Request {
            method: action.method,
            tls,
            authority,
            target: Secret::new(path),
            headers,
            authorization,
            body,
            writes: action.writes,
            max_answer_bytes: action.max_answer_bytes,
        })
    }

    /// The scheme, the authority and the path before `/v2/itsm/`.
    fn base(&self) -> Result<(bool, String, String), Failure> {
        let (url, suffix) = match &self.endpoint {
            Endpoint::Gateway(url) => (url, ""),
            Endpoint::Esb(url) | Endpoint::EsbLegacy(url) => (url, "/api/c/compapi"),
        };
        let wrong = |why: &str| Failure::argument("connection.endpoint", why);
        let address = Address::parse(url).map_err(wrong)?;
        if address.query.is_some() {
            return Err(wrong("must be an address without a query"));
        }
        let path = address.path.trim_end_matches('/');
        if path.contains("//") {
            return Err(wrong("must not have two slashes side by side in its path"));
        }
        if has_added_parts(path) {
            return Err(wrong(
                "must end before the parts that are added here: a gateway's with its stage, an ESB's with its site",
            ));
        }
        if matches!(self.endpoint, Endpoint::Gateway(_)) && path.is_empty() {
            return Err(wrong("must end with the gateway's stage, such as /prod"));
        }
        Ok((address.tls, address.authority.to_owned(), format!("{path}{suffix}")))
    }

    fn headers(&self) -> Result<Vec<(String, String)>, Failure> {
        check_headers("connection.headers", &self.headers, &["accept", "cookie"])?;
        Ok(self.headers.clone())
    }
}

const NO_CONTROL: &str = "must not hold a control character, such as a line break";

/// Whether a path has what is added to it already. `v2` alone can be a gateway's stage.
fn has_added_parts(path: &str) -> bool {
    let is_stage =
        matches!(path.split('/').collect::<Vec<_>>().as_slice(), [_, "v2"] | [_, "api", _, "v2"]);
    let path = format!("{path}/");
    path.contains("/v2/itsm/")
        || path.contains("/api/c/compapi/")
        || path.ends_with("/v2/") && !is_stage
}

impl AppCredentials {
    /// The members of the authorization object.
    fn members(&self) -> Result<Parameters, Failure> {
        let argument = |name: &str, why: &str| {
            Failure::argument(&format!("connection.authorization.{name}"), why)
        };
        if self.app_code.trim().is_empty() {
            return Err(argument("app-code", "must not be blank"));
        }
        if self.app_secret.expose().trim().is_empty() {
            return Err(argument("app-secret", "must not be blank"));
        }
        let mut members = Parameters::new();
        let mut add = |name: &str, value: &str| members.insert(name.to_owned(), value.into());
        let is_one_text = |text: &str| !text.contains(char::is_control);
        if !is_one_text(&self.app_code) {
            return Err(argument("app-code", NO_CONTROL));
        }
        if !is_one_text(self.app_secret.expose()) {
            return Err(argument("app-secret", NO_CONTROL));
        }
        add("bk_app_code", &self.app_code);
        add("bk_app_secret", self.app_secret.expose());
        let (name, value) = match &self.user {
            None => return Ok(members),
            Some(User::AccessToken(token)) => ("access_token", token.expose()),
            Some(User::LoginToken(token)) => ("bk_token", token.expose()),
            Some(User::Name(name)) => ("bk_username", name.as_str()),
            Some(User::Other(name, value)) => (name.as_str(), value.expose()),
        };
        if name.is_empty() || name.starts_with("bk_app_") {
            return Err(argument("user", "must name a key of its own"));
        }
        if value.trim().is_empty() {
            return Err(argument("user", "must not be blank"));
        }
        if !is_one_text(name) || !is_one_text(value) {
            return Err(argument("user", NO_CONTROL));
        }
        add(name, value);
        Ok(members)
    }
}

/// JSON that can stand in a header: what is not ASCII is escaped.
fn ascii_json(value: &Value) -> String {
    let mut ascii = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::{CALLBACK_FAILED_TICKET, CREATE_TICKET, TOKEN_VERIFY};
    use crate::domain::failure::Advice;
    use serde_json::Map;
    use serde_json::json;

    fn app(user: Option<User>) -> Authorization {
        Authorization::App(AppCredentials {
            app_code: "cli".into(),
            app_secret: Secret::new("s3cret".into()),
            user,
        })
    }

    fn connection(endpoint: Endpoint, authorization: Authorization) -> Connection {
        Connection { endpoint, authorization, headers: vec![], deadline_ms: None }
    }

    fn parameters(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn argument(result: Result<Request, Failure>) -> String {
        match result.err().map(|failure| failure.advice) {
            Some(Advice::FixArgument(name)) => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_of_server_has_its_own_path() {
        for (endpoint, authority, target) in [
            (
                Endpoint::Gateway("https://bkapi.example.com/api/bk-itsm/prod".into()),
                "bkapi.example.com",
                "/api/bk-itsm/prod/v2/itsm/token/verify/",
            ),
            (
                Endpoint::Gateway("https://bk-itsm.example.com/stage/".into()),
                "bk-itsm.example.com",
                "/stage/v2/itsm/token/verify/",
            ),
            (
                Endpoint::Gateway("https://bk-itsm.example.com/v2".into()),
                "bk-itsm.example.com",
                "/v2/v2/itsm/token/verify/",
            ),
            (
                Endpoint::Esb("http://paas.example.com:8080".into()),
                "paas.example.com:8080",
                "/api/c/compapi/v2/itsm/token/verify/",
            ),
            (
                Endpoint::Esb("http://[::1]:80/bk/".into()),
                "[::1]:80",
                "/bk/api/c/compapi/v2/itsm/token/verify/",
            ),
        ] {
            let request =
                connection(endpoint, app(None)).request(&TOKEN_VERIFY, Map::new()).unwrap();
            assert_eq!(request.authority, authority);
            assert_eq!(request.target.expose(), target);
        }
    }

    #[test]
    fn an_action_is_called_as_each_kind_of_server_publishes_it() {
        use crate::domain::action::{APPROVE, COMMENT, GET_WORKFLOW_DETAIL};
        for (action, gateway, esb) in [
            (&CREATE_TICKET, "create_ticket/", "create_ticket/"),
            (&COMMENT, "comment/", "comment_ticket/"),
            (&GET_WORKFLOW_DETAIL, "get_workflow_detail", "get_workflow_detail/"),
            // Sites can add what no ESB publishes.
            (&APPROVE, "approve/", "approve/"),
        ] {
            for (endpoint, expected) in [
                (Endpoint::Gateway("https://x/p".into()), format!("/p/v2/itsm/{gateway}")),
                (Endpoint::Esb("https://x".into()), format!("/api/c/compapi/v2/itsm/{esb}")),
            ] {
                let request =
                    connection(endpoint, Authorization::AddedByHost).request(action, Map::new());
                assert_eq!(request.unwrap().target.expose(), expected);
            }
        }
    }

    #[test]
    fn credentials_travel_in_one_place_only() {
        let send = |endpoint, user, action| {
            connection(endpoint, app(user))
                .request(action, parameters(json!({"a": "1 2"})))
                .unwrap()
        };
        let site = || "https://paas.example.com".to_owned();

        let request =
            send(Endpoint::Esb(site()), Some(User::Name("张\"三".into())), &CREATE_TICKET);
        assert_eq!(
            request.authorization.unwrap().expose(),
            r#"{"bk_app_code":"cli","bk_app_secret":"s3cret","bk_username":"\u5f20\"\u4e09"}"#
        );
        assert_eq!(request.body.unwrap().expose(), r#"{"a":"1 2"}"#);

        let token = || Some(User::LoginToken(Secret::new("t&k".into())));
        let request = send(Endpoint::EsbLegacy(site()), token(), &CREATE_TICKET);
        assert!(request.authorization.is_none());
        assert_eq!(
            request.body.unwrap().expose(),
            r#"{"a":"1 2","bk_app_code":"cli","bk_app_secret":"s3cret","bk_token":"t&k"}"#
        );

        let request = send(Endpoint::EsbLegacy(site()), token(), &CALLBACK_FAILED_TICKET);
        assert!(request.authorization.is_none() && request.body.is_none());
        assert_eq!(
            request.target.expose(),
            "/api/c/compapi/v2/itsm/callback_failed_ticket/?a=1%202&bk_app_code=cli&bk_app_secret=s3cret&bk_token=t%26k"
        );

        let request = connection(Endpoint::Esb(site()), Authorization::AddedByHost)
            .request(&CREATE_TICKET, Map::new())
            .unwrap();
        assert!(request.authorization.is_none());
    }

    #[test]
    fn an_endpoint_that_leads_nowhere_is_refused_before_anything_is_sent() {
        for url in [
            "paas.example.com/prod",
            "ftp://x/prod",
            "https:///prod",
            "https://u:p@x/prod",
            "https://x/prod?a=1",
            "https://x/prod#a",
            "https://x/a b",
            "https://x/prod\r\nX: y",
            "https://x/api/bk-itsm/prod/v2/itsm/",
            "https://x/api/c/compapi",
            "https://x/prod/v2",
            "https://x/api/bk-itsm/prod/v2/",
            "https://x/prod/v2/itsm/create_ticket/",
            "https://x//prod",
            "https://x:99999/prod",
            "https://x:/prod",
            "https://{HOST}/prod",
            "https://[::1/prod",
            "https://x",
        ] {
            let endpoint = Endpoint::Gateway(url.into());
            let result = connection(endpoint, app(None)).request(&CREATE_TICKET, Map::new());
            assert_eq!(argument(result), "connection.endpoint", "{url}");
        }
    }

    #[test]
    fn credentials_that_can_not_work_are_refused_by_name() {
        let esb = || Endpoint::Esb("https://x".into());
        let with = |authorization, endpoint| {
            argument(connection(endpoint, authorization).request(&CREATE_TICKET, Map::new()))
        };
        assert_eq!(
            with(Authorization::AddedByHost, Endpoint::EsbLegacy("https://x".into())),
            "connection.authorization"
        );
        assert_eq!(with(app(Some(User::Name(" ".into()))), esb()), "connection.authorization.user");
        let other = User::Other("bk_app_secret".into(), Secret::new("x".into()));
        assert_eq!(with(app(Some(other)), esb()), "connection.authorization.user");
        let blank = Authorization::App(AppCredentials {
            app_code: "cli".into(),
            app_secret: Secret::new(String::new()),
            user: None,
        });
        assert_eq!(with(blank, esb()), "connection.authorization.app-secret");
        for secret in ["a\nb", "a\u{7f}", "\u{85}a"] {
            let control = Authorization::App(AppCredentials {
                app_code: "cli".into(),
                app_secret: Secret::new(secret.into()),
                user: None,
            });
            assert_eq!(with(control, esb()), "connection.authorization.app-secret");
        }
        let user = User::AccessToken(Secret::new("t\r".into()));
        assert_eq!(with(app(Some(user)), esb()), "connection.authorization.user");
    }

    #[test]
    fn headers_that_could_smuggle_or_collide_are_refused_by_their_place() {
        for (name, value) in [
            ("Host", "x"),
            ("content-Length", "0"),
            ("X-Bkapi-Authorization", "{}"),
            ("Proxy-Authorization", "x"),
            ("Accept", "x"),
            ("", "x"),
            ("a b", "x"),
            ("X-A", "a\r\nb"),
            ("X-A", "租户"),
            ("X-A", " a"),
            ("X-A", "a "),
            ("accept-encoding", "gzip"),
            ("x-bk-tenant-id", "again"),
        ] {
            let mut connection = connection(Endpoint::Esb("https://x".into()), app(None));
            connection.headers =
                vec![("X-Bk-Tenant-Id".into(), "system".into()), (name.into(), value.into())];
            let result = connection.request(&CREATE_TICKET, Map::new());
            assert_eq!(argument(result), "connection.headers[1]", "{name}: {value}");
        }
    }

    #[test]
    fn the_deadline_has_a_default_and_limits() {
        for (given, taken) in [
            (None, Ok(30_000)),
            (Some(1), Ok(1)),
            (Some(600_000), Ok(600_000)),
            (Some(0), Err(())),
            (Some(600_001), Err(())),
        ] {
            let mut connection = connection(Endpoint::Esb("https://x".into()), app(None));
            connection.deadline_ms = given;
            assert_eq!(connection.deadline_ms().map_err(|_| ()), taken);
        }
    }
}
