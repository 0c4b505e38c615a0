//! The surroundings of a process in a container: its files, the cluster's network, the clock, and where its output goes.

use std::net::IpAddr;

use super::files::View;
use super::network;
use super::network_files::{self, NAME_SERVER};
use super::shell::{
    Delayed, HttpRequest, HttpResponse, NetworkError, Signal, Stream as Output, World, file_system_of_field,
};
use super::terminal::{CUT, OUTPUT_BYTES_MAX};
use crate::cluster::Cluster;
use crate::engine::random::Stream;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{ContainerId, Machines};
use crate::model::object::PodId;

/// How long a name server takes inside a cluster.
const RESOLVE: SimDuration = SimDuration::from_millis(2);
/// A connection inside a cluster.
const CONNECT: SimDuration = SimDuration::from_millis(1);
/// A small answer from a server that is not busy.
const ANSWER: SimDuration = SimDuration::from_millis(5);

/// What a command has written.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Standard output and error, as they came.
    pub output: String,
    /// Standard error alone.
    pub errors: String,
}

impl Said {
    fn add(text: &str, to: &mut String) {
        if to.len() < OUTPUT_BYTES_MAX {
            to.push_str(text);
            if to.len() >= OUTPUT_BYTES_MAX {
                to.push_str(CUT);
            }
        }
    }
}

/// Handed to a process for each step.
pub(super) struct ContainerWorld<'a> {
    pub files: View<'a>,
    pub cluster: &'a Cluster,
    pub machines: &'a mut Machines,
    pub pod: PodId,
    pub container: ContainerId,
    pub random: &'a mut Stream,
    /// Output of an exec session; the container's log without.
    pub session: Option<&'a mut Said>,
    /// Has it looked at anything that changes without anybody in the container doing so?
    pub varies: bool,
    /// Signals for the container's first process.
    pub signals: Vec<Signal>,
}

file_system_of_field!(ContainerWorld<'_>, files);

impl World for ContainerWorld<'_> {
    fn output(&mut self, stream: Output, bytes: &[u8], at: SimTime) {
        let text = String::from_utf8_lossy(bytes);
        match &mut self.session {
            Some(said) => {
                Said::add(&text, &mut said.output);
                if stream == Output::Stderr {
                    Said::add(&text, &mut said.errors);
                }
            }
            None => self.machines.write_log(at, self.container, &text),
        }
    }

    fn hostname(&self) -> String {
        super::environment::hostname(self.cluster, self.pod).into_owned()
    }

    fn wall_clock(&self, at: SimTime) -> (i64, u32) {
        (self.cluster.clock().unix_seconds(at), (at.0 % 1_000_000_000) as u32)
    }

    fn random(&mut self) -> u64 {
        self.varies = true;
        self.random.next_u64()
    }

    fn user(&self) -> (u32, u32) {
        let index = usize::from(self.machines.container(self.container).index);
        let definition = &self.cluster.template_of(self.pod).spec.containers[index];
        let of_image = || self.machines.registry.user(&definition.image).and_then(|user| user.parse().ok());
        let number = |id: i64| u32::try_from(id).unwrap_or(0);
        let (user, group) = (definition.run_as.user.map(number), definition.run_as.group.map(number));
        (user.or_else(of_image).unwrap_or(0), group.unwrap_or(0))
    }

    fn resolve(&mut self, name: &str, _at: SimTime) -> Delayed<Result<Vec<IpAddr>, NetworkError>> {
        self.varies = true;
        if let Some(address) = network_files::alias(&self.cluster.template_of(self.pod).spec, name) {
            return Delayed::now(Ok(vec![address.into()]));
        }
        let namespace = self.cluster.pod(self.pod).namespace;
        Delayed { after: RESOLVE, result: network::resolve(self.cluster, namespace, name) }
    }

    fn connect(&mut self, host: &str, port: u16, _at: SimTime) -> Delayed<Result<(), NetworkError>> {
        self.varies = true;
        let result = network::connect(self.cluster, self.machines, self.pod, host, port, self.random);
        Delayed { after: CONNECT, result: result.map(|_| ()) }
    }

    fn http(&mut self, request: &HttpRequest, _at: SimTime) -> Delayed<Result<HttpResponse, NetworkError>> {
        self.varies = true;
        let found = network::connect(self.cluster, self.machines, self.pod, &request.host, request.port, self.random);
        let result = found.map(|(pod, port)| {
            let well = network::serving(self.machines, pod, port).is_some_and(|serving| serving.alive);
            let body = format!("{}\n", super::environment::hostname(self.cluster, pod)).into_bytes();
            HttpResponse { status: if well { 200 } else { 500 }, server: String::new(), body }
        });
        Delayed { after: ANSWER, result }
    }

    fn name_server(&self) -> IpAddr {
        NAME_SERVER.into()
    }

    fn signal_main(&mut self, signal: Signal, _at: SimTime) {
        self.signals.push(signal);
    }
}
