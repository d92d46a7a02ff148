//! English and Chinese.

use clap::Command;
use rust_host::Language;

/// One of two sentences: the English one, or the Chinese one.
macro_rules! say {
    ($language:expr, $english:literal, $chinese:literal $(, $argument:expr)* $(,)?) => {
        match $language {
            rust_host::Language::English => format!($english $(, $argument)*),
            rust_host::Language::Chinese => format!($chinese $(, $argument)*),
        }
    };
}

/// The language that ITSM_LANGUAGE or the locale asks for.
pub fn language(given: impl Fn(&str) -> Option<String>) -> Language {
    let names = ["ITSM_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"];
    let locale = names.iter().find_map(|name| given(name).filter(|it| !it.is_empty()));
    match locale {
        Some(locale) if locale.starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}

/// The help in the language of the user.
pub fn translated(command: Command, language: Language) -> Command {
    if matches!(language, Language::English) { command } else { in_chinese(command, "") }
}

fn in_chinese(command: Command, path: &str) -> Command {
    let path = format!("{path}/{}", command.get_name());
    let command = match chinese(&path) {
        Some(about) => command.about(about).long_about(about),
        None => command,
    };
    let command = command.mut_args(|argument| match chinese(argument.get_id().as_str()) {
        Some(help) => argument.help(help).long_help(help),
        None => argument,
    });
    let path = path.as_str();
    command.mut_subcommands(|command| in_chinese(command, path))
}

fn chinese(name: &str) -> Option<&'static str> {
    CHINESE.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// Commands by their path, arguments by their name.
const CHINESE: &[(&str, &str)] = &[
    ("/itsm", "向蓝鲸 ITSM 发起审批，并查看、处理单据。"),
    ("/itsm/gate", "发起一次审批并等待结果；只有审批通过才以 0 退出。"),
    ("/itsm/completion", "输出某种 shell 的补全脚本。"),
    ("/itsm/explain", "说明单据的状态或结局：谁在何时审批、理由是什么，以及在等谁。"),
    ("/itsm/status", "单据的状态、正在运行的节点及其表单。"),
    ("/itsm/log", "单据的流转日志。"),
    ("/itsm/search", "查找单据，最新的在前。"),
    ("/itsm/services", "可以提单的服务。"),
    ("/itsm/form", "服务的提单表单。"),
    ("/itsm/approve", "以处理人的身份同意一个审批。"),
    ("/itsm/refuse", "以处理人的身份拒绝一个审批。"),
    ("/itsm/claim", "认领一个节点。"),
    ("/itsm/hand-over", "把节点转给别人处理。"),
    ("/itsm/withdraw", "以提单人的身份撤单。"),
    ("/itsm/terminate", "以处理人的身份终止单据。"),
    ("/itsm/suspend", "挂起单据。"),
    ("/itsm/resume", "恢复被挂起的单据。"),
    ("/itsm/reconcile", "向 ITSM 核对一个文件中的单据，每行一个单号。适合放进 cron。"),
    ("/itsm/diagnose", "检查设置：地址、凭证和权限，每个接口试一次，不改动任何数据。"),
    ("/itsm/listen", "接收回调，并说明每个回调证明了什么。"),
    ("/itsm/trigger", "让模拟站点向某个地址发送回调，用来试验自己的接收方。"),
    ("/itsm/fake", "在本机运行一个模拟站点，带网页。"),
    ("/itsm/fake/run", "在模拟站点上演一个场景；只有一切符合预期才以 0 退出。"),
    ("scenario", "场景，TOML 文件。"),
    ("port", "127.0.0.1 上的端口；0 表示任选一个空闲端口。"),
    ("seed", "编号从哪里开始；种子相同，编号也相同。"),
    ("flows", "带流程的服务：TOML 文件，或内置流程的名称。可以给出多次。"),
    (
        "faults",
        "一种故障，例如 create_ticket=drop-after-executing*2。可以给出多次。网页 /faults 列出全部故障。",
    ),
    ("tags", "站点如何处理标签，取决于它的版本。"),
    ("verified_users", "网关要求经过验证的用户（按其发布的资源）。"),
    ("oldest_esb", "最旧的 ESB，它忽略带凭证的请求头。"),
    ("forward", "把每个回调转发到这个地址，并把那里的应答返回给 ITSM。"),
    ("what", "单据的结局，或回调的问题。"),
    ("gateway", "API 网关地址，包含环境，例如 https://bkapi.example.com/api/bk-itsm/prod。"),
    ("esb", "走 ESB 的蓝鲸站点，例如 https://paas.example.com。"),
    ("esb_legacy", "同上，用于最旧的 ESB，它只从请求体读取凭证。"),
    ("app_code", "应用编码。"),
    ("tenant_id", "租户，用于多租户站点。"),
    ("operator", "以谁的名义操作：提单人，或执行操作的人。"),
    ("config", "设置文件。不给出时，读取当前目录下的 itsm.toml（如果有）。"),
    ("deadline", "一次调用最长用时，例如 30s。"),
    ("json", "输出供程序读取的 JSON，而不是供人阅读的文字。"),
    ("title", "标题：要审批什么。"),
    ("approvers", "审批人。可以给出多次：任一人审批即可。"),
    ("service", "服务 id。不给出时使用内置的快速审批服务。"),
    ("fields", "提单字段，写作 KEY=VALUE。可以给出多次。人员字段的多个用户名用逗号分隔。"),
    ("timeout", "等待多久，例如 2h。不给出时一直等待。"),
    ("on_timeout", "超时后的处理：withdraw 撤单，leave 保留单据。"),
    ("on_cancel", "被 Ctrl-C 或 SIGTERM 中断后的处理：withdraw 撤单，leave 保留单据。"),
    ("interval", "多久向 ITSM 询问一次。"),
    ("resume", "保存进度的文件。程序被杀后，用同一个文件重新运行，会继续等待同一张单据。"),
    ("sn", "单号。"),
    ("node", "节点 id。单据只有一个节点在运行时可以不给出。"),
    ("message", "理由或意见。"),
    ("to", "转给谁。"),
    ("file", "每行一个单号的文件；- 表示标准输入。"),
    ("callback", "同时检查这个回调地址能否按 ITSM 的要求应答。"),
    ("creator", "提单人。"),
    ("statuses", "单据状态，例如 RUNNING。可以给出多次。"),
    ("waiting_for", "当前处理人。"),
    ("created_from", "创建时间不早于，例如 \"2026-11-01 00:00:00\"。"),
    ("created_to", "创建时间不晚于。"),
    ("page", "第几页，从 1 开始。"),
    ("page_size", "每页多少条。"),
    ("shell", "哪种 shell。"),
    ("version", "显示版本。"),
    ("help", "显示帮助。"),
];

/// A verdict, for people.
pub fn verdict(verdict: rust_host::Verdict, language: Language) -> String {
    use rust_host::Verdict::*;
    let chinese = match verdict {
        Open => "未结束",
        Approved => "审批通过",
        Rejected => "审批拒绝",
        Completed => "已完成（没有经过审批）",
        Withdrawn => "已撤单",
        Terminated => "已终止",
        Closed => "已关闭",
    };
    match language {
        Language::English => verdict.to_string(),
        Language::Chinese => chinese.to_owned(),
    }
}

/// An ending, for people.
pub fn ending(ending: rust_host::Ending, language: Language) -> String {
    use rust_host::Ending::*;
    match ending {
        Open => say!(language, "open: somebody has to act", "未结束，等待处理"),
        Stuck => say!(language, "stuck: no node runs", "卡住了：没有节点在运行"),
        Approved => say!(language, "approved", "审批通过"),
        Completed => say!(language, "completed without an approval", "已完成（没有经过审批）"),
        Rejected => say!(language, "rejected", "审批拒绝"),
        RejectedAndTerminated => {
            say!(language, "rejected, which ended the ticket", "审批拒绝，单据随之终止")
        }
        Terminated => say!(language, "terminated", "已终止"),
        Withdrawn => say!(language, "withdrawn", "已撤单"),
        Closed => say!(language, "closed", "已关闭"),
        Undetermined => say!(language, "a person must look", "无法判定，需要人工查看"),
    }
}

/// What ITSM says of a ticket, for people.
pub fn confirmation(confirmation: &rust_host::Confirmation, language: Language) -> String {
    use rust_host::Confirmation::*;
    match confirmation {
        Ended(outcome) => verdict(outcome.verdict, language),
        Open(_) => say!(language, "open", "未结束"),
        Undecided(_) => {
            say!(language, "ended, and the result can't be read yet", "已结束，但还读不到结果")
        }
        Undecidable(it) => {
            let why = &it.why;
            say!(language, "ended, and a person must look: {why}", "已结束，需要人工查看：{why}")
        }
        Foreign => say!(language, "another operation's ticket", "是别的操作的单据"),
        Missing => say!(language, "no such ticket", "没有这张单据"),
        Ambiguous(_) => say!(language, "several such tickets", "有多张这样的单据"),
        Untraceable => say!(language, "can't be found by its tag", "无法按标签查找"),
        Other(words) => words.clone(),
    }
}
