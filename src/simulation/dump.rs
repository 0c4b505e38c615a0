//! A cluster from a dump (`kubectl get nodes,pods,… -A -o yaml`), as it was: no admission, status kept. Nothing lives in
//! it; a scheduler looks at it.

use std::collections::BTreeMap;

use crate::api::Clock;
use crate::api::dump::Dump;
use crate::cluster::{Cluster, ClusterSettings, Cursor};
use crate::engine::random::Streams;
use crate::engine::{Outbox, SimTime};
use crate::model::latency::Latencies;
use crate::scheduler::config::SchedulerConfiguration;
use crate::scheduler::{Scheduler, SchedulerSettings};

use super::asked::Asked;

/// A dumped cluster with a scheduler that has seen all of it.
pub struct DumpedCluster {
    cluster: Cluster,
    scheduler: Scheduler,
    now: SimTime,
    /// What the dump holds that is not understood, as `apiVersion kind`, with how often.
    pub skipped: BTreeMap<String, usize>,
    /// What it lacks and what is assumed instead.
    pub assumed: Vec<String>,
}

impl DumpedCluster {
    /// Restores the objects of a dump.
    ///
    /// # Errors
    /// An object with fields of wrong types.
    pub fn new(dump: Dump, configuration: SchedulerConfiguration) -> Result<Self, String> {
        let streams = Streams::new(0);
        let epoch_seconds = dump.span.first().unwrap_or_default();
        let now = dump.span.last().unwrap_or(epoch_seconds) - epoch_seconds;
        let now = SimTime::from_secs(u64::try_from(now).unwrap_or_default());
        let clock = Clock { epoch_seconds, warmup: now.since(SimTime::ZERO) };
        let (not_ready_toleration_seconds, unreachable_toleration_seconds) = (300, 300);
        let settings = ClusterSettings { clock, streams, not_ready_toleration_seconds, unreachable_toleration_seconds };
        let mut cluster = Cluster::new(settings);
        cluster.import_dump(now, &dump)?;
        let settings = SchedulerSettings { configuration, ..SchedulerSettings::new(Latencies::recorded(), streams) };
        let mut scheduler = Scheduler::new(settings);
        let mut outbox = Outbox::default();
        let mut cursor = Cursor(0);
        while let Some(change) = cluster.log.at(cursor) {
            cursor.0 += 1;
            scheduler.observe(now, &change, &mut cluster, &mut outbox);
        }
        Ok(Self { cluster, scheduler, now, skipped: dump.skipped, assumed: dump.assumed })
    }

    /// For questions.
    pub fn ask(&mut self) -> Asked<'_> {
        Asked { cluster: &mut self.cluster, scheduler: &mut self.scheduler, now: self.now }
    }
}
