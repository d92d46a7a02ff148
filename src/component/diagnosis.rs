use super::Component;
use super::bindings::exports::blueking::itsm::diagnosis as wit;
use super::network::Network;
use crate::calls::{self, Finding, Unfit};
use crate::domain::advice::{self, Language};

const SELF_CHECK_DEADLINE_MS: u32 = 10_000;

impl wit::Guest for Component {
    fn describe_failure(failure: wit::Failure, language: wit::Language) -> String {
        advice::describe(&failure.into(), language.into())
    }

    fn diagnose(connection: wit::Connection) -> Result<Vec<wit::Finding>, wit::Failure> {
        let findings = calls::diagnose(&mut Network, &connection.into())?;
        Ok(findings.into_iter().map(Into::into).collect())
    }

    fn check_callback_url(target: wit::CallbackTarget) -> Result<(), wit::Unfit> {
        let target = target.into();
        Ok(calls::check_callback_url(&mut Network, &target, SELF_CHECK_DEADLINE_MS)?)
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
