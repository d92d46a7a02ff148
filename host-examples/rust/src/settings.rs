//! What this host needs to know.

use crate::{AppCredentials, Authorization, Connection, Endpoint, User};
use anyhow::{Context, Result, bail};
use http::Uri;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What this host needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Where ITSM is.
    pub endpoint: Endpoint,
    /// The app's code.
    pub app_code: String,
    /// The app's secret. Only the oldest ESB wants it from the component; elsewhere it never enters it.
    pub app_secret: String,
    /// An access token of the user for whom the app calls. It proves the user.
    pub access_token: Option<String>,
    /// The tenant, on sites that have several.
    pub tenant_id: Option<String>,
    /// Where ITSM calls back, and how its callbacks are bound. Without it no ticket is called back for.
    pub callback: Option<Callback>,
    /// How requests leave.
    pub network: Network,
}

/// Where ITSM calls back, and how its callbacks are bound.
#[derive(Clone)]
pub struct Callback {
    /// The address of [`crate::callback_endpoint`], as ITSM reaches it.
    pub url: String,
    /// The keys that tie callbacks to operations: the first is used for new ones, and all may still be in use.
    /// A key is `itsm-key.ID.` and what `openssl rand -hex 32` prints.
    pub keys: Vec<String>,
}

/// How requests leave. The names in the environment are those that other tools read too.
#[derive(Clone, Default)]
pub struct Network {
    /// `HTTPS_PROXY`: the proxy to servers with TLS, such as `http://proxy:3128`, with a user and a password if it
    /// wants them.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`: the proxy to servers without TLS.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`: hosts, domains and networks that are reached without a proxy, with commas between them. This
    /// machine itself always is.
    pub no_proxy: Option<String>,
    /// `SSL_CERT_FILE`: a PEM file with the certificates of CAs that are trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
}

/// Every setting that a host or program of this project reads. Another name that begins with `ITSM_` is taken
/// for a slip.
pub const NAMES: [&str; 22] = [
    "ITSM_ACCESS_TOKEN",
    "ITSM_APP_CODE",
    "ITSM_APP_SECRET",
    "ITSM_BINDING_KEYS",
    "ITSM_CALLBACK_URL",
    "ITSM_CONFIG",
    "ITSM_DATABASE",
    "ITSM_DECIDE_WITHIN_S",
    "ITSM_ESB",
    "ITSM_ESB_LEGACY",
    "ITSM_FORWARD_TOKEN",
    "ITSM_FORWARD_URL",
    "ITSM_GATEWAY",
    "ITSM_LANGUAGE",
    "ITSM_LISTEN",
    "ITSM_OPERATOR",
    "ITSM_ORDERS",
    "ITSM_RECORD",
    "ITSM_TENANT_ID",
    "ITSM_TITLE",
    "ITSM_WASM",
    "ITSM_WASM_DIR",
];

impl Settings {
    /// From the environment: ITSM_GATEWAY, ITSM_ESB or ITSM_ESB_LEGACY; ITSM_APP_CODE and ITSM_APP_SECRET; where
    /// they are needed ITSM_ACCESS_TOKEN and ITSM_TENANT_ID; for callbacks ITSM_CALLBACK_URL and ITSM_BINDING_KEYS,
    /// which has commas between the keys; and how requests leave, as [`Network`] says.
    pub fn from_env() -> Result<Self> {
        let given = std::env::vars_os();
        Self::read(&given.filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect())
    }

    fn read(given: &BTreeMap<String, String>) -> Result<Self> {
        check_names(given.keys().cloned())?;
        Self::from(|name| given.get(name).cloned())
    }

    /// From any source of settings, by their names in the environment.
    pub fn from(given: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let given = |name: &str| given(name).and_then(not_blank);
        let wanted = |name: &str| given(name).with_context(|| format!("{name} is not set"));
        let endpoints: Vec<_> = [
            given("ITSM_GATEWAY").map(Endpoint::Gateway),
            given("ITSM_ESB").map(Endpoint::Esb),
            given("ITSM_ESB_LEGACY").map(Endpoint::EsbLegacy),
        ]
        .into_iter()
        .flatten()
        .collect();
        let endpoint = match <[Endpoint; 1]>::try_from(endpoints) {
            Ok([endpoint]) => endpoint,
            Err(none) if none.is_empty() => {
                bail!(
                    "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is"
                )
            }
            Err(_) => bail!("only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set"),
        };
        let keys = given("ITSM_BINDING_KEYS").unwrap_or_default();
        let keys: Vec<_> = keys.split(',').filter_map(|key| not_blank(key.to_owned())).collect();
        let callback = match given("ITSM_CALLBACK_URL") {
            Some(_) if keys.is_empty() => bail!(
                "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound"
            ),
            url => url.map(|url| Callback { url, keys }),
        };
        // Some tools know the one case only, some the other.
        let in_either_case = |name: &str| given(name).or_else(|| given(&name.to_lowercase()));
        Ok(Self {
            endpoint,
            app_code: wanted("ITSM_APP_CODE")?,
            app_secret: wanted("ITSM_APP_SECRET")?,
            access_token: given("ITSM_ACCESS_TOKEN"),
            tenant_id: given("ITSM_TENANT_ID"),
            callback,
            network: Network {
                https_proxy: in_either_case("HTTPS_PROXY"),
                http_proxy: in_either_case("HTTP_PROXY"),
                no_proxy: in_either_case("NO_PROXY"),
                ca_file: given("SSL_CERT_FILE").map(PathBuf::from),
            },
        })
    }

    /// Where callbacks come, for what can't do without.
    pub fn callback(&self) -> Result<&Callback> {
        self.callback.as_ref().context("ITSM_CALLBACK_URL is not set")
    }

