//! Services, catalogues and flows.

use super::{Call, Outcome, Refusal, data, number};
use crate::flow::{By, Kind, Node, Service};
use crate::form::Field;
use crate::world::{MadeCatalog, World};
use serde_json::{Value, json};

fn asked(world: &World, call: &Call) -> Option<&'static Service> {
    world.service(call.parameter("service_id").parse().ok()?)
}

pub(super) fn services(world: &mut World, call: &Call) -> Outcome {
    let is_asked =
        |name: &str, value: &str| call.query.get(name).is_none_or(|asked| asked == value);
    let found = world.services.iter().filter(|service| {
        is_asked("catalog_id", &service.catalog_id.to_string())
            && is_asked("service_type", service.kind.word())
    });
    let row = |service: &&Service| json!({"id": service.id, "name": service.name, "service_type": service.kind.word(), "desc": service.description});
    data(found.map(row).collect())
}

pub(super) fn detail(world: &mut World, call: &Call) -> Outcome {
    if let Some(id) = call.query.get("service_id").filter(|id| id.parse::<u64>().is_err()) {
        return Err(Refusal::Crash(format!("Field 'id' expected a number but got '{id}'.")));
    }
    let service = asked(world, call).ok_or(Refusal::Number(3_900_404, "查找对象不存在".into()))?;
    let fields: Vec<_> = service.form().iter().map(Field::offered).collect();
    data(json!({
        "service_id": service.id, "workflow_id": service.id, "name": service.name,
        "service_type": service.kind.word(), "desc": service.description, "fields": fields,
    }))
}

/// A catalogue with those in it.
struct Catalog {
    id: u64,
    key: &'static str,
    name: &'static str,
    children: &'static [Catalog],
}

const fn catalog(
    id: u64,
    key: &'static str,
    name: &'static str,
    children: &'static [Catalog],
) -> Catalog {
    Catalog { id, key, name, children }
}

/// The catalogues that come with the server.
static CATALOGS: Catalog = catalog(
    1,
    "root",
    "根目录",
    &[
        catalog(12, "LANJINGJICHUPINGTAI", "蓝鲸基础平台", &[]),
        catalog(11, "approve_service_catalog", "内置审批目录", &[]),
        catalog(9, "ZIYUANFUWU", "资源服务", &[catalog(10, "YUNWEIZIYUAN", "运维资源", &[])]),
        catalog(
            6,
            "JICHUPEIZHI",
            "基础配置",
            &[
                catalog(8, "YEWUGUANLI", "业务管理", &[]),
                catalog(7, "ZHUJIGUANLI", "主机管理", &[]),
            ],
        ),
        catalog(
            2,
            "FUWUFANKUI",
            "服务反馈",
            &[
                catalog(5, "SHIJIANGUANLI", "事件管理", &[]),
                catalog(4, "WENTIGUANLI", "问题管理", &[]),
                catalog(3, "ZIXUNJIANYI", "咨询建议", &[]),
            ],
        ),
    ],
);

/// The catalogues of an integrator's own project.
static CATALOGS_OF_CMDB: Catalog =
    catalog(20, "cmdb_root", "根目录", &[catalog(21, "CMDB", "配置平台", &[])]);

impl Catalog {
    /// It and those in it, or with a kind those alone that hold services of that kind somewhere.
    fn shown(
        &self,
        level: u64,
        made: &[MadeCatalog],
        holds: &dyn Fn(u64) -> bool,
    ) -> Option<Value> {
        let new = made.iter().rev().filter(|catalog| catalog.parent == self.id);
        let new = new.filter(|catalog| holds(catalog.id)).map(|catalog| {
            json!({
                "id": catalog.id, "key": catalog.key, "name": catalog.name, "level": level + 1, "desc": "",
                "children": [],
            })
        });
        let old = self.children.iter();
        let old = old.filter_map(|child| child.shown(level + 1, made, holds));
        let children: Vec<_> = new.chain(old).collect();
        let is_shown = level == 0 || !children.is_empty() || holds(self.id);
        is_shown.then(|| {
            json!({
                "id": self.id, "key": self.key, "name": self.name, "level": level, "desc": "", "children": children,
            })
        })
    }
}

pub(super) fn catalogs(world: &mut World, call: &Call) -> Outcome {
    let kind = call.query.get("service_key");
    let is_filtered = kind.is_some() || call.parameter("has_service") == "true";
    let holds = |id: u64| {
        !is_filtered
            || world.services.iter().any(|service| {
                let is_of_kind = kind.is_none_or(|kind| service.kind.word() == kind);
                service.catalog_id == id && is_of_kind
            })
    };
    let root = match call.query.get("project_key").map_or("0", String::as_str) {
        "0" => &CATALOGS,
        "cmdb" => &CATALOGS_OF_CMDB,
        _ => return data(json!([])),
    };
    data(root.shown(0, &world.catalogs, &holds).into_iter().collect())
}

/// Who handles a node: ITSM's word for what names them, and that.
fn people(node: &Node) -> (&'static str, &'static str) {
    match node.by {
        By::Field(key) => ("VARIABLE", key),
        By::People(people) => ("PERSON", people),
        By::Creator => ("STARTER", ""),
    }
}

