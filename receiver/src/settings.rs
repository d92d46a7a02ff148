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

impl Settings {
    /// Reads the settings from an environment.
    pub fn read(environment: Vec<(String, String)>) -> Result<Self, String> {
        let get = |name: &str| {
            let mut given = environment.iter();
            let found = given.find(|(key, value)| key == name && !value.trim().is_empty());
            found.map(|(_, value)| value.trim().to_owned())
        };
        let need = |name: &str| get(name).ok_or_else(|| format!("{name} is not set"));
        let endpoint = match (get("ITSM_GATEWAY"), get("ITSM_ESB"), get("ITSM_ESB_LEGACY")) {
            (Some(url), None, None) => Endpoint::Gateway(url),
            (None, Some(url), None) => Endpoint::Esb(url),
            (None, None, Some(url)) => Endpoint::EsbLegacy(url),
            _ => return Err("set one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY".to_owned()),
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
        let keys = need("ITSM_BINDING_KEYS")?;
        let callback_url = need("ITSM_CALLBACK_URL")?;
        let address =
            Address::parse(&callback_url).map_err(|why| format!("ITSM_CALLBACK_URL {why}"))?;
        Ok(Self {
            endpoint,
            app,
            tenant_id: get("ITSM_TENANT_ID"),
            callback_path: path(address.path).to_owned(),
            callback_url,
            binding_keys: keys.split(',').map(|key| key.trim().to_owned()).collect(),
        })
    }
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

    fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
        let mut environment: Vec<_> = [
            ("ITSM_GATEWAY", "https://gateway.example.com/prod"),
            ("ITSM_APP_CODE", "gate"),
            ("ITSM_APP_SECRET", "s3cret"),
            ("ITSM_CALLBACK_URL", "https://gate.example.com/itsm"),
            ("ITSM_BINDING_KEYS", "a, b"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in changes {
            environment.retain(|(key, _)| key != name);
            environment.push((name.to_string(), value.to_string()));
        }
        Settings::read(environment)
    }

    #[test]
    fn the_environment_says_where_with_what_and_by_which_keys() {
        let settings = read(&[("ITSM_TENANT_ID", "t")]).unwrap();
        let gateway = "https://gateway.example.com/prod".to_owned();
        assert_eq!(settings.endpoint, Endpoint::Gateway(gateway));
        assert_eq!(settings.app.unwrap().secret, "s3cret");
        assert_eq!(settings.tenant_id.as_deref(), Some("t"));
        assert_eq!(settings.callback_url, "https://gate.example.com/itsm");
        assert_eq!(settings.binding_keys, ["a", "b"]);
    }

    #[test]
    fn callbacks_come_at_the_path_of_their_address() {
        for (url, path) in [
            ("https://gate.example.com/itsm/callback", "/itsm/callback"),
            ("https://gate.example.com/itsm/?a=/b", "/itsm/"),
            ("http://gate.example.com", "/"),
            ("http://gate.example.com?a=/b", "/"),
        ] {
            let settings = read(&[("ITSM_CALLBACK_URL", url)]).unwrap();
            assert_eq!(settings.callback_path, path, "{url}");
        }
    }

    #[test]
    fn without_code_and_secret_the_host_adds_the_credentials() {
        let settings = read(&[("ITSM_APP_CODE", ""), ("ITSM_APP_SECRET", "")]).unwrap();
        assert!(settings.app.is_none());
    }

    #[test]
    fn what_is_missing_or_contradicts_is_named_without_its_value() {
        let one = "set one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY";
        for (changes, sentence) in [
            (&[("ITSM_GATEWAY", "")][..], one),
            (&[("ITSM_ESB", "https://paas.example.com")], one),
            (&[("ITSM_APP_SECRET", " ")], "ITSM_APP_SECRET is not set"),
            (&[("ITSM_APP_CODE", "")], "ITSM_APP_CODE is not set"),
            (
                &[("ITSM_APP_CODE", ""), ("ITSM_APP_SECRET", ""), ("ITSM_ACCESS_TOKEN", "t0ken")],
                "ITSM_ACCESS_TOKEN is set without ITSM_APP_CODE",
            ),
            (&[("ITSM_CALLBACK_URL", "")], "ITSM_CALLBACK_URL is not set"),
            (
                &[("ITSM_CALLBACK_URL", "gate/itsm")],
                "ITSM_CALLBACK_URL must begin with https:// or http://",
            ),
            (
                &[("ITSM_CALLBACK_URL", "http://gate/itsm#a")],
                "ITSM_CALLBACK_URL must not have a fragment, which is never sent",
            ),
            (&[("ITSM_BINDING_KEYS", "")], "ITSM_BINDING_KEYS is not set"),
        ] {
            assert_eq!(read(changes).err().as_deref(), Some(sentence));
        }
    }
}
