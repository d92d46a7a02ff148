//! What the page says, in Chinese and in English.

use crate::callback::Undelivered;
use crate::deed::{Deed, WhyNot};
use crate::visit::State;

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

/// A text in Chinese and in English.
#[derive(Clone, Copy)]
pub(crate) struct Both(pub &'static str, pub &'static str);

impl Language {
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    pub fn of(self, both: Both) -> &'static str {
        match self {
            Self::Chinese => both.0,
            Self::English => both.1,
        }
    }

    /// The text with what stands in for `{}`.
    pub fn filled(self, both: Both, filling: &str) -> String {
        self.of(both).replace("{}", filling)
    }

    /// What addresses and the cookie call it.
    pub fn code(self) -> &'static str {
        self.of(Both("zh", "en"))
    }

    pub fn tag(self) -> &'static str {
        self.of(Both("zh-CN", "en"))
    }

    pub fn own_name(self) -> &'static str {
        self.of(Both("中文", "English"))
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The first that a browser accepts.
    pub fn accepted(header: &str) -> Option<Self> {
        let weighed = header.split(',').map(|item| {
            let (range, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let weight = weight.trim().trim_start_matches("q=").parse().unwrap_or(0.0);
            (range.trim().to_ascii_lowercase(), weight)
        });
        let mut weighed: Vec<(String, f32)> = weighed.filter(|(_, weight)| *weight > 0.0).collect();
        weighed.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        weighed.iter().find_map(|(range, _)| Self::from_code(range.split('-').next()?))
    }
}

pub const SITE: Both = Both("模拟 ITSM", "Fake ITSM");
pub const SKIP: Both = Both("跳到正文", "Skip to the content");
pub const PAGES: Both = Both("页面", "Pages");
pub const LANGUAGES: Both = Both("语言", "Languages");
pub const TICKETS: Both = Both("工单", "Tickets");
pub const FAILED: Both = Both("失败的回调", "Failed callbacks");
pub const REQUESTS: Both = Both("请求", "Requests");
pub const FAULTS: Both = Both("故障", "Faults");
pub const READER: Both = Both("读回调", "Read a callback");
pub const READ_THIS: Both = Both("这条回调能证明什么？", "What does this callback prove?");
pub const GATEWAY: Both = Both("API 网关：", "API gateway: ");
pub const TIMES_ARE: Both =
    Both("时间是服务器所在时区（UTC+8）的时间。", "Times are those of the server's zone, UTC+8.");
pub const IN_MEMORY: Both = Both(
    "所有数据只保存在内存中，程序结束后即消失。",
    "Everything is in memory and ends with the program.",
);

pub const NO_TICKETS: Both = Both(
    "还没有工单。应用创建的工单会显示在这里。",
    "There are no tickets yet. Those that an app creates appear here.",
);
pub const CREATOR: Both = Both("提单人", "Creator");
pub const SERVICE: Both = Both("服务", "Service");
pub const STATUS: Both = Both("状态", "Status");
pub const WAITS_FOR: Both = Both("等待", "Waits for");
pub const SINCE: Both = Both("自", "since");
pub const CREATED: Both = Both("创建时间", "Created");
pub const ENDED: Both = Both("结束时间", "Ended");
pub const RESULT: Both = Both("审批结果标志", "Result flag");
pub const NOBODY: Both = Both("无人", "nobody");
pub const TAKEN_UP_LATER: Both = Both("后台任务启动流程", "the worker to start the flow");
pub const START_FAILED: Both =
    Both("启动失败：没有节点会运行", "nothing: its start failed, and no node will run");
pub const MERGED_UNDER: Both = Both("母单", "Merged under");
pub const NO_TICKET: Both = Both("没有这个单号的工单。", "No ticket has this number.");

pub const FORM: Both = Both("表单", "Form");
pub const NO_FORM: Both =
    Both("后台任务还没有写入表单。", "The worker has not written the form yet.");
pub const FLOW: Both = Both("流程", "Flow");
pub const FLOW_OF: Both = Both("工单 {} 的流程", "The flow of {}");
pub const LOG: Both = Both("日志", "Log");
pub const NO_LOG: Both = Both("还没有日志。", "There is no line yet.");
pub const CALLBACKS: Both = Both("回调", "Callbacks");
pub const NO_CALLBACKS: Both = Both("还没有发出回调。", "No callback was sent yet.");
pub const CALLBACK_URL: Both = Both("回调地址：", "The ticket's callback goes to ");
pub const NO_CALLBACK_URL: Both =
    Both("这张工单没有回调地址。", "The ticket has no callback address.");