pub(super) fn roles(world: &mut World, call: &Call) -> Outcome {
    let service = asked(world, call).ok_or(Refusal::Number(3_900_042, "服务未找到".into()))?;
    let role = |node: &Node| {
        let (kind, processors) = match people(node) {
            ("STARTER", _) => ("STARTER", call.parameter("ticket_creator")),
            named => named,
        };
        let sign = if node.kind.is_countersign() { "and" } else { "or" };
        json!({
            "id": node.id, "name": node.name, "processors": processors, "processors_type": kind, "sign_type": sign,
        })
    };
    let mut roles: Vec<_> = service.nodes.iter().map(role).collect();
    if call.parameter("all") == "1" {
        let first = json!({
            "id": service.first_node, "name": "提单", "processors": "", "processors_type": "OPEN", "sign_type": "or",
        });
        roles.insert(0, first);
    }
    data(json!(roles))
}

/// What the server keeps of every node of a flow.
fn node_of_flow(
    flow: u64,
    id: u64,
    name: &str,
    kind: &str,
    processors: (&str, &str),
    fields: &[Field],
) -> Value {
    let fields: Vec<_> = fields.iter().map(|field| field.id).collect();
    json!({
        "workflow": flow, "id": id, "key": id, "name": name, "distribute_type": "PROCESS", "tag": "DEFAULT",
        "processors_type": processors.0, "processors": processors.1, "assignors": "", "assignors_type": "EMPTY",
        "delivers": "", "delivers_type": "EMPTY", "can_deliver": false, "extras": {}, "is_terminable": false,
        "fields": fields, "type": kind, "api_instance_id": 0, "is_sequential": false, "finish_condition": {},
        "is_multi": false, "is_allow_skip": false, "is_first_state": kind == "NORMAL",
    })
}

pub(super) fn workflow_detail(world: &mut World, call: &Call) -> Outcome {
    let id: u64 = call.parameter("workflow_id").parse().unwrap_or_default();
    let service = world.service(id).ok_or(Refusal::Number(3_900_404, "查找对象不存在".into()))?;
    let last = service.nodes.iter().map(|node| node.id).max().unwrap_or_default();
    let (start, end) = (service.first_node - 1, (last + 1).max(service.first_node + 9));
    let anybody = ("OPEN", "");
    let form = service.form();
    let mut states = vec![
        node_of_flow(id, start, "开始", "START", anybody, &[]),
        node_of_flow(id, service.first_node, "提单", "NORMAL", anybody, &form),
    ];
    let mut ways = vec![(start, service.first_node)];
    ways.extend(service.starts().iter().map(|&to| (service.first_node, to)));
    let mut fields = form.clone();
    for node in service.nodes {
        let form = node.form();
        let mut state = node_of_flow(id, node.id, node.name, node.kind.word(), people(node), &form);
        state["is_multi"] = json!(node.kind.is_countersign());
        state["is_first_state"] = json!(false);
        state["can_deliver"] = json!(node.may_be_handed_over);
        states.push(state);
        fields.extend(form);
        ways.extend(node.next.iter().map(|&to| (node.id, to)));
        if node.next.is_empty() && !matches!(node.kind, Kind::Ending(_)) {
            ways.push((node.id, end));
        }
    }
    states.push(node_of_flow(id, end, "结束", "END", anybody, &[]));
    let always = json!({
        "expressions": [{"expressions": [{"condition": "==", "key": "G_INT_1", "value": 1}], "type": "and"}],
        "type": "and",
    });
    let transitions = ways.iter().zip(id * 100..).map(|((from, to), number)| {
        json!({
            "workflow": id, "id": number, "from_state": from, "to_state": to, "name": "默认", "condition": always,
            "condition_type": "default",
        })
    });
    data(json!({
        "name": format!("{}-20261125213942", service.name), "flow_type": "other", "desc": service.name, "version_number": "20261125214417",
        "states": states, "transitions": transitions.collect::<Vec<_>>(),
        "fields": fields.iter().map(Field::asked).collect::<Vec<_>>(),
    }))
}

/// The projects that there are.
const PROJECTS: [&str; 2] = ["0", "cmdb"];

pub(super) fn create_catalog(world: &mut World, call: &Call) -> Outcome {
    call.wants(&["name", "project_key"])?;
    let parent = number(call.body.get("parent__id")).unwrap_or(1);
    let (name, project) = (call.text("name"), call.text("project_key"));
    let key = format!("{:016x}{:016x}", world.random.next(), world.random.next());
    let id = 99 + world.catalogs.len() as u64;
    world.catalogs.push(MadeCatalog { id, parent, key: key.clone(), name: name.to_owned() });
    data(json!({
        "id": id, "key": key, "level": 1, "parent": parent, "parent_name": "根目录", "parent_key": "root",
        "parent__id": parent.to_string(), "parent__name": "根目录", "name": name, "desc": call.text("desc"),
        "project_key": project,
    }))
}

/// Checks a service and gives its row. The fake makes no flow of it.
fn service_row(call: &Call, id: Value) -> Outcome {
    call.wants(&[
        "name",
        "key",
        "is_valid",
        "display_type",
        "display_role",
        "project_key",
        "source",
        "workflow",
    ])?;
    if !PROJECTS.contains(&call.text("project_key")) {
        let why = "导入失败，project_key 对应的项目不存在";
        return Err(Refusal::invalid("params_error", why, "invalid"));
    }
    let member = |name: &str| call.body.get(name).cloned().unwrap_or(json!(""));
    data(json!({
        "id": id, "name": member("name"), "service_type": member("key"), "desc": member("desc"),
    }))
}

pub(super) fn import_service(_: &mut World, call: &Call) -> Outcome {
    service_row(call, json!(98))
}

pub(super) fn update_service(_: &mut World, call: &Call) -> Outcome {
    let id = call.body.get("id").cloned().unwrap_or(json!(98));
    service_row(call, id)
}
