//! The requests, the newest first.

use super::mask;
use super::words;
use super::{Text, View, fact};
use crate::Exchange;
use crate::server::parse_query;
use maud::{Markup, html};
use serde_json::Value;

/// So many of them are shown.
const MOST: usize = 200;

pub(crate) fn page(view: &View) -> Markup {
    let exchanges = view.site.exchanges();
    html! {
        p { (view.say(words::REQUESTS_SAY)) }
        div #requests data-live {
            @if exchanges.is_empty() {
                p { (view.say(words::NO_REQUESTS)) }
            }
            ul.cards {
                @for (place, exchange) in exchanges.iter().enumerate().rev().take(MOST) {
                    li { (request(view, place, exchange)) }
                }
            }
        }
    }
}

fn request(view: &View, place: usize, exchange: &Exchange) -> Markup {
    let language = view.language;
    let (app, user) = who(view, exchange);
    html! {
        details id={ "request-" (place) } {
            summary {
                (exchange.at) " " strong { (exchange.method) " " (Text(&exchange.action)) } " → "
                @match exchange.status {
                    Some(status) => (status),
                    None => (view.say(words::NO_ANSWER_YET)),
                }
                @if let Some(fault) = exchange.fault {
                    ", " strong.bad { (language.filled(words::FAULT_IS, fault)) }
                }
            }
            dl.wide {
                (fact(view.say(words::APP), Text(&app)))
                (fact(view.say(words::USER), Text(&user)))
                (fact(view.say(words::PATH), html! { code { (Text(&exchange.path)) } }))
                @if !exchange.query.is_empty() {
                    (fact(view.say(words::QUERY), html! { code { (Text(&mask::query(&exchange.query))) } }))
                }
                (fact(view.say(words::HEADERS), headers(&exchange.headers)))
                @if !exchange.body.is_empty() {
                    (fact(view.say(words::BODY), html! { pre { (Text(&mask::body(language, &exchange.body))) } }))
                }
            }
        }
    }
}

/// Headers, without what is secret in them.
pub(crate) fn headers(headers: &[(String, String)]) -> Markup {
    html! {
        pre {
            @for (name, value) in headers {
                (Text(name)) ": " (Text(&mask::header(name, value))) "\n"
            }
        }
    }
}

/// The app and the user that a request names, wherever it does.
fn who(view: &View, exchange: &Exchange) -> (String, String) {
    let header = exchange.header("x-bkapi-authorization").unwrap_or_default();
    let header: Value = serde_json::from_str(header).unwrap_or_default();
    let body: Value = serde_json::from_str(&exchange.body).unwrap_or_default();
    let query = parse_query(&exchange.query);
    let named = |name: &str| {
        let in_json = |value: &Value| value.get(name)?.as_str().map(str::to_owned);
        in_json(&header).or_else(|| in_json(&body)).or_else(|| query.get(name).cloned())
    };
    let none = || view.say(words::NONE).to_owned();
    let token = named("access_token").or_else(|| named("bk_token"));
    let user = named("bk_username").or_else(|| token.map(|_| view.say(words::BY_TOKEN).to_owned()));
    (named("bk_app_code").unwrap_or_else(none), user.unwrap_or_else(none))
}
