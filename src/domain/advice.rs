//! A failure in sentences for a person, in each language that hosts show.

use super::failure::{Advice, Failure};
use super::message;

/// A language that sentences are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

/// The most bytes of the sentences.
const MAX_BYTES: usize = 512;

/// What to do about a failure, and whether ITSM may have acted. The failure's message is not repeated.
///
/// ```
/// use blueking_itsm::domain::advice::{Language, describe};
/// use blueking_itsm::domain::failure::Failure;
///
/// let failure = Failure::argument("ticket.title", "must not be blank");
/// assert_eq!(
///     describe(&failure, Language::English),
///     "Correct ticket.title, then call again. ITSM has changed nothing."
/// );
/// ```
pub fn describe(failure: &Failure, language: Language) -> String {
    let mut sentences = advise(failure, language);
    if let Some(id) = &failure.request_id {
        sentences += &match language {
            Language::English => format!(" Quote the request id {id}."),
            Language::Chinese => format!("排查时请提供请求 ID {id}。"),
        };
    }
    message::redacted_within(&sentences, &[], MAX_BYTES)
}

/// The same without the request id, which a server writes.
pub fn advise(failure: &Failure, language: Language) -> String {
    match language {
        Language::English => english(failure),
        Language::Chinese => chinese(failure),
    }
}

fn english(failure: &Failure) -> String {
    let advice = match &failure.advice {
        Advice::FixArgument(name) => format!("Correct {name}, then call again."),
        Advice::FixCredentials => "The app code, the app secret or the user's token is wrong or has expired: correct it.".to_owned(),
        Advice::AskPermission => "The app or its user lacks the permission for this API: apply for it in the developer centre, or renew it there.".to_owned(),
        Advice::SendVerifiedUser => "The server wants a user that it can verify: give an access token or a login token.".to_owned(),
        Advice::AllowHost(host) => format!("The host does not let the component reach {host}: allow it there."),
        Advice::WaitMs(ms) => format!("Call again after {ms} milliseconds."),
        Advice::LookUp => "Do not repeat the call. First look whether ITSM carried it out: after `create`, call `recover` with the same ticket.".to_owned(),
        Advice::CallOperator => "Ask the operator of the gateway, or of the network before it, to repair the way to ITSM.".to_owned(),
        Advice::GiveUp => "Do not repeat the call: it would fail again.".to_owned(),
        Advice::Other(words) => words.clone(),
    };
    let acted = match failure.may_have_acted {
        true => " ITSM may have acted.",
        false => " ITSM has changed nothing.",
    };
    advice + acted
}

fn chinese(failure: &Failure) -> String {
    let advice = match &failure.advice {
        Advice::FixArgument(name) => format!("请修正参数 {name} 后重新调用。"),
        Advice::FixCredentials => "应用 ID、应用密钥或用户凭证有误或已过期，请更正。".to_owned(),
        Advice::AskPermission => "应用或用户没有该 API 的权限，请到开发者中心申请或续期。".to_owned(),
        Advice::SendVerifiedUser => "服务端要求能够验证的用户，请提供 access_token 或登录态 bk_token。".to_owned(),
        Advice::AllowHost(host) => format!("宿主不允许组件访问 {host}，请在宿主中放行。"),
        Advice::WaitMs(ms) => format!("请等待 {ms} 毫秒后重新调用。"),
        Advice::LookUp => "请勿重复调用，先确认 ITSM 是否已经执行：提单（`create`）之后，用同一张单据调用 `recover`。".to_owned(),
        Advice::CallOperator => "请联系网关或网络的运维人员，修复到 ITSM 的链路。".to_owned(),
        Advice::GiveUp => "重试也会失败，请勿重复调用。".to_owned(),
        Advice::Other(words) => words.clone(),
    };
    let acted = match failure.may_have_acted {
        true => "ITSM 可能已经执行了操作。",
        false => "ITSM 没有做任何改动。",
    };
    advice + acted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::Origin;

    fn failure(advice: Advice, request_id: Option<&str>) -> Failure {
        Failure {
            may_have_acted: advice == Advice::LookUp,
            advice,
            origin: Origin::Gateway,
            code: None,
            message: "the message".to_owned(),
            request_id: request_id.map(str::to_owned),
        }
    }

    #[test]
    fn each_advice_is_a_sentence_in_both_languages() {
        for (advice, english, chinese) in [
            (Advice::FixArgument("ticket.title".into()), "Correct ticket.title", "ticket.title"),
            (Advice::FixCredentials, "app secret", "应用密钥"),
            (Advice::AskPermission, "developer centre", "开发者中心"),
            (Advice::SendVerifiedUser, "access token", "access_token"),
            (Advice::AllowHost("paas:80".into()), "reach paas:80", "访问 paas:80"),
            (Advice::WaitMs(1500), "1500 milliseconds", "1500 毫秒"),
            (Advice::LookUp, "Do not repeat", "请勿重复调用"),
            (Advice::CallOperator, "operator", "运维人员"),
            (Advice::GiveUp, "would fail again", "重试也会失败"),
            (Advice::Other("Ask Ann.".into()), "Ask Ann.", "Ask Ann."),
        ] {
            let acted = advice == Advice::LookUp;
            let failure = failure(advice, None);
            let said = describe(&failure, Language::English);
            assert!(said.contains(english), "{said}");
            assert_eq!(said.contains("ITSM may have acted."), acted, "{said}");
            assert_eq!(said.contains("ITSM has changed nothing."), !acted, "{said}");
            let said = describe(&failure, Language::Chinese);
            assert!(said.contains(chinese), "{said}");
            assert_eq!(said.contains("可能已经执行"), acted, "{said}");
            assert_eq!(said.contains("没有做任何改动"), !acted, "{said}");
        }
    }

    #[test]
    fn the_request_id_is_there_to_quote() {
        let failure = failure(Advice::CallOperator, Some("7f3a"));
        let said = describe(&failure, Language::English);
        assert!(said.ends_with("Quote the request id 7f3a."), "{said}");
        let said = describe(&failure, Language::Chinese);
        assert!(said.ends_with("请求 ID 7f3a。"), "{said}");
    }

    #[test]
    fn what_a_host_passes_in_stays_on_one_line() {
        let failure = failure(Advice::Other("first\nsecond".into()), Some("a\r\nb"));
        for language in [Language::English, Language::Chinese] {
            let said = describe(&failure, language);
            assert!(!said.contains(['\n', '\r']), "{said:?}");
        }
    }
}
