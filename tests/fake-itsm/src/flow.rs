//! The services, and the flows that their tickets take.

use crate::form::{Definition, Field};
use serde::Deserialize;
use std::ptr;

/// Who handles a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Whom this field of the ticket names.
    Field(&'static str),
    /// These people, joined by commas. Empty is nobody.
    People(&'static str),
    /// The ticket's creator.
    Creator,
}

/// When an approval is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// One processor decides.
    Any,
    /// Every processor has to decide: a countersign.
    All,
    /// Half of the processors say yes: a countersign, too. Without half of them, all have to decide.
    Half,
    /// Two processors decide, whatever they say.
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Approval(Condition),
    /// Everybody signs off. ITSM's result does not count it.
    SignOff,
    /// Somebody submits a form.
    Handler,
    /// ITSM calls an address by itself.
    Webhook,
    /// Entering it gives the ticket this status of the site's own, which is one that ends.
    Ending(&'static str),
    /// The same with a status that does not end: somebody handles the node all the same.
    Marking(&'static str),
}

impl Kind {
    /// ITSM's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approval(_) => "APPROVAL",
            Self::SignOff => "SIGN",
            Self::Handler | Self::Ending(_) | Self::Marking(_) => "NORMAL",
            Self::Webhook => "WEBHOOK",
        }
    }

    pub fn is_approval(self) -> bool {
        matches!(self, Self::Approval(_))
    }

    /// Whether each processor's word counts.
    pub fn is_countersign(self) -> bool {
        self == Self::SignOff || self.is_approval() && self != Self::Approval(Condition::Any)
    }
}

/// What a refusal at an approval does. By default the flow goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    GoesOn,
    Terminates,
    /// The ticket is sent to this node.
    GoesTo(u64),
}

/// The words of an approval's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// Of a flow that was imported.
    Imported,
    /// Of a flow that came with the server.
    BuiltIn,
    /// Of one that came with it in English.
    English,
}

/// A node of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub id: u64,
    pub name: &'static str,
    pub kind: Kind,
    pub by: By,
    /// What follows, all at the same time. Nothing does at the end of a branch.
    pub next: &'static [u64],
    pub refusal: Refusal,
    pub may_be_handed_over: bool,
    /// Whether the flow lets its people end the ticket there. Over the API, the server then fails at it.
    pub may_be_terminated: bool,
    /// Whether one of the processors has to claim it first, and is then the only one.
    pub is_claimed_first: bool,
    /// Whether its form is the one that comes with the server, or in English.
    pub words: Words,
    /// Whether the flow approves in place of processors whom nobody named.
    pub is_skipped_without_processor: bool,
    /// The fields of the flow's author, which stand before ITSM's own.
    pub own_fields: &'static [(&'static str, Definition)],
}

impl Node {
    pub const fn new(id: u64, name: &'static str, kind: Kind, by: By) -> Self {
        Self {
            id,
            name,
            kind,
            by,
            next: &[],
            refusal: Refusal::GoesOn,
            may_be_handed_over: false,
            may_be_terminated: false,
            is_claimed_first: false,
            words: Words::Imported,
            is_skipped_without_processor: false,
            own_fields: &[],
        }
    }

    const fn then(mut self, next: &'static [u64]) -> Self {
        self.next = next;
        self
    }

