//! What was done to tickets of the recorded server is done to the fake's, over its HTTP API and on its pages:
//! log, status, flag and callback come out as they did there.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use fake_itsm::{FakeItsm, HttpClient, Options};
use serde_json::{Value, json};

/// What somebody does. The names come first; what has `Page` in its name is done on ITSM's pages, all else
/// over the API.
enum Act {
    Approve(&'static str, &'static str),
    Refuse(&'static str, &'static str),
    /// Fills in the form of a running node: names of fields with values.
    Fill(&'static str, &'static [(&'static str, &'static str)]),
    HandOver(&'static str, &'static str, &'static str),
    EditTitle(&'static str, &'static str),
    Suspend(&'static str, &'static str),
    Resume(&'static str),
    Withdraw(&'static str),
    Terminate(&'static str),
    PageApprove(&'static str, &'static str),
    PageRefuse(&'static str, &'static str),
    /// Approves with a value for a field of the flow's author.
    PageFill(&'static str, &'static str, &'static str),
    PageHandOver(&'static str, &'static str, &'static str),
    PageEditTitle(&'static str, &'static str),
    PageWithdraw(&'static str),
    PageClose(&'static str),
    PageEndWith(&'static str),
    PageDeleteNode(u64),
    PageFailAutomatic,
    PageRetryAutomatic,
    /// A ticket that waits for bob is made, and this one merged under it.
    PageMerge,
    ParentApproved,
    ParentRefused,
}
use Act::*;

struct Story {
    name: &'static str,
    service: u64,
    acts: &'static [Act],
    /// operator, source, from_state_type, form, message.
    log: &'static [&'static str],
    status: &'static str,
    flag: bool,
    /// The flag, `updated_by` and `last_approver` of the callback, if one comes.
    callback: Option<(bool, &'static str, &'static str)>,
}

const START: &str = "carol WEB  {} 流程开始.";
const MADE: &str = "carol WEB NORMAL [标题=t] carol 处理【提单】";
const END: &str = " SYS  {} 流程结束.";

const STORIES: &[Story] = &[
    Story {
        name: "approved",
        service: 2,
        acts: &[Approve("bob", "同意")],
        log: &[
            START,
            "carol WEB NORMAL [标题=t, 审批人=bob,dave,erin, 审批内容=c] carol 处理【提单】",
            "bob API APPROVAL [审批意见=true, 备注=同意] bob 已处理【内置审批节点】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,", "bob")),
    },
    Story {
        name: "refused, and approved at the next node",
        service: 19,
        acts: &[Refuse("bob", "太贵"), Approve("dave", "我同意")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=false, 备注=太贵] bob 已处理【初审】(拒绝)",
            "dave API APPROVAL [审批意见=true, 备注=我同意] dave 已处理【复审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,dave,", "dave")),
    },
    Story {
        name: "one of a countersign refuses",
        service: 3,
        acts: &[Approve("bob", "r-bob"), Refuse("dave", "r-dave"), Approve("erin", "r-erin")],
        log: &[
            START,
            "carol WEB NORMAL [标题=t, 审批人=bob,dave,erin] carol 处理【提单】",
            "bob API APPROVAL [审批意见=true, 备注=r-bob] bob 已处理【会签】(通过)",
            "dave API APPROVAL [审批意见=false, 备注=r-dave] dave 已处理【会签】(拒绝)",
            "erin API APPROVAL [审批意见=true, 备注=r-erin] erin 已处理【会签】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,dave,erin,", "erin,dave,bob")),
    },
    Story {
        name: "half of a countersign are enough to end it, and one no among them is a no",
        service: 7,
        acts: &[Refuse("bob", ""), Approve("dave", ""), Approve("erin", "")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=false, 备注=] bob 已处理【会签过半】(拒绝)",
            "dave API APPROVAL [审批意见=true, 备注=] dave 已处理【会签过半】(通过)",
            "erin API APPROVAL [审批意见=true, 备注=] erin 已处理【会签过半】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,dave,erin,", "erin,dave,bob")),
    },
    Story {
        name: "half of a countersign approve, and the third is not asked",
        service: 7,
        acts: &[Approve("erin", ""), Approve("bob", "")],
        log: &[
            START,
            MADE,
            "erin API APPROVAL [审批意见=true, 备注=] erin 已处理【会签过半】(通过)",
            "bob API APPROVAL [审批意见=true, 备注=] bob 已处理【会签过半】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,erin,bob,", "bob,erin")),
    },
    Story {
        name: "no approval on the way",
        service: 5,
        acts: &[Fill("bob", &[("处理结果", "完成✓")])],
        log: &[
            START,
            "carol WEB NORMAL [标题=t, 处理人=bob,dave,erin] carol 处理【提单】",
            "bob API NORMAL [处理结果=完成✓] bob 处理【处理】",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,", "")),
    },
    Story {
        name: "handed over, and approved by the other",
        service: 14,
        acts: &[HandOver("bob", "dave", "我休假"), Approve("dave", "代审")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [] bob 转单【可转审批】给 dave(戴夫)(我休假).",
            "dave API APPROVAL [审批意见=true, 备注=代审] dave 已处理【可转审批】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,dave,", "dave")),
    },
    Story {
        name: "one of two branches refuses",
        service: 8,
        acts: &[Approve("bob", "a"), Refuse("dave", "b")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=true, 备注=a] bob 已处理【分支甲】(通过)",
            "dave API APPROVAL [审批意见=false, 备注=b] dave 已处理【分支乙】(拒绝)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,dave,", "dave")),
    },
    Story {
        name: "the other branch comes first",
        service: 8,
        acts: &[Approve("dave", "b"), Approve("bob", "a")],
        log: &[
            START,
            MADE,
            "dave API APPROVAL [审批意见=true, 备注=b] dave 已处理【分支乙】(通过)",
            "bob API APPROVAL [审批意见=true, 备注=a] bob 已处理【分支甲】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,dave,bob,", "bob")),
    },
    Story {
        name: "refused, sent back, approved by somebody else: the node of the way back is forgotten",
        service: 9,
        acts: &[
            Refuse("bob", "补材料"),
            Fill("carol", &[("修改说明", "补了")]),
            Approve("dave", "好了"),
        ],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=false, 备注=补材料] bob 已处理【审】(拒绝)",
            "carol API  raw[修改说明=补了] carol 处理【修改】",
            "dave API APPROVAL [审批意见=true, 备注=好了] dave 已处理【审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,dave,", "dave")),
    },
    Story {
        name: "sent back, handed over, approved",
        service: 9,
        acts: &[
            Refuse("bob", "补材料"),
            Fill("carol", &[("修改说明", "补了")]),
            HandOver("dave", "erin", "帮看"),
            Approve("erin", "好了"),
        ],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=false, 备注=补材料] bob 已处理【审】(拒绝)",
            "carol API  raw[修改说明=补了] carol 处理【修改】",
            "dave API APPROVAL [] dave 转单【审】给 erin(艾琳)(帮看).",
            "erin API APPROVAL [审批意见=true, 备注=好了] erin 已处理【审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,dave,erin,", "erin")),
    },
    Story {
        name: "refused, and not yet handled by its creator: the way back is still known",
        service: 9,
        acts: &[PageRefuse("bob", "补材料"), PageClose("admin")],
        log: &[
            START,
            MADE,
            "bob WEB APPROVAL [审批意见=false, 备注=补材料] bob 已处理【审】(拒绝)",
            "admin SYS  {} admin 关闭了单据：管理员关单.",
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,", "bob")),
    },
    Story {
        name: "a no of the second approval sends back to the first, and is shown as the database has it meanwhile",
        service: 10,
        acts: &[Approve("bob", "一"), Refuse("dave", "不"), Terminate("bob")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=true, 备注=一] bob 已处理【初审】(通过)",
            "dave API  raw[审批意见=false, 备注=不] dave 已处理【复审】(拒绝)",
            "bob SYS  {} bob 关闭了单据.",
        ],
        status: "TERMINATED",
        flag: false,
        callback: Some((false, ",carol,bob,dave,", "")),
    },
    Story {
        name: "the creator would have to approve, and the flow does it",
        service: 16,
        acts: &[],
        log: &[
            START,
            MADE,
            "carol SYS APPROVAL [审批意见=true, 备注=检测到当前处理人包含提单人，系统自动过单] carol 已处理【自审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,", "carol")),
    },
    Story {
        name: "nobody is there to approve, and the flow does it",
        service: 15,
        acts: &[],
        log: &[
            START,
            MADE,
            "system SYS APPROVAL [审批意见=true, 备注=检测到当前处理人为空，系统自动过单] system 已处理【空审批】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,system,", "system")),
    },
    Story {
        name: "edited, suspended, and approved all the same",
        service: 14,
        acts: &[
            EditTitle("carol", "新标题"),
            Suspend("bob", "等等"),
            Resume("bob"),
            Suspend("bob", "再等等"),
            Approve("bob", "悬挂时批"),
        ],
        log: &[
            START,
            MADE,
            "carol SYS  raw[标题=t(before), 标题=新标题(after)] carol 修改字段【标题】.",
            "bob SYS  {} bob 挂起了单据：等等.",
            "bob SYS  {} bob 恢复了单据.",
            "bob SYS  {} bob 挂起了单据：再等等.",
            "bob API APPROVAL [审批意见=true, 备注=悬挂时批] bob 已处理【可转审批】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,", "bob")),
    },
    Story {
        name: "a webhook follows the approval",
        service: 11,
        acts: &[Approve("bob", "好")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=true, 备注=好] bob 已处理【领导审批】(通过)",
            "system AUTOMATIC WEBHOOK [POST http://itsm.example.com/node] WebHook任务【通知】执行成功",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,system,", "bob")),
    },
    Story {
        name: "the webhook fails, and is tried again",
        service: 11,
        acts: &[PageFailAutomatic, Approve("bob", "好"), PageRetryAutomatic],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=true, 备注=好] bob 已处理【领导审批】(通过)",
            "carol AUTOMATIC WEBHOOK [] WebHook任务【通知】执行失败，失败信息 返回状态码非200, response=oops",
            "system AUTOMATIC WEBHOOK [POST http://itsm.example.com/node] WebHook任务【通知】执行成功",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,system,", "bob")),
    },
    Story {
        name: "a child ends with its parent while its second approval is pending",
        service: 19,
        acts: &[Approve("bob", "子一"), PageMerge, ParentApproved],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=true, 备注=子一] bob 已处理【初审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: None,
    },
    Story {
        name: "a child's approval was never entered, and its parent is refused",
        service: 18,
        acts: &[PageMerge, ParentRefused],
        log: &[START, MADE, END],
        status: "FINISHED",
        flag: true,
        callback: None,
    },
    Story {
        name: "a manager closes it while the approval is pending",
        service: 14,
        acts: &[PageClose("admin")],
        log: &[START, MADE, "admin SYS  {} admin 关闭了单据：管理员关单."],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,", "")),
    },
    Story {
        name: "a manager closes it before any approval is entered",
        service: 18,
        acts: &[PageClose("admin")],
        log: &[START, MADE, "admin SYS  {} admin 关闭了单据：管理员关单."],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,", "")),
    },
    Story {
        name: "an approval that refused is deleted from the flow",
        service: 19,
        acts: &[PageDeleteNode(185), Refuse("bob", "拒"), Approve("dave", "过")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=false, 备注=拒] bob 已处理【初审】(拒绝)",
            "dave API APPROVAL [审批意见=true, 备注=过] dave 已处理【复审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,dave,", "dave")),
    },
    Story {
        name: "a node's status of the site's own ends it",
        service: 17,
        acts: &[Approve("bob", "r")],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [审批意见=true, 备注=r] bob 已处理【审】(通过)",
            "system SYS  {} system 关闭了单据：节点设置的默认单据状态为结束状态.",
        ],
        status: "baaa462afaefe2b73efcbbe3873cd8be",
        flag: false,
        callback: Some((false, ",carol,bob,", "bob")),
    },
    Story {
        name: "a manager closes it with a status of the site's own",
        service: 14,
        acts: &[PageEndWith("DONE_OK")],
        log: &[START, MADE, "admin SYS  {} admin 关闭了单据."],
        status: "DONE_OK",
        flag: false,
        callback: Some((false, ",carol,", "")),
    },
    Story {
        name: "refused on the page",
        service: 14,
        acts: &[PageRefuse("bob", "页面 & \"拒\" <b>绝</b>")],
        log: &[
            START,
            MADE,
            "bob WEB APPROVAL [审批意见=false, 备注=页面 & \"拒\" <b>绝</b>] bob 已处理【可转审批】(拒绝)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,", "bob")),
    },
    Story {
        name: "a refusal that ends it",
        service: 4,
        acts: &[Refuse("dave", "no")],
        log: &[
            START,
            "carol WEB NORMAL [标题=t, 审批人=bob,dave,erin] carol 处理【提单】",
            "dave API APPROVAL [审批意见=false, 备注=no] dave 已处理【审批】(拒绝)",
            "system SYS  {} system 关闭了单据.",
        ],
        status: "TERMINATED",
        flag: false,
        callback: Some((false, ",carol,dave,", "dave")),
    },
    Story {
        name: "terminated",
        service: 14,
        acts: &[Terminate("bob")],
        log: &[START, MADE, "bob SYS  {} bob 关闭了单据."],
        status: "TERMINATED",
        flag: false,
        callback: Some((false, ",carol,", "")),
    },
    Story {
        name: "withdrawn over the API",
        service: 19,
        acts: &[Withdraw("admin")],
        log: &[START, MADE, "admin API APPROVAL [] admin 撤销单据."],
        status: "REVOKED",
        flag: false,
        callback: Some((false, ",carol,", "")),
    },
    Story {
        name: "withdrawn after an approval, which this flow allows",
        service: 19,
        acts: &[PageApprove("bob", "好"), PageWithdraw("carol")],
        log: &[
            START,
            MADE,
            "bob WEB APPROVAL [审批意见=true, 备注=好] bob 已处理【初审】(通过)",
            "carol WEB APPROVAL [] carol 撤销单据.",
        ],
        status: "REVOKED",
        flag: false,
        callback: Some((false, ",carol,bob,", "")),
    },
    Story {
        name: "an emoji in a remark: the log loses this line and all that would follow",
        service: 14,
        acts: &[Approve("bob", "好 🚀")],
        log: &[START, MADE],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,", "bob")),
    },
    Story {
        name: "a field of the author's own says yes before the decision says no",
        service: 12,
        acts: &[Fill("bob", &[("是否紧急", "true"), ("审批意见", "false"), ("备注", "拒")])],
        log: &[
            START,
            MADE,
            "bob API APPROVAL [是否紧急=true, 审批意见=false, 备注=拒, 备注=拒] bob 已处理【审】(拒绝)",
            END,
        ],
        status: "FINISHED",
        flag: false,
        callback: Some((false, ",carol,bob,", "bob")),
    },
    Story {
        name: "a field of the author's own says no before the decision says yes, on the page",
        service: 12,
        acts: &[PageFill("bob", "URGENT", "false")],
        log: &[
            START,
            MADE,
            "bob WEB APPROVAL [是否紧急=false, 审批意见=true, 备注=] bob 已处理【审】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,", "bob")),
    },
    Story {
        name: "people sign off, one with a no, and the approval says yes",
        service: 13,
        acts: &[
            Fill("bob", &[("会签意见", "false"), ("备注", "不")]),
            Fill("dave", &[("会签意见", "true"), ("备注", "")]),
            Approve("erin", "批"),
        ],
        log: &[
            START,
            MADE,
            "bob API SIGN [会签意见=false, 备注=不] bob 已处理【签字】(拒绝)",
            "dave API SIGN [会签意见=true, 备注=] dave 已处理【签字】(通过)",
            "erin API APPROVAL [审批意见=true, 备注=批] erin 已处理【审批】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,dave,erin,", "erin")),
    },
    Story {
        name: "handed over and renamed on the page, approved over the ESB's way",
        service: 14,
        acts: &[
            PageHandOver("bob", "erin", "请看"),
            PageEditTitle("erin", "改"),
            Fill("erin", &[("审批意见", "true"), ("备注", "批")]),
        ],
        log: &[
            START,
            MADE,
            "bob WEB APPROVAL [] bob 转单【可转审批】给 erin(艾琳)(请看).",
            "erin SYS  raw[标题=t(before), 标题=改(after)] erin 修改字段【标题】.",
            "erin API APPROVAL [审批意见=true, 备注=批, 备注=批] erin 已处理【可转审批】(通过)",
            END,
        ],
        status: "FINISHED",
        flag: true,
        callback: Some((true, ",carol,bob,erin,", "erin")),
    },
];

