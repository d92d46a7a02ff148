//! One ticket, and what people do to it.

use super::words;
use super::{Reader, Text, View, encoded, fact, graph, mask, requests, see, tickets};
use crate::callback::CallbackAttempt;
use crate::deed::{Deed, WhyNot};
use crate::form::Field;
use crate::server::Body;
use crate::site::Site;
use crate::ticket::{MANAGER, Ticket};
use hyper::Response;
use maud::{Markup, html};
use serde_json::Value;
use std::sync::Arc;

/// So many characters of a receiver's answer are shown.
const MOST_CHARACTERS: usize = 2_000;

pub(crate) fn page(view: &View, sn: &str, refused: Option<(&str, &str)>) -> Response<Body> {
    let world = view.site.world();
    let Some(ticket) = world.ticket(sn).cloned() else {
        drop(world);
        return view.missing();
    };
    let flag = world.approve_result(&ticket);
    drop(world);
    let asked = refused.map_or(view.asked.query("user"), |(user, _)| user);
    let users = users(&ticket, asked);
    let user = if asked.is_empty() { first_choice(&ticket) } else { asked.to_owned() };
    let sent = view.site.callbacks();
    let sent: Vec<_> = sent.iter().filter(|sent| sent.sn == ticket.sn).collect();
    let url = ticket.meta.get("callback_url").and_then(Value::as_str).unwrap_or_default();
    let content = html! {
        @if let Some((_, why)) = refused {
            p.alert role="alert" { (view.say(words::NOT_DONE)) (Text(why)) }
        }
        div #facts data-live { (facts(view, &ticket, flag)) }
        h2 #act { (view.say(words::ACT)) }
        form method="get" action={ "/tickets/" (ticket.sn) } {
            label for="user" { (view.say(words::ACT_AS)) }
            select #user name="user" {
                @for name in &users {
                    option value=(Text(name)) selected[*name == user] { (Text(name)) }
                }
            }
            button { (view.say(words::CHOOSE)) }
        }
        div #deeds data-live { (deeds(view, &ticket, &user)) }
        h2 { (view.say(words::FLOW)) }
        div #flow data-live {
            (graph::draw(view, &ticket))
            ol {
                @for node in ticket.service.nodes {
                    @let visit = ticket.visit(node.id);
                    @let (sign, word) = words::state(graph::state_of(&ticket, node));
                    li {
                        strong { (node.name) } " (" (view.say(words::kind(node.kind.word()))) "): "
                        (sign) " " (view.say(word))
                        @if let Some(visit) = visit {
                            ", " (Text(&visit.processors)) ", " (view.say(words::SINCE)) " " (visit.since)
                        }
                    }
                }
            }
        }
        h2 { (view.say(words::FORM)) }
        div #form data-live {
            @if ticket.is_taken_up {
                dl {
                    @for (field, value) in ticket.all_fields() {
                        @if field.node == Some(ticket.service.first_node) && !value.is_null() {
                            (fact(field.definition.name, Text(&written(&field, &value))))
                        }
                    }
                }
            } @else {
                p { (view.say(words::NO_FORM)) }
            }
        }
        h2 { (view.say(words::LOG)) }
        div #log data-live { (log(view, &ticket)) }
        h2 { (view.say(words::CALLBACKS)) }
        div #callbacks data-live {
            @if url.is_empty() {
                p { (view.say(words::NO_CALLBACK_URL)) }
            } @else {
                p { (view.say(words::CALLBACK_URL)) code { (Text(&mask::address(url))) } }
                @if sent.is_empty() { p { (view.say(words::NO_CALLBACKS)) } }
            }
            ul.cards {
                @for sent in sent { li { (callback(view, sent)) } }
            }
        }
    };
    let title = format!("{} {}", ticket.sn, ticket.title);
    view.page_titled(if refused.is_some() { 409 } else { 200 }, &title, content)
}

fn facts(view: &View, ticket: &Ticket, flag: bool) -> Markup {
    html! {
        dl {
            (fact(view.say(words::STATUS), words::status(view.language, &ticket.status)))
            (fact(view.say(words::WAITS_FOR), tickets::waits_for(view, ticket)))
            (fact(view.say(words::CREATOR), Text(&ticket.creator)))
            (fact(view.say(words::SERVICE), html! { (ticket.service.name) " (" (ticket.service.id) ")" }))
            (fact(view.say(words::CREATED), &ticket.created_at))
            @if let Some(at) = ticket.ended_at() {
                (fact(view.say(words::ENDED), at))
            }
            (fact(view.say(words::RESULT), flag.to_string()))
            @if let Some(parent) = &ticket.parent {
                (fact(view.say(words::MERGED_UNDER), html! { a href={ "/tickets/" (parent) } { (parent) } }))
            }
        }
    }
}

/// Its nodes' people, its creator, the manager, and whoever was asked for.
fn users(ticket: &Ticket, asked: &str) -> Vec<String> {
    let people = ticket.visits.iter().flat_map(|visit| visit.processors.split(','));
    let others = [ticket.creator.as_str(), MANAGER, asked];
    let mut users: Vec<String> = Vec::new();
    for name in people.chain(others).filter(|name| !name.is_empty()) {
        if !users.iter().any(|known| known == name) {
            users.push(name.to_owned());
        }
    }
    users
}

