//! The interface `diagnosis`.

use super::generated::exports::blueking::itsm::diagnosis as wit;
use super::network::Network;
use super::types::all;
use super::{Component, client};
use crate::calls::{Finding, Unfit, check_callback_url};
use crate::domain::advice::{self, Language};

impl wit::Guest for Component {
    fn describe_failure(failure: wit::Failure, language: wit::Language) -> String {
        advice::describe(&failure.into(), language.into())
    }

    fn diagnose(connection: wit::Connection) -> Result<Vec<wit::Finding>, wit::Failure> {
        Ok(all(client(connection).diagnose()?))
    }

    fn check_callback_url(target: wit::CallbackTarget) -> Result<(), wit::Unfit> {
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

impl From<Unfit> for wit::Unfit {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Unreachable(failure) => Self::Unreachable(failure.into()),
            Unfit::Redirect(status) => Self::Redirect(status),
            Unfit::Status(status) => Self::Status(status),
            Unfit::NotJson => Self::NotJson,
            Unfit::NoZeroCode => Self::NoZeroCode,
            Unfit::Refused(message) => Self::Refused(message),
            Unfit::Other(words) => Self::Other(words),
        }
    }
}
