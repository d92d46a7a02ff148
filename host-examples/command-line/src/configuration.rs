//! Where the settings come from: flags, the environment, a file. What comes first wins.

use crate::packed;
use crate::words;
use anyhow::{Context, Result, bail};
use clap::Args;
use rust_host::{Itsm, Language, Settings, check_names};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The file that is read where it is, unless another one is named.
const FILE: &str = "itsm.toml";

/// What every command takes. No secret is among it: other users of a machine see a command line.
#[derive(Args)]
#[command(next_help_heading = "Settings")]
pub struct Flags {
    /// An API gateway with its stage, such as `https://bkapi.example.com/api/bk-itsm/prod`.
    #[arg(long, global = true, value_name = "URL", conflicts_with_all = ["esb", "esb_legacy"])]
    gateway: Option<String>,
    /// A BlueKing site whose ESB is asked, such as `https://paas.example.com`.
    #[arg(long, global = true, value_name = "URL", conflicts_with = "esb_legacy")]
    esb: Option<String>,
    /// The same for the oldest ESB, which reads credentials from the body alone.
    #[arg(long, global = true, value_name = "URL")]
    esb_legacy: Option<String>,
    /// The app's code.
    #[arg(long, global = true, value_name = "CODE")]
    app_code: Option<String>,
    /// The tenant, on sites that have several.
    #[arg(long, global = true, value_name = "ID")]
    tenant_id: Option<String>,
    /// In whose name to act: the creator of a ticket, the operator of an action.
    #[arg(long, short = 'u', global = true, value_name = "USER")]
    operator: Option<String>,
    /// The file with settings. Without it, itsm.toml in this folder, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How long a call may take, such as 30s.
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    deadline: Duration,
    /// JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where a setting can come from.
type Source<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The settings of one run.
pub struct Configuration {
    pub settings: Settings,
    pub listen: Option<String>,
    operator: Option<String>,
    deadline: Duration,
    pub language: Language,
}

impl Flags {
    /// The settings, from wherever they come.
    pub fn configuration(&self) -> Result<Configuration> {
        check_names(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let file = self.file()?;
        let flags = [
            ("ITSM_GATEWAY", &self.gateway),
            ("ITSM_ESB", &self.esb),
            ("ITSM_ESB_LEGACY", &self.esb_legacy),
            ("ITSM_APP_CODE", &self.app_code),
            ("ITSM_TENANT_ID", &self.tenant_id),
            ("ITSM_OPERATOR", &self.operator),
        ];
        let endpoints = ["ITSM_GATEWAY", "ITSM_ESB", "ITSM_ESB_LEGACY"];
        let flag = |name: &str| {
            flags.iter().find(|(known, _)| *known == name).and_then(|(_, value)| (*value).clone())
        };
        let environment = |name: &str| std::env::var(name).ok();
        let from_file = |name: &str| file.get(name).cloned();
        let sources: [Source; 3] = [&flag, &environment, &from_file];
        // A server that a flag names is the only one, whatever else the environment names.
        let names_server = |source: &&Source| endpoints.iter().any(|name| source(name).is_some());
        let server = sources.iter().find(names_server);
        let given = |name: &str| {
            if endpoints.contains(&name) {
                server.and_then(|source| source(name))
            } else {
                sources.iter().find_map(|source| source(name))
            }
        };
        Ok(Configuration {
            settings: Settings::from(given)?,
            listen: given("ITSM_LISTEN"),
            operator: given("ITSM_OPERATOR"),
            deadline: self.deadline,
            language: words::language(given),
        })
    }

    fn file(&self) -> Result<BTreeMap<String, String>> {
        let here = Path::new(FILE);
        let named =
            self.config.clone().or_else(|| std::env::var_os("ITSM_CONFIG").map(PathBuf::from));
        let file = match &named {
            Some(file) => file.as_path(),
            None if here.is_file() => here,
            None => return Ok(BTreeMap::new()),
        };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} can't be read", file.display()))?;
        settings_in(&text).with_context(|| file.display().to_string())
    }
}

/// The settings in a file, by their names in the environment: `app-code` is ITSM_APP_CODE.
fn settings_in(text: &str) -> Result<BTreeMap<String, String>> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        // Its own message shows the line, which can hold a secret.
        Err(error) => {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            bail!("line {}: {}", before.matches('\n').count() + 1, error.message());
        }
    };
    let mut settings = BTreeMap::new();
    for (key, value) in table {
        let name = format!("ITSM_{}", key.replace('-', "_").to_ascii_uppercase());
        check_names(std::iter::once(name.clone())).with_context(|| key.clone())?;
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Array(texts) => {
                let texts: Option<Vec<_>> = texts.iter().map(toml::Value::as_str).collect();
                texts.with_context(|| format!("{key} wants texts"))?.join(",")
            }
            other => bail!("{key} wants a text, not a {}", other.type_str()),
        };
        settings.insert(name, value);
    }
    Ok(settings)
}

impl Configuration {
    /// The host with these settings. `log` takes the lines of its endpoint.
    pub fn itsm(&self, log: Arc<dyn Fn(String) + Send + Sync>) -> Result<Itsm> {
        let component = packed::component()?;
        let itsm = Itsm::with_component(&component, self.settings.clone(), log)?;
        Ok(itsm.within(self.deadline).speaking(self.language))
    }

    /// In whose name to act.
    pub fn operator(&self) -> Result<&str> {
        self.operator.as_deref().with_context(|| {
            say!(
                self.language,
                "in whose name? Give --operator USER, or set ITSM_OPERATOR",
                "以谁的名义操作？请给出 --operator USER，或设置 ITSM_OPERATOR"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::settings_in;

    #[test]
    fn a_file_says_what_the_environment_says_and_an_error_names_the_line_but_not_the_secret() {
        let settings = settings_in("gateway = \"https://a/prod\"\nbinding-keys = [\"k1\", \"k2\"]");
        let settings = settings.unwrap();
        assert_eq!(settings["ITSM_GATEWAY"], "https://a/prod");
        assert_eq!(settings["ITSM_BINDING_KEYS"], "k1,k2");
        for (text, says) in [
            ("gatewy = \"x\"", "Is ITSM_GATEWAY meant?"),
            ("listen = \"a\"\napp-secret = canary\n", "line 2"),
            ("listen = 8080", "listen wants a text, not a integer"),
        ] {
            let error = format!("{:#}", settings_in(text).unwrap_err());
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
    }
}
