//! What can go wrong, to be switched on.
//!
//! One table names each fault, its arguments and what it does. The control API, the program's flag and the page
//! read it.

use crate::actions;
use anyhow::{Context, Result, bail, ensure};
use std::fmt;
use std::time::Duration;

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Behind the line with the status.
    AfterStatusLine,
    /// Among the headers.
    InHeaders,
    /// Behind the headers, which promise a body.
    AfterHeaders,
    /// In the middle of the body.
    InBody,
}

const STAGES: [(&str, Stage); 4] = [
    ("after-status-line", Stage::AfterStatusLine),
    ("in-headers", Stage::InHeaders),
    ("after-headers", Stage::AfterHeaders),
    ("in-body", Stage::InBody),
];

/// A fault. It applies to an action's next requests, or with the action `callback` to ITSM's own
/// next callbacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes only after this long.
    Slow(Duration),
    /// The action is carried out, and the connection breaks without an answer.
    DropAfterExecuting,
    /// The connection breaks before the action is carried out.
    DropBeforeExecuting,
    /// The action is carried out, and the connection is reset without an answer.
    ResetAfterExecuting,
    /// The connection is reset before the action is carried out.
    ResetBeforeExecuting,
    /// The connection breaks at once, and the action is carried out after this long.
    ExecutedLate(Duration),
    /// The action is carried out, and the answer breaks off in the middle of its body.
    Truncated,
    /// The action is carried out, and the answer breaks off there.
    CutAt(Stage),
    /// The request is read whole and never answered. Nothing is carried out: for a request that is, take
    /// `Slow` with a long time.
    Hang,
    /// A page instead of an answer, with status 200. Nothing is carried out.
    Html,
    /// An answer of this status and body. Nothing is carried out.
    Answer {
        /// The status.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// A redirect to this address. Nothing is carried out.
    Redirect(String),
    /// The gateway's error of this status and code. Nothing is carried out.
    Gateway {
        /// The status.
        status: u16,
        /// The code, such as 1640001.
        code: u32,
        /// The message.
        message: String,
    },
    /// The gateway's refusal of too many requests, with the seconds to wait where it says them. Nothing is
    /// carried out.
    RateLimit(Option<u64>),
    /// The gateway's refusal of an app whose permission has expired. Nothing is carried out.
    PermissionExpired,
    /// The ESB's error of this code. Nothing is carried out.
    Esb {
        /// The code, such as 1306000.
        code: u32,
        /// The message.
        message: String,
    },
    /// The action is carried out, and the answer is followed by so many blanks.
    Huge(usize),
    /// get_tickets: the filter by tag is ignored.
    TagsIgnored,
    /// create_ticket: the tag is not stored.
    TagNotStored,
    /// create_ticket: the ticket ends approved, and its callback comes, before the answer.
    EarlyCallback,
    /// create_ticket: the ticket gets the number of the one before.
    DuplicateSn,
    /// ticket_approval_result: the rows are not visible yet.
    ResultNotVisible,
    /// create_ticket: the flow never starts.
    NeverStarts,
    /// create_ticket: the worker fails at the ticket's start. Its log has one line, and no node ever runs.
    StuckStart,
    /// callback: it is not sent, and not put on the failed list either.
    LostCallback,
    /// callback: it is sent twice.
    DoubledCallback,
    /// callback: it is sent only after this long.
    LateCallback(Duration),
}

/// As many times as it takes until the faults are cleared.
pub const ALWAYS: u32 = u32::MAX;

/// The action that ITSM's own callbacks stand under.
pub(crate) const CALLBACK: &str = "callback";

/// What a fault wants to know.
pub(crate) struct Argument {
    pub name: &'static str,
    /// What is taken where nothing is said.
    pub default: &'static str,
    pub is_number: bool,
    /// What can be said, where that is not free.
    pub choices: &'static [&'static str],
}

const fn number(name: &'static str, default: &'static str) -> Argument {
    Argument { name, default, is_number: true, choices: &[] }
}

const fn text(name: &'static str, default: &'static str) -> Argument {
    Argument { name, default, is_number: false, choices: &[] }
}

const MS: &[Argument] = &[number("ms", "1000")];
const STAGE: &[Argument] = &[Argument {
    name: "stage",
    default: "in-body",
    is_number: false,
    choices: &["after-status-line", "in-headers", "after-headers", "in-body"],
}];

