//! Services, catalogues and flows.

use super::{Call, Outcome, Refusal, data};
use crate::flow::{By, Node, SERVICES, Service};
use crate::form::Field;
use crate::world::World;
use serde_json::{Value, json};

fn asked(call: &Call) -> Option<&'static Service> {
    let id: u64 = call.parameter("service_id").parse().ok()?;
    SERVICES.iter().find(|service| service.id == id)
}

pub(super) fn services(_: &mut World, call: &Call) -> Outcome {
    let is_asked =
        |name: &str, value: &str| call.query.get(name).is_none_or(|asked| asked == value);
    let found = SERVICES.iter().filter(|service| {
        is_asked("catalog_id", &service.catalog_id.to_string())
            && is_asked("service_type", "request")
    });
    let row = |service: &Service| json!({"id": service.id, "name": service.name, "service_type": "request", "desc": service.description});
    data(found.map(row).collect())
}

pub(super) fn detail(_: &mut World, call: &Call) -> Outcome {
    if let Some(id) = call
        .query
        .get("service_id")
        .filter(|id| id.parse::<u64>().is_err())
    {
        return Err(Refusal::Crash(format!(
            "Field 'id' expected a number but got '{id}'."
        )));
    }
    let service = asked(call).ok_or(Refusal::Number(3_900_404, "查找对象不存在".into()))?;
    let fields: Vec<_> = service.form().iter().map(Field::asked).collect();
    data(json!({
        "service_id": service.id, "workflow_id": service.id, "name": service.name, "service_type": "request",
        "desc": service.description, "fields": fields,
    }))
}

pub(super) fn catalogs(_: &mut World, call: &Call) -> Outcome {
    let catalog = |id: u64, key: &str, name: &str, level: u64, children: Value| json!({"id": id, "key": key, "name": name, "level": level, "desc": "", "children": children});
    match call.query.get("project_key").map_or("0", String::as_str) {
        "0" => {
            let mut children = vec![
                catalog(11, "approve_service_catalog", "内置审批目录", 1, json!([])),
                catalog(8, "YEWUGUANLI", "业务管理", 1, json!([])),
                catalog(9, "ZIYUANFUWU", "资源服务", 1, json!([])),
            ];
            if call.parameter("has_service") != "true" {
                children.push(catalog(10, "YUNWEIZIYUAN", "运维资源", 1, json!([])));
            }
            data(json!([catalog(1, "root", "根目录", 0, json!(children))]))
        }
        "cmdb" => {
            let children = json!([catalog(21, "CMDB", "配置平台", 1, json!([]))]);
            data(json!([catalog(20, "root", "根目录", 0, children)]))
        }
        _ => data(json!([])),
    }
}

pub(super) fn roles(_: &mut World, call: &Call) -> Outcome {
    let service = asked(call).ok_or(Refusal::Number(3_900_042, "服务未找到".into()))?;
    let role = |node: &Node| {
        let (processors, kind) = match node.by {
            By::Field(key) => (key, "VARIABLE"),
            By::People(people) => (people, "PERSON"),
            By::Creator => ("", "STARTER"),
        };
        let sign = if node.kind.is_countersign() {
            "and"
        } else {
            "or"
        };
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

pub(super) fn workflow_detail(_: &mut World, call: &Call) -> Outcome {
    data(json!({"id": call.query.get("workflow_id"), "states": [], "transitions": []}))
}

pub(super) fn create_catalog(_: &mut World, call: &Call) -> Outcome {
    let (name, project) = (call.body.get("name"), call.body.get("project_key"));
    data(json!({"id": 99, "name": name, "key": "NEW", "project_key": project}))
}

pub(super) fn import_service(_: &mut World, call: &Call) -> Outcome {
    let id = call.body.get("id").cloned().unwrap_or(json!(98));
    data(json!({"id": id, "name": call.body.get("name"), "service_type": "request", "desc": ""}))
}
