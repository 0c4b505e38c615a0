//! Growth: replicas and traffic of a scenario, multiplied. Changes a plan's data and nothing else.
//!
//! - A workload that no autoscaler scales has its replicas multiplied, and rounded up: 3.3 replicas are four. A Job's
//!   parallelism and completions grow alike. DaemonSets follow the nodes, single pods stay.
//! - A workload that an autoscaler scales grows by its traffic, through the autoscaler, within its limits. One that no
//!   traffic of the scenario reaches (the usage of its pods is all that is known, as in an import) has its replicas
//!   multiplied up to what the autoscaler allows: each pod uses what it used, and so the autoscaler leaves it at that.
//! - A load grows with the workload that its Service selects, the calls to a Service with the workload behind it as
//!   compared with the caller.

use std::collections::BTreeMap;

use serde_json::json;

use crate::engine::NonNegative;
use crate::engine::curve::Curve;
use crate::scenario::inventory::{GrowthKey, Inventory, Workload};
use crate::scenario::plan::{ManifestSetting, Plan};
use crate::scenario::schema::capacity::Growth;
use crate::scenario::setting::Setting;

/// What is multiplied, and by how much.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// As the result names it: `1.5`, or `deployment/checkout=1.4, *=1.1`.
    pub name: String,
    /// As typed; one key, `*`, for a number.
    pub by: BTreeMap<String, f64>,
    keys: Vec<(GrowthKey, f64)>,
}

/// What a multiplier of load multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadOf {
    /// The rates of all loads.
    Traffic,
    /// Replicas, where a scenario has no traffic.
    Replicas,
}

impl LoadOf {
    /// Of a scenario.
    pub fn of(plan: &Plan) -> Self {
        if plan.traffic.is_empty() { Self::Replicas } else { Self::Traffic }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Replicas => "replicas",
        }
    }
}

impl Factors {
    /// From what was typed and has passed the checks.
    pub fn new(growth: &Growth) -> Self {
        let by = match growth {
            Growth::All(factor) => BTreeMap::from([("*".to_owned(), *factor)]),
            Growth::By(factors) => factors.clone(),
        };
        let name = match growth {
            Growth::All(factor) => factor.to_string(),
            Growth::By(factors) => {
                factors.iter().map(|(name, factor)| format!("{name}={factor}")).collect::<Vec<_>>().join(", ")
            }
        };
        let keys = by.iter().filter_map(|(name, factor)| Some((GrowthKey::parse(name).ok()?, *factor))).collect();
        Self { name, by, keys }
    }

    fn rest(&self) -> f64 {
        self.keys.iter().find(|(key, _)| *key == GrowthKey::Rest).map_or(1.0, |(_, factor)| *factor)
    }

    fn of_workload(&self, workload: &Workload) -> Option<f64> {
        self.keys.iter().find(|(key, _)| workload.is_named(key)).map(|(_, factor)| *factor)
    }

    /// The factor of each load of a plan.
    fn of_loads(&self, plan: &Plan, inventory: &Inventory) -> Vec<f64> {
        let of_load = |load: &crate::scenario::plan::traffic::Load| {
            let named = GrowthKey::Traffic(load.name.clone());
            let own = self.keys.iter().find(|(key, _)| *key == named).map(|(_, factor)| *factor);
            let served = || {
                let factors = inventory.served_by(&load.entry).into_iter().filter_map(|one| self.of_workload(one));
                factors.fold(None, |most: Option<f64>, factor| Some(most.map_or(factor, |most| most.max(factor))))
            };
            own.or_else(served).unwrap_or_else(|| self.rest())
        };
        plan.traffic.iter().map(of_load).collect()
    }
}

/// Workloads that would grow beyond what their autoscalers allow, in words.
pub fn held_back(inventory: &Inventory, factors: &Factors) -> Vec<String> {
    let words = |workload: &&Workload| {
        let factor = factors.of_workload(workload).unwrap_or_else(|| factors.rest());
        let (_, number) = workload.numbers.first()?;
        let (wanted, most) = (times(*number, factor), workload.most());
        let is_held = !workload.follows_load() && wanted > most.max(*number);
        is_held.then(|| {
            format!(
                "growth {}: {} would have {wanted} replicas, but its autoscaler allows {most}",
                factors.name,
                workload.growth_name()
            )
        })
    };
    inventory.workloads.iter().filter_map(|workload| words(&workload)).collect()
}

