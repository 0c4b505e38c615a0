//! Works out an instant anew: which pods serve, which CPU they have, which rates hold, what that means for callers and
//! those that are called, and when to look again.

use std::collections::BTreeSet;

use super::endpoints::{self, Reach};
use super::settings::Entry;
use super::site::Site;
use super::{Demand, Traffic, TrafficEvent, cpu};
use crate::cluster::Cluster;
use crate::engine::{NonNegative, Outbox, SimDuration, SimTime};
use crate::machines::Machines;
use crate::model::object::PodId;
use crate::workload::WorkloadEvent;

/// How often a load is looked at within an instant, at most: callers and called settle long before.
const LOOKS_MOST: u32 = 24;
/// A change by less than this share is none for callers and called.
const SAME: f64 = 1e-9;
/// A backlog that grows on and on is looked at again after this: an external metric shows it as a line of this length.
pub const LINE_MOST: SimDuration = SimDuration::from_secs(1500);
/// While the wait at a load that others call changes, they look again when it has changed by this share, …
const WAIT_STEP: f64 = 0.1;
/// … but not sooner than this.
const STEP_LEAST: SimDuration = SimDuration::from_millis(250);

/// Everything an instant is worked out from.
pub(super) struct Surroundings<'a> {
    pub cluster: &'a Cluster,
    pub machines: &'a Machines,
}

impl Traffic {
    /// Works out everything that is marked, and what follows from it at this instant.
    pub(super) fn settle(
        &mut self,
        now: SimTime,
        cluster: &Cluster,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) -> Vec<Demand> {
        let around = Surroundings { cluster, machines };
        if !self.dirty.is_empty() {
            self.rounds = if self.rounds.0 == now { (now, self.rounds.1 + 1) } else { (now, 1) };
        }
        let mut looks = vec![0u32; if self.dirty.is_empty() { 0 } else { self.loads.len() }];
        let mut touched = BTreeSet::new();
        let mut pods = BTreeSet::new();
        while let Some(rank) = self.dirty.pop_first() {
            let index = self.order[rank];
            looks[index] += 1;
            if looks[index] > LOOKS_MOST {
                continue;
            }
            touched.insert(index);
            self.look(now, index, &around, &mut pods);
        }
        for index in touched {
            self.write_row(now, index);
            self.book(now, index, outbox);
        }
        self.demands(&pods, machines)
    }

    /// Looks at one load, and marks those that its new rates concern.
    fn look(&mut self, now: SimTime, index: usize, around: &Surroundings<'_>, pods: &mut BTreeSet<PodId>) {
        self.loads[index].advance(now);
        let has_drained = |site: &Site| !site.is_routed && site.backlog <= 0.0;
        if self.stale_sites.remove(&index) || self.loads[index].sites.iter().any(has_drained) {
            pods.extend(self.loads[index].sites.iter().map(|site| site.pod));
            self.look_up_sites(index, around);
        }
        self.update_rate(now, index);
        self.update_calls(index);
        let of = |site: &Site| (free_cores(site, around), self.share_of(index, site));
        let cores: Vec<(f64, f64)> = self.loads[index].sites.iter().map(of).collect();
        let load = &mut self.loads[index];
        let mut sites = std::mem::take(&mut load.sites);
        let common = load.common();
        for (site, (free, share)) in sites.iter_mut().zip(cores) {
            site.share = share;
            site.equip(free * share, &common);
        }
        load.sites = sites;
        let before = (load.response, load.failing);
        load.resolve();
        let after = (load.response, load.failing);
        pods.extend(self.loads[index].sites.iter().map(|site| site.pod));
        if !is_same(before.0, after.0) || !is_same(before.1, after.1) {
            for caller in self.callers[index].clone() {
                self.mark(caller);
            }
        }
        self.tell_called(index);
        self.tell_neighbours(index);
    }

    /// The mean rate until the curve's next look, so that what comes is the area under the curve.
    fn update_rate(&mut self, now: SimTime, index: usize) {
        let load = &mut self.loads[index];
        if now < load.own_until {
            return;
        }
        let local = SimTime(now.since(self.origin).0);
        let curve = &load.settings.rate;
        let next = curve.next_look(local);
        load.own_until = next.map_or(SimTime::NEVER, |at| self.origin + SimDuration(at.0));
        let from = local.as_secs_f64();
        load.own = match next {
            Some(next) => curve.mean(from, next.as_secs_f64()),
            None => curve.value_at(from),
        }
        .non_negative();
    }