    const fn refused(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    const fn handed_over(mut self) -> Self {
        self.may_be_handed_over = true;
        self
    }

    const fn terminated(mut self) -> Self {
        self.may_be_terminated = true;
        self
    }

    const fn claimed_first(mut self) -> Self {
        self.is_claimed_first = true;
        self
    }

    const fn in_words(mut self, words: Words) -> Self {
        self.words = words;
        self
    }

    const fn skipped_without_processor(mut self) -> Self {
        self.is_skipped_without_processor = true;
        self
    }

    const fn asking(mut self, own_fields: &'static [(&'static str, Definition)]) -> Self {
        self.own_fields = own_fields;
        self
    }

    /// The fields of its form, in their order.
    pub fn form(&self) -> Vec<Field> {
        let key = |prefix: &str| format!("{prefix}{:08x}", self.id);
        let mut fields: Vec<_> = self
            .own_fields
            .iter()
            .map(|(key, definition)| ((*key).to_owned(), *definition))
            .collect();
        let remark = match self.words {
            Words::English => "Remarks",
            Words::Imported | Words::BuiltIn => "备注",
        };
        let regex = match self.words {
            Words::Imported => "",
            Words::BuiltIn | Words::English => "EMPTY",
        };
        let in_words =
            |definition: Definition, name: &'static str| Definition { name, regex, ..definition };
        let decision = match self.words {
            Words::English => Definition::DECISION_IN_ENGLISH,
            Words::Imported | Words::BuiltIn => Definition::DECISION,
        };
        match self.kind {
            Kind::Approval(_) => fields.extend([
                (key("ab544e65785a16a6fa9dd046"), in_words(decision, decision.name)),
                (key("dee63f994a33df146b5606c4"), in_words(Definition::YES_REMARK, remark)),
                (key("c1a63da33b1de79e9b7d50c7"), in_words(Definition::NO_REMARK, remark)),
            ]),
            Kind::SignOff => fields.extend([
                (key("s2120e76daf4d79485ef76b1"), Definition::SIGNATURE),
                (key("wcd083bfa58403947a53fa5d"), Definition::YES_REMARK),
            ]),
            Kind::Handler | Kind::Webhook | Kind::Ending(_) | Kind::Marking(_) => {}
        }
        Field::numbered(self.id * 10, Some(self.id), fields)
    }
}

const fn approval(id: u64, name: &'static str, by: By) -> Node {
    Node::new(id, name, Kind::Approval(Condition::Any), by)
}

const fn countersign(id: u64, name: &'static str, condition: Condition, by: By) -> Node {
    Node::new(id, name, Kind::Approval(condition), by)
}

const fn handler(id: u64, name: &'static str, by: By) -> Node {
    Node::new(id, name, Kind::Handler, by)
}

/// When a ticket's creator may take it back.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Revocable {
    /// Until somebody has handled the first node: the default of imported flows.
    UntilHandled,
    /// As long as it is open.
    Always,
}

/// What a service is for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ServiceKind {
    Request,
    Change,
    Event,
    Question,
}

impl ServiceKind {
    /// ITSM's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Change => "change",
            Self::Event => "event",
            Self::Question => "question",
        }
    }

    /// What the numbers of its tickets begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Request => "REQ",
            Self::Change => "CRQ",
            Self::Event => "INC",
            Self::Question => "PBI",
        }
    }
}

/// Whether a service can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    Open,
    /// An administrator has switched it off.
    Disabled,
    /// It is in no catalogue.
    InNoCatalog,
}

/// A service with its flow.
#[derive(Debug)]
pub(crate) struct Service {
    pub id: u64,
    pub name: &'static str,
    pub description: &'static str,
    pub kind: ServiceKind,
    /// Whether tickets can be made, and why not.
    pub offer: Offer,
    /// The node where tickets are made.
    pub first_node: u64,
    /// The nodes behind it. A ticket goes to the first of them, or to all that `parallel` says.
    pub nodes: &'static [Node],
    /// How many of the nodes run at the same time at first.
    pub parallel: usize,
    pub revocable: Revocable,
    /// Whether the flow approves where the creator would have to.
    pub approves_for_creator: bool,
    pub project_key: &'static str,
    pub catalog_id: u64,
    /// The fields of the form beside the title.
    pub form: &'static [(&'static str, Definition)],
    /// The fields that its kind brings, beside the title and the status. They are filled with what the form
    /// says under the same key.
    pub base: &'static [(&'static str, Definition)],
}

impl Service {
    /// A service whose form holds the title alone.
    const fn new(id: u64, name: &'static str, first_node: u64, nodes: &'static [Node]) -> Self {
        Self {
            id,
            name,
            description: "",
            kind: ServiceKind::Request,
            offer: Offer::Open,
            first_node,
            nodes,
            parallel: 1,
            revocable: Revocable::UntilHandled,
            approves_for_creator: false,
            project_key: "0",
            catalog_id: 9,
            form: &[],
            base: BASE,
        }
    }

