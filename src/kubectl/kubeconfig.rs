//! The kubeconfig of whoever types the commands: contexts, clusters and users. A scenario has one cluster, which the
//! first entry of each names; commands of `kubectl config` make others. Upstream: client-go tools/clientcmd.

use serde_json::{Map, Value, json};

use super::errors::Failure;

/// Where the kubeconfig of a kubeadm cluster finds the API server.
const SERVER: &str = "https://10.0.0.1:6443";
/// The file, as messages name it.
pub(crate) const FILE: &str = "/root/.kube/config";

/// Names with what stands under them, sorted as kubectl writes them.
pub(crate) type Entries = Map<String, Value>;

/// A kubeconfig, as `kubectl config view` shows it but for the lists, which are maps by name here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KubeConfig {
    /// The context that commands use; empty if none is set.
    pub(crate) current: String,
    pub(crate) contexts: Entries,
    pub(crate) clusters: Entries,
    pub(crate) users: Entries,
}

/// What a command's context comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) name: String,
    /// The namespace of commands that name none.
    pub(crate) namespace: String,
}

impl KubeConfig {
    /// That of a new cluster: a context, a cluster and a user of one name.
    pub(crate) fn of(name: &str) -> Self {
        let one = |value: Value| Entries::from_iter([(name.to_owned(), value)]);
        Self {
            current: name.to_owned(),
            contexts: one(json!({"cluster": name, "user": name})),
            clusters: one(json!({"certificate-authority-data": "DATA+OMITTED", "server": SERVER})),
            users: one(json!({"client-certificate-data": "DATA+OMITTED", "client-key-data": "DATA+OMITTED"})),
        }
    }

    /// The namespace of a context; the default one where it names none.
    pub(crate) fn namespace_of(&self, context: &str) -> String {
        let namespace = self.contexts.get(context).map_or("", |context| text(context, "namespace"));
        if namespace.is_empty() { "default" } else { namespace }.to_owned()
    }

    /// The context that is used where none is named, whether it can be used or not.
    pub(crate) fn context(&self) -> Context {
        Context { name: self.current.clone(), namespace: self.namespace_of(&self.current) }
    }

    /// The context of a command that talks to the server, with `--context`, `--cluster` and `--user` as given.
    ///
    /// # Errors
    /// One that is not there, or whose cluster is not this one.
    /// Upstream: client-go clientcmd `DirectClientConfig.getContext`, `getAuthInfo`, `getCluster`.
    pub(crate) fn resolve(&self, context: &str, cluster: &str, user: &str) -> Result<Context, Failure> {
        let name = if context.is_empty() { self.current.as_str() } else { context };
        let entry = match self.contexts.get(name) {
            Some(entry) => entry,
            None if name.is_empty() => &Value::Null,
            None => return Err(Failure::error(format!("context {name:?} does not exist"))),
        };
        let user = if user.is_empty() { text(entry, "user") } else { user };
        if !user.is_empty() && !self.users.contains_key(user) {
            return Err(Failure::error(format!("auth info {user:?} does not exist")));
        }
        let cluster = if cluster.is_empty() { text(entry, "cluster") } else { cluster };
        let server = match self.clusters.get(cluster) {
            Some(entry) => text(entry, "server"),
            None if cluster.is_empty() => "",
            None => return Err(Failure::error(format!("cluster {cluster:?} does not exist"))),
        };
        if server != SERVER {
            return Err(unreachable(server));
        }
        Ok(Context { name: name.to_owned(), namespace: self.namespace_of(name) })
    }
}

/// What kubectl says of a server that is not there; of none at all it takes the one of old.
/// Upstream: kubectl cmd/util `StandardErrorMessage`, client-go clientcmd `getDefaultServer`.
fn unreachable(server: &str) -> Failure {
    let address = server.rsplit("://").next().unwrap_or_default().trim_end_matches('/');
    if address.is_empty() {
        let text = "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
        return Failure::plain(text);
    }
    let port = match server.split_once("://") {
        _ if address.contains(':') => "",
        Some(("https", _)) => ":443",
        _ => ":80",
    };
    Failure::plain(format!("Unable to connect to the server: dial tcp {address}{port}: i/o timeout"))
}

/// A member that is text.
pub(crate) fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &KubeConfig, context: &str, cluster: &str, user: &str) -> String {
        config.resolve(context, cluster, user).unwrap_err().to_string()
    }

    #[test]
    fn a_context_needs_its_cluster_and_its_user() {
        let mut config = KubeConfig::of("lab");
        assert_eq!(
            config.resolve("", "", "").unwrap(),
            Context { name: "lab".to_owned(), namespace: "default".to_owned() }
        );
        config.contexts.insert("dev".to_owned(), json!({"cluster": "lab", "user": "ann", "namespace": "dev"}));
        assert_eq!(refused(&config, "dev", "", ""), "error: auth info \"ann\" does not exist");
        config.users.insert("ann".to_owned(), json!({}));
        assert_eq!(config.resolve("dev", "", "").unwrap().namespace, "dev");
        assert_eq!(refused(&config, "none", "", ""), "error: context \"none\" does not exist");
        assert_eq!(refused(&config, "", "else", ""), "error: cluster \"else\" does not exist");
        config.clusters.insert("else".to_owned(), json!({"server": "https://1.2.3.4"}));
        let text = "Unable to connect to the server: dial tcp 1.2.3.4:443: i/o timeout";
        assert_eq!(refused(&config, "", "else", ""), text);
    }

    #[test]
    fn without_a_context_kubectl_asks_the_server_of_old() {
        let config = KubeConfig { current: String::new(), ..KubeConfig::of("lab") };
        let text = "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
        assert_eq!(refused(&config, "", "", ""), text);
    }
}