    /// How long the requests take that this load causes, and how often one of them fails.
    fn update_calls(&mut self, index: usize) {
        let (mut seconds, mut good) = (0.0, 1.0);
        for call in &self.loads[index].settings.calls {
            let called = &self.loads[call.load];
            seconds += call.per * called.response;
            good *= libm::pow(1.0 - called.failing, call.per);
        }
        let load = &mut self.loads[index];
        (load.calls, load.calls_failing) = (seconds, (1.0 - good).clamp(0.0, 1.0));
    }

    /// Every request that is taken into service causes its calls.
    fn tell_called(&mut self, index: usize) {
        for call in self.loads[index].settings.calls.clone() {
            let inflow: f64 = self.callers[call.load]
                .iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(|caller| {
                    let caller = &self.loads[*caller];
                    let taken: f64 = caller.sites.iter().map(|site| site.course.served).sum();
                    let per: f64 =
                        caller.settings.calls.iter().filter(|own| own.load == call.load).map(|own| own.per).sum();
                    taken * per
                })
                .sum();
            let called = &mut self.loads[call.load];
            if !is_same(called.inflow, inflow) {
                called.inflow = inflow;
                self.mark(call.load);
            }
        }
    }

    /// Loads that share a pod with this one share its CPU, too.
    fn tell_neighbours(&mut self, index: usize) {
        let mut neighbours = BTreeSet::new();
        for site in &self.loads[index].sites {
            if let Some(loads) = self.by_pod.get(&site.pod).filter(|loads| loads.len() > 1) {
                neighbours.extend(loads.iter().copied().filter(|load| *load != index));
            }
        }
        for load in neighbours {
            let has_moved = |site: &Site| (self.share_of(load, site) - site.share).abs() > 1e-6;
            if self.loads[load].sites.iter().any(has_moved) {
                self.mark(load);
            }
        }
    }

    /// The share of them that is for this load: by what the pod's loads ask for.
    fn share_of(&self, index: usize, site: &Site) -> f64 {
        let Some(loads) = self.by_pod.get(&site.pod).filter(|loads| loads.len() > 1) else { return 1.0 };
        let asked = |load: usize| {
            let own = &self.loads[load];
            let place = own.sites.binary_search_by_key(&site.pod, |site| site.pod);
            place.map_or(0.0, |place| (own.sites[place].arrivals + own.sites[place].backlog) * own.settings.cpu)
        };
        let all: f64 = loads.iter().map(|load| asked(*load)).sum();
        if all > 0.0 { (asked(index) / all).max(SHARE_LEAST) } else { 1.0 / loads.len() as f64 }
    }

    /// Finds the pods of a load again; what was at pods that are gone is lost (or waits again, for consumers).
    fn look_up_sites(&mut self, index: usize, around: &Surroundings<'_>) {
        let Surroundings { cluster, machines } = *around;
        let object = endpoints::object_of(cluster, &self.loads[index].settings.entry);
        if let (Some(service), Entry::Service { .. }) = (object, &self.loads[index].settings.entry) {
            let loads = self.by_service.entry(service).or_default();
            if !loads.contains(&index) {
                loads.push(index);
            }
        }
        let load = &mut self.loads[index];
        load.object = object;
        let is_pooled = load.pool.is_some();
        let (wanted, ports) = match object {
            None => (Vec::new(), Vec::new()),
            Some(object) if is_pooled => (endpoints::consumers(cluster, object), Vec::new()),
            Some(object) => (endpoints::programmed(cluster, object), endpoints::ports(cluster, object)),
        };
        let reach_of = |pod: PodId| {
            if is_pooled {
                endpoints::takes(cluster, machines, pod)
            } else {
                endpoints::reach(cluster, machines, pod, &ports)
            }
        };
        let mut old: Vec<Site> = std::mem::take(&mut load.sites);
        let mut sites: Vec<Site> = Vec::new();
        for pod in wanted {
            let reach = reach_of(pod);
            if is_pooled && !matches!(reach, Reach::Serving(..)) {
                continue;
            }
            let mut site = match old.binary_search_by_key(&pod, |site| site.pod) {
                Ok(place) => old[place].clone(),
                Err(_) => Site::new(pod, reach),
            };
            site.is_routed = true;
            sites.push(site);
        }
        // Pods that get no more requests serve those that they have.
        for site in &mut old {
            let is_kept = sites.binary_search_by_key(&site.pod, |site| site.pod).is_ok();
            if !is_kept && !is_pooled && site.backlog > 0.0 {
                site.is_routed = false;
                sites.push(site.clone());
                sites.sort_by_key(|site| site.pod);
            } else if !is_kept && is_pooled && site_has_ended(machines, site) {
                load.give_back(site.in_service());
            }
        }
        let mut gone = (0.0, 0.0);
        for site in &mut sites {
            let reach = reach_of(site.pod);
            let same_run = match (site.reach, reach) {
                (Reach::Serving(run, serial), Reach::Serving(new, later)) => (run, serial) == (new, later),
                (Reach::Serving(..), _) => !site_has_ended(machines, site) && reach == Reach::Hung,
                _ => true,
            };
            if !same_run && is_pooled {
                load.give_back(site.in_service());
            } else if !same_run {
                gone = (gone.0 + site.backlog, gone.1 + site.in_service());
                site.backlog = 0.0;
                site.course.served = 0.0;
            }
            site.reach = reach;
        }
        sites.retain(|site| site.is_routed || site.backlog > 0.0);
        load.lose(gone.0, gone.1);
        let kept: Vec<PodId> = sites.iter().map(|site| site.pod).collect();
        load.sites = sites;
        for site in old.iter().filter(|site| kept.binary_search(&site.pod).is_err()) {
            if let Some(loads) = self.by_pod.get_mut(&site.pod) {
                loads.retain(|load| *load != index);
            }
        }
        for pod in kept {
            let loads = self.by_pod.entry(pod).or_default();
            if !loads.contains(&index) {
                loads.push(index);
            }
        }
    }