/// `plan`, grown; `load` multiplies it further, for headroom.
pub fn grown(plan: &Plan, inventory: &Inventory, factors: &Factors, load: f64) -> Plan {
    let mut plan = plan.clone();
    let of = LoadOf::of(&plan);
    for workload in inventory.workloads.iter().filter(|workload| !workload.follows_load()) {
        let factor = factors.of_workload(workload).unwrap_or_else(|| factors.rest());
        let factor = if of == LoadOf::Replicas { factor * load } else { factor };
        for (path, number) in &workload.numbers {
            let more = times(*number, factor).min(workload.most().max(*number));
            if more == *number {
                continue;
            }
            let kind = workload.kind.name();
            let text = format!("{kind}/{}/{}:{path}", workload.namespace, workload.name);
            // A name that no path can hold is none that the API server takes either: the run says so.
            let Ok(setting) = Setting::parse(&text) else { continue };
            plan.manifest_settings.push(ManifestSetting { setting, value: json!(more) });
        }
    }
    let of_loads = factors.of_loads(&plan, inventory);
    let extra = if of == LoadOf::Traffic { load } else { 1.0 };
    for (place, entry) in plan.traffic.iter_mut().enumerate() {
        let own = of_loads[place];
        entry.rate = scaled(&entry.rate, own * extra);
        for (called, per) in &mut entry.calls {
            *per *= of_loads[*called] / own;
        }
    }
    plan
}

fn scaled(curve: &Curve, factor: f64) -> Curve {
    if (factor - 1.0).abs() < 1e-12 { curve.clone() } else { curve.scaled(factor) }
}

/// `number` × `factor`, rounded up; what floats leave behind the ninth digit does not count.
fn times(number: u64, factor: f64) -> u64 {
    ((number as f64 * factor) - 1e-9).ceil().non_negative() as u64
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{LoadOptions, load_source, source_of_text};

    const SHOP: &str = "apiVersion: kubelapse/v1
kind: Scenario
spec:
  until: 1m
  traffic:
    - { name: shoppers, service: web, rps: 10, calls: [ { service: cart, per: 0.5 } ] }
    - { name: cart, service: cart, rps: 0 }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx } ] } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart }
spec:
  replicas: 2
  selector: { matchLabels: { app: cart } }
  template: { metadata: { labels: { app: cart } }, spec: { containers: [ { name: c, image: nginx } ] } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [ { port: 80 } ] }
---
apiVersion: v1
kind: Service
metadata: { name: cart }
spec: { selector: { app: cart }, ports: [ { port: 80 } ] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: cart }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: cart }, maxReplicas: 9 }
";

    fn shop(growth: &Growth, load: f64) -> (Plan, Vec<u64>) {
        let plan = load_source(&source_of_text("shop.yaml", SHOP, Path::new(".")), &LoadOptions::default()).unwrap();
        let inventory = Inventory::of(&plan).unwrap();
        let plan = grown(&plan, &inventory, &Factors::new(growth), load);
        let objects = plan.objects().unwrap();
        let replicas = objects.iter().filter_map(|object| object.value["spec"]["replicas"].as_u64()).collect();
        (plan, replicas)
    }

    fn by(factors: &[(&str, f64)]) -> Growth {
        Growth::By(factors.iter().map(|(name, factor)| ((*name).to_owned(), *factor)).collect())
    }

    #[test]
    fn a_number_multiplies_replicas_and_rates_but_not_what_an_autoscaler_sets() {
        let (plan, replicas) = shop(&Growth::All(1.5), 1.0);
        assert_eq!(replicas, [5, 2]);
        assert_eq!(plan.traffic[0].rate, Curve::Constant(15.0));
        assert!((plan.traffic[0].calls[0].1 - 0.5).abs() < 1e-12, "calls follow the caller");
    }

    #[test]
    fn a_workload_of_its_own_factor_gets_its_share_of_calls() {
        let (plan, replicas) = shop(&by(&[("deployment/cart", 2.0), ("*", 1.1)]), 1.0);
        assert_eq!(replicas, [4, 2]);
        assert_eq!(plan.traffic[0].rate, Curve::Constant(11.0));
        assert!((plan.traffic[0].calls[0].1 - 0.5 * 2.0 / 1.1).abs() < 1e-12);
    }

    #[test]
    fn traffic_can_be_named_and_load_multiplies_it_alone() {
        let (plan, replicas) = shop(&by(&[("traffic/shoppers", 3.0)]), 2.0);
        assert_eq!(replicas, [3, 2]);
        assert_eq!(plan.traffic[0].rate, Curve::Constant(60.0));
        assert_eq!(shop(&Growth::All(1.0), 1.0).1, [3, 2]);
    }

    #[test]
    fn numbers_are_rounded_up() {
        assert_eq!((times(3, 1.1), times(10, 1.1), times(1, 1.0), times(4, 0.5)), (4, 11, 1, 2));
    }
}
