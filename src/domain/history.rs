//! What a ticket's complex log shows: how it ended, who decided, and each approval's last word.
//!
//! Only structured members are read. The messages are prose in the server's language.

use super::json::{Json, Mismatch, NO_CHARACTER, Object};
use super::progress::log;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What somebody decided at an approval.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Who decided.
    pub operator: String,
    /// Yes or no.
    pub approved: bool,
    /// Why, in their words.
    pub remark: String,
    /// When.
    pub at: String,
    /// The key of the node's decision field, which tells the nodes apart.
    pub node_key: String,
}

/// How the log ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogEnd {
    /// With the entry that a flow writes at its own end.
    Flow,
    /// With an entry of the system about what somebody did: closing the ticket, or suspending it.
    Person {
        /// Who.
        operator: String,
        /// When.
        at: String,
    },
    /// In any other way: the log is cut, or the ticket runs.
    #[default]
    Elsewhere,
}

/// What the decisions at one node come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWord {
    /// Everybody at its last visit said yes.
    Yes,
    /// Everybody at its last visit said no.
    No,
    /// People at its last visit disagreed: the node's own condition decides, which the log does not tell.
    Mixed,
    /// It was yes after an earlier no. Either the node was visited again, or its people disagreed
    /// while a parallel branch went on.
    YesAfterNo,
    /// The same, the other way round.
    NoAfterYes,
}

/// The complex log, read. The default is that of a log that was not read: no approval follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// What the decisions at each node come to, in the order of the nodes' first decisions.
    pub last_words: Vec<LastWord>,
    /// Whether the first entry is that of a beginning.
    pub begins: bool,
    /// How it ends.
    pub end: LogEnd,
    /// Whether each entry that could be a decision could be read.
    pub readable: bool,
}

/// What one entry means for the decisions.
enum Entry {
    /// A decision at the node with its `node_key`.
    Decision(Decision),
    /// Work at another kind of node, known by the keys of its form.
    Work {
        keys: Vec<String>,
        /// Whether the flow went back to a node before this one: ITSM then deletes the node's status, and
        /// its log entries come with the raw form (recorded).
        rolled_back: bool,
    },
    /// Somebody handed an approval over, claimed or distributed it: no decision (recorded).
    Assignment,
    /// Nothing about a node: the beginning, an end, a suspension, an edited field.
    Note,
    /// It could be a decision, and can't be read.
    Unreadable,
}

impl History {
    /// The data of get_ticket_logs's answer with `show_type=complex` for the ticket `sn`.
    pub fn decode(data: Json, sn: &str) -> Result<Self, Mismatch> {
        let mut entries = Vec::new();
        let mut readable = true;
        let mut first = None;
        let mut last = None;
        log(data, sn)?.rows("`logs`", |row| {
            let row = row.object("a log entry")?;
            match entry(&row)? {
                Entry::Unreadable => readable = false,
                Entry::Note => {}
                telling => entries.push(telling),
            }
            let begins = begins(&row);
            if first.is_some() {
                last = Some(end(&row));
            }
            first = first.or(Some(begins));
            Ok(())
        })?;
        let decisions = entries.iter().filter_map(|entry| match entry {
            Entry::Decision(decision) => Some(decision.clone()),
            _ => None,
        });
        Ok(Self {
            decisions: decisions.collect(),
            last_words: last_words(&entries),
            begins: first == Some(true),
            end: last.unwrap_or(LogEnd::Elsewhere),
            readable,
        })
    }

    /// Whether the last decision said no.
    pub fn ends_with_a_refusal(&self) -> bool {
        self.decisions.last().is_some_and(|decision| !decision.approved)
    }
}

/// The first entry of a log names the creator, and no node (recorded). What the system notes later, such
/// as a suspension, looks alike but for its source.
fn begins(row: &Object) -> bool {
    is_about_no_node(row) && !is_by_system(row) && !operator(row).unwrap_or_default().is_empty()
}

