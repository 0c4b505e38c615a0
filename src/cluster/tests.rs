//! What the API server promises, through its verbs.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::api::{Decoded, DecodedBody, Reason};
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::pod::{ContainerStatus, PodPhase};
use crate::model::pod_spec::PodSpec;
use crate::model::selector::LabelSelector;

fn cluster() -> Cluster {
    Cluster::new(ClusterSettings {
        clock: Clock { epoch_seconds: 0, warmup: SimDuration::ZERO },
        streams: Streams::new(0),
        not_ready_toleration_seconds: 300,
        unreachable_toleration_seconds: 300,
    })
}

fn template(app: &str) -> Arc<PodTemplate> {
    let labels = Arc::new(Labels::from_pairs([("app", app)]));
    let raw = json!({"metadata": {"labels": {"app": app}}, "spec": {"terminationGracePeriodSeconds": 30}});
    Arc::new(PodTemplate::new(labels, Labels::empty(), PodSpec::default(), Arc::new(raw)))
}

fn config_map(name: &str, namespace: &str) -> Decoded {
    Decoded {
        kind: Kind::CONFIG_MAP,
        namespace: namespace.into(),
        name: name.into(),
        generate_name: Text::default(),
        labels: Labels::empty(),
        annotations: Labels::empty(),
        finalizers: Vec::new(),
        owners: Vec::new(),
        resource_version: Text::default(),
        raw: Arc::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})),
        body: DecodedBody::Other { body: Body::Data(Arc::new([])), template: None },
    }
}

fn new_pod(cluster: &mut Cluster, app: &str) -> PodId {
    let namespace = cluster.namespace("default").unwrap();
    let template = cluster.intern_template(template(app));
    let name = PodName::Generate(Text::from(format!("{app}-")));
    let new = NewPod { namespace, name, template, controller: ObjectRef::NONE, finalizers: Vec::new(), mirror: false };
    cluster.create_pod(SimTime::ZERO, new).unwrap()
}

fn new_node(cluster: &mut Cluster, name: &str) -> NodeId {
    let mut decoded = config_map(name, "");
    decoded.kind = Kind::NODE;
    decoded.body = DecodedBody::Other { body: Body::Node(Box::default()), template: None };
    cluster.create(SimTime::ZERO, decoded).unwrap().as_node().unwrap()
}

#[test]
fn a_taken_name_is_refused_in_the_servers_words() {
    let mut cluster = cluster();
    cluster.create(SimTime::ZERO, config_map("a", "default")).unwrap();
    let refusal = cluster.create(SimTime::ZERO, config_map("a", "default")).unwrap_err();
    assert_eq!((refusal.reason, refusal.message.as_str()), (Reason::AlreadyExists, "configmaps \"a\" already exists"));
    let refusal = cluster.create(SimTime::ZERO, config_map("a", "nowhere")).unwrap_err();
    assert_eq!((refusal.reason, refusal.message.as_str()), (Reason::NotFound, "namespaces \"nowhere\" not found"));
}

#[test]
fn a_namespace_that_terminates_takes_nothing_new_and_goes_when_it_is_finalized() {
    let mut cluster = cluster();
    let namespace = ObjectRef::new(Kind::NAMESPACE, cluster.namespace("kube-public").unwrap().0);
    cluster.delete(SimTime::ZERO, namespace, DeleteOptions::default()).unwrap();
    let refusal = cluster.create(SimTime::ZERO, config_map("a", "kube-public")).unwrap_err();
    let words = "configmaps \"a\" is forbidden: unable to create new content in namespace kube-public because it is being terminated";
    assert_eq!((refusal.reason, refusal.message.as_str()), (Reason::Forbidden, words));
    cluster.finalize_namespace(SimTime::ZERO, namespace);
    assert!(cluster.namespace("kube-public").is_none());
}

