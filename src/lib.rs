//! kubelapse: *Kubernetes in time-lapse*. A deterministic discrete-event simulator of a whole Kubernetes cluster.
//!
//! This page is the map of the code. `docs/scenarios.md` is the reference of the input, `docs/outputs.md` of the
//! results, `docs/fidelity.md` of what differs from the real thing, `CONTRIBUTING.md` holds the commands to paste.
//!
//! # Layers
//!
//! A module imports modules of lower layers only; `tests/tidy.rs` reads every `use crate::` and checks it. What is
//! *absent* from a layer matters as much as what is in it.
//!
//! | layer | module | what it is | what it never knows |
//! |---|---|---|---|
//! | 0 | [`engine`] | virtual clock, event queue, random streams, distributions, curves, digest | any Kubernetes word |
//! | 1 | [`model`] | objects as compact plain data; matching and arithmetic on them | the wire form, any state |
//! | 2 | [`api`] | manifests ⇄ model: decoding, defaults, validation, names, hashes, views | what is stored |
//! | 3 | [`cluster`] | **hub**: API server and etcd: tables, verbs, change log, Events | who reads it, and why |
//! | 3 | [`machines`] | **hub**: nodes as they physically are: containers, images, logs, usage | the API |
//! | 4 | [`scheduler`] | kube-scheduler: queue, cache, framework, plugins | the other spokes |
//! | 4 | [`controllers`] | kube-controller-manager: one file or folder a controller | the other spokes |
//! | 4 | [`kubelet`] | a pod's life on its node | the other spokes |
//! | 4 | [`workload`] | what containers do: shell, behaviours, image catalogue | the other spokes |
//! | 4 | [`faults`] | what breaks and when it works again: nodes, registries, containers | the API, the other spokes |
//! | 4 | [`kubectl`] | command lines to verbs, objects to tables | the other spokes |
//! | 4 | [`record`] | the change log as rows of a timeline | the other spokes |
//! | 4 | [`scenario`] | scenario files to a [`scenario::Plan`] | the other spokes |
//! | 5 | [`simulation`] | the loop: one `match` over all events; who hears of what, when | any rule of Kubernetes |
//! | 6 | [`report`] | a record to files: CSV, charts, page | the simulation |
//! | 7 | [`sweep`] | many simulations at once: runner, metrics, statistics, sweeps | how a run goes |
//! | 7 | [`import`] | dumps and traces to folders of scenarios; backtests of dumps | how a run goes |
//! | 8 | [`compare`] | one scenario with two sets of manifests, and what differs | any rule of Kubernetes |
//! | 8 | [`capacity`] | a search over runs: which nodes, how many, at what price | any rule of Kubernetes |
//! | 9 | [`cli`] | one file a subcommand; prints, reads the environment, measures real time | everything it can delegate |
//!
//! Scheduler, controllers, kubelets and workload are *spokes*: they never import one another and meet only in the two
//! hubs, as their originals meet only in the API server. So a change that touches many modules shows that a seam is in
//! the wrong place.
//!
//! # Invariants
//!
//! - **Nothing ticks.** A periodic loop of the real system is an event here only at the first tick at which its outcome
//!   can differ. An idle cluster has an empty queue.
//! - **Every write goes through [`cluster::Cluster`]** and appends one entry to the change log; the entry's index is the
//!   `resourceVersion`. There is no other way for one component to tell another something.
//! - **Delivery is late, state is current.** A watcher wakes at commit + watch latency and reads current rows. Only the
//!   scheduler keeps a lagging cache of its own, because there the lag decides.
//! - **Rows are never reused.** An id means one object for ever; deleted rows stay readable for late watchers. When all
//!   have read that a pod is gone, its row keeps name, phase and reason (`Cluster::forget_before`).
//! - **A pod is a row and a share of its template.** A `v1.Pod` exists only while one is being printed.
//! - **Timers are not cancelled**: they carry a generation, and one that has passed makes them stale.
//! - **Reports see a [`record::Record`] only**, never the simulation.
//!
//! # Determinism
//!
//! Same files and seed, same bytes. What could break that is banned by `clippy.toml` and `tests/tidy.rs`:
//! - no iteration over hash maps: `FxHashMap` for lookups, `BTreeMap`, `Vec` or `IndexMap` where order matters;
//! - no wall clock below [`cli`]; times are `u64` nanoseconds ([`engine::SimTime`]);
//! - every random consumer has a named stream ([`engine::random`]), so that adding one shifts no other;
//! - no platform-dependent float function: `libm`; decisions use integers where upstream does;
//! - no threads below the sweep; events of one instant are handled in the order in which they were sent.
//!
//! # The walk of one pod
//!
//! 1. A step types `kubectl create deployment web --image=nginx`. [`kubectl`] builds the manifest, `api::decode` makes it
//!    strict, defaulted and typed, `Cluster::create` admits it and appends *Added Deployment* to the log.
//! 2. After the watch latency `simulation::delivery` wakes [`controllers`]: the Deployment controller's queue gets the
//!    key, its sync creates a ReplicaSet (named by upstream's hash of the template), whose controller creates a pod with
//!    `Cluster::create_pod`: a row that shares the ReplicaSet's template.
//! 3. [`scheduler`] hears of the pod: active queue, scheduling cycle (filters, scores, choice), *assume* in its cache,
//!    and `Cluster::bind` when the binding commits.
//! 4. [`kubelet`] hears of the binding: admission, volumes, sandbox, image pull; then it starts a container in
//!    [`machines`].
//! 5. [`workload`] hears of that from the machine's own log and decides what the container does: serve, print, exit.
//! 6. The kubelet sees the running (or ended) container at its next relist and writes the status: *Running*, *Ready*.
//! 7. The EndpointSlice controller, the ReplicaSet's and the Deployment's statuses follow, each one delivery later.
//! 8. After every event (or row of steps of kubelets) [`record`] has read the new entries of the log: the timeline is just one more reader.

#![forbid(unsafe_code)]

pub mod api;
pub mod capacity;
pub mod cli;
pub mod cluster;
pub mod compare;
pub mod controllers;
pub mod engine;
pub mod faults;
pub mod import;
pub mod kubectl;
pub mod kubelet;
pub mod machines;
pub mod model;
pub mod record;
pub mod report;
pub mod scenario;
pub mod scheduler;
pub mod simulation;
pub mod sweep;
pub mod workload;