/// What was said for a fault's arguments, in their order.
pub(crate) struct Given(Vec<String>);

impl Given {
    fn text(&self, index: usize) -> String {
        self.0.get(index).cloned().unwrap_or_default()
    }

    fn number<T: std::str::FromStr>(&self, index: usize) -> Result<T> {
        let text = self.text(index);
        text.parse().ok().with_context(|| format!("{text:?} is no fit number"))
    }

    fn ms(&self) -> Result<Duration> {
        Ok(Duration::from_millis(self.number(0)?))
    }
}

/// A row of the table.
pub(crate) struct Kind {
    pub name: &'static str,
    pub arguments: &'static [Argument],
    /// The one action that it is for. Without one it fits every action but the callback.
    pub only_at: Option<&'static str>,
    pub in_english: &'static str,
    pub in_chinese: &'static str,
    make: fn(&Given) -> Result<Fault>,
}

macro_rules! faults {
    ($($pattern:pat => $name:literal, $arguments:expr, $only_at:expr, $english:literal, $chinese:literal, $make:expr;)*) => {
        /// Every fault.
        pub(crate) const KINDS: &[Kind] = &[$(Kind {
            name: $name,
            arguments: $arguments,
            only_at: $only_at,
            in_english: $english,
            in_chinese: $chinese,
            make: $make,
        }),*];

        impl Fault {
            /// The name under which the control API, the program's flag and the page know it.
            pub fn name(&self) -> &'static str {
                match self {
                    $($pattern => $name,)*
                }
            }
        }
    };
}

const CREATE: Option<&str> = Some("create_ticket");
const ANY: Option<&str> = None;
const AT_CALLBACK: Option<&str> = Some(CALLBACK);