fn end(row: &Object) -> LogEnd {
    match operator(row) {
        Ok(operator) if is_by_system(row) && is_about_no_node(row) => {
            if operator.is_empty() {
                LogEnd::Flow
            } else {
                let at = row.text("operate_at").unwrap_or_default();
                LogEnd::Person { operator, at }
            }
        }
        _ => LogEnd::Elsewhere,
    }
}

fn operator(row: &Object) -> Result<String, Mismatch> {
    row.text_or_nothing("operator")
}

fn is_by_system(row: &Object) -> bool {
    row.text("source").is_ok_and(|source| source == "SYS")
}

/// Entries about no node have an empty type and, unlike those of a field that was edited, no form.
fn is_about_no_node(row: &Object) -> bool {
    let nothing = |form: Json| form.object("").is_ok_and(|form| form.is_empty());
    row.text("from_state_type").is_ok_and(|kind| kind.is_empty())
        && row.find("form_data").is_some_and(nothing)
}

/// One field of a form, as the log shows it.
struct Field<'a> {
    key: Cow<'a, str>,
    kind: Cow<'a, str>,
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// Where the form is raw, it tells its node.
    tells_its_node: bool,
    /// Whether the field was edited.
    edited: bool,
    /// Whether it says of itself that it is an approval's decision.
    decides_by_code: bool,
}

impl<'a> Field<'a> {
    /// What is no field, no text, or not there, is nothing. What is one and can't be read is an error: it may
    /// be a refusal.
    fn decode(field: Json<'a>) -> Result<Self, Mismatch> {
        let field = match field.kind() {
            "an object" => field.object("a field")?,
            _ => Object::default(),
        };
        let text = |name: &'static str| match field.find(name) {
            Some(value) if value.kind() == "a string" => {
                value.string().ok_or(Mismatch::member(name, NO_CHARACTER))
            }
            _ => Ok(Cow::default()),
        };
        let meta = field.find("meta").and_then(|meta| meta.object("").ok());
        let code = meta.and_then(|meta| meta.find("code")?.string());
        Ok(Self {
            key: text("key")?,
            kind: text("type")?,
            name: text("name")?,
            value: text("value")?,
            tells_its_node: !text("state_id")?.is_empty(),
            edited: field.find("value_status").is_some(),
            decides_by_code: code.as_deref() == Some("APPROVE_RESULT"),
        })
    }
}

fn entry(row: &Object) -> Result<Entry, Mismatch> {
    let list = match row.find("form_data") {
        Some(form) if form.kind() == "an array" => match form.rows("`form_data`", Field::decode) {
            Ok(fields) => Some(fields),
            Err(_) => return Ok(Entry::Unreadable),
        },
        _ => None,
    };
    let form = list.as_deref().unwrap_or_default();
    let Some(kind) = row.optional_text("from_state_type")? else {
        // A server that ignored `show_type`: nothing here tells an approval from the rest.
        return Ok(Entry::Unreadable);
    };
    Ok(match kind.as_str() {
        "APPROVAL" if list.as_ref().is_some_and(Vec::is_empty) => Entry::Assignment,
        "APPROVAL" => match decision(row, form)? {
            Some(decision) => Entry::Decision(decision),
            None => Entry::Unreadable,
        },
        "" if form.is_empty() || form.iter().any(|field| field.edited) => Entry::Note,
        // The raw form says of its decision field what it is. Where it does not, a no counts as one, and
        // a yes proves nothing.
        "" => match decision(row, form)? {
            Some(decision)
                if !decision.approved || form.iter().any(|field| field.decides_by_code) =>
            {
                Entry::Decision(decision)
            }
            Some(_) => Entry::Unreadable,
            None => Entry::Work {
                keys: keys(form),
                rolled_back: form.iter().any(|field| field.tells_its_node),
            },
        },
        _ => Entry::Work { keys: keys(form), rolled_back: false },
    })
}