#[test]
fn a_pod_without_node_goes_at_once_and_a_bound_one_waits_for_its_grace() {
    let mut cluster = cluster();
    let node = new_node(&mut cluster, "node-1");
    let (waiting, bound) = (new_pod(&mut cluster, "a"), new_pod(&mut cluster, "b"));
    cluster.bind(SimTime::ZERO, bound, node).unwrap();
    for pod in [waiting, bound] {
        cluster.delete(SimTime::from_secs(5), ObjectRef::pod(pod), DeleteOptions::default()).unwrap();
    }
    assert!(cluster.pod(waiting).deleted);
    let deletion = cluster.pod(bound).deletion.unwrap();
    assert_eq!((deletion.timestamp, deletion.grace_seconds), (SimTime::from_secs(35), 30));
    let shorter = DeleteOptions { grace_seconds: Some(10), ..DeleteOptions::default() };
    cluster.delete(SimTime::from_secs(6), ObjectRef::pod(bound), shorter).unwrap();
    assert_eq!(cluster.pod(bound).deletion.unwrap().timestamp, SimTime::from_secs(15));
    cluster.delete(SimTime::from_secs(7), ObjectRef::pod(bound), DeleteOptions::NOW).unwrap();
    assert!(!cluster.is_live(ObjectRef::pod(bound)));
    assert!(cluster.delete(SimTime::from_secs(8), ObjectRef::pod(bound), DeleteOptions::NOW).is_err());
}

#[test]
fn a_finalizer_keeps_a_pod_until_it_is_removed() {
    let mut cluster = cluster();
    let namespace = cluster.namespace("default").unwrap();
    let template = cluster.intern_template(template("job"));
    let finalizers = vec![Text::const_new("batch.kubernetes.io/job-tracking")];
    let new = NewPod {
        namespace,
        name: PodName::Exact("job-0".into()),
        template,
        controller: ObjectRef::NONE,
        finalizers,
        mirror: false,
    };
    let pod = cluster.create_pod(SimTime::ZERO, new).unwrap();
    cluster.delete(SimTime::ZERO, ObjectRef::pod(pod), DeleteOptions::default()).unwrap();
    assert!(cluster.is_live(ObjectRef::pod(pod)));
    assert!(cluster.remove_pod_finalizer(SimTime::ZERO, pod, "batch.kubernetes.io/job-tracking"));
    assert!(!cluster.is_live(ObjectRef::pod(pod)));
}

#[test]
fn a_pod_is_bound_once() {
    let mut cluster = cluster();
    let (first, second) = (new_node(&mut cluster, "node-1"), new_node(&mut cluster, "node-2"));
    let pod = new_pod(&mut cluster, "a");
    cluster.bind(SimTime::ZERO, pod, first).unwrap();
    let refusal = cluster.bind(SimTime::ZERO, pod, second).unwrap_err();
    assert_eq!(refusal.reason, Reason::Conflict);
    assert!(refusal.message.ends_with("is already assigned to node \"node-1\""), "{}", refusal.message);
    assert_eq!(cluster.pods_on(first).collect::<Vec<_>>(), [pod]);
}

#[test]
fn selectors_find_the_live_pods_of_a_namespace() {
    let mut cluster = cluster();
    let namespace = cluster.namespace("default").unwrap();
    let pods: Vec<PodId> = ["a", "b", "a"].iter().map(|app| new_pod(&mut cluster, app)).collect();
    let selector = LabelSelector::from_map([("app", "a")]);
    assert_eq!(cluster.pods_matching(namespace, &selector), [pods[0], pods[2]]);
    cluster.delete(SimTime::ZERO, ObjectRef::pod(pods[0]), DeleteOptions::default()).unwrap();
    assert_eq!(cluster.pods_matching(namespace, &selector), [pods[2]]);
}

#[test]
fn equal_templates_are_stored_once() {
    let mut cluster = cluster();
    assert_eq!(cluster.intern_template(template("a")), cluster.intern_template(template("a")));
    assert_ne!(cluster.intern_template(template("a")), cluster.intern_template(template("b")));
}

#[test]
fn an_equal_status_is_no_write() {
    let mut cluster = cluster();
    let pod = new_pod(&mut cluster, "a");
    let before = cluster.log.end();
    assert!(!cluster.modify_pod_status(SimTime::ZERO, pod, |status| status.phase = PodPhase::Pending));
    assert_eq!(cluster.log.end(), before);
    assert!(cluster.modify_pod_status(SimTime::ZERO, pod, |status| status.phase = PodPhase::Running));
    assert_eq!(cluster.log.at(before).unwrap().fields, Fields::PHASE);
    assert_eq!(cluster.pod(pod).resource_version, cluster.log.end().0);
}