faults! {
    Fault::Slow(_) => "slow", MS, ANY,
        "The action is carried out, and the answer comes only after so many milliseconds.",
        "操作已执行，但应答在这么多毫秒之后才返回。",
        |given| Ok(Fault::Slow(given.ms()?));
    Fault::DropAfterExecuting => "drop-after-executing", &[], ANY,
        "The action is carried out, and the connection closes without an answer.",
        "操作已执行，连接在应答之前关闭。",
        |_| Ok(Fault::DropAfterExecuting);
    Fault::DropBeforeExecuting => "drop-before-executing", &[], ANY,
        "The connection closes without an answer, and nothing is carried out.",
        "连接在应答之前关闭，操作没有执行。",
        |_| Ok(Fault::DropBeforeExecuting);
    Fault::ResetAfterExecuting => "reset-after-executing", &[], ANY,
        "The action is carried out, and the connection is reset (RST) without an answer.",
        "操作已执行，连接在应答之前被重置（RST）。",
        |_| Ok(Fault::ResetAfterExecuting);
    Fault::ResetBeforeExecuting => "reset-before-executing", &[], ANY,
        "The connection is reset (RST) without an answer, and nothing is carried out.",
        "连接在应答之前被重置（RST），操作没有执行。",
        |_| Ok(Fault::ResetBeforeExecuting);
    Fault::ExecutedLate(_) => "executed-late", MS, ANY,
        "The answer is lost at once, and the action is carried out so many milliseconds later.",
        "应答立即丢失，操作在这么多毫秒之后才执行。",
        |given| Ok(Fault::ExecutedLate(given.ms()?));
    Fault::Truncated => "truncated", &[], ANY,
        "The action is carried out, and the answer breaks off in the middle of its body.",
        "操作已执行，应答在正文中间断开。",
        |_| Ok(Fault::Truncated);
    Fault::CutAt(_) => "cut-at", STAGE, ANY,
        "The action is carried out, and the answer breaks off at this stage.",
        "操作已执行，应答在这个位置断开。",
        |given| {
            let stage = given.text(0);
            let known = STAGES.iter().find(|(name, _)| *name == stage);
            Ok(Fault::CutAt(known.with_context(|| format!("{stage:?} is no stage"))?.1))
        };
    Fault::Hang => "hang", &[], ANY,
        "The request is read and never answered. Nothing is carried out.",
        "请求已读完，但永远没有应答。操作没有执行。",
        |_| Ok(Fault::Hang);
    Fault::Html => "html", &[], ANY,
        "A page comes instead of an answer, with status 200. Nothing is carried out.",
        "以状态 200 返回一个网页，而不是应答。操作没有执行。",
        |_| Ok(Fault::Html);
    Fault::Answer { .. } => "answer", &[number("status", "503"), text("body", "")], ANY,
        "An answer of this status and body comes. Nothing is carried out.",
        "返回这个状态和正文。操作没有执行。",
        |given| Ok(Fault::Answer {
            status: given.number(0)?,
            headers: vec![("content-type".into(), "application/json".into())],
            body: given.text(1),
        });
    Fault::Redirect(_) => "redirect", &[text("to", "http://127.0.0.1:9/")], ANY,
        "A redirect to this address comes. Nothing is carried out.",
        "重定向到这个地址。操作没有执行。",
        |given| Ok(Fault::Redirect(given.text(0)));
    Fault::Gateway { .. } => "gateway",
        &[number("status", "400"), number("code", "1640001"), text("message", "Parameters error")], ANY,
        "The gateway's error of this status and code comes. Nothing is carried out.",
        "返回网关的这个状态和错误码。操作没有执行。",
        |given| Ok(Fault::Gateway {
            status: given.number(0)?,
            code: given.number(1)?,
            message: given.text(2),
        });
    Fault::RateLimit(_) => "rate-limit", &[number("retry-after", "")], ANY,
        "The gateway refuses too many requests (429, 1642902), with the seconds to wait, if any are given. Nothing is carried out.",
        "网关因请求过多而拒绝（429，1642902）；给出秒数时带上要等待的时间。操作没有执行。",
        |given| Ok(Fault::RateLimit(match given.text(0).as_str() {
            "" => None,
            _ => Some(given.number(0)?),
        }));
    Fault::PermissionExpired => "permission-expired", &[], ANY,
        "The gateway says that the app's permission has expired (403, 1640301). Nothing is carried out.",
        "网关表示应用的权限已过期（403，1640301）。操作没有执行。",
        |_| Ok(Fault::PermissionExpired);
    Fault::Esb { .. } => "esb", &[number("code", "1306000"), text("message", "")], ANY,
        "The ESB's error of this code comes. Nothing is carried out.",
        "返回 ESB 的这个错误码。操作没有执行。",
        |given| Ok(Fault::Esb { code: given.number(0)?, message: given.text(1) });
    Fault::Huge(_) => "huge", &[number("blanks", "5242880")], ANY,
        "The action is carried out, and so many blanks follow the answer.",
        "操作已执行，应答之后跟着这么多空格。",
        |given| Ok(Fault::Huge(given.number(0)?));
    Fault::TagsIgnored => "tags-ignored", &[], Some("get_tickets"),
        "The filter by tag is ignored, as servers before V2.6.1.394 do.",
        "忽略按 tag 的筛选，与 V2.6.1.394 之前的服务器一样。",
        |_| Ok(Fault::TagsIgnored);
    Fault::TagNotStored => "tag-not-stored", &[], CREATE,
        "The ticket is made without its tag, as servers from V2.6.1.394 to V2.6.2 do.",
        "创建的单据不保存 tag，与 V2.6.1.394 至 V2.6.2 的服务器一样。",
        |_| Ok(Fault::TagNotStored);
    Fault::EarlyCallback => "early-callback", &[], CREATE,
        "The ticket ends approved, and its callback comes, before the answer.",
        "单据在应答之前就已审批通过，并且回调已经发出。",
        |_| Ok(Fault::EarlyCallback);
    Fault::DuplicateSn => "duplicate-sn", &[], CREATE,
        "The ticket gets the number of the one before.",
        "单据得到与上一张单据相同的单号。",
        |_| Ok(Fault::DuplicateSn);
    Fault::ResultNotVisible => "result-not-visible", &[], Some("ticket_approval_result"),
        "The rows are not visible yet.",
        "结果暂时还查不到。",
        |_| Ok(Fault::ResultNotVisible);
    Fault::NeverStarts => "never-starts", &[], CREATE,
        "The worker never takes the ticket up.",
        "后台任务永远不会处理这张单据。",
        |_| Ok(Fault::NeverStarts);
    Fault::StuckStart => "stuck-start", &[], CREATE,
        "The worker fails at the ticket's start: the log has one line, and no node ever runs.",
        "后台任务在启动流程时失败：日志只有一行，任何节点都不会运行。",
        |_| Ok(Fault::StuckStart);
    Fault::LostCallback => "lost-callback", &[], AT_CALLBACK,
        "The callback is not sent, and not put on the failed list either.",
        "回调没有发出，也不会进入失败列表。",
        |_| Ok(Fault::LostCallback);
    Fault::DoubledCallback => "doubled-callback", &[], AT_CALLBACK,
        "The callback is sent twice.",
        "回调发送两次。",
        |_| Ok(Fault::DoubledCallback);
    Fault::LateCallback(_) => "late-callback", MS, AT_CALLBACK,
        "The callback is sent only after so many milliseconds.",
        "回调在这么多毫秒之后才发出。",
        |given| Ok(Fault::LateCallback(given.ms()?));
}

