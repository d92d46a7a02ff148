//! What the environment has to say, or a sentence that says what is wrong with it.

use wasi_http::Address;

/// Where ITSM's actions live.
#[derive(Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `ITSM_GATEWAY`
    Gateway(String),
    /// `ITSM_ESB`
    Esb(String),
    /// `ITSM_ESB_LEGACY`
    EsbLegacy(String),
}

/// What identifies the app. It has no `Debug`: it holds secrets.
pub struct App {
    /// `ITSM_APP_CODE`
    pub code: String,
    /// `ITSM_APP_SECRET`
    pub secret: String,
    /// `ITSM_ACCESS_TOKEN`, which proves a user.
    pub access_token: Option<String>,
}

/// All of it. It has no `Debug`: it holds secrets.
pub struct Settings {
    /// Where to ask.
    pub endpoint: Endpoint,
    /// With which credentials; `None` where the host adds them.
    pub app: Option<App>,
    /// `ITSM_TENANT_ID`, on sites with tenants.
    pub tenant_id: Option<String>,
    /// `ITSM_CALLBACK_URL`: this endpoint's address as it was given to ITSM.
    pub callback_url: String,
    /// The path at which callbacks come.
    pub callback_path: String,
    /// `ITSM_BINDING_KEYS`, with commas between them: all that may still be in use.
    pub binding_keys: Vec<String>,
}

/// Every setting that a host or program of this project reads. Another name that begins with `ITSM_` is taken
/// for a slip.
const NAMES: [&str; 22] = [
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
    /// Reads the settings from an environment.
    pub fn read(environment: Vec<(String, String)>) -> Result<Self, String> {
        check_names(&environment)?;
        let get = |name: &str| {
            let mut given = environment.iter().filter(|(key, _)| key == name);
            given.find_map(|(_, value)| not_blank(value))
        };
        let need = |name: &str| get(name).ok_or_else(|| format!("{name} is not set"));
        let endpoint = match (get("ITSM_GATEWAY"), get("ITSM_ESB"), get("ITSM_ESB_LEGACY")) {
            (Some(url), None, None) => Endpoint::Gateway(url),
            (None, Some(url), None) => Endpoint::Esb(url),
            (None, None, Some(url)) => Endpoint::EsbLegacy(url),
            (None, None, None) => {
                return Err(
                    "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is"
                        .to_owned(),
                );
            }
            _ => {
                return Err(
                    "only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set".to_owned()
                );
            }
        };
        let access_token = get("ITSM_ACCESS_TOKEN");
        let app = match (get("ITSM_APP_CODE"), get("ITSM_APP_SECRET")) {
            (Some(code), Some(secret)) => Some(App { code, secret, access_token }),
            (None, None) if access_token.is_none() => None,
            (None, None) => {
                return Err("ITSM_ACCESS_TOKEN is set without ITSM_APP_CODE".to_owned());
            }
            (None, Some(_)) => return Err("ITSM_APP_CODE is not set".to_owned()),
            (Some(_), None) => return Err("ITSM_APP_SECRET is not set".to_owned()),
        };
        let callback_url = need("ITSM_CALLBACK_URL")?;
        let keys = get("ITSM_BINDING_KEYS").unwrap_or_default();
        let binding_keys: Vec<_> = keys.split(',').filter_map(not_blank).collect();
        if binding_keys.is_empty() {
            return Err(
                "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound"
                    .to_owned(),
            );
        }
        let address =
            Address::parse(&callback_url).map_err(|why| format!("ITSM_CALLBACK_URL {why}"))?;
        Ok(Self {
            endpoint,
            app,
            tenant_id: get("ITSM_TENANT_ID"),
            callback_path: path(address.path).to_owned(),
            callback_url,
            binding_keys,
        })
    }
}