#[test]
fn a_pod_that_is_gone_keeps_its_status_until_all_have_read_so_and_then_its_phase() {
    let mut cluster = cluster();
    let (gone, stays) = (new_pod(&mut cluster, "a"), new_pod(&mut cluster, "a"));
    for pod in [gone, stays] {
        cluster.modify_pod_status(SimTime::ZERO, pod, |status| {
            status.phase = PodPhase::Failed;
            status.containers = [ContainerStatus::waiting("ContainerCreating")].into();
        });
    }
    let before = cluster.log.end();
    cluster.delete(SimTime::ZERO, ObjectRef::pod(gone), DeleteOptions::NOW).unwrap();
    cluster.forget_before(before);
    assert_eq!(cluster.pod(gone).status.containers.len(), 1);
    cluster.forget_before(cluster.log.end());
    let row = cluster.pod(gone);
    assert_eq!((row.status.phase, row.status.containers.len()), (PodPhase::Failed, 0));
    assert_eq!(cluster.pod(stays).status.containers.len(), 1);
}

#[test]
fn foreground_deletion_waits_for_the_garbage_collector() {
    let mut cluster = cluster();
    let object = cluster.create(SimTime::ZERO, config_map("a", "default")).unwrap();
    let options = DeleteOptions { propagation: Propagation::Foreground, ..DeleteOptions::default() };
    cluster.delete(SimTime::ZERO, object, options).unwrap();
    assert!(cluster.is_live(object));
    cluster.modify_meta(SimTime::ZERO, object, |meta| {
        meta.finalizers.clear();
        true
    });
    assert!(!cluster.is_live(object));
}

#[test]
fn a_stale_resource_version_is_a_conflict() {
    let mut cluster = cluster();
    let object = cluster.create(SimTime::ZERO, config_map("a", "default")).unwrap();
    let mut update = config_map("a", "default");
    update.resource_version = "1".into();
    assert_eq!(cluster.update(SimTime::ZERO, object, update).unwrap_err().reason, Reason::Conflict);
    assert_eq!(cluster.update(SimTime::ZERO, object, config_map("a", "default")), Ok(false));
}

#[test]
fn services_get_addresses_of_their_own_and_give_them_back() {
    let cluster = cluster();
    let service = cluster.get(Kind::SERVICE, cluster.namespace("default").unwrap(), "kubernetes").unwrap();
    assert_eq!(cluster.body(service).as_service().unwrap().cluster_ip, u32::from_be_bytes([10, 96, 0, 1]));
}

#[test]
fn a_jobs_selector_and_labels_follow_from_its_uid() {
    let manifest = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}},
    });
    let mut cache = crate::api::DecodeCache::default();
    let decoded = crate::api::decode(manifest, "default", crate::api::FieldValidation::Strict, &mut cache).unwrap();
    let mut cluster = cluster();
    let job = cluster.create(SimTime::ZERO, decoded).unwrap();
    let (uid, columns) = (cluster.uid(job), cluster.body(job).as_job().unwrap());
    let labels = &cluster.template(columns.template).labels;
    assert_eq!(labels.get("batch.kubernetes.io/controller-uid"), Some(uid.as_str()));
    assert_eq!(labels.get("job-name"), Some("work"));
    assert!(!columns.selector.is_empty() && columns.selector.matches(labels));
}

#[test]
fn events_tell_names_and_combined_ones_the_last() {
    let mut cluster = cluster();
    let node = new_node(&mut cluster, "n1");
    let pods: Vec<PodId> = (0..12).map(|_| new_pod(&mut cluster, "web")).collect();
    let mut send = |object, said: Said, component| {
        let (kind, reason, host) = (EventType::Normal, Text::const_new("Made"), NodeId::NONE);
        let draft = EventDraft { object, container: None, kind, reason, message: said, component, host };
        cluster.record_event(SimTime::ZERO, draft);
    };
    send(ObjectRef::pod(pods[0]), Said::Assigned(node), "default-scheduler");
    // Whose pods they are makes no difference.
    for pod in &pods {
        send(ObjectRef::node(node), Said::CreatedPod(*pod), "replicaset-controller");
    }
    let said: Vec<_> = cluster.events.rows().iter().map(|row| cluster.event_message(row)).collect();
    let name = |pod: usize| &cluster.pod(pods[pod]).name;
    assert_eq!(said.len(), 11);
    assert_eq!(said[0], format!("Successfully assigned default/{} to n1", name(0)));
    assert_eq!(said[1], format!("Created pod: {}", name(0)));
    assert_eq!(said[10], format!("(combined from similar events): Created pod: {}", name(11)));
}