/// The decision in an approval's form: its RADIO field with the value "true" or "false".
///
/// The flow's author can add such fields too. ITSM makes the decision field's own key from an MD5 sum
/// and names the field 审批意见 (recorded); an author's key is made of words.
fn decision(row: &Object, form: &[Field]) -> Result<Option<Decision>, Mismatch> {
    let choices: Vec<&Field> =
        form.iter().filter(|field| field.kind == "RADIO" && is_made_by_itsm(&field.key)).collect();
    let named: Vec<_> =
        choices.iter().filter(|field| field.decides_by_code || field.name == "审批意见").collect();
    // Which field it is, is settled before its value is read: another's yes must not stand in for it.
    let field = match (choices.as_slice(), named.as_slice()) {
        ([only], _) => *only,
        (_, [only]) => **only,
        _ => return Ok(None),
    };
    let approved = match field.value.as_ref() {
        "true" => true,
        "false" => false,
        _ => return Ok(None),
    };
    let remark = form
        .iter()
        .filter(|field| field.kind == "TEXT" && is_made_by_itsm(&field.key))
        .map(|field| field.value.as_ref())
        .find(|remark| !remark.is_empty());
    Ok(Some(Decision {
        operator: operator(row)?,
        approved,
        remark: remark.unwrap_or_default().to_owned(),
        at: row.text_or_nothing("operate_at")?,
        node_key: field.key.clone().into_owned(),
    }))
}

/// An MD5 sum in hex whose first digit can be another letter: keys begin with one (recorded).
pub(super) fn is_made_by_itsm(key: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match key.as_bytes() {
        [first, rest @ ..] => {
            rest.len() == 31 && first.is_ascii_alphanumeric() && rest.iter().copied().all(hex)
        }
        [] => false,
    }
}

/// What is no field has no key, and tells no two nodes apart.
fn keys(form: &[Field]) -> Vec<String> {
    form.iter()
        .filter(|field| !field.key.is_empty())
        .map(|field| field.key.clone().into_owned())
        .collect()
}

/// One decision at a node, and how it stands to the one before it there.
struct Spoken {
    approved: bool,
    /// Whether another node's entry lies between: then it is another visit, or a parallel branch.
    apart: bool,
    /// Whether the flow is known to have come back: then it is another visit.
    revisit: bool,
}

fn last_words(entries: &[Entry]) -> Vec<LastWord> {
    let mut seen = BTreeSet::new();
    let mut words = Vec::new();
    for entry in entries {
        if let Entry::Decision(decision) = entry
            && seen.insert(decision.node_key.as_str())
        {
            words.push(last_word(&decisions_at(entries, &decision.node_key)));
        }
    }
    words
}

/// The decisions at the node `key`, in order.
fn decisions_at(entries: &[Entry], key: &str) -> Vec<Spoken> {
    // Somebody who stands in for another can speak twice at one visit.
    let assigned = entries.iter().any(|entry| matches!(entry, Entry::Assignment));
    let mut spoken: Vec<Spoken> = Vec::new();
    let mut operators: BTreeSet<Vec<&str>> = BTreeSet::new();
    let mut forms: BTreeSet<Vec<&str>> = BTreeSet::new();
    let (mut apart, mut revisit) = (false, false);
    for entry in entries {
        match entry {
            Entry::Decision(decision) => {
                let again =
                    !operators.insert(vec![&decision.node_key, &decision.operator]) && !assigned;
                if decision.node_key == key {
                    spoken.push(Spoken {
                        approved: decision.approved,
                        apart,
                        revisit: apart && (revisit || again),
                    });
                    (apart, revisit) = (false, false);
                } else {
                    apart = true;
                    revisit |= again;
                }
            }
            Entry::Work { keys, rolled_back } => {
                apart = true;
                // A node has one entry of work each time it is visited.
                let form = keys.iter().map(String::as_str).collect();
                revisit |= *rolled_back || !forms.insert(form) && !keys.is_empty();
            }
            Entry::Assignment | Entry::Note | Entry::Unreadable => {}
        }
    }
    spoken
}

