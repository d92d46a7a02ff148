//! What the server holds: services, tickets, the failed list, and the rules by which tickets move.

use crate::clock;
use crate::python;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A node of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub id: u64,
    pub name: &'static str,
    pub kind: NodeKind,
    /// The field that names the processors, or nothing for a fixed one.
    pub processors_field: &'static str,
    /// Who handles it when no field names anybody.
    pub person: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// One decision counts.
    Approval,
    /// Every processor decides, and one refusal refuses.
    Countersign,
    /// A refusal ends the ticket.
    TerminatingApproval,
    /// Somebody submits a form.
    Normal,
}

impl NodeKind {
    pub fn is_approval(self) -> bool {
        self != Self::Normal
    }
}

/// A service with its flow.
#[derive(Debug)]
pub(crate) struct Service {
    pub id: u64,
    pub name: &'static str,
    pub description: &'static str,
    /// The node where tickets are made.
    pub first_node: u64,
    pub nodes: &'static [Node],
    pub project_key: &'static str,
    pub catalog_id: u64,
    /// Fields of the form beside the title: key, type, name.
    pub form: &'static [(&'static str, &'static str, &'static str)],
}

const fn node(id: u64, name: &'static str, kind: NodeKind, field: &'static str) -> Node {
    Node {
        id,
        name,
        kind,
        processors_field: field,
        person: "admin",
    }
}

/// The built-in approval's service.
pub(crate) const FAST_APPROVAL: u64 = 2;

pub(crate) const SERVICES: [Service; 6] = [
    Service {
        id: 1,
        name: "账号开通申请",
        description: "内置审批服务",
        first_node: 3,
        nodes: &[
            node(4, "负责人审批", NodeKind::Approval, "ZHIDINGSHENPIREN"),
            node(5, "管理员审批", NodeKind::Approval, ""),
        ],
        project_key: "0",
        catalog_id: 8,
        form: &[
            ("apply_content", "TEXT", "申请内容"),
            ("apply_reason", "TEXT", "申请理由"),
            ("ZHIDINGSHENPIREN", "MEMBERS", "指定审批人"),
        ],
    },
    Service {
        id: FAST_APPROVAL,
        name: "内置审批服务",
        description: "",
        first_node: 14,
        nodes: &[node(15, "内置审批节点", NodeKind::Approval, "APPROVER")],
        project_key: "0",
        catalog_id: 11,
        form: &[
            ("APPROVER", "MEMBERS", "审批人"),
            ("APPROVAL_CONTENT", "TEXT", "审批内容"),
        ],
    },
    Service {
        id: 3,
        name: "会签审批",
        description: "every approver signs",
        first_node: 24,
        nodes: &[node(25, "会签", NodeKind::Countersign, "APPROVER")],
        project_key: "0",
        catalog_id: 11,
        form: &[("APPROVER", "MEMBERS", "审批人")],
    },
    Service {
        id: 4,
        name: "拒绝即终止",
        description: "a refusal ends the ticket",
        first_node: 34,
        nodes: &[node(35, "审批", NodeKind::TerminatingApproval, "APPROVER")],
        project_key: "0",
        catalog_id: 11,
        form: &[("APPROVER", "MEMBERS", "审批人")],
    },
    Service {
        id: 5,
        name: "无审批",
        description: "nobody approves",
        first_node: 44,
        nodes: &[node(45, "处理", NodeKind::Normal, "APPROVER")],
        project_key: "0",
        catalog_id: 11,
        form: &[("APPROVER", "MEMBERS", "处理人")],
    },
    Service {
        id: 6,
        name: "专属项目审批",
        description: "a service of an integrator's own project",
        first_node: 54,
        nodes: &[
            node(55, "审批", NodeKind::Approval, "APPROVER"),
            node(56, "审批", NodeKind::Approval, ""),
        ],
        project_key: "cmdb",
        catalog_id: 21,
        form: &[("APPROVER", "MEMBERS", "审批人")],
    },
];