fn first_choice(ticket: &Ticket) -> String {
    let awaited = ticket.running().flat_map(|visit| visit.awaited()).next();
    awaited.unwrap_or(&ticket.creator).to_owned()
}

fn deeds(view: &View, ticket: &Ticket, user: &str) -> Markup {
    if let Some(why @ (WhyNot::Ended | WhyNot::Merged)) = ticket.why_not(Deed::Approve, user) {
        return html! { p { (words::why_not(view.language, &why)) } };
    }
    let visit = ticket.visits.iter().find(|visit| visit.waits_for(user));
    let is_decision = visit.is_none_or(|visit| visit.is_decision());
    let approve = if is_decision { words::deed(Deed::Approve) } else { words::SUBMIT };
    let own_fields = visit.map(|visit| own_fields(visit.node)).unwrap_or_default();
    let remark = |id: &str, name: &str, label: words::Both| {
        html! {
            label for=(id) { (view.say(label)) }
            input id=(id) name=(name) maxlength="255" autocomplete="off";
        }
    };
    let one = |deed: Deed, content: Markup| {
        html! {
            form method="post" action={ "/tickets/" (ticket.sn) "/" (deed.path()) } {
                fieldset {
                    legend { (view.say(words::deed(deed))) }
                    input type="hidden" name="user" value=(Text(user));
                    (content)
                    (button(view, ticket, user, deed, words::deed(deed)))
                }
            }
        }
    };
    html! {
        div.deeds {
            form method="post" action={ "/tickets/" (ticket.sn) "/approve" } {
                fieldset {
                    legend {
                        @match visit {
                            Some(visit) => (view.language.filled(words::DECISION_AT, visit.node.name)),
                            None => (view.say(approve)),
                        }
                    }
                    input type="hidden" name="user" value=(Text(user));
                    @for field in &own_fields { (own_field(field)) }
                    @if is_decision { (remark("remark", "remark", words::REMARK)) }
                    (button(view, ticket, user, Deed::Approve, approve))
                    @if is_decision { (button(view, ticket, user, Deed::Refuse, words::deed(Deed::Refuse))) }
                }
            }
            (one(Deed::Claim, html! {}))
            (one(Deed::HandOver, html! {
                (remark("to", "to", words::HAND_TO))
                (remark("hand-over-why", "why", words::REASON))
            }))
            (one(Deed::Suspend, remark("suspend-why", "why", words::REASON)))
            (one(Deed::Resume, html! {}))
            (one(Deed::Withdraw, html! {}))
            (one(Deed::Terminate, html! {}))
            (one(Deed::Close, html! {}))
        }
    }
}

/// A button that says why it can't be pressed, where it can't.
fn button(view: &View, ticket: &Ticket, user: &str, deed: Deed, name: words::Both) -> Markup {
    let why = ticket.why_not(deed, user).map(|why| words::why_not(view.language, &why));
    let id = format!("why-not-{}", deed.path());
    html! {
        button id={ "do-" (deed.path()) } formaction={ "/tickets/" (ticket.sn) "/" (deed.path()) }
            disabled[why.is_some()] aria-describedby=[why.as_ref().map(|_| &id)] { (view.say(name)) }
        @if let Some(why) = &why {
            p.why id=(id) { (Text(why)) }
        }
    }
}

/// The fields of the flow's author.
fn own_fields(node: &crate::flow::Node) -> Vec<Field> {
    let is_own = |field: &Field| node.own_fields.iter().any(|(key, _)| *key == field.key);
    node.form().into_iter().filter(is_own).collect()
}

fn own_field(field: &Field) -> Markup {
    let id = format!("own-{}", field.key);
    html! {
        label for=(id) { (field.definition.name) }
        @if field.definition.choices.is_empty() {
            input id=(id) name=(id) autocomplete="off";
        } @else {
            select id=(id) name=(id) {
                @if !field.definition.is_required { option value="" {} }
                @for (key, name) in field.definition.choices { option value=(key) { (name) } }
            }
        }
    }
}