    /// When to look at a load again.
    fn book(&mut self, now: SimTime, index: usize, outbox: &mut Outbox<WorkloadEvent>) {
        let has_callers = !self.callers[index].is_empty();
        let load = &mut self.loads[index];
        load.generation += 1;
        let mut next = load.own_until;
        let shows_backlog = matches!(&load.settings.entry, Entry::Consumers { metric, .. } if !metric.is_empty());
        let is_random = load.service.atoms.len() > 1 && load.settings.timeout.is_finite();
        for site in load.queues() {
            let mut lasts = site.course.lasts;
            if site.course.growth != 0.0 && (has_callers || is_random) {
                let wait = site.backlog / site.station.capacity().max(1e-9);
                let step = WAIT_STEP * (wait + site.station.service);
                let seconds = step * site.station.capacity() / site.course.growth.abs();
                lasts = lasts.min(seconds.max(STEP_LEAST.as_secs_f64()));
            }
            if site.course.growth != 0.0 && shows_backlog {
                lasts = lasts.min(LINE_MOST.as_secs_f64());
            }
            if lasts.is_finite() && lasts < 1e9 {
                // Rounded up: then the queue has reached its end.
                next = next.min(now + SimDuration(SimDuration::from_secs_f64(lasts).0 + 1));
            }
        }
        let event = TrafficEvent::Due { load: index as u32, generation: load.generation };
        outbox.send(next, WorkloadEvent::Traffic(event));
    }

    /// What requests cost the containers of these pods now.
    fn demands(&self, pods: &BTreeSet<PodId>, machines: &Machines) -> Vec<Demand> {
        let mut demands = Vec::new();
        for pod in pods {
            let (mut wanted, mut memory, mut run) = (0.0, 0.0, None);
            for index in self.by_pod.get(pod).into_iter().flatten() {
                let load = &self.loads[*index];
                let Ok(place) = load.sites.binary_search_by_key(pod, |site| site.pod) else { continue };
                let site = &load.sites[place];
                let common = load.common();
                run = run.or(site.container());
                wanted += site.cores_wanted(&common);
                let waiting = if load.pool.is_some() { 0.0 } else { site.backlog };
                memory += (site.in_service() + waiting) * load.settings.memory;
            }
            let run = run.or_else(|| {
                let mut runs = machines.runs_of_pod(*pod);
                runs.next().map(|run| (run, machines.container(run).serial))
            });
            if let Some((container, serial)) = run {
                demands.push(Demand { container, serial, wanted, memory });
            }
        }
        demands
    }
}

/// Cores that a site's container could have for requests.
fn free_cores(site: &Site, around: &Surroundings<'_>) -> f64 {
    site.container().map_or(0.0, |(container, _)| cpu::ceiling(around.machines, container))
}

/// Of several loads on a pod, each gets this share of the CPU at least.
const SHARE_LEAST: f64 = 1e-3;

fn site_has_ended(machines: &Machines, site: &Site) -> bool {
    let Some((container, serial)) = site.container() else { return false };
    machines.container_of_serial(container, serial).is_none_or(|row| row.state != crate::machines::RunState::Running)
}

/// Is the difference too small to matter?
fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= SAME * one.abs().max(other.abs())
}