    /// A service without a flow.
    pub const fn empty() -> Self {
        Self::new(0, "", 0, &[])
    }

    const fn for_a(mut self, kind: ServiceKind) -> Self {
        self.kind = kind;
        self
    }

    const fn offered(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self
    }

    const fn based_on(mut self, base: &'static [(&'static str, Definition)]) -> Self {
        self.base = base;
        self
    }

    const fn described(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    const fn in_catalog(mut self, project_key: &'static str, catalog_id: u64) -> Self {
        self.project_key = project_key;
        self.catalog_id = catalog_id;
        self
    }

    const fn asking(mut self, form: &'static [(&'static str, Definition)]) -> Self {
        self.form = form;
        self
    }

    const fn in_parallel(mut self, nodes: usize) -> Self {
        self.parallel = nodes;
        self
    }

    const fn always_revocable(mut self) -> Self {
        self.revocable = Revocable::Always;
        self
    }

    const fn approving_for_creator(mut self) -> Self {
        self.approves_for_creator = true;
        self
    }

    pub fn node(&self, id: u64) -> Option<&'static Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    pub fn has_node(&self, id: u64) -> bool {
        id == self.first_node || self.node(id).is_some()
    }

    /// The fields of the form that makes a ticket, the title first.
    pub fn form(&self) -> Vec<Field> {
        let title = std::iter::once(&("title", Definition::TITLE));
        let fields = title.chain(self.form);
        let fields = fields.map(|(key, definition)| ((*key).to_owned(), *definition));
        let mut form = Field::numbered(self.id * 100, Some(self.first_node), fields.collect());
        for field in &mut form {
            field.lost_choices = true;
        }
        form
    }

    /// The fields that its kind brings, the title first and the status before what is the service's own.
    pub fn base_form(&self) -> Vec<Field> {
        let title = ("title", Definition::TITLE);
        let status = ("current_status", Definition::STATUS);
        let nothing: &[_] = &[];
        let (before, behind) = match ptr::eq(self.base, BASE) {
            true => (self.base, nothing),
            false => (nothing, self.base),
        };
        let fields =
            std::iter::once(&title).chain(before).chain(std::iter::once(&status)).chain(behind);
        let fields = fields.map(|(key, definition)| ((*key).to_owned(), *definition));
        Field::numbered(1, None, fields.collect())
    }

    /// How many steps a node lies behind the first ones, if any way leads there.
    pub fn distance(&self, node: u64) -> Option<usize> {
        let steps = self.steps_from(&self.starts());
        steps.iter().find(|(at, _)| *at == node).map(|(_, far)| *far)
    }

    /// The nodes of a ticket's way that lie behind a node to which the ticket comes back.
    pub fn behind(&self, node: u64) -> Vec<u64> {
        let is_on_way_back = |id: u64| self.steps_from(&[id]).iter().any(|(at, _)| *at == node);
        self.nodes
            .iter()
            .map(|other| other.id)
            .filter(|&other| self.distance(other) > self.distance(node) && is_on_way_back(other))
            .collect()
    }

    pub fn starts(&self) -> Vec<u64> {
        self.nodes.iter().take(self.parallel).map(|node| node.id).collect()
    }

    /// How many steps each node is away from these.
    fn steps_from(&self, starts: &[u64]) -> Vec<(u64, usize)> {
        let mut steps: Vec<_> = starts.iter().map(|&start| (start, 0)).collect();
        let mut looked_at = 0;
        while let Some(&(at, far)) = steps.get(looked_at) {
            looked_at += 1;
            let Some(node) = self.node(at) else { continue };
            let back = match node.refusal {
                Refusal::GoesTo(id) => Some(id),
                Refusal::GoesOn | Refusal::Terminates => None,
            };
            for &next in node.next.iter().chain(&back) {
                if !steps.iter().any(|(known, _)| *known == next) {
                    steps.push((next, far + 1));
                }
            }
        }
        steps
    }
}

/// The built-in approval's service.
pub(crate) const FAST_APPROVAL: u64 = 2;