fn written(field: &Field, value: &Value) -> String {
    match &field.filled(value)["display_value"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn log(view: &View, ticket: &Ticket) -> Markup {
    html! {
        @if ticket.log.is_empty() {
            p { (view.say(words::NO_LOG)) }
        }
        ol {
            @for entry in &ticket.log {
                li {
                    (entry.at) " " (Text(&entry.message))
                    @if let (Value::Array(fields), "NORMAL" | "APPROVAL" | "SIGN") = (&entry.form, ticket.kind_of(entry)) {
                        @for field in fields {
                            @if let (Some(name), Some(value)) = (field["name"].as_str(), field["display_value"].as_str()) {
                                @if !value.is_empty() {
                                    div.quiet { (name) ": " (Text(value)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a callback was accepted, or why not.
pub(crate) fn outcome(view: &View, sent: &CallbackAttempt) -> Markup {
    html! {
        @if sent.lost {
            strong.bad { "✗ " (view.say(words::NEVER_SENT)) }
        } @else if let Some(why) = sent.why_undelivered() {
            @let why = words::undelivered(view.language, &why);
            strong.bad { "✗ " (Text(&view.language.filled(words::LISTED, &why))) }
        } @else {
            strong.good { "✓ " (view.say(words::ACCEPTED)) }
        }
    }
}

fn callback(view: &View, sent: &CallbackAttempt) -> Markup {
    let answer: String = mask::answer(sent).chars().take(MOST_CHARACTERS).collect();
    let body = mask::body(view.language, &sent.body);
    html! {
        p { (sent.at) " " (outcome(view, sent)) }
        dl.wide {
            (fact(view.say(words::ADDRESS), html! { code { "POST " (Text(&mask::address(&sent.url))) } }))
            (fact(view.say(words::HEADERS), requests::headers(&sent.headers)))
            (fact(view.say(words::BODY), html! { pre { (Text(&body)) } }))
            @if let Some(status) = sent.status {
                (fact(view.say(words::ANSWER_STATUS), status))
                (fact(view.say(words::ANSWER), html! {
                    pre { (Text(if answer.is_empty() { view.say(words::EMPTY) } else { &answer })) }
                }))
            }
        }
        @if view.site.options.reader.is_there() {
            // What follows the sign stays in the browser.
            p { a href={
                (Reader::ADDRESS) "#lang=" (view.language.code())
                "&body=" (encoded(&body)) "&address=" (encoded(&mask::address(&sent.url)))
            } { (view.say(words::READ_THIS)) } }
        }
    }
}

pub(crate) async fn act(site: &Arc<Site>, view: &View<'_>, sn: &str, deed: Deed) -> Response<Body> {
    let user = view.asked.form.get("user").cloned().unwrap_or_default();
    let ticket = site.world().ticket(sn).cloned();
    let Some(ticket) = ticket else {
        return view.missing();
    };
    let given = match given(view, &ticket, &user, deed) {
        Ok(given) => given,
        Err(why) => {
            let why = words::why_not(view.language, &why);
            return page(view, sn, Some((&user, &why)));
        }
    };
    let (to, why) = (&given.to, &given.why);
    let done = match deed {
        Deed::Approve | Deed::Refuse => {
            site.decide(&ticket.sn, &user, deed == Deed::Approve, &given.remark, &given.own)
        }
        Deed::Claim => site.claim(&ticket.sn, &user),
        Deed::HandOver => site.hand_over(&ticket.sn, &user, to, why),
        Deed::Suspend => site.change(&ticket.sn, |ticket| ticket.suspend(&user, why)),
        Deed::Resume => site.change(&ticket.sn, |ticket| ticket.resume(&user)),
        Deed::Withdraw => site.withdraw(&ticket.sn, &user).await,
        Deed::Terminate => site.close(&ticket.sn, "TERMINATED", &user, "").await,
        Deed::Close => site.close(&ticket.sn, "FINISHED", &user, "管理员关单").await,
    };
    match done {
        Ok(()) => see(&format!("/tickets/{}?user={}", ticket.sn, encoded(&user))),
        // Somebody else was faster.
        Err(error) => page(view, sn, Some((&user, &error.to_string()))),
    }
}

/// What was filled in.
struct Given {
    remark: String,
    to: String,
    why: String,
    own: Vec<(String, Value)>,
}

fn given(view: &View, ticket: &Ticket, user: &str, deed: Deed) -> Result<Given, WhyNot> {
    if let Some(why) = ticket.why_not(deed, user) {
        return Err(why);
    }
    let text = |name: &str| view.asked.form.get(name).map_or("", |text| text.trim()).to_owned();
    let needed = |name: &str, label: words::Both| match text(name) {
        missing if missing.is_empty() => Err(WhyNot::Missing(view.say(label).to_owned())),
        text => Ok(text),
    };
    let mut given = Given {
        remark: if deed == Deed::Refuse {
            needed("remark", words::REMARK)?
        } else {
            text("remark")
        },
        to: if deed == Deed::HandOver { needed("to", words::HAND_TO)? } else { String::new() },
        why: match deed {
            Deed::HandOver | Deed::Suspend => needed("why", words::REASON)?,
            _ => String::new(),
        },
        own: Vec::new(),
    };
    if matches!(deed, Deed::Approve | Deed::Refuse) {
        let visit = ticket.visits.iter().find(|visit| visit.waits_for(user));
        for field in visit.map(|visit| own_fields(visit.node)).unwrap_or_default() {
            let (definition, value) = (field.definition, text(&format!("own-{}", field.key)));
            let mut choices = definition.choices.iter();
            if value.is_empty() && definition.is_required {
                return Err(WhyNot::Missing(definition.name.to_owned()));
            }
            if !value.is_empty()
                && !definition.choices.is_empty()
                && !choices.any(|(key, _)| *key == value)
            {
                return Err(WhyNot::NoChoice(definition.name.to_owned()));
            }
            given.own.push((field.key, Value::from(value)));
        }
    }
    Ok(given)
}