impl Kind {
    pub fn fits(&self, action: &str) -> bool {
        self.only_at.map_or(action != CALLBACK, |only| only == action)
    }

    /// The fault, from what is said for an argument of a name.
    pub fn make(&self, said: impl Fn(&str) -> Option<String>) -> Result<Fault> {
        let said = self
            .arguments
            .iter()
            .map(|argument| said(argument.name).unwrap_or_else(|| argument.default.to_owned()));
        (self.make)(&Given(said.collect())).with_context(|| format!("the fault {}", self.name))
    }
}

/// The row of a name, for an action that it fits.
pub(crate) fn kind(name: &str, action: &str) -> Result<&'static Kind> {
    let kind = KINDS.iter().find(|kind| kind.name == name);
    let kind = kind.with_context(|| format!("no such fault: {name:?}"))?;
    let is_action = action == CALLBACK || actions::route(action).is_some();
    ensure!(is_action, "no such action: {action:?}");
    match kind.only_at {
        _ if kind.fits(action) => Ok(kind),
        Some(only) => bail!("the fault {name} is for {only} alone, not for {action}"),
        None => bail!("the fault {name} is for actions, not for {action}"),
    }
}

/// A fault with the action that it is for, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// The action, or `callback`.
    pub action: String,
    /// The fault.
    pub fault: Fault,
    /// How many requests it strikes. `ALWAYS` is all.
    pub times: u32,
}

impl Switch {
    /// Reads `ACTION=KIND[:VALUE][*TIMES]`. The values of several arguments are joined by commas, and `*always`
    /// is until the faults are cleared.
    pub fn parse(text: &str) -> Result<Self> {
        let form = || format!("{text:?} is not of the form ACTION=KIND[:VALUE][*TIMES]");
        let (action, rest) = text.split_once('=').with_context(form)?;
        let (rest, times) = match rest.rsplit_once('*') {
            Some((rest, "always")) => (rest, ALWAYS),
            Some((rest, times)) => (rest, times.parse().with_context(form)?),
            None => (rest, 1),
        };
        let (name, values) = rest.split_once(':').unwrap_or((rest, ""));
        let kind = kind(name, action)?;
        let most = kind.arguments.len();
        ensure!(most > 0 || values.is_empty(), "the fault {name} takes no value");
        let values: Vec<_> = values.splitn(most.max(1), ',').collect();
        let said = |wanted: &str| {
            let index = kind.arguments.iter().position(|argument| argument.name == wanted)?;
            values.get(index).filter(|value| !value.is_empty()).map(|value| (*value).to_owned())
        };
        Ok(Self { action: action.to_owned(), fault: kind.make(said)?, times })
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}={}", self.action, self.fault)?;
        match self.times {
            1 => Ok(()),
            ALWAYS => write!(formatter, "*always"),
            times => write!(formatter, "*{times}"),
        }
    }
}

/// The fault's name with its values.
impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let values = self.values().join(",");
        let colon = if values.is_empty() { "" } else { ":" };
        write!(formatter, "{}{colon}{values}", self.name())
    }
}

