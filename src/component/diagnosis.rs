//! The interface `diagnosis`.

use super::generated::exports::blueking::itsm::diagnosis as wit;
use super::network::Network;
use super::types::all;
use super::{Component, client};
use crate::calls::{CallbackUrlError, Finding, check_callback_url};
use crate::domain::advice::{self, Language};

impl wit::Guest for Component {
    fn describe_failure(failure: wit::Failure, language: wit::Language) -> String {
        advice::describe(&failure.into(), language.into())
    }

    fn diagnose(connection: wit::Connection) -> Result<Vec<wit::Finding>, wit::Failure> {
        Ok(all(client(connection).diagnose()?))
    }

    fn check_callback_url(target: wit::CallbackTarget) -> Result<(), wit::CallbackUrlError> {
        Ok(check_callback_url(&mut Network, &target.into())?)
    }
}

impl From<wit::Language> for Language {
    fn from(language: wit::Language) -> Self {
        match language {
            wit::Language::English => Self::English,
            wit::Language::Chinese => Self::Chinese,
        }
    }
}

impl From<Finding> for wit::Finding {
    fn from(finding: Finding) -> Self {
        Self {
            action: finding.action.to_owned(),
            failure: finding.failure.map(Into::into),
            words: finding.words,
        }
    }
}

impl From<CallbackUrlError> for wit::CallbackUrlError {
    fn from(unfit: CallbackUrlError) -> Self {
        match unfit {
            CallbackUrlError::Unreachable(failure) => Self::Unreachable(failure.into()),
            CallbackUrlError::Redirect(status) => Self::Redirect(status),
            CallbackUrlError::Status(status) => Self::Status(status),
            CallbackUrlError::NotJson => Self::NotJson,
            CallbackUrlError::NoZeroCode => Self::NoZeroCode,
            CallbackUrlError::Refused(message) => Self::Refused(message),
            CallbackUrlError::Other(words) => Self::Other(words),
        }
    }
}