/// Entries of one node with no other node's entry between them are one visit, and the last visit counts.
fn last_word(spoken: &[Spoken]) -> LastWord {
    let since = |is_start: fn(&Spoken) -> bool| {
        let start = spoken.iter().rposition(is_start).unwrap_or(0);
        unanimous(spoken.get(start..).unwrap_or_default())
    };
    let since_known = since(|spoken| spoken.revisit);
    let since_apart = since(|spoken| spoken.apart);
    match (since_known, since_apart) {
        (Some(true), _) => LastWord::Yes,
        (Some(false), _) => LastWord::No,
        (None, None) => LastWord::Mixed,
        (None, Some(true)) => LastWord::YesAfterNo,
        (None, Some(false)) => LastWord::NoAfterYes,
    }
}

fn unanimous(spoken: &[Spoken]) -> Option<bool> {
    let yes = spoken.iter().filter(|spoken| spoken.approved).count();
    match yes {
        0 => Some(false),
        all if all == spoken.len() => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{LastWord::*, *};
    use serde_json::{Value, json};

    /// The keys that ITSM makes, for nodes of one letter.
    fn key(node: &str) -> String {
        format!("{node}{}", "0".repeat(31))
    }

    fn row(kind: &str, operator: &str, form: Value) -> Value {
        json!({"operator": operator, "operate_at": "t", "message": "m", "source": "API",
               "from_state_type": kind, "form_data": form})
    }

    fn radio(key: &str, name: &str, value: &str) -> Value {
        json!({"key": key, "type": "RADIO", "name": name, "value": value})
    }

    fn note(operator: &str, source: &str) -> Value {
        json!({"operator": operator, "operate_at": "t", "message": "m", "source": source,
               "from_state_type": "", "form_data": {}})
    }

    fn read(rows: Vec<Value>) -> History {
        of(json!({"sn": "REQ1", "logs": rows}), "req1").unwrap()
    }

    fn of(data: Value, sn: &str) -> Result<History, String> {
        let data = data.to_string();
        Ok(History::decode(Json::parse(data.as_bytes())?, sn)?)
    }

    /// `"a:bob+ work b:dave- over a:bob+"`: decisions at nodes, work at a node, a hand-over, and `back`:
    /// work at a node that the flow went back past.
    fn story(words: &str) -> History {
        let entry = |word: &str| match word {
            "over" => row("APPROVAL", "bob", json!([])),
            "back" => row(
                "",
                "carol",
                json!([{"key": "XIUGAI", "type": "STRING", "value": "v", "state_id": "179", "meta": {}}]),
            ),
            _ if word.starts_with("work") => {
                row("NORMAL", "carol", json!([{"key": word, "type": "STRING", "value": "v"}]))
            }
            _ => {
                let (node, who) = word.split_once(':').unwrap();
                let (who, said) = who.split_at(who.len() - 1);
                let value = if said == "+" { "true" } else { "false" };
                row("APPROVAL", who, json!([radio(&key(node), "审批意见", value)]))
            }
        };
        let mut rows = vec![
            note("carol", "WEB"),
            row("NORMAL", "carol", json!([{"key": "title", "type": "STRING", "value": "t"}])),
        ];
        rows.extend(words.split_whitespace().map(entry));
        rows.push(note("", "SYS"));
        read(rows)
    }

    #[test]
    fn the_last_visit_of_a_node_counts_and_who_only_stood_beside_it_does_not() {
        for (words, expected) in [
            ("", vec![]),
            ("a:bob+", vec![Yes]),
            ("a:bob- b:dave+", vec![No, Yes]),
            // Handing over is no decision.
            ("over a:dave+", vec![Yes]),
            // One visit in which people disagree: a countersign.
            ("a:bob+ a:dave-", vec![Mixed]),
            ("a:bob- a:dave+ a:erin+", vec![Mixed]),
            ("a:bob+ a:dave+", vec![Yes]),
            // Sent back to a handler whose node's status was deleted when the approval came again.
            ("a:bob- back a:dave+", vec![Yes]),
            ("a:bob- back over a:erin+", vec![Yes]),
            ("a:bob+ back a:dave-", vec![No]),
            // Sent back to the node where tickets are made.
            ("a:bob- title a:dave+".replace("title", "work1").as_str(), vec![YesAfterNo]),
            ("work1 a:bob- work1 a:dave+", vec![Yes]),
            // The same person again, after another node: nobody speaks twice at one visit ...
            ("a:bob- b:dave+ a:bob+", vec![Yes, Yes]),
            ("a:bob+ b:dave- a:bob+ b:erin+", vec![Yes, Yes]),
            // ... unless he stands in for another.
            ("over a:bob- b:dave+ a:bob+", vec![YesAfterNo, Yes]),
            // A countersign beside a parallel branch, or a node visited twice: the log does not tell.
            ("a:bob- b:dave+ a:erin+", vec![YesAfterNo, Yes]),
            ("a:bob+ b:dave+ a:erin-", vec![NoAfterYes, Yes]),
        ] {
            assert_eq!(story(words).last_words, expected, "{words}");
        }
    }

    #[test]
    fn the_decision_is_the_field_that_itsm_made_and_not_one_of_the_flows_author() {
        let own = |value| radio("SHIFOUJIAJI", "是否加急", value);
        let made = |value| radio(&key("q"), "审批意见", value);
        let alike = |value| radio(&key("e"), "是否加急", value);
        for (form, expected) in [
            (json!([made("false")]), Some(false)),
            (json!([own("true"), made("false")]), Some(false)),
            (json!([made("true"), own("false")]), Some(true)),
            (json!([alike("true"), made("false")]), Some(false)),
            // What it says can't be read, and a field beside it says yes.
            (json!([alike("true"), made("maybe")]), None),
            // Only a field of the author's, or several that could be it.
            (json!([own("true")]), None),
            (json!([alike("true"), radio(&key("d"), "x", "true")]), None),
            (json!([radio(&key("q"), "审批意见", "maybe")]), None),
            (json!([{"key": key("q"), "type": "STRING", "value": "true"}]), None),
            (json!({}), None),
            (json!("x"), None),
        ] {
            let history = read(vec![row("APPROVAL", "bob", form.clone())]);
            let decided = history.decisions.first().map(|decision| decision.approved);
            assert_eq!((decided, history.readable), (expected, expected.is_some()), "{form}");
        }
    }

    #[test]
    fn a_decision_has_its_operator_and_the_remark_that_itsm_asked_for() {
        let form = json!([
            {"key": "SHUOMING", "type": "TEXT", "value": "of the author's"},
            radio(&key("q"), "审批意见", "false"),
            {"key": key("r"), "type": "TEXT", "value": null},
            {"key": key("s"), "type": "TEXT", "value": "too dear"},
        ]);
        assert_eq!(
            read(vec![row("APPROVAL", "bob", form)]).decisions,
            [Decision {
                operator: "bob".into(),
                approved: false,
                remark: "too dear".into(),
                at: "t".into(),
                node_key: key("q"),
            }]
        );
    }

    #[test]
    fn without_its_nodes_type_a_no_counts_and_a_yes_only_if_the_form_says_what_it_is() {
        let coded = |value| {
            json!([{"key": key("q"), "type": "RADIO", "name": "审批意见", "value": value,
                                    "state_id": "9", "meta": {"code": "APPROVE_RESULT"}}])
        };
        for (form, words, readable) in [
            (json!([radio(&key("q"), "审批意见", "false")]), vec![No], true),
            (json!([radio(&key("q"), "审批意见", "true")]), vec![], false),
            (coded("true"), vec![Yes], true),
            (coded("false"), vec![No], true),
        ] {
            let history = read(vec![row("", "bob", form)]);
            assert_eq!((history.last_words, history.readable), (words, readable));
        }
        // An edited field shows its form before and after.
        let edited =
            json!([{"key": key("q"), "type": "RADIO", "value": "false", "value_status": "after"}]);
        assert!(read(vec![row("", "carol", edited)]).decisions.is_empty());
        // Sign-off nodes do not count in ITSM's result.
        let signed = json!([{"key": key("q"), "type": "SELECT", "value": "false"}]);
        assert!(read(vec![row("SIGN", "bob", signed)]).decisions.is_empty());
        // A server that ignores `show_type` tells no node's type.
        let simple = json!({"operator": "bob", "operate_at": "t", "message": "m", "source": "API"});
        assert!(!read(vec![simple]).readable);
    }

    #[test]
    fn a_form_or_a_log_of_more_than_is_read_is_never_passed_over() {
        let refusal = || radio(&key("q"), "审批意见", "false");
        let mut long = vec![json!({"key": "K", "type": "STRING", "value": "v"}); 10_000];
        long.push(refusal());
        for kind in ["", "APPROVAL", "NORMAL"] {
            let history = read(vec![row(kind, "bob", json!(long))]);
            assert!(!history.readable, "{kind}");
        }
        let logs = vec![note("carol", "WEB"); 10_001];
        assert_eq!(
            of(json!({"sn": "S", "logs": logs}), "S"),
            Err("`logs` has more than 10000 rows".into())
        );
    }

    #[test]
    fn a_field_that_can_not_be_read_makes_its_entry_unreadable() {
        let field = |member: &str| {
            format!(
                r#"{{"key":"{}","type":"RADIO","name":"审批意见","value":"false",{member}}}"#,
                key("q")
            )
        };
        let many: Vec<_> = (0..1_000).map(|number| format!(r#""m{number}":0"#)).collect();
        for (what, field) in [
            ("many members", field(&many.join(","))),
            ("half a character as its type", field(r#""type":"\ud800""#)),
            ("half a character as its value", field(r#""value":"\ud800""#)),
            ("half a character as its key", field(r#""key":"\ud800""#)),
        ] {
            for kind in ["", "APPROVAL", "NORMAL"] {
                let log = format!(
                    r#"{{"sn":"S","logs":[{{"operator":"bob","source":"API","from_state_type":"{kind}","form_data":[{field}]}}]}}"#
                );
                let read = Json::parse(log.as_bytes()).and_then(|log| History::decode(log, "S"));
                assert!(!read.unwrap().readable, "{what}, {kind}");
            }
        }
    }

    #[test]
    fn what_is_no_field_makes_no_two_entries_visits_of_one_node() {
        let no_fields = || row("NORMAL", "carol", json!([0, 1]));
        let decided =
            |who: &str, value| row("APPROVAL", who, json!([radio(&key("a"), "审批意见", value)]));
        let rows = vec![no_fields(), decided("bob", "false"), no_fields(), decided("dave", "true")];
        assert_eq!(read(rows).last_words, [YesAfterNo]);
    }

    #[test]
    fn a_whole_log_begins_with_its_creator_and_ends_with_its_flow() {
        let person = |operator: &str| LogEnd::Person { operator: operator.into(), at: "t".into() };
        let first = || note("carol", "WEB");
        let decided = || row("APPROVAL", "bob", json!([radio(&key("q"), "审批意见", "true")]));
        for (rows, begins, end) in [
            (vec![], false, LogEnd::Elsewhere),
            (vec![first()], true, LogEnd::Elsewhere),
            (vec![note("", "SYS")], false, LogEnd::Elsewhere),
            (vec![note("bob", "SYS"), decided(), note("", "SYS")], false, LogEnd::Flow),
            (vec![first(), decided()], true, LogEnd::Elsewhere),
            (vec![first(), decided(), note("", "SYS")], true, LogEnd::Flow),
            (vec![first(), note("admin", "SYS")], true, person("admin")),
            (vec![first(), note("admin", "WEB")], true, LogEnd::Elsewhere),
            (vec![decided(), note("", "SYS")], false, LogEnd::Flow),
            (vec![note("", "SYS"), note("", "SYS")], false, LogEnd::Flow),
        ] {
            let history = read(rows.clone());
            assert_eq!((history.begins, history.end), (begins, end), "{rows:?}");
        }
        let other = of(json!({"sn": "REQ2", "logs": []}), "REQ1");
        assert_eq!(other, Err("about another ticket than asked for".into()));
    }
}