/// A server, and a ticket on it.
struct Told {
    fake: FakeItsm,
    sn: String,
    parent: Option<String>,
}

#[tokio::test]
async fn every_story_leaves_what_the_recorded_server_left() {
    for story in STORIES {
        let mut told = Told::begin(story.service).await;
        for act in story.acts {
            told.act(act).await;
        }
        told.check(story).await;
    }
    println!("stories {}", STORIES.len());
}

impl Told {
    async fn begin(service: u64) -> Self {
        let fake = FakeItsm::start(Options::default()).await.unwrap();
        let made = create(&fake, service).await;
        let sn = made["data"]["sn"].as_str().unwrap().to_owned();
        fake.started(&sn).await.unwrap();
        Self { fake, sn, parent: None }
    }

    async fn act(&mut self, act: &Act) {
        let (fake, sn) = (&self.fake, self.sn.as_str());
        let operate_ticket = async |who: &str, action: &str, why: &str| {
            let body =
                json!({"sn": sn, "operator": who, "action_type": action, "action_message": why});
            succeed(fake, "operate_ticket", &body).await;
        };
        let approve = async |who: &str, action: &str, remark: &str| {
            let node = running_node(fake, sn, who).await["state_id"].clone();
            let body = json!({"sn": sn, "state_id": node, "approver": who, "action": action, "remark": remark});
            succeed(fake, "approve", &body).await;
        };
        match act {
            Approve(who, remark) => approve(who, "true", remark).await,
            Refuse(who, remark) => approve(who, "false", remark).await,
            Fill(who, values) => {
                let node = running_node(fake, sn, who).await;
                let value = |name: &Value| {
                    values.iter().find(|(known, _)| name == known).map(|(_, value)| *value)
                };
                let fields = node["fields"].as_array().unwrap().iter();
                let fields = fields.map(
                    |field| json!({"key": field["key"], "value": value(&field["name"]).unwrap()}),
                );
                let body = json!({
                    "sn": sn, "state_id": node["state_id"], "operator": who, "action_type": "TRANSITION",
                    "fields": fields.collect::<Vec<_>>(),
                });
                succeed(fake, "operate_node", &body).await;
            }
            HandOver(who, to, why) => {
                let body = json!({
                    "sn": sn, "state_id": running_node(fake, sn, who).await["state_id"], "operator": who,
                    "action_type": "DELIVER", "processors_type": "PERSON", "processors": to, "action_message": why,
                });
                succeed(fake, "operate_node", &body).await;
            }
            EditTitle(who, title) => {
                let field = json!({"key": "title", "type": "STRING", "value": title});
                succeed(fake, "edit_field", &json!({"sn": sn, "operator": who, "fields": [field]}))
                    .await;
            }
            Suspend(who, why) => operate_ticket(who, "SUSPEND", why).await,
            Resume(who) => operate_ticket(who, "UNSUSPEND", "go on").await,
            Withdraw(who) => operate_ticket(who, "WITHDRAW", "x").await,
            Terminate(who) => operate_ticket(who, "TERMINATE", "x").await,
            PageApprove(who, remark) => fake.approve_saying(sn, who, remark).await.unwrap(),
            PageRefuse(who, remark) => fake.refuse(sn, who, remark).await.unwrap(),
            PageFill(who, key, value) => fake.approve_with(sn, who, &[(key, value)]).await.unwrap(),
            PageHandOver(who, to, why) => fake.hand_over(sn, who, to, why).await.unwrap(),
            PageEditTitle(who, title) => fake.edit_title(sn, who, title).unwrap(),
            PageWithdraw(who) => fake.withdraw(sn, who).await.unwrap(),
            PageClose(who) => fake.close_on_page(sn, who).await.unwrap(),
            PageEndWith(status) => fake.end_with(sn, status).await.unwrap(),
            PageDeleteNode(node) => fake.delete_node(*node).unwrap(),
            PageFailAutomatic => fake.fail_automatic(sn).unwrap(),
            PageRetryAutomatic => {
                // Meanwhile it looks like a ticket that nobody works at.
                let status = get(fake, &format!("get_ticket_status/?sn={sn}")).await;
                assert_eq!(
                    (&status["data"]["current_status"], &status["data"]["current_steps"]),
                    (&json!("RUNNING"), &json!([]))
                );
                fake.retry_automatic(sn).unwrap();
            }
            PageMerge => {
                let parent = create(fake, 2).await["data"]["sn"].as_str().unwrap().to_owned();
                fake.started(&parent).await.unwrap();
                fake.merge_under(sn, &parent).unwrap();
                self.parent = Some(parent);
            }
            ParentApproved => fake.approve(self.parent.as_ref().unwrap(), "bob").await.unwrap(),
            ParentRefused => fake.refuse(self.parent.as_ref().unwrap(), "bob", "").await.unwrap(),
        }
    }

