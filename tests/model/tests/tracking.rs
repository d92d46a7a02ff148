//! Walks through all that can happen to tracking, within bounds.

use model::{Bounds, Bug, World};
use stateright::{Checker, HasDiscoveries, Model};
use std::time::Instant;

const TWO: Bounds = Bounds {
    operations: 2,
    times: &[0, 300, 600, 1500],
    crashes: 1,
    losses: 1,
    duplicates: 1,
    forgeries: 1,
    edits: 1,
    calls_take_time: false,
};

fn world(bug: Bug, bounds: Bounds) -> World {
    World { bounds, bug }
}

#[test]
fn probe() {
    let small = Bounds { operations: 1, ..TWO };
    for (name, bounds) in [
        ("one", small.clone()),
        ("one, more", Bounds { crashes: 2, losses: 2, times: &[0, 300, 600, 1500, 2400], ..small.clone() }),
        ("one, slow", Bounds { times: &[0, 599, 600, 1500], calls_take_time: true, ..small.clone() }),
    ] {
        run(name, world(Bug::None, bounds));
    }
    for bug in [Bug::DeliverBeforeStoring, Bug::AskForeignSn, Bug::CreateTwice] {
        run(&format!("{bug:?}"), world(bug, small.clone()));
    }
}

fn run(name: &str, world: World) {
    let began = Instant::now();
    let checker = world.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{name}: states explored: {} depth {} in {:.1?}", checker.unique_state_count(), checker.max_depth(), began.elapsed());
    let discoveries = checker.discoveries();
    for property in checker.model().properties() {
        match discoveries.get(property.name) {
            Some(path) if property.name.starts_with("(seen)") => println!("  {} ok {}", property.name, path.clone().into_actions().len()),
            None if property.name.starts_with("(seen)") => println!("  {} NOT SEEN", property.name),
            Some(path) => println!("  VIOLATED {}: {:#?}", property.name, path.clone().into_actions()),
            None => {}
        }
    }
}
