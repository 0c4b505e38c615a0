//! Which slice an endpoint goes to: at most 100 to a slice, and as few slices written as possible.
//! Upstream: k8s.io/endpointslice `Reconciler.reconcileByPortMapping`, `finalize`.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::model::object::{ObjectRef, PodId};
use crate::model::service::{Endpoint, EndpointSlice};

use super::Known;
use super::endpoints::Ports;

/// `--max-endpoints-per-slice`.
const ENDPOINTS_MAX: usize = 100;

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Packed {
    pub(super) created: Vec<EndpointSlice>,
    pub(super) updated: Vec<(ObjectRef, EndpointSlice)>,
    pub(super) deleted: Vec<ObjectRef>,
    /// Slices that stay as they are.
    pub(super) untouched: Vec<ObjectRef>,
}

/// Changed slices by object, so that each is written once and in order.
type Touched = BTreeMap<ObjectRef, EndpointSlice>;

/// Brings the changed pods' endpoints into the slices.
pub(super) fn repack(
    slices: &[ObjectRef],
    wanted: impl Iterator<Item = (PodId, Option<(Ports, Endpoint)>)>,
    known: &mut Known,
    service: ObjectRef,
    cluster: &Cluster,
) -> Packed {
    let mut touched = Touched::new();
    // New endpoints by their ports, in the order in which port sets first appear.
    let mut added: Vec<(Ports, Vec<Endpoint>)> = Vec::new();
    for (pod, wanted) in wanted {
        let place = known.places.get(&pod).copied().filter(|slice| cluster.is_live(*slice));
        let Some((ports, endpoint)) = wanted else {
            known.places.remove(&pod);
            if let Some(slice) = place {
                touch(&mut touched, slice, cluster).endpoints.retain(|candidate| candidate.pod != pod);
            }
            continue;
        };
        if let Some(slice) = place {
            if update_in_place(&mut touched, slice, &ports, &endpoint, cluster) {
                continue;
            }
            touch(&mut touched, slice, cluster).endpoints.retain(|candidate| candidate.pod != pod);
        }
        match added.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => added.push((ports, vec![endpoint])),
        }
    }
    let mut packed = Packed::default();
    for (ports, endpoints) in added {
        place(slices, &mut touched, &ports, endpoints, service, &mut packed.created, cluster);
    }
    finish(slices, &touched, service, packed, cluster)
}

fn current(slice: ObjectRef, cluster: &Cluster) -> Option<&EndpointSlice> {
    cluster.body(slice).as_endpoint_slice()
}

fn touch<'a>(touched: &'a mut Touched, slice: ObjectRef, cluster: &Cluster) -> &'a mut EndpointSlice {
    touched
        .entry(slice)
        .or_insert_with(|| current(slice, cluster).expect("the table of EndpointSlices holds slices").clone())
}

/// False where the endpoint belongs to another slice.
fn update_in_place(
    touched: &mut Touched,
    slice: ObjectRef,
    ports: &Ports,
    endpoint: &Endpoint,
    cluster: &Cluster,
) -> bool {
    let Some(body) = touched.get(&slice).or_else(|| current(slice, cluster)) else { return false };
    if body.ports != *ports {
        return false;
    }
    let Some(index) = body.endpoints.iter().position(|candidate| candidate.pod == endpoint.pod) else { return false };
    if body.endpoints[index] != *endpoint {
        touch(touched, slice, cluster).endpoints[index] = endpoint.clone();
    }
    true
}

/// New endpoints go to slices that are written anyway, fullest first; what is left goes to the slice with the
/// tightest room for all of it, or to new ones.
fn place(
    slices: &[ObjectRef],
    touched: &mut Touched,
    ports: &Ports,
    mut endpoints: Vec<Endpoint>,
    service: ObjectRef,
    created: &mut Vec<EndpointSlice>,
    cluster: &Cluster,
) {
    endpoints.reverse();
    let mut open: Vec<ObjectRef> = touched
        .iter()
        .filter(|(_, slice)| slice.ports == *ports && !slice.endpoints.is_empty())
        .map(|(object, _)| *object)
        .collect();
    open.sort_by_key(|object| std::cmp::Reverse(touched[object].endpoints.len()));
    for object in open {
        let slice = touch(touched, object, cluster);
        while slice.endpoints.len() < ENDPOINTS_MAX
            && let Some(endpoint) = endpoints.pop()
        {
            slice.endpoints.push(endpoint);
        }
    }
    if endpoints.len() < ENDPOINTS_MAX && !endpoints.is_empty() {
        let fits = |object: &&ObjectRef| {
            !touched.contains_key(*object)
                && current(**object, cluster).is_some_and(|slice| {
                    slice.ports == *ports
                        && !slice.endpoints.is_empty()
                        && slice.endpoints.len() + endpoints.len() <= ENDPOINTS_MAX
                })
        };
        let fullest = slices.iter().filter(fits).max_by_key(|object| {
            (current(**object, cluster).map_or(0, |slice| slice.endpoints.len()), std::cmp::Reverse(object.id))
        });
        if let Some(object) = fullest.copied() {
            let slice = touch(touched, object, cluster);
            slice.endpoints.extend(endpoints.drain(..).rev());
        }
    }
    while !endpoints.is_empty() {
        let rest = endpoints.len().saturating_sub(ENDPOINTS_MAX);
        let chunk: Vec<Endpoint> = endpoints.drain(rest..).rev().collect();
        created.push(EndpointSlice { service, ports: ports.clone(), endpoints: chunk });
    }
}

/// Emptied slices are used again for new ones, or deleted; a Service without endpoints keeps an empty slice.
fn finish(
    slices: &[ObjectRef],
    touched: &Touched,
    service: ObjectRef,
    mut packed: Packed,
    cluster: &Cluster,
) -> Packed {
    for object in slices {
        match touched.get(object) {
            Some(slice) if slice.endpoints.is_empty() => packed.deleted.push(*object),
            Some(slice) => packed.updated.push((*object, slice.clone())),
            None if current(*object, cluster).is_none_or(|slice| slice.endpoints.is_empty()) => {
                packed.deleted.push(*object);
            }
            None => packed.untouched.push(*object),
        }
    }
    let nothing_left = packed.deleted.len() == slices.len() && packed.created.is_empty();
    if nothing_left {
        let placeholder = EndpointSlice { service, ports: Vec::new(), endpoints: Vec::new() };
        if let [only] = packed.deleted[..]
            && current(only, cluster) == Some(&placeholder)
        {
            packed.untouched.append(&mut packed.deleted);
        } else {
            packed.created.push(placeholder);
        }
    }
    while !packed.created.is_empty() && !packed.deleted.is_empty() {
        packed.updated.push((packed.deleted.remove(0), packed.created.remove(0)));
    }
    packed
}
