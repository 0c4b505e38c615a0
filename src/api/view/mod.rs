//! Any stored object as `kubectl get -o json` shows it: the submitted fields, the model's columns laid over them, and
//! the metadata and status that the server and the controllers keep. Pure: what belongs to other rows comes in a context.

mod event;
mod meta;
mod node;
mod object;
mod pod;
mod pod_resources;
mod pod_status;
mod quote;
mod workload;
mod yaml;

pub use event::{EventView, event};
pub use meta::OwnerView;
pub use object::{EndpointView, ObjectContext, UncountedView, has_generation, object};
pub use pod::{PodContext, TOKEN_VOLUME, pod};
pub use pod_resources::GrantedView;
pub use pod_status::container_id;
pub use yaml::to_yaml;

use serde_json::{Value, json};

use super::value::Object;

/// Sets a member that Go would leave out when zero.
fn put_nonzero(object: &mut Object, key: &str, number: i32) {
    if number != 0 {
        object.insert(key.to_owned(), json!(number));
    }
}

/// Sets a member that Go would leave out when empty.
fn put_text(object: &mut Object, key: &str, text: &str) {
    if !text.is_empty() {
        object.insert(key.to_owned(), Value::from(text));
    }
}

/// Sets a member that is a pointer in Go.
fn put_some(object: &mut Object, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

/// An object out of `json!`.
fn object_of(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}

/// An IPv4 number as text.
fn ip_text(ip: u32) -> String {
    std::net::Ipv4Addr::from(ip).to_string()
}

#[cfg(test)]
mod tests;
