//! The tickets.

use super::words;
use super::{Text, View, fact};
use crate::ticket::{Stage, Ticket};
use crate::visit::State;
use maud::{Markup, html};

pub(crate) fn page(view: &View) -> Markup {
    let world = view.site.world();
    html! {
        div #tickets data-live {
            @if world.tickets.is_empty() {
                p { (view.say(words::NO_TICKETS)) }
            }
            ul.cards {
                @for ticket in world.tickets.iter().rev() {
                    li {
                        h2 {
                            a href={ "/tickets/" (ticket.sn) } { (ticket.sn) }
                            " " (Text(&ticket.title))
                        }
                        dl {
                            (fact(view.say(words::STATUS), words::status(view.language, &ticket.status)))
                            (fact(view.say(words::WAITS_FOR), waits_for(view, ticket)))
                            (fact(view.say(words::CREATOR), Text(&ticket.creator)))
                            (fact(view.say(words::SERVICE), ticket.service.name))
                        }
                    }
                }
            }
        }
    }
}

/// Whom or what the ticket waits for, and since when.
pub(crate) fn waits_for(view: &View, ticket: &Ticket) -> Markup {
    let nobody = view.say(words::NOBODY);
    let since = view.say(words::SINCE);
    let mut open = ticket.visits.iter();
    let has_open = open.any(|visit| matches!(visit.state, State::Running | State::Failed));
    html! {
        @if ticket.is_ended() || ticket.stage == Stage::Started && !has_open {
            (nobody)
        } @else if ticket.stage != Stage::Started {
            @if ticket.is_taken_up && ticket.stage == Stage::New {
                (view.say(words::START_FAILED))
            } @else {
                (view.say(words::TAKEN_UP_LATER)) " (" (since) " " (ticket.created_at) ")"
            }
        }
        @if !ticket.is_ended() {
            @for visit in &ticket.visits {
                @if visit.state == State::Running {
                    div {
                        @match visit.awaited()[..] {
                            [] => (nobody),
                            ref people => (Text(&people.join(", "))),
                        }
                        " (" (visit.node.name) ", " (since) " " (visit.since) ")"
                    }
                } @else if visit.state == State::Failed {
                    div { (visit.node.name) ": " (view.say(words::state(Some((visit.state, true))).1)) }
                }
            }
        }
    }
}