const BASE: &[(&str, Definition)] = &[
    ("impact", Definition::select("影响范围", "请选择影响范围")),
    ("urgency", Definition::select("紧急程度", "请选择紧急程度")),
    ("priority", Definition::select("优先级", "请选择优先级")),
];
const APPROVER: (&str, Definition) = ("APPROVER", Definition::members("审批人"));
const APPROVAL_CONTENT: (&str, Definition) =
    ("APPROVAL_CONTENT", Definition::text("审批内容").laid_out_small());
const BOB: By = By::People("bob");
const DAVE: By = By::People("dave");
const THREE: By = By::People("bob,dave,erin");

pub(crate) static SERVICES: [Service; 35] = [
    Service::new(
        1,
        "账号开通申请",
        3,
        &[
            approval(4, "负责人审批", By::Field("ZHIDINGSHENPIREN"))
                .then(&[5])
                .in_words(Words::BuiltIn),
            approval(5, "管理员审批", By::People("admin")).in_words(Words::BuiltIn),
        ],
    )
    .described("内置审批服务")
    .in_catalog("0", 8)
    .asking(&[
        ("apply_content", Definition::text("申请内容").with_rule()),
        ("apply_reason", Definition::text("申请理由").with_rule()),
        (
            "ZHIDINGSHENPIREN",
            Definition::members("指定审批人").with_rule(),
        ),
    ])
    .based_on(&[
        (
            "apply_content",
            Definition::text("申请内容").described("请输入申请内容"),
        ),
        (
            "apply_reason",
            Definition::text("申请理由").described("请输入理由"),
        ),
    ]),
    Service::new(
        FAST_APPROVAL,
        "内置审批服务",
        14,
        &[approval(15, "内置审批节点", By::Field("APPROVER")).in_words(Words::BuiltIn)],
    )
    .in_catalog("0", 11)
    .asking(&[APPROVER, APPROVAL_CONTENT]),
    Service::new(
        3,
        "会签审批",
        24,
        &[countersign(
            25,
            "会签",
            Condition::All,
            By::Field("APPROVER"),
        )],
    )
    .described("every approver signs")
    .in_catalog("0", 11)
    .asking(&[APPROVER]),
    Service::new(
        4,
        "拒绝即终止",
        34,
        &[approval(35, "审批", By::Field("APPROVER")).refused(Refusal::Terminates)],
    )
    .described("a refusal ends the ticket")
    .in_catalog("0", 11)
    .asking(&[APPROVER]),
    Service::new(
        5,
        "无审批",
        44,
        &[handler(45, "处理", By::Field("APPROVER"))
            .asking(&[("CHULIJIEGUO", Definition::string("处理结果").optional())])
            .handed_over()],
    )
    .described("nobody approves")
    .in_catalog("0", 11)
    .asking(&[("APPROVER", Definition::members("处理人"))]),
    Service::new(
        6,
        "专属项目审批",
        54,
        &[
            approval(55, "审批", By::Field("APPROVER")).then(&[56]),
            approval(56, "审批", By::People("admin")),
        ],
    )
    .described("a service of an integrator's own project")
    .in_catalog("cmdb", 21)
    .asking(&[APPROVER]),
    Service::new(
        7,
        "会签过半",
        64,
        &[countersign(65, "会签过半", Condition::Half, THREE)],
    )
    .described("half of the approvers are enough"),
    Service::new(
        8,
        "并行审批",
        74,
        &[approval(75, "分支甲", BOB), approval(76, "分支乙", DAVE)],
    )
    .described("two branches at the same time")
    .in_parallel(2),
    Service::new(
        9,
        "打回重提",
        84,
        &[
            approval(85, "审", THREE)
                .handed_over()
                .refused(Refusal::GoesTo(86)),
            handler(86, "修改", By::Creator)
                .asking(&[("XIUGAI", Definition::string("修改说明"))])
                .then(&[85]),
        ],
    )
    .described("a refusal sends the ticket back to its creator"),
    Service::new(
        10,
        "两级打回",
        94,
        &[
            approval(95, "初审", BOB).then(&[96]),
            approval(96, "复审", DAVE).refused(Refusal::GoesTo(95)),
        ],
    )
    .described("a refusal sends the ticket back to the first approval"),
    Service::new(
        11,
        "通知审批",
        104,
        &[
            approval(105, "领导审批", BOB).then(&[106]),
            Node::new(106, "通知", Kind::Webhook, By::People("")),
        ],
    )
    .described("a webhook follows the approval"),
    Service::new(
        12,
        "带表单审批",
        114,
        &[approval(115, "审", BOB).asking(&[("URGENT", Definition::radio("是否紧急"))])],
    )
    .described("the approval asks something of its author's own first"),
    Service::new(
        13,
        "签字审批",
        124,
        &[
            Node::new(125, "签字", Kind::SignOff, By::People("bob,dave")).then(&[126]),
            approval(126, "审批", By::People("erin")),
        ],
    )
    .described("people sign off before the approval"),
    Service::new(
        14,
        "可转审批",
        134,
        &[approval(135, "可转审批", BOB).handed_over()],
    )
    .described("the approval may be handed over"),
    Service::new(
        15,
        "空审批",
        144,
        &[approval(145, "空审批", By::People("")).skipped_without_processor()],
    )
    .described("nobody is there to approve, and the flow skips it"),
    Service::new(16, "自审", 154, &[approval(155, "自审", By::Creator)])
        .described("the creator would approve, and the flow does it")
        .approving_for_creator(),
    Service::new(
        17,
        "自定义归档",
        164,
        &[
            approval(165, "审", BOB).then(&[166]),
            Node::new(
                166,
                "归档",
                Kind::Ending("baaa462afaefe2b73efcbbe3873cd8be"),
                DAVE,
            ),
        ],
    )
    .described("a status of the site's own ends the ticket"),
    Service::new(
        18,
        "先处理后审批",
        174,
        &[
            handler(175, "处理", BOB)
                .asking(&[("CHULIJIEGUO", Definition::string("处理结果"))])
                .then(&[176]),
            approval(176, "审批", DAVE),
        ],
    )
    .described("a handler comes before the approval"),
    Service::new(
        19,
        "随时可撤",
        184,
        &[
            approval(185, "初审", BOB).then(&[186]),
            approval(186, "复审", DAVE),
        ],
    )
    .described("its tickets can be taken back as long as they are open")
    .always_revocable(),
    Service::new(
        20,
        "两级审批",
        204,
        &[
            approval(205, "直接上级审批", BOB).then(&[206]),
            approval(206, "总监审批", DAVE),
        ],
    )
    .described("说明 两级审批")
    .in_catalog("cmdb", 21)
    .asking(&[("reason", Definition::text("申请原因").optional())]),
    Service::new(21, "各类字段-14891", 214, &[approval(215, "审", BOB)])
        .described("说明 各类字段-14891")
        .asking(&[
            ("INT1", Definition::of("INT", "数量")),
            ("DATE1", Definition::of("DATE", "日期")),
            ("DT1", Definition::of("DATETIME", "时间")),
            ("TEXT1", Definition::of("TEXT", "多行")),
            ("SEL1", Definition::of("SELECT", "下拉").choosing(ONE_OR_TWO)),
            (
                "IS1",
                Definition::of("INPUTSELECT", "可输入下拉").choosing(ONE_OR_TWO),
            ),
            (
                "MS1",
                Definition::of("MULTISELECT", "多选").choosing(ONE_OR_TWO),
            ),
            (
                "CB1",
                Definition::of("CHECKBOX", "复选").choosing(ONE_OR_TWO),
            ),
            ("RA1", Definition::of("RADIO", "单选").choosing(ONE_OR_TWO)),
            ("MEM1", Definition::of("MEMBERS", "人员")),
            ("MEM2", Definition::of("MEMBER", "单人")),
            ("RT1", Definition::of("RICHTEXT", "富文本")),
            ("FILE1", Definition::of("FILE", "附件")),
            (
                "TAB1",
                Definition::of("TABLE", "表格").choosing_json(
                    r#"[{"key":"ip","name":"IP","required":true},{"key":"use","name":"用途"}]"#,
                ),
            ),
            (
                "CT1",
                Definition::of("CUSTOMTABLE", "自定义表格").with_meta(
                    r#"{"columns":[{"choice":[],"display":"input","key":"xh","name":"型号","required":true},{"choice":[{"key":"p","name":"生产"}],"display":"select","key":"hj","name":"环境","required":false}]}"#,
                ),
            ),
            (
                "TS1",
                Definition::of("TREESELECT", "树").choosing_json(
                    r#"[{"children":[{"children":[],"id":2,"key":"b","name":"乙"}],"id":1,"key":"a","name":"甲"}]"#,
                ),
            ),
            ("LINK1", Definition::of("LINK", "链接")),
            ("CF1", Definition::of("CUSTOM-FORM", "自定义表单")),
            ("COMBO1", Definition::of("COMPLEX-MEMBERS", "复杂人员")),
        ]),
    Service::new(
        22,
        "内置审批服务（两人）",
        224,
        &[countersign(
            225,
            "内置审批节点",
            Condition::Two,
            By::Field("APPROVER"),
        )
        .handed_over()
        .terminated()
        .in_words(Words::BuiltIn)],
    )
    .described("two of the approvers are enough")
    .asking(&[APPROVER, APPROVAL_CONTENT]),
    Service::new(23, "必填-14978", 234, &[approval(235, "审", BOB)])
        .described("a text and a choice are required")
        .asking(REQUIRED),
    Service::new(24, "停用", 244, &[approval(245, "审", BOB)])
        .described("an administrator has switched it off")
        .asking(REQUIRED)
        .offered(Offer::Disabled),
    Service::new(25, "会签", 254, &[countersign(255, "会签", Condition::All, THREE)])
        .described("it is in no catalogue")
        .offered(Offer::InNoCatalog),
    Service::new(
        26,
        "平台资源申请",
        264,
        &[
            approval(265, "负责人审批", By::People("admin"))
                .then(&[266])
                .in_words(Words::English),
            approval(266, "平台资源管理员审批", By::People("admin")).in_words(Words::English),
        ],
    )
    .described("two approvals, in English"),
    Service::new(
        27,
        "认领审批",
        274,
        &[approval(275, "认领审批", By::People("bob,dave")).claimed_first()],
    )
    .described("somebody claims the approval first"),
    Service::new(
        28,
        "内置审批服务（可转）",
        284,
        &[approval(285, "内置审批节点", By::Field("APPROVER"))
            .handed_over()
            .terminated()
            .in_words(Words::BuiltIn)],
    )
    .described("the built-in approval, which may be handed over")
    .asking(&[APPROVER, APPROVAL_CONTENT]),
    Service::new(29, "类型-change", 294, &[approval(295, "审", BOB)])
        .described("说明 类型-change")
        .for_a(ServiceKind::Change),
    Service::new(30, "类型-event", 304, &[approval(305, "审", BOB)])
        .described("说明 类型-event")
        .for_a(ServiceKind::Event),
    Service::new(31, "类型-question", 314, &[approval(315, "审", BOB)])
        .described("说明 类型-question")
        .for_a(ServiceKind::Question),
    Service::new(
        32,
        "无审批，必填",
        324,
        &[handler(325, "处理", BOB)
            .asking(&[("CHULIJIEGUO", Definition::string("处理结果"))])],
    )
    .described("nobody approves, and the handler has to say something"),
    Service::new(
        33,
        "自定义状态",
        334,
        &[
            approval(335, "审", BOB).then(&[336]),
            Node::new(
                336,
                "归档",
                Kind::Marking("baaa462afaefe2b73efcbbe3873cd8be"),
                DAVE,
            ),
        ],
    )
    .described("a status of the site's own that does not end the ticket"),
    Service::new(
        34,
        "三人会签",
        344,
        &[countersign(345, "会签节点", Condition::All, THREE)],
    )
    .described("each of three people signs"),
    Service::new(
        35,
        "甲乙审批",
        354,
        &[
            approval(355, "审批甲", BOB).then(&[356]),
            approval(356, "审批乙", DAVE),
        ],
    )
    .described("two approvals"),
];

const ONE_OR_TWO: &[(&str, &str)] = &[("1", "一号"), ("2", "二号")];
const REQUIRED: &[(&str, Definition)] = &[
    ("REQ1", Definition::string("必")),
    ("SEL", Definition::of("SELECT", "选").choosing(&[("1", "一号")]).required()),
];