pub const ADDRESS: Both = Both("地址", "Address");
pub const HEADERS: Both = Both("请求头", "Headers");
pub const BODY: Both = Both("正文", "Body");
pub const ANSWER: Both = Both("应答", "Answer");
pub const ANSWER_STATUS: Both = Both("应答状态", "Status of the answer");
pub const ACCEPTED: Both = Both("已接受", "accepted");
pub const LISTED: Both = Both("已列入失败列表，因为{}", "listed as failed, because {}");
pub const NEVER_SENT: Both = Both(
    "没有发出：故障让它丢失，也没有列入失败列表",
    "never sent: a fault lost it, and it is not listed as failed",
);
pub const EMPTY: Both = Both("（空）", "(empty)");

pub const ACT: Both = Both("处理", "Act");
pub const ACT_AS: Both = Both("以谁的身份", "Act as");
pub const CHOOSE: Both = Both("选择", "Choose");
pub const DECISION_AT: Both = Both("节点：{}", "At the node {}");
pub const REMARK: Both = Both("备注", "Remark");
pub const HAND_TO: Both = Both("转给", "Hand over to");
pub const REASON: Both = Both("原因", "Reason");
pub const NOT_DONE: Both = Both("没有执行：", "Not done: ");

pub const FAILED_SAYS: Both = Both(
    "ITSM 只发送一次回调，从不重试。失败的单号留在这个列表中，直到有人查询该单的审批结果。",
    "ITSM sends a callback once and never again. A number stays on this list until somebody asks for the ticket's approval result.",
);
pub const NO_FAILED: Both = Both("列表是空的。", "The list is empty.");
pub const OTHERS_FAILURE: Both =
    Both("别的接入方的回调，或手工列入", "a callback of another integrator, or put there by hand");

pub const NO_REQUESTS: Both = Both("还没有请求。", "No request has come yet.");
pub const REQUESTS_SAY: Both =
    Both("最新的在最前面。凭证已隐藏。", "The newest come first. Credentials are hidden.");
pub const APP: Both = Both("应用", "App");
pub const USER: Both = Both("用户", "User");
pub const BY_TOKEN: Both = Both("由令牌证明", "named by a token alone");
pub const NONE: Both = Both("无", "none");
pub const NO_ANSWER_YET: Both = Both("没有应答", "no answer");
pub const FAULT_IS: Both = Both("故障 {}", "fault {}");
pub const QUERY: Both = Both("查询串", "Query");
pub const PATH: Both = Both("路径", "Path");
pub const NO_JSON: Both = Both("（{} 字节，不是 JSON）", "({} bytes that are no JSON)");

pub const WAITING: Both = Both("等待触发的故障", "Faults that wait to strike");
pub const NO_FAULTS: Both = Both("没有。", "There are none.");
pub const CLEAR: Both = Both("全部清除", "Clear all");
pub const SWITCH_ON: Both = Both("打开", "Switch on");
pub const ACTION: Both = Both("操作", "Action");
pub const TIMES: Both = Both("次数（空：直到清除）", "Times (empty: until cleared)");
pub const ONCE_MORE: Both = Both("还会触发 {} 次", "strikes left: {}");
pub const ALWAYS: Both = Both("直到清除", "until cleared");

pub const FOREIGN_ORIGIN: Both = Both(
    "这个请求来自另一个网站，没有执行。",
    "The request comes from another site. Nothing was done.",
);
pub const FOREIGN_HOST: Both = Both(
    "这个页面只在 127.0.0.1 和 localhost 下提供。",
    "The page is served under 127.0.0.1 and localhost alone.",
);
pub const WRONG_METHOD: Both =
    Both("这个地址不接受该方法。", "The address does not take this method.");

/// ITSM's own word for a status, explained.
pub fn status(language: Language, status: &str) -> String {
    let word = match status {
        "NEW" => Both("新建", "new"),
        "RUNNING" => Both("处理中", "running"),
        "SUSPENDED" => Both("挂起", "suspended"),
        "FINISHED" => Both("已完成", "finished"),
        "TERMINATED" => Both("已终止", "terminated"),
        "REVOKED" => Both("已撤销", "withdrawn"),
        _ => Both("站点自定义", "the site's own"),
    };
    match language.of(word) {
        word if word.eq_ignore_ascii_case(status) => status.to_owned(),
        word => format!("{status} ({word})"),
    }
}

/// A sign and a word for how far a node is. None is a node that the ticket has not entered.
pub fn state(state: Option<(State, bool)>) -> (&'static str, Both) {
    match state {
        None => ("○", Both("未到达", "not reached")),
        Some((State::Running, _)) => ("▶", Both("进行中", "running")),
        Some((State::Finished, true)) => ("✓", Both("已处理", "done")),
        Some((State::Finished, false)) => ("✗", Both("已拒绝", "refused")),
        Some((State::Failed, _)) => ("!", Both("失败", "failed")),
        Some((State::Stopped, _)) => ("■", Both("已停止", "stopped")),
    }
}