    async fn check(&self, story: &Story) {
        let (fake, sn) = (&self.fake, self.sn.as_str());
        let callback = match &story.callback {
            Some(_) => Some(fake.called_back(sn).await.unwrap()),
            None => {
                fake.called_back(self.parent.as_ref().unwrap()).await.unwrap();
                fake.callbacks().into_iter().find(|sent| sent.sn == sn)
            }
        };
        let callback: Option<Value> =
            callback.map(|sent| serde_json::from_str(&sent.body).unwrap());
        let called = callback.as_ref().map(|sent| {
            assert_eq!(
                (&sent["sn"], &sent["current_status"]),
                (&json!(sn), &json!(story.status)),
                "{}",
                story.name
            );
            let text = |name: &str| sent[name].as_str().unwrap();
            (sent["approve_result"].as_bool().unwrap(), text("updated_by"), text("last_approver"))
        });
        assert_eq!(called, story.callback, "{}", story.name);

        let complex = get(fake, &format!("get_ticket_logs/?sn={sn}&show_type=complex")).await;
        let complex = complex["data"]["logs"].as_array().unwrap();
        let lines: Vec<_> = complex.iter().map(line).collect();
        assert_eq!(lines, story.log, "{}", story.name);
        let simple = get(fake, &format!("get_ticket_logs/?sn={sn}")).await;
        let shortened = complex.iter().map(|entry| {
            let mut entry = entry.clone();
            entry
                .as_object_mut()
                .unwrap()
                .retain(|name, _| !matches!(name.as_str(), "form_data" | "from_state_type"));
            entry
        });
        assert_eq!(simple["data"]["logs"], shortened.collect::<Value>(), "{}", story.name);

        let result =
            post(fake, "ticket_approval_result", &json!({"sn": [sn]})).await["data"][0].clone();
        assert_eq!(
            (&result["current_status"], &result["approve_result"]),
            (&json!(story.status), &json!(story.flag)),
            "{}",
            story.name
        );
        let row =
            post(fake, "get_tickets", &json!({"sns": [sn]})).await["data"]["items"][0].clone();
        assert_eq!(row["current_status"], story.status, "{}", story.name);
        assert!(row["end_at"].is_string(), "{}", story.name);
        let status = get(fake, &format!("get_ticket_status/?sn={sn}")).await;
        assert_eq!(
            (&status["data"]["current_steps"], &status["data"]["operations"]),
            (&json!([]), &json!([])),
            "{}",
            story.name
        );
    }
}

