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

/// Handed to a process for each step.
pub(super) struct ContainerWorld<'a> {
    pub files: View<'a>,
    pub cluster: &'a Cluster,
    pub machines: &'a mut Machines,
    pub pod: PodId,
    pub container: ContainerId,
    pub random: &'a mut Stream,
    /// Output of an exec session; the container's log without.
    pub session: Option<&'a mut String>,
    /// Has it looked at anything that changes without anybody in the container doing so?
    pub varies: bool,
    /// Signals for the container's first process.
    pub signals: Vec<Signal>,
}

file_system_of_field!(ContainerWorld<'_>, files);

impl World for ContainerWorld<'_> {
    fn output(&mut self, _stream: Output, bytes: &[u8], at: SimTime) {
        let text = String::from_utf8_lossy(bytes);
        match &mut self.session {
            Some(session) if session.len() < OUTPUT_BYTES_MAX => {
                session.push_str(&text);
                if session.len() >= OUTPUT_BYTES_MAX {
                    session.push_str(CUT);
                }
            }
            Some(_) => {}
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
        (0, 0)
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
