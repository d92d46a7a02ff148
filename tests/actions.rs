//! The one table of ITSM's actions, and the page that is written from it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use blueking_itsm::domain::action::{ALL, Entry, Esb, LEFT_OUT};
use blueking_itsm::domain::http::Method;
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = "docs/actions.md";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

fn row(entry: &Entry) -> String {
    let action = entry.action;
    let (esb, oldest) = match action.esb {
        Esb::Same => ("yes".to_owned(), "yes"),
        Esb::NotTheOldest => ("yes".to_owned(), "no"),
        Esb::At(path) => (format!("as `{path}`"), "yes"),
        Esb::Missing => ("no".to_owned(), "no"),
    };
    format!(
        "| {} | {} | {} | {} | {esb} | {oldest} | {} |\n",
        action.path,
        method(action.method),
        entry.functions.join(", "),
        if action.wants_user { "a verified user" } else { "the app" },
        entry.since,
    )
}

fn tables() -> String {
    let called: String = ALL.iter().map(row).collect();
    let left_out: String = LEFT_OUT
        .iter()
        .map(|left| {
            let method = method(left.method);
            format!("| {} | {method} | {} | {} |\n", left.path, left.since, left.why)
        })
        .collect();
    format!(
        "| action | method | functions | a gateway wants | ESB | oldest ESB | since |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n{called}\n\
         Published, or proposed, and called by no function:\n\n\
         | action | method | since | why not |\n| --- | --- | --- | --- |\n{left_out}"
    )
}

/// `BLESS=1 cargo test -p blueking-itsm --test actions` writes it.
#[test]
fn the_page_holds_the_table() {
    const MARKS: [&str; 2] = ["<!-- the table -->\n", "<!-- its end -->\n"];
    let page = read(PAGE);
    let (before, rest) = page.split_once(MARKS[0]).expect("a mark");
    let (held, after) = rest.split_once(MARKS[1]).expect("a mark");
    let tables = format!("\n{}\n", tables());
    if std::env::var_os("BLESS").is_some() {
        let page = format!("{before}{}{tables}{}{after}", MARKS[0], MARKS[1]);
        std::fs::write(Path::new(ROOT).join(PAGE), page).unwrap();
        return;
    }
    assert!(held == tables, "{PAGE} should hold:\n{tables}");
}

/// What `wit/` calls the functions that have a network.
fn functions_of_the_wit() -> BTreeSet<String> {
    let functions = |interface: &str| {
        let text = read(&format!("wit/{interface}.wit"));
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.split_once(": func("))
            .filter(|(_, signature)| signature.starts_with("connection"))
            .map(|(name, _)| format!("{interface}.{name}"));
        names.collect::<Vec<_>>()
    };
    ["tickets", "operations", "handling", "services", "administration"]
        .into_iter()
        .flat_map(functions)
        .collect()
}

#[test]
fn every_function_that_asks_a_server_is_in_the_table_and_no_other() {
    let listed: BTreeSet<String> =
        ALL.iter().flat_map(|entry| entry.functions.iter().map(|&name| name.to_owned())).collect();
    assert_eq!(listed, functions_of_the_wit());
}

/// A constant beside the table would be an action that nothing here asks about.
#[test]
fn every_action_is_a_row_of_the_table() {
    let mut folders = vec![Path::new(ROOT).join("src")];
    let mut made = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let constants = text.lines().filter(|line| line.contains(": Action = "));
            made.extend(constants.map(|line| line.trim().to_owned()));
        }
    }
    assert_eq!(made, ["pub const $name: Action = $action;"], "make it a row of `actions!`");
}

/// `tests/component` calls each of them, over each kind of server.
#[test]
fn every_function_is_driven_through_the_component() {
    let text = read("tests/component/tests/all/actions.rs");
    for function in ALL.iter().flat_map(|entry| entry.functions) {
        let (interface, name) = function.split_once('.').unwrap();
        let call = format!("blueking_itsm_{interface}.call_{}(c, ", name.replace('-', "_"));
        assert!(text.contains(&call), "{function}: nothing there drives `{call}`");
    }
}

#[test]
fn no_action_is_there_twice() {
    let paths = ALL.iter().map(|entry| entry.action.path);
    let all: Vec<_> = paths.chain(LEFT_OUT.iter().map(|left| left.path)).collect();
    let once: BTreeSet<_> = all.iter().collect();
    assert_eq!(once.len(), all.len());
}

/// ITSM publishes these at its gateway (V2.6.6 to V2.7.1, with two that are not public) and over its ESB: a fact
/// read in its source, beside the table that the component and the fake are made of.
#[test]
fn everything_that_itsm_publishes_is_in_the_table() {
    let gateway = "add_follower approve callback_failed_ticket comment create_service_catalog create_ticket edit_field \
        get_all_tickets get_approve_node_result get_approver get_fast_approval_summary get_service_catalogs \
        get_service_detail get_service_roles get_services get_ticket_info get_ticket_logs get_ticket_status \
        get_tickets get_tickets_by_user get_workflow_detail import_service operate_node operate_ticket \
        proceed_approval proceed_fast_approval ticket_approval_result token/verify update_service";
    let known: BTreeSet<_> = ALL
        .iter()
        .map(|entry| entry.action.path)
        .chain(LEFT_OUT.iter().map(|left| left.path))
        .collect();
    for path in gateway.split_whitespace() {
        assert!(known.contains(path), "{path}");
    }
    let esb = "callback_failed_ticket comment_ticket create_service_catalog create_ticket get_service_catalogs \
        get_service_detail get_service_roles get_services get_ticket_info get_ticket_logs get_ticket_status \
        get_tickets get_workflow_detail import_service operate_node operate_ticket ticket_approval_result \
        token/verify update_service";
    let published: BTreeSet<_> = ALL
        .iter()
        .filter(|entry| entry.action.esb != Esb::Missing)
        .map(|entry| entry.action.esb_path())
        .collect();
    assert_eq!(published, esb.split_whitespace().collect());
}
