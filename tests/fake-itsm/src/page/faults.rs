//! A switch for each fault.

use super::words;
use super::{Text, View, see};
use crate::actions;
use crate::fault::{self, ALWAYS, Argument, CALLBACK, KINDS, Kind, Switch};
use crate::server::Body;
use anyhow::{Context, Result};
use hyper::Response;
use maud::{Markup, html};

pub(crate) fn page(view: &View, error: Option<&str>) -> Markup {
    let waiting = view.site.faults();
    html! {
        @if let Some(error) = error {
            p.alert role="alert" { (view.say(words::NOT_DONE)) (Text(error)) }
        }
        h2 { (view.say(words::WAITING)) }
        div #waiting data-live {
            @if waiting.is_empty() {
                p { (view.say(words::NO_FAULTS)) }
            } @else {
                ul {
                    @for switch in &waiting {
                        li {
                            strong { (switch.action) } " = " (Text(&switch.fault.to_string())) ": "
                            @match switch.times {
                                ALWAYS => (view.say(words::ALWAYS)),
                                times => (view.language.filled(words::ONCE_MORE, &times.to_string())),
                            }
                        }
                    }
                }
                form method="post" action="/faults/clear" { button #clear { (view.say(words::CLEAR)) } }
            }
        }
        h2 { (view.say(words::SWITCH_ON)) }
        div.deeds {
            @for kind in KINDS { (switch(view, kind)) }
        }
    }
}

fn switch(view: &View, kind: &Kind) -> Markup {
    let id = |part: &str| format!("{}-{part}", kind.name);
    html! {
        form method="post" action="/faults" {
            fieldset {
                legend { (kind.name) }
                p.why { (view.language.of(words::Both(kind.in_chinese, kind.in_english))) }
                input type="hidden" name="fault" value=(kind.name);
                label for=(id("action")) { (view.say(words::ACTION)) }
                select id=(id("action")) name="action" {
                    @for action in actions::paths().chain([CALLBACK]).filter(|action| kind.fits(action)) {
                        option value=(action) { (action) }
                    }
                }
                @for argument in kind.arguments {
                    label for=(id(argument.name)) { (argument.name) }
                    (input(argument, &id(argument.name)))
                }
                label for=(id("times")) { (view.say(words::TIMES)) }
                input id=(id("times")) name="times" type="number" min="1" value="1";
                button { (view.say(words::SWITCH_ON)) " " (kind.name) }
            }
        }
    }
}

fn input(argument: &Argument, id: &str) -> Markup {
    html! {
        @if argument.choices.is_empty() {
            input id=(id) name={ "with-" (argument.name) } value=(argument.default)
                inputmode=[argument.is_number.then_some("numeric")];
        } @else {
            select id=(id) name={ "with-" (argument.name) } {
                @for choice in argument.choices {
                    option selected[*choice == argument.default] { (choice) }
                }
            }
        }
    }
}

pub(crate) fn switch_on(view: &View) -> Response<Body> {
    match asked(view) {
        Ok(switch) => {
            view.site.add_fault(switch);
            see("/faults")
        }
        Err(error) => {
            let error = format!("{error:#}");
            view.page(400, words::FAULTS, page(view, Some(&error)))
        }
    }
}

fn asked(view: &View) -> Result<Switch> {
    let form = |name: &str| view.asked.form.get(name).cloned();
    let text = |name: &str| form(name).unwrap_or_default();
    let (action, times) = (text("action"), text("times"));
    let kind = fault::kind(&text("fault"), &action)?;
    let fault = kind.make(|argument| form(&format!("with-{argument}")))?;
    let times = match times.as_str() {
        "" => ALWAYS,
        times => times.parse().with_context(|| format!("{times:?} is no fit number"))?,
    };
    Ok(Switch { action, fault, times })
}