/// A setting without the blanks around it. One that is empty is none.
fn not_blank(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Refuses a name that begins as a setting's and is none: most often it is one letter away from one.
fn check_names(environment: &[(String, String)]) -> Result<(), String> {
    let is_slip = |name: &&str| name.starts_with("ITSM_") && !NAMES.contains(name);
    let mut names = environment.iter().map(|(name, _)| name.as_str());
    let Some(name) = names.find(is_slip) else { return Ok(()) };
    let near = NAMES.iter().min_by_key(|known| strsim::levenshtein(name, known));
    Err(format!("{name} is no setting. Is {} meant?", near.unwrap_or(&"")))
}

/// A request's path without its query.
pub fn path(target: &str) -> &str {
    match target.split(['?', '#']).next() {
        None | Some("") => "/",
        Some(path) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The one table of settings.
    fn table() -> Value {
        serde_json::from_str(include_str!("../../tests/settings.json")).unwrap()
    }

    /// What comes of the table's base with these on top.
    fn read(given: &Value) -> Result<Settings, String> {
        let mut environment = table()["base"].as_object().unwrap().clone();
        environment.extend(given.as_object().unwrap().clone());
        let pair = |(name, value): (String, Value)| (name, value.as_str().unwrap().to_owned());
        Settings::read(environment.into_iter().map(pair).collect())
    }

    /// Settings as the table writes them.
    fn written(settings: &Settings) -> Value {
        let endpoint = match &settings.endpoint {
            Endpoint::Gateway(url) => json!({"gateway": url}),
            Endpoint::Esb(url) => json!({"esb": url}),
            Endpoint::EsbLegacy(url) => json!({"esb-legacy": url}),
        };
        let app = settings.app.as_ref();
        json!({
            "endpoint": endpoint,
            "app-code": app.map(|it| &it.code),
            "app-secret": app.map(|it| &it.secret),
            "access-token": app.and_then(|it| it.access_token.as_ref()),
            "tenant-id": settings.tenant_id,
            "callback-url": settings.callback_url,
            "binding-keys": settings.binding_keys,
        })
    }

    #[test]
    fn each_case_of_the_table_gives_what_it_says() {
        let table = table();
        assert_eq!(json!(NAMES), table["names"]);
        for case in table["read"].as_array().unwrap() {
            let mut expected = table["settings"].clone();
            for (name, value) in case["settings"].as_object().unwrap() {
                expected[name] = value.clone();
            }
            assert_eq!(written(&read(&case["given"]).ok().unwrap()), expected, "{case}");
        }
        for case in table["wrong"].as_array().unwrap() {
            assert_eq!(read(&case["given"]).err().as_deref(), case["why"].as_str(), "{case}");
        }
    }

    #[test]
    fn callbacks_come_at_the_path_of_their_address() {
        for (url, path) in [
            ("https://gate.example.com/itsm/callback", "/itsm/callback"),
            ("https://gate.example.com/itsm/?a=/b", "/itsm/"),
            ("http://gate.example.com", "/"),
            ("http://gate.example.com?a=/b", "/"),
        ] {
            let settings = read(&json!({"ITSM_CALLBACK_URL": url})).unwrap();
            assert_eq!(settings.callback_path, path, "{url}");
        }
    }

    /// Where the receiver differs from a host: it can't do without callbacks, and it can do without credentials.
    #[test]
    fn without_code_and_secret_the_host_adds_the_credentials_and_callbacks_are_never_left_out() {
        let without = json!({"ITSM_APP_CODE": "", "ITSM_APP_SECRET": ""});
        assert!(read(&without).unwrap().app.is_none());
        let token_alone =
            json!({"ITSM_APP_CODE": "", "ITSM_APP_SECRET": "", "ITSM_ACCESS_TOKEN": "canary"});
        for (given, why) in [
            (&token_alone, "ITSM_ACCESS_TOKEN is set without ITSM_APP_CODE"),
            (&table()["without-callback"]["given"], "ITSM_CALLBACK_URL is not set"),
            (
                &json!({"ITSM_CALLBACK_URL": "canary/itsm"}),
                "ITSM_CALLBACK_URL must begin with https:// or http://",
            ),
            (
                &json!({"ITSM_CALLBACK_URL": "http://gate/itsm#canary"}),
                "ITSM_CALLBACK_URL must not have a fragment, which is never sent",
            ),
        ] {
            assert_eq!(read(given).err().as_deref(), Some(why), "{given}");
        }
    }
}
