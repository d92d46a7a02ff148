//! What this host needs to know.

use crate::{AppCredentials, Authorization, Connection, Endpoint, User};
use anyhow::{Context, Result, bail};
use http::Uri;
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
    /// which has commas between the keys.
    pub fn from_env() -> Result<Self> {
        let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        check_names(given)?;
        Self::from(|name| std::env::var(name).ok())
    }

    /// From any source of settings, by their names in the environment.
    pub fn from(given: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let given = |name: &str| given(name).filter(|value| !value.trim().is_empty());
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
        let callback = match (given("ITSM_CALLBACK_URL"), given("ITSM_BINDING_KEYS")) {
            (Some(url), Some(keys)) => Some(Callback { url, keys: split(&keys) }),
            (Some(_), None) => bail!(
                "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound"
            ),
            (None, _) => None,
        };
        Ok(Self {
            endpoint,
            app_code: wanted("ITSM_APP_CODE")?,
            app_secret: wanted("ITSM_APP_SECRET")?,
            access_token: given("ITSM_ACCESS_TOKEN"),
            tenant_id: given("ITSM_TENANT_ID"),
            callback,
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

fn split(keys: &str) -> Vec<String> {
    keys.split(',').map(|key| key.trim().to_owned()).collect()
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
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
