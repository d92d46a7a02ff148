//! What this host needs to know.

use anyhow::{Context, Result};

/// What this host needs to know.
#[derive(Clone)]
pub struct Settings {
    /// ITSM's API gateway, with its stage.
    pub gateway: String,
    /// The app's code.
    pub app_code: String,
    /// The app's secret. It never enters the component.
    pub app_secret: String,
    /// Where ITSM calls back: the address of [`crate::callback_endpoint`], as ITSM reaches it.
    pub callback_url: String,
    /// The keys that tie callbacks to operations: the first is used for new ones, and all may still be in use.
    /// A key is `itsm-key.ID.` and what `openssl rand -hex 32` prints.
    pub binding_keys: Vec<String>,
}

impl Settings {
    /// From ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, ITSM_CALLBACK_URL and ITSM_BINDING_KEYS, which has
    /// commas between the keys.
    pub fn from_env() -> Result<Self> {
        Ok(Self {
            gateway: env("ITSM_GATEWAY")?,
            app_code: env("ITSM_APP_CODE")?,
            app_secret: env("ITSM_APP_SECRET")?,
            callback_url: env("ITSM_CALLBACK_URL")?,
            binding_keys: env("ITSM_BINDING_KEYS")?
                .split(',')
                .map(|key| key.trim().to_owned())
                .collect(),
        })
    }
}

/// A setting in the environment.
pub fn env(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