    /// The server, as `host:port`, and whether it is reached by TLS.
    pub(crate) fn authority(&self) -> Result<String> {
        let (Endpoint::Gateway(url) | Endpoint::Esb(url) | Endpoint::EsbLegacy(url)) =
            &self.endpoint;
        let url: Uri = url.parse().context("ITSM's address")?;
        Ok(url.authority().context("the host in ITSM's address")?.to_string())
    }

    /// What is secret in it.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &String> {
        [Some(&self.app_secret), self.access_token.as_ref()].into_iter().flatten()
    }

    /// What stands in `X-Bkapi-Authorization`.
    pub(crate) fn authorization(&self) -> String {
        let mut credentials = serde_json::json!({
            "bk_app_code": self.app_code,
            "bk_app_secret": self.app_secret,
        });
        if let (Some(token), Some(members)) = (&self.access_token, credentials.as_object_mut()) {
            members.insert("access_token".to_owned(), token.as_str().into());
        }
        credentials.to_string()
    }

    pub(crate) fn connection(&self, deadline: Duration) -> Connection {
        // The oldest ESB reads credentials from the body alone, which the component writes.
        let authorization = match &self.endpoint {
            Endpoint::EsbLegacy(_) => Authorization::App(AppCredentials {
                app_code: self.app_code.clone(),
                app_secret: self.app_secret.clone(),
                user: self.access_token.clone().map(User::AccessToken),
            }),
            _ => Authorization::AddedByHost,
        };
        let tenant = self.tenant_id.iter().map(|it| ("X-Bk-Tenant-Id".to_owned(), it.clone()));
        Connection {
            endpoint: self.endpoint.clone(),
            authorization,
            headers: tenant.collect(),
            deadline_ms: Some(deadline.as_millis().try_into().unwrap_or(u32::MAX)),
        }
    }
}

fn text(given: std::ffi::OsString) -> Option<String> {
    given.into_string().ok()
}

/// A setting without the blanks around it. One that is empty is none.
fn not_blank(value: String) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Refuses a name that begins as a setting's and is none: most often it is one letter away from one.
pub fn check_names(mut given: impl Iterator<Item = String>) -> Result<()> {
    let is_slip = |name: &String| name.starts_with("ITSM_") && !NAMES.contains(&name.as_str());
    let Some(name) = given.find(is_slip) else { return Ok(()) };
    let near = NAMES.iter().min_by_key(|known| strsim::levenshtein(&name, known)).copied();
    bail!("{name} is no setting. Is {} meant?", near.unwrap_or_default())
}

/// A setting in the environment.
pub fn env(name: &str) -> Result<String> {
    std::env::var(name).ok().and_then(not_blank).with_context(|| format!("{name} is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The one table of settings.
    fn table() -> Value {
        serde_json::from_str(include_str!("../../../tests/settings.json")).unwrap()
    }

    /// What comes of the table's base with a case on top.
    fn read(case: &Value) -> Result<Settings> {
        let mut given: BTreeMap<String, String> =
            serde_json::from_value(table()["base"].clone()).unwrap();
        given.extend(serde_json::from_value::<BTreeMap<_, _>>(case["given"].clone()).unwrap());
        Settings::read(&given)
    }

    /// Settings as the table writes them.
    fn written(settings: &Settings) -> Value {
        let endpoint = match &settings.endpoint {
            Endpoint::Gateway(url) => json!({"gateway": url}),
            Endpoint::Esb(url) => json!({"esb": url}),
            Endpoint::EsbLegacy(url) => json!({"esb-legacy": url}),
        };
        let callback = settings.callback.as_ref();
        json!({
            "endpoint": endpoint,
            "app-code": settings.app_code,
            "app-secret": settings.app_secret,
            "access-token": settings.access_token,
            "tenant-id": settings.tenant_id,
            "callback-url": callback.map(|it| &it.url),
            "binding-keys": callback.map_or(&[][..], |it| &it.keys),
        })
    }

    #[test]
    fn each_case_of_the_table_gives_what_it_says() {
        let table = table();
        assert_eq!(json!(NAMES), table["names"]);
        let cases = table["read"].as_array().unwrap().iter();
        for case in cases.chain([&table["without-callback"]]) {
            let mut expected = table["settings"].clone();
            for (name, value) in case["settings"].as_object().unwrap() {
                expected[name] = value.clone();
            }
            assert_eq!(written(&read(case).unwrap()), expected, "{case}");
        }
        for case in table["wrong"].as_array().unwrap() {
            let why = read(case).err().map(|error| error.to_string());
            assert_eq!(why.as_deref(), case["why"].as_str(), "{case}");
        }
    }

    #[test]
    fn proxies_have_the_names_of_all_tools_in_either_case() {
        let network = |given: Value| read(&json!({"given": given})).unwrap().network;
        let upper = json!({
            "HTTPS_PROXY": " http://a:1 ", "HTTP_PROXY": "http://b:2", "NO_PROXY": "c", "SSL_CERT_FILE": "ca.pem",
            "https_proxy": "http://d:3",
        });
        let lower =
            json!({"https_proxy": "http://a:1", "http_proxy": "http://b:2", "no_proxy": "c"});
        for (given, ca_file) in [(upper, Some("ca.pem")), (lower, None)] {
            let Network { https_proxy, http_proxy, no_proxy, ca_file: file } = network(given);
            let proxies = [https_proxy, http_proxy, no_proxy];
            assert_eq!(proxies, ["http://a:1", "http://b:2", "c"].map(|it| Some(it.to_owned())));
            assert_eq!(file, ca_file.map(PathBuf::from));
        }
        let none = network(json!({"HTTPS_PROXY": " ", "SSL_CERT_FILE": ""}));
        assert!(none.https_proxy.is_none() && none.ca_file.is_none());
    }
}
