//! The fake is held to the recordings: every recorded exchange is played to it on the same state, by the same
//! way, and the answers are compared member by member.
//!
//! `EXCHANGES=FILE cargo test -p fake-itsm --test replay -- --nocapture` plays another file of recordings, on
//! states that are read from the exchanges themselves, and tells of each whether it agrees.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod compare;
mod crowd;
mod exchange;
mod histories;
mod scene;
mod unseen;

use compare::Difference;
use exchange::Exchange;
use histories::Stage;
use scene::{Played, Scene};

/// Where fake and recordings are allowed to differ.
struct Named {
    exchanges: &'static [&'static str],
    /// The members that differ. Whatever else differs has no name.
    members: &'static [&'static str],
    why: &'static str,
}

const NAMED: &[Named] = &[
    Named {
        exchanges: &[
            "get_services",
            "get_services_catalog_11",
            "get_services_type",
            "get_services_0",
            "get_services_135",
        ],
        members: &[".data", ".data.name", ".data.desc", ".data.service_type"],
        why: "the recorded sites have other services",
    },
    Named {
        exchanges: &[
            "get_service_catalogs_has_service",
            "get_service_catalogs_service_key",
            "get_service_catalogs_127",
            "get_service_catalogs_130",
        ],
        members: &[
            ".data.children",
            ".data.children.key",
            ".data.children.name",
            ".data.children.children",
            ".data.children.children.key",
            ".data.children.children.name",
        ],
        why: "the recorded sites have their services in other catalogues, and other ones in the project cmdb",
    },
    Named {
        exchanges: &["create_ticket_compared_47"],
        members: &[".message"],
        why: "the message holds the name of the site's database",
    },
    Named {
        exchanges: &["options_create_ticket"],
        members: &[".code", ".data", ".message", ".result"],
        why: "OPTIONS gets the framework's description of the action, and no client asks for it",
    },
    Named {
        exchanges: &["auth_list_openapi_ticket_detail"],
        members: &[".code", ".data", ".message", ".result"],
        why: "a view of the server's own pages, which no gateway and no ESB publishes",
    },
    Named {
        exchanges: &["auth_openapi_ticket_create_plain", "auth_plain_list_openapi_ticket"],
        members: &["content-type", "body"],
        why: "a view of the server's own pages, which no gateway and no ESB publishes",
    },
];

/// Plays every exchange, and puts down what differs.
async fn play(exchanges: &[Exchange]) -> Played {
    let mut played = Played::new();
    let mut stage = Stage { exchanges, played: &mut played };
    stage.play().await;
    for exchange in exchanges {
        if !played.contains_key(&exchange.name) {
            // Nothing was there.
            let mut scene = Scene::start(exchanges, &mut played, exchange.front, |_| ()).await;
            scene.play(&exchange.name).await;
        }
    }
    played
}

#[tokio::test]
async fn every_recorded_exchange_is_answered_as_it_was_or_differs_for_a_named_reason() {
    let exchanges = exchange::fixtures();
    let played = play(&exchanges).await;
    let (mut agree, mut named, mut unnamed) = (0, Vec::new(), Vec::new());
    for exchange in &exchanges {
        let differences = &played[&exchange.name];
        let mut rules = NAMED.iter();
        let rule = rules.find(|rule| rule.exchanges.contains(&exchange.name.as_str()));
        let has_name = |difference: &&Difference| {
            rule.is_some_and(|rule| rule.members.contains(&difference.path.as_str()))
        };
        let nameless: Vec<_> = differences.iter().filter(|found| !has_name(found)).collect();
        match (differences.is_empty(), rule) {
            (true, None) => agree += 1,
            (true, Some(_)) => unnamed.push(format!("{}: it no longer differs", exchange.name)),
            (false, Some(rule)) if nameless.is_empty() => {
                named.push(format!("{}: {}", exchange.name, rule.why));
            }
            _ => unnamed.extend(nameless.iter().map(|found| format!("{}{found}", exchange.name))),
        }
    }
    for exchange in NAMED.iter().flat_map(|rule| rule.exchanges) {
        if !played.contains_key(*exchange) {
            unnamed.push(format!("{exchange}: there is no such exchange"));
        }
    }
    println!("agree {agree}, named differences {}, unnamed {}", named.len(), unnamed.len());
    for line in &named {
        println!("  {line}");
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
    assert_eq!(agree + named.len(), exchanges.len());
}

#[tokio::test]
async fn unseen_recordings_are_played_on_states_read_from_themselves() {
    // Where no file is given, a tenth of the project's own shows that the states can be read.
    let Ok(file) = std::env::var("EXCHANGES") else {
        let exchanges = exchange::fixtures();
        let mut agree = 0;
        for exchange in exchanges.iter().step_by(10) {
            agree += usize::from(unseen::play(exchange).await.is_none());
        }
        assert!(agree >= 40, "{agree} of {} agree", exchanges.len() / 10);
        return;
    };
    let (mut agree, mut own, mut differ) = (0, 0, 0);
    for exchange in exchange::recordings(&file) {
        let name = format!("{} ({})", exchange.name, exchange.action());
        match unseen::play(&exchange).await {
            None => {
                agree += 1;
                println!("agree  {name}");
            }
            Some(difference) if unseen::is_of_a_site(&exchange, &difference) => {
                own += 1;
                println!("own    {name}: {difference}");
            }
            Some(difference) => {
                differ += 1;
                println!("differ {name}: {difference}");
            }
        }
    }
    println!("agree {agree}, a site's own services {own}, differ {differ}");
}
