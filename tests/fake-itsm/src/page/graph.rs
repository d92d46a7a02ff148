//! A ticket's flow as a drawing: the nodes stand in columns by their distance from the first.

use super::words;
use super::{Text, View};
use crate::flow::{Node, Refusal};
use crate::ticket::{Stage, Ticket};
use crate::visit::State;
use maud::{Markup, html};
use std::collections::BTreeMap;

const WIDTH: usize = 116;
const HEIGHT: usize = 56;
const BESIDE: usize = 32;
const BELOW: usize = 44;
/// So many letters of a name fit, and half as many Chinese characters.
const MOST_LETTERS: usize = 14;

/// What the ticket has done at a node.
pub(crate) fn state_of(ticket: &Ticket, node: &Node) -> Option<(State, bool)> {
    let visit = ticket.visit(node.id)?;
    Some((visit.state, visit.handled.iter().all(|(_, yes)| *yes)))
}

struct Step<'a> {
    name: &'a str,
    column: usize,
    row: usize,
    state: Option<(State, bool)>,
    is_round: bool,
}

impl Step<'_> {
    fn left(&self) -> usize {
        4 + self.column * (WIDTH + BESIDE)
    }

    fn top(&self) -> usize {
        4 + self.row * (HEIGHT + BELOW)
    }

    fn draw(&self, view: &View) -> Markup {
        let (sign, word) = words::state(self.state);
        let (left, top) = (self.left(), self.top());
        let middle = left + WIDTH / 2;
        let class = match self.state {
            None => "box ahead",
            Some((State::Running, _)) => "box now",
            Some(_) => "box",
        };
        html! {
            rect class=(class) x=(left) y=(top) width=(WIDTH) height=(HEIGHT)
                rx=(if self.is_round { HEIGHT / 2 } else { 6 }) {}
            text x=(middle) y=(top + 23) { (Text(&shortened(self.name))) }
            text x=(middle) y=(top + 43) { (sign) " " (view.say(word)) }
        }
    }
}

fn shortened(name: &str) -> String {
    let mut room = MOST_LETTERS;
    let mut short = String::new();
    for character in name.chars() {
        let needs = if character.is_ascii() { 1 } else { 2 };
        if needs > room {
            return short + "…";
        }
        room -= needs;
        short.push(character);
    }
    short
}

/// An arrow from one node to another: straight on, or with a way back below the nodes.
fn way(from: &Step, to: &Step, is_refusal: bool) -> Markup {
    let class = if is_refusal { "way back" } else { "way" };
    let path = if to.column > from.column {
        let (x, y) = (from.left() + WIDTH, from.top() + HEIGHT / 2);
        let (to_x, to_y) = (to.left() - 6, to.top() + HEIGHT / 2);
        let half = BESIDE / 2;
        format!("M{x} {y} C{} {y} {} {to_y} {to_x} {to_y}", x + half, to_x - half)
    } else {
        let (x, y) = (from.left() + WIDTH / 2 - 16, from.top() + HEIGHT);
        let (to_x, to_y) = (to.left() + WIDTH / 2 + 16, to.top() + HEIGHT + 6);
        let deep = y.max(to_y) + BELOW - 10;
        format!("M{x} {y} C{x} {deep} {to_x} {deep} {to_x} {to_y}")
    };
    html! { path class=(class) d=(path) marker-end="url(#tip)" {} }
}

pub(crate) fn draw(view: &View, ticket: &Ticket) -> Markup {
    let service = ticket.service;
    let mut steps = BTreeMap::new();
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let creation = match ticket.stage {
        Stage::New => None,
        Stage::Creation => Some((State::Running, true)),
        Stage::Started => Some((State::Finished, true)),
    };
    let first = Step {
        name: view.say(words::CREATION),
        column: 0,
        row: 0,
        state: creation,
        is_round: true,
    };
    steps.insert(service.first_node, first);
    for node in service.nodes {
        let column = service.distance(node.id).unwrap_or_default() + 1;
        let row = rows.entry(column).or_default();
        let state = state_of(ticket, node);
        steps.insert(node.id, Step { name: node.name, column, row: *row, state, is_round: false });
        *row += 1;
    }
    let column = rows.keys().max().copied().unwrap_or_default() + 1;
    let ended = ticket.is_ended().then_some((State::Finished, true));
    let end = Step { name: view.say(words::END), column, row: 0, state: ended, is_round: true };
    let width = end.left() + WIDTH + 4;
    let height = rows.values().max().copied().unwrap_or(1).max(1) * (HEIGHT + BELOW) + 8;
    let title = view.language.filled(words::FLOW_OF, &ticket.sn);
    let description =
        steps.values().map(|one| format!("{}: {}", one.name, view.say(words::state(one.state).1)));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="flow-title flow-description"
            width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            title #flow-title { (title) }
            desc #flow-description { (Text(&description.collect::<Vec<_>>().join("; "))) }
            defs {
                marker #tip viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" orient="auto" {
                    path class="tip" d="M0 0 L8 4 L0 8 Z" {}
                }
            }
            @for to in service.starts().iter().filter_map(|id| steps.get(id)) {
                (way(&steps[&service.first_node], to, false))
            }
            @for (node, from) in service.nodes.iter().filter_map(|node| Some((node, steps.get(&node.id)?))) {
                @for to in node.next.iter().filter_map(|id| steps.get(id)) { (way(from, to, false)) }
                @if node.next.is_empty() { (way(from, &end, false)) }
                @if let Refusal::GoesTo(back) = node.refusal {
                    @if let Some(to) = steps.get(&back) { (way(from, to, true)) }
                }
            }
            @for one in steps.values() { (one.draw(view)) }
            (end.draw(view))
        }
    }
}