/// A line of the complex log, in the table's words.
fn line(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap();
    let form = match &entry["form_data"] {
        Value::Array(fields) => {
            let shown: Vec<_> = fields.iter().map(shown).collect();
            let raw =
                if fields.iter().any(|field| field.get("meta").is_some()) { "raw" } else { "" };
            format!("{raw}[{}]", shown.join(", "))
        }
        other => other.to_string(),
    };
    format!(
        "{} {} {} {form} {}",
        text("operator"),
        text("source"),
        text("from_state_type"),
        text("message")
    )
}

fn shown(field: &Value) -> String {
    if let Some(method) = field["method"].as_str() {
        return format!("{method} {}", field["url"].as_str().unwrap());
    }
    let names: Vec<_> = field.as_object().unwrap().keys().map(String::as_str).collect();
    let (name, value) = (field["name"].as_str().unwrap(), field["value"].as_str().unwrap());
    let choices = [("true", "通过"), ("false", "拒绝"), ("true", "是"), ("false", "否")];
    assert!(
        field["display_value"] == value
            || choices
                .iter()
                .any(|chosen| (value, &field["display_value"]) == (chosen.0, &json!(chosen.1))),
        "{field}"
    );
    let of_decision = name == "审批意见" || name == "会签意见";
    if let Some(meta) = field.get("meta") {
        let code = if of_decision { json!({"code": "APPROVE_RESULT"}) } else { json!({}) };
        assert_eq!(meta, &code);
        assert!(
            ["choice", "state_id", "validate_type"].iter().all(|name| names.contains(name)),
            "{field}"
        );
    } else {
        assert_eq!(names, ["desc", "display_value", "id", "key", "name", "type", "value"]);
    }
    if of_decision {
        let key = field["key"].as_str().unwrap();
        assert!(
            key.len() == 32 && key.starts_with(|first: char| first.is_ascii_alphabetic()),
            "{key}"
        );
        assert!(key[1..].bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
    }
    match field["value_status"].as_str() {
        Some(status) => format!("{name}={value}({status})"),
        None => format!("{name}={value}"),
    }
}

async fn create(fake: &FakeItsm, service: u64) -> Value {
    let mut fields = vec![json!({"key": "title", "value": "t"})];
    if matches!(service, 2..=6) {
        fields.push(json!({"key": "APPROVER", "value": "bob,dave,erin"}));
    }
    if service == 2 {
        fields.push(json!({"key": "APPROVAL_CONTENT", "value": "c"}));
    }
    // Nobody listens there: the attempt is what counts.
    let meta = json!({"callback_url": "http://127.0.0.1:9/"});
    let body = json!({"service_id": service, "creator": "carol", "fields": fields, "meta": meta});
    post(fake, "create_ticket", &body).await
}

/// The running node that waits for somebody, as get_ticket_status tells of it.
async fn running_node(fake: &FakeItsm, sn: &str, who: &str) -> Value {
    let status = get(fake, &format!("get_ticket_status/?sn={sn}")).await;
    let waits =
        |node: &&Value| node["processors"].as_str().unwrap().split(',').any(|name| name == who);
    let mut nodes = status["data"]["current_steps"].as_array().unwrap().iter();
    nodes.find(waits).unwrap_or_else(|| panic!("nothing waits for {who}: {status}")).clone()
}

async fn post(fake: &FakeItsm, action: &str, body: &Value) -> Value {
    let url = format!("{}/openapi/ticket/{action}/", fake.url());
    let answer = HttpClient::default().post(&url, &[], &body.to_string()).await.unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

async fn succeed(fake: &FakeItsm, action: &str, body: &Value) {
    let answer = post(fake, action, body).await;
    assert_eq!(answer["code"], 0, "{action} {body}: {answer}");
}

async fn get(fake: &FakeItsm, action_and_query: &str) -> Value {
    let url = format!("{}/openapi/ticket/{action_and_query}", fake.url());
    serde_json::from_str(&HttpClient::default().get(&url).await.unwrap().body).unwrap()
}