pub const CREATION: Both = Both("提单", "creation");
pub const END: Both = Both("结束", "end");

/// ITSM's word for a node's kind, explained.
pub fn kind(word: &str) -> Both {
    match word {
        "APPROVAL" => Both("审批", "approval"),
        "SIGN" => Both("会签", "sign-off"),
        "WEBHOOK" => Both("自动回调", "webhook"),
        _ => Both("处理", "handling"),
    }
}

pub fn deed(deed: Deed) -> Both {
    match deed {
        Deed::Approve => Both("通过", "Approve"),
        Deed::Refuse => Both("拒绝", "Refuse"),
        Deed::Claim => Both("认领", "Claim"),
        Deed::HandOver => Both("转单", "Hand over"),
        Deed::Suspend => Both("挂起", "Suspend"),
        Deed::Resume => Both("恢复", "Resume"),
        Deed::Withdraw => Both("撤单", "Withdraw"),
        Deed::Terminate => Both("终止", "Terminate"),
        Deed::Close => Both("关单", "Close"),
    }
}

/// What approving is called where nothing is decided.
pub const SUBMIT: Both = Both("提交", "Submit");

/// Why the site lets somebody not do something, as a sentence.
pub fn why_not(language: Language, why: &WhyNot) -> String {
    let (both, filling) = match why {
        WhyNot::Ended => (Both("工单已经结束。", "The ticket has ended."), ""),
        WhyNot::Merged => (
            Both(
                "这是合并到母单下的子单，只能查看。",
                "The ticket is merged under another one and can only be read.",
            ),
            "",
        ),
        WhyNot::NothingRuns => (Both("没有节点在等待人处理。", "No node waits for anybody."), ""),
        WhyNot::NotTheirs(user) => {
            (Both("没有节点在等待 {}。", "No node waits for {}."), user.as_str())
        }
        WhyNot::ClaimFirst => {
            (Both("必须先认领这个节点。", "Somebody has to claim the node first."), "")
        }
        WhyNot::NoDecision => (
            Both(
                "这个节点不是审批，不能拒绝。",
                "The node is no approval, so nothing can be refused there.",
            ),
            "",
        ),
        WhyNot::NothingToClaim => (Both("没有可以认领的节点。", "There is no node to claim."), ""),
        WhyNot::NoHandingOver => {
            (Both("流程不允许转单。", "The flow lets nobody hand the node over."), "")
        }
        WhyNot::IsSuspended => (Both("工单已经挂起。", "The ticket is suspended already."), ""),
        WhyNot::NotSuspended => (Both("工单没有挂起。", "The ticket is not suspended."), ""),
        WhyNot::NeitherProcessorNorManager(user) => (
            Both(
                "{} 既不是当前处理人，也不是管理员。",
                "{} is neither a current processor nor a manager.",
            ),
            user.as_str(),
        ),
        WhyNot::NotTheCreator(user) => {
            (Both("{} 不是提单人。", "{} is not the creator."), user.as_str())
        }
        WhyNot::TooLate => {
            (Both("流程设置现在不允许撤单。", "The flow's settings allow no withdrawal now."), "")
        }
        WhyNot::NotTheManager(user) => {
            (Both("{} 不是管理员。", "{} is not a manager."), user.as_str())
        }
        WhyNot::Missing(what) => (Both("请填写“{}”。", "Please fill in \"{}\"."), what.as_str()),
        WhyNot::NoChoice(what) => {
            (Both("“{}”没有这个选项。", "\"{}\" has no such choice."), what.as_str())
        }
    };
    language.filled(both, filling)
}

/// Why ITSM does not count a callback as delivered, as the end of a sentence.
pub fn undelivered(language: Language, why: &Undelivered) -> String {
    let (both, filling) = match why {
        Undelivered::NoAnswer => (Both("没有收到应答", "no answer came"), String::new()),
        Undelivered::Status(status) => (
            Both(
                "应答状态是 {}，只有 200 和 201 算送达",
                "its answer has the status {}, and only 200 and 201 count",
            ),
            status.to_string(),
        ),
        Undelivered::NoObject => {
            (Both("应答不是 JSON 对象", "its answer is no JSON object"), String::new())
        }
        Undelivered::NoCode => {
            (Both("应答没有 code", "its answer has no member code"), String::new())
        }
        Undelivered::Code(code) => (
            Both(
                "应答的 code 是 {}，不是数字 0",
                "the code of its answer is {} and not the number 0",
            ),
            code.clone(),
        ),
    };
    language.filled(both, &filling)
}