/// A decision at an approval.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub state_id: u64,
    pub operator: String,
    pub approved: bool,
    pub remark: Option<String>,
    pub at: String,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct LogLine {
    pub operator: String,
    pub at: String,
    pub message: String,
    pub source: &'static str,
    /// The decision this line is about.
    pub decision: Option<Decision>,
}

/// A ticket.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub id: u64,
    pub sn: String,
    pub title: String,
    pub creator: String,
    pub service_id: u64,
    pub status: String,
    pub tag: Option<String>,
    pub meta: Map<String, Value>,
    pub fields: BTreeMap<String, Value>,
    pub created_at: String,
    pub updated_at: String,
    pub ended_at: Option<String>,
    pub updated_by: Vec<String>,
    /// Which node of the flow runs; none before the start and after the end.
    pub at_node: Option<usize>,
    pub decisions: Vec<Decision>,
    pub log: Vec<LogLine>,
    /// How often it was suspended and not resumed.
    pub suspended: u32,
    /// Whether its start fails.
    pub never_starts: bool,
    pub followers: BTreeSet<String>,
    pub stars: u64,
}

impl Ticket {
    pub fn service(&self) -> &'static Service {
        SERVICES
            .iter()
            .find(|service| service.id == self.service_id)
            .unwrap_or(&SERVICES[1])
    }

    pub fn node(&self) -> Option<&'static Node> {
        self.service().nodes.get(self.at_node?)
    }

    /// The processors of a node, as the server writes them.
    pub fn processors(&self, node: &Node) -> String {
        let named = self
            .meta
            .get("state_processors")
            .and_then(|nodes| nodes.get(node.id.to_string()));
        match named.or_else(|| self.fields.get(node.processors_field)) {
            Some(Value::String(users)) => users.trim_end_matches(',').to_owned(),
            Some(Value::Null) | None => node.person.to_owned(),
            // A list is written as Python writes it, and matches no user.
            Some(other) => python::repr(other),
        }
    }

    pub fn may_handle(&self, user: &str) -> bool {
        let is_named = |node: &Node| self.processors(node).split(',').any(|name| name == user);
        self.node().is_some_and(is_named)
    }

    pub fn is_ended(&self) -> bool {
        self.ended_at.is_some()
    }

    /// ITSM's result: a node's result is its latest, and a countersign's is a refusal if there is one.
    pub fn approve_result(&self) -> bool {
        if self.status != "FINISHED" {
            return false;
        }
        let decided: Vec<_> = self.service().nodes.iter().enumerate().collect();
        decided.iter().all(|&(place, node)| {
            let entered = self.ended_at.is_some() || self.at_node.is_some_and(|at| place <= at);
            let of_node = || {
                self.decisions
                    .iter()
                    .filter(|made| made.state_id == node.id)
            };
            match node.kind {
                NodeKind::Normal => true,
                _ if !entered => true,
                NodeKind::Countersign => {
                    of_node().count() > 0 && of_node().all(|made| made.approved)
                }
                _ => of_node().next_back().is_some_and(|made| made.approved),
            }
        })
    }

    /// The people who handled the last approval, as the callback names them.
    fn last_approver(&self) -> String {
        let Some(last) = self.decisions.last() else {
            return String::new();
        };
        let of_node: Vec<_> = self
            .decisions
            .iter()
            .filter(|made| made.state_id == last.state_id)
            .map(|made| made.operator.as_str())
            .collect();
        of_node.join(",")
    }

    /// The body of the callback that tells its end.
    pub fn callback_body(&self, token: &str) -> String {
        python::dumps_pairs(&[
            ("title", json!(self.title)),
            ("current_status", json!(self.status)),
            ("sn", json!(self.sn)),
            (
                "ticket_url",
                json!(format!(
                    "http://itsm.example.com/weixin/#/ticket/{}/",
                    self.id
                )),
            ),
            ("update_at", json!(clock::now_with_microseconds())),
            (
                "updated_by",
                json!(format!(",{},", self.updated_by.join(","))),
            ),
            ("approve_result", json!(self.approve_result())),
            ("token", json!(token)),
            ("last_approver", json!(self.last_approver())),
        ])
    }

    pub fn url(&self) -> String {
        format!("http://itsm.example.com/#/ticket/detail?id={}", self.id)
    }

    fn touched_by(&mut self, user: &str) {
        self.updated_at = clock::now();
        if !user.is_empty() && !self.updated_by.iter().any(|name| name == user) {
            self.updated_by.push(user.to_owned());
        }
    }

    pub fn write_log(&mut self, operator: &str, message: String, source: &'static str) {
        self.log.push(LogLine {
            operator: operator.to_owned(),
            at: clock::now(),
            message,
            source,
            decision: None,
        });
    }

    /// The worker starts the flow, some time after create_ticket has answered.
    pub fn start(&mut self) -> Ended {
        if self.is_ended() || self.at_node.is_some() {
            return Ended::No;
        }
        let creator = self.creator.clone();
        self.write_log(&creator, "流程开始.".into(), "WEB");
        if self.never_starts {
            return Ended::No;
        }
        self.write_log(&creator, format!("{creator} 处理【提单】"), "WEB");
        self.at_node = Some(0);
        Ended::No
    }

    /// Somebody decides at the running approval.
    pub fn decide(&mut self, operator: &str, approved: bool, remark: Option<String>) -> Ended {
        let Some(node) = self.node() else {
            return Ended::No;
        };
        let decision = Decision {
            state_id: node.id,
            operator: operator.to_owned(),
            approved,
            remark,
            at: clock::now(),
        };
        self.touched_by(operator);
        let word = if approved { "通过" } else { "拒绝" };
        self.log.push(LogLine {
            operator: operator.to_owned(),
            at: decision.at.clone(),
            message: format!("{operator} 已处理【{}】({word})", node.name),
            source: "API",
            decision: node.kind.is_approval().then(|| decision.clone()),
        });
        self.decisions.push(decision);
        match node.kind {
            NodeKind::Countersign => {
                let signed = |user: &str| {
                    let mut made = self.decisions.iter();
                    made.any(|made| made.state_id == node.id && made.operator == user)
                };
                if self.processors(node).split(',').all(signed) {
                    self.go_on()
                } else {
                    Ended::No
                }
            }
            NodeKind::TerminatingApproval if !approved => self.end("TERMINATED", "system"),
            _ => self.go_on(),
        }
    }

    fn go_on(&mut self) -> Ended {
        let next = self.at_node.map_or(0, |at| at + 1);
        if next < self.service().nodes.len() {
            self.at_node = Some(next);
            Ended::No
        } else {
            self.end("FINISHED", "")
        }
    }

    /// Ends the ticket with a status.
    pub fn end(&mut self, status: &str, operator: &str) -> Ended {
        if self.is_ended() {
            return Ended::No;
        }
        self.status = status.to_owned();
        self.at_node = None;
        self.ended_at = Some(clock::now());
        self.touched_by(if operator == "system" { "" } else { operator });
        let source = if operator.is_empty() { "SYS" } else { "WEB" };
        let message = match status {
            "FINISHED" => "流程结束.".to_owned(),
            "REVOKED" => format!("{operator} 撤销单据."),
            _ => format!("{operator} 关闭了单据."),
        };
        self.write_log(operator, message, source);
        Ended::Yes
    }
}

/// Whether something ended the ticket, and its callback is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Ended {
    Yes,
    No,
}

/// A small generator of numbers that look random: the same seed, the same ones.
#[derive(Debug)]
pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn block(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    pub tickets: Vec<Ticket>,
    pub failed: BTreeSet<String>,
    pub random: Random,
    next_number: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let next_number = if seed == 0 {
            2
        } else {
            1_000 + random.next() % 500_000
        };
        Self {
            tickets: Vec::new(),
            failed: BTreeSet::new(),
            random,
            next_number,
        }
    }

    pub fn new_number(&mut self) -> (u64, String) {
        let number = self.next_number;
        self.next_number += 1;
        (number, format!("REQ{}{number:06}", clock::today()))
    }

    pub fn ticket(&mut self, sn: &str) -> Option<&mut Ticket> {
        self.tickets.iter_mut().find(|ticket| ticket.sn == sn)
    }
}