impl Fault {
    /// The faults of the table, a line each: how the program's flag says one, for which action, and what it does.
    pub fn help() -> String {
        let line = |kind: &Kind| {
            let action = kind.only_at.unwrap_or("ACTION");
            let names: Vec<_> = kind.arguments.iter().map(|argument| argument.name).collect();
            let colon = if names.is_empty() { "" } else { ":" };
            format!("{action}={}{colon}{}  {}\n", kind.name, names.join(","), kind.in_english)
        };
        KINDS.iter().map(line).collect()
    }

    /// The values of its arguments, in their order.
    fn values(&self) -> Vec<String> {
        match self {
            Self::Slow(wait) | Self::ExecutedLate(wait) | Self::LateCallback(wait) => {
                vec![wait.as_millis().to_string()]
            }
            Self::CutAt(stage) => {
                let named = STAGES.iter().filter(|(_, other)| other == stage);
                named.map(|(name, _)| (*name).to_owned()).collect()
            }
            Self::Answer { status, body, .. } => vec![status.to_string(), body.clone()],
            Self::Redirect(to) => vec![to.clone()],
            Self::Gateway { status, code, message } => {
                vec![status.to_string(), code.to_string(), message.clone()]
            }
            Self::RateLimit(wait) => wait.iter().map(u64::to_string).collect(),
            Self::Esb { code, message } => vec![code.to_string(), message.clone()],
            Self::Huge(blanks) => vec![blanks.to_string()],
            _ => Vec::new(),
        }
    }

    /// The gateway's refusal of a user whom no token proves.
    pub fn needs_verified_user() -> Self {
        Self::Gateway {
            status: 400,
            code: 1_640_001,
            message: "Parameters error [reason=\"user authentication failed, please provide a valid user identity, such as bk_username, bk_token, access_token\"]".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What the fault becomes on each of the ways that lead to it.
    #[test]
    fn every_fault_can_be_said_in_every_way_and_reads_back_as_itself() {
        let mut names = BTreeSet::new();
        for row in KINDS {
            assert!(names.insert(row.name), "{} stands there twice", row.name);
            assert!(
                row.in_english.ends_with('.') && row.in_chinese.ends_with('。'),
                "{}",
                row.name
            );
            let action = row.only_at.unwrap_or("get_services");
            let fault = row.make(|_| None).unwrap();
            assert_eq!(fault.name(), row.name);
            let switch = Switch { action: action.to_owned(), fault, times: 3 };
            assert_eq!(Switch::parse(&switch.to_string()).unwrap(), switch, "{switch}");
            let bare = format!("{action}={}", row.name);
            assert_eq!(Switch::parse(&bare).unwrap(), Switch { times: 1, ..switch }, "{bare}");
        }
    }

    #[test]
    fn a_fault_is_said_with_its_action_its_values_and_how_often() {
        let ms = Duration::from_millis;
        for (text, action, fault, times) in [
            ("create_ticket=slow:30", "create_ticket", Fault::Slow(ms(30)), 1),
            ("callback=late-callback:5*always", "callback", Fault::LateCallback(ms(5)), ALWAYS),
            ("approve=cut-at:in-headers*2", "approve", Fault::CutAt(Stage::InHeaders), 2),
            ("token/verify=rate-limit:7", "token/verify", Fault::RateLimit(Some(7)), 1),
            (
                "get_tickets=gateway:403,1640301,no, and no again*9",
                "get_tickets",
                Fault::Gateway { status: 403, code: 1_640_301, message: "no, and no again".into() },
                9,
            ),
        ] {
            let expected = Switch { action: action.into(), fault, times };
            assert_eq!(Switch::parse(text).unwrap(), expected);
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused_with_what_is_wrong() {
        for (text, why) in [
            ("slow", "not of the form"),
            ("create_ticket=slow*often", "not of the form"),
            ("create_ticket=lame", "no such fault: \"lame\""),
            ("nothing=slow", "no such action: \"nothing\""),
            ("callback=slow", "is for actions, not for callback"),
            ("approve=lost-callback", "is for callback alone"),
            ("create_ticket=slow:long", "\"long\" is no fit number"),
            ("create_ticket=answer:99999", "\"99999\" is no fit number"),
            ("create_ticket=cut-at:end", "\"end\" is no stage"),
            ("create_ticket=hang:3", "takes no value"),
        ] {
            let error = format!("{:#}", Switch::parse(text).unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
