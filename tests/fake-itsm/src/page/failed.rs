//! The list of callbacks that failed.

use super::ticket::outcome;
use super::words;
use super::{Text, View};
use maud::{Markup, html};

pub(crate) fn page(view: &View) -> Markup {
    let failed = view.site.world().failed.clone();
    let sent = view.site.callbacks();
    html! {
        p { (view.say(words::FAILED_SAYS)) }
        div #failed data-live {
            @if failed.is_empty() {
                p { (view.say(words::NO_FAILED)) }
            }
            ul.cards {
                @for sn in &failed {
                    li {
                        @match sent.iter().rev().find(|sent| sent.sn == *sn && !sent.delivered && !sent.lost) {
                            Some(sent) => {
                                h2 { a href={ "/tickets/" (sn) } { (sn) } }
                                p { (outcome(view, sent)) }
                            },
                            None => {
                                h2 { (Text(sn)) }
                                p { (view.say(words::OTHERS_FAILURE)) }
                            },
                        }
                    }
                }
            }
        }
    }
}
