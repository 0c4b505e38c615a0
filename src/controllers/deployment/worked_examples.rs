//! The numbers of a Deployment's decisions, worked through sync by sync without a cluster.

use crate::engine::SimTime;
use crate::model::deployment::{Deployment, DeploymentStatus, DeploymentStrategy};
use crate::model::int_or_percent::IntOrPercent::{self, Int, Percent};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, TemplateId};
use crate::model::selector::LabelSelector;

use super::proportional::{self, Scaling};
use super::rolling;
use super::view::{Limits, Set, View, limits};

fn set(name: &str, spec: i32, available: i32, max_replicas: Option<i32>) -> Set {
    Set {
        object: ObjectRef::new(Kind::REPLICA_SET, 0),
        name: name.into(),
        created: SimTime::ZERO,
        template: TemplateId::from_index(0),
        min_ready_seconds: 0,
        spec,
        replicas: spec,
        ready: available,
        available,
        terminating: None,
        generation: 1,
        observed_generation: 1,
        deleting: false,
        revision: Some(1),
        desired_replicas: None,
        max_replicas,
        failure: None,
    }
}

fn view(replicas: i32, (max_surge, max_unavailable): (IntOrPercent, IntOrPercent), old: Vec<Set>) -> View {
    let deployment = Deployment {
        replicas,
        selector: LabelSelector::default(),
        template: TemplateId::from_index(1),
        strategy: DeploymentStrategy::RollingUpdate { max_unavailable, max_surge },
        min_ready_seconds: 0,
        revision_history_limit: 10,
        paused: false,
        progress_deadline_seconds: 600,
        status: DeploymentStatus::default(),
    };
    View { deployment, generation: 1, old, new: None }
}

/// One sync: what it scales, as `name from→to`.
fn sync(view: &mut View, done: &mut Vec<String>) -> bool {
    let before = done.len();
    let scaled = rolling::scale_new(view);
    let made = rolling::new_replicas(view);
    match (&mut view.new, scaled) {
        (None, _) => {
            view.new = Some(set("n", made, 0, None));
            done.push(format!("n 0→{made}"));
        }
        (Some(new), Some(replicas)) => {
            done.push(format!("n {}→{replicas}", new.spec));
            new.spec = replicas;
            return true;
        }
        _ => {}
    }
    for (index, replicas) in rolling::scale_old(view) {
        let old = &mut view.old[index];
        done.push(format!("{} {}→{replicas}", old.name, old.spec));
        (old.spec, old.available) = (replicas, old.available.min(replicas));
    }
    done.len() > before
}

/// Syncs until all rests; `|` where a new pod becomes available, which happens this often at most.
fn trace(view: &mut View, mut available: usize) -> String {
    let mut done = Vec::new();
    loop {
        while sync(view, &mut done) {}
        let new = view.new.as_mut().unwrap();
        if available == 0 || new.available == new.spec {
            return done.join(" ").trim_end_matches([' ', '|']).to_owned();
        }
        available -= 1;
        new.available += 1;
        done.push("|".to_owned());
    }
}

fn rollout(replicas: i32, limits: (IntOrPercent, IntOrPercent), available: usize) -> String {
    trace(&mut view(replicas, limits, vec![set("o", replicas, replicas, None)]), available)
}

#[test]
fn a_quarter_is_rounded_up_for_the_surge_and_down_for_the_unavailable() {
    let quarter = DeploymentStrategy::RollingUpdate { max_unavailable: Percent(25), max_surge: Percent(25) };
    for (replicas, surge, unavailable) in [
        (1, 1, 0),
        (2, 1, 0),
        (3, 1, 0),
        (4, 1, 1),
        (5, 2, 1),
        (6, 2, 1),
        (7, 2, 1),
        (8, 2, 2),
        (9, 3, 2),
        (10, 3, 2),
        (12, 3, 3),
        (20, 5, 5),
        (100, 25, 25),
        (0, 0, 0),
    ] {
        assert_eq!(limits(quarter, replicas), Limits { surge, unavailable }, "{replicas}");
    }
    assert_eq!(limits(DeploymentStrategy::Recreate, 4), Limits { surge: 0, unavailable: 0 });
}

#[test]
fn rolling_updates_go_step_by_step() {
    let quarter = (Percent(25), Percent(25));
    assert_eq!(rollout(3, quarter, 9), "n 0→1 | o 3→2 n 1→2 | o 2→1 n 2→3 | o 1→0");
    assert_eq!(rollout(4, quarter, 9), "n 0→1 o 4→3 n 1→2 | o 3→2 n 2→3 | o 2→1 n 3→4 | o 1→0");
    assert_eq!(rollout(10, quarter, 2), "n 0→3 o 10→8 n 3→5 | o 8→7 n 5→6 | o 7→6 n 6→7");
    assert_eq!(rollout(1, quarter, 9), "n 0→1 | o 1→0");
    assert_eq!(rollout(2, (Int(0), Percent(1)), 9), "n 0→0 o 2→1 n 0→1 | o 1→0 n 1→2");
}

#[test]
fn several_pods_that_become_available_at_once_are_one_step() {
    let mut view = view(10, (Percent(25), Percent(25)), vec![set("o", 10, 10, None)]);
    trace(&mut view, 0);
    view.new.as_mut().unwrap().available = 3;
    assert_eq!(trace(&mut view, 0), "o 8→5 n 5→8");
}

#[test]
fn the_next_template_first_replaces_what_never_got_ready() {
    let quarter = (Percent(25), Percent(25));
    assert_eq!(rollout(10, quarter, 0), "n 0→3 o 10→8 n 3→5");
    let mut view = view(10, quarter, vec![set("o", 8, 8, None), set("bad", 5, 0, None)]);
    assert_eq!(trace(&mut view, 0), "n 0→0 bad 5→0 n 0→5");
}

/// Sizes of the old and the new ReplicaSet after `replicas` changed to this in the middle of a rollout of ten.
fn scaled(replicas: i32) -> Vec<(usize, i32)> {
    let mut view = view(replicas, (Percent(25), Percent(25)), vec![set("o", 8, 8, Some(13))]);
    view.new = Some(set("n", 5, 0, Some(13)));
    match proportional::scale(&view) {
        Scaling::Forced(sizes) => sizes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn scaling_in_mid_rollout_is_shared_in_proportion() {
    assert_eq!(scaled(30), [(0, 23), (1, 15)]);
    assert_eq!(scaled(5), [(0, 4), (1, 3)]);
    assert_eq!(scaled(0), [(0, 0), (1, 0)]);
}

#[test]
fn what_rounding_leaves_over_goes_to_the_largest() {
    // One more than twelve: a third of it rounds to nothing for each.
    let mut view = view(13, (Int(0), Int(1)), vec![set("a", 4, 4, Some(12)), set("b", 4, 4, Some(12))]);
    view.new = Some(set("n", 4, 4, Some(12)));
    assert_eq!(proportional::scale(&view), Scaling::Forced(vec![(2, 5), (1, 4), (0, 4)]));
}
