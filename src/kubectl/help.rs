//! What kubectl prints of groups of commands: `kubectl rollout` alone. Upstream: cobra's help with kubectl's templates.

/// A group's help.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupHelp {
    /// The text.
    pub(crate) text: &'static str,
    /// Does it go to standard error, as most do?
    pub(crate) on_stderr: bool,
    /// Does the command fail?
    pub(crate) fails: bool,
}

macro_rules! usage {
    ($command:literal, $rest:literal) => {
        concat!(
            "\nUsage:\n  kubectl ",
            $command,
            " ",
            $rest,
            " [options]\n\nUse \"kubectl ",
            $command,
            " <command> --help\" for more information about a given command.\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n"
        )
    };
}

const SET: &str = concat!(
    "Configure application resources.\n\n These commands help you make changes to existing application resources.\n\nAvailable Commands:\n  env              Update environment variables on a pod template\n  image            Update the image of a pod template\n  resources        Update resource requests/limits on objects with pod templates\n  selector         Set the selector on a resource\n  serviceaccount   Update the service account of a resource\n  subject          Update the user, group, or service account in a role binding or cluster role binding\n",
    usage!("set", "SUBCOMMAND")
);
const ROLLOUT: &str = concat!(
    "Manage the rollout of one or many resources.\n        \n Valid resource types include:\n\n  *  deployments\n  *  daemonsets\n  *  statefulsets\n\nExamples:\n  # Rollback to the previous deployment\n  kubectl rollout undo deployment/abc\n  \n  # Check the rollout status of a daemonset\n  kubectl rollout status daemonset/foo\n  \n  # Restart a deployment\n  kubectl rollout restart deployment/abc\n  \n  # Restart deployments with the 'app=nginx' label\n  kubectl rollout restart deployment --selector=app=nginx\n\nAvailable Commands:\n  history       View rollout history\n  pause         Mark the provided resource as paused\n  restart       Restart a resource\n  resume        Resume a paused resource\n  status        Show the status of the rollout\n  undo          Undo a previous rollout\n",
    usage!("rollout", "SUBCOMMAND")
);
const TOP: &str = concat!(
    "Display resource (CPU/memory) usage.\n\n The top command allows you to see the resource consumption for nodes or pods.\n\n This command requires Metrics Server to be correctly configured and working on the server.\n\nAvailable Commands:\n  node          Display resource (CPU/memory) usage of nodes\n  pod           Display resource (CPU/memory) usage of pods\n",
    usage!("top", "[flags]")
);
const AUTH: &str = concat!(
    "Inspect authorization.\n\nAvailable Commands:\n  can-i         Check whether an action is allowed\n  reconcile     Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects\n  whoami        Experimental: Check self subject attributes\n",
    usage!("auth", "[flags]")
);
const CONFIG: &str = concat!(
    "Modify kubeconfig files using subcommands like \"kubectl config set current-context my-context\".\n\n The loading order follows these rules:\n\n  1.  If the --kubeconfig flag is set, then only that file is loaded. The flag may only be set once and no merging takes place.\n  2.  If $KUBECONFIG environment variable is set, then it is used as a list of paths (normal path delimiting rules for your system). These paths are merged. When a value is modified, it is modified in the file that defines the stanza. When a value is created, it is created in the first file that exists. If no files in the chain exist, then it creates the last file in the list.\n  3.  Otherwise, ${HOME}/.kube/config is used and no merging takes place.\n\nAvailable Commands:\n  current-context   Display the current-context\n  delete-cluster    Delete the specified cluster from the kubeconfig\n  delete-context    Delete the specified context from the kubeconfig\n  delete-user       Delete the specified user from the kubeconfig\n  get-clusters      Display clusters defined in the kubeconfig\n  get-contexts      Describe one or many contexts\n  get-users         Display users defined in the kubeconfig\n  rename-context    Rename a context from the kubeconfig file\n  set               Set an individual value in a kubeconfig file\n  set-cluster       Set a cluster entry in kubeconfig\n  set-context       Set a context entry in kubeconfig\n  set-credentials   Set a user entry in kubeconfig\n  unset             Unset an individual value in a kubeconfig file\n  use-context       Set the current-context in a kubeconfig file\n  view              Display merged kubeconfig settings or a specified kubeconfig file\n",
    usage!("config", "SUBCOMMAND")
);

const CREATE_SECRET: &str = concat!(
    "Create a secret with specified type.\n\n A docker-registry type secret is for accessing a container registry.\n\n A generic type secret indicate an Opaque secret type.\n\n A tls type secret holds TLS certificate and its associated key.\n\nAvailable Commands:\n  docker-registry   Create a secret for use with a Docker registry\n  generic           Create a secret from a local file, directory, or literal value\n  tls               Create a TLS secret\n",
    usage!("create secret", "(docker-registry | generic | tls)")
);
const CREATE_SERVICE: &str = concat!(
    "Create a service using a specified subcommand.\n\nAliases:\nservice, svc\n\nAvailable Commands:\n  clusterip      Create a ClusterIP service\n  externalname   Create an ExternalName service\n  loadbalancer   Create a LoadBalancer service\n  nodeport       Create a NodePort service\n",
    usage!("create service", "[flags]")
);

/// What `kubectl` alone and `kubectl help` print.
pub(crate) const KUBECTL: &str = include_str!("help/kubectl.txt");
/// What `kubectl options` prints.
pub(crate) const OPTIONS: &str = include_str!("help/options.txt");
const CERTIFICATE: &str = include_str!("help/certificate.txt");
const PLUGIN: &str = include_str!("help/plugin.txt");

/// The help of a group.
pub(crate) fn group(name: &str) -> Option<GroupHelp> {
    let (text, on_stderr) = match name {
        "set" => (SET, true),
        "rollout" => (ROLLOUT, false),
        "top" => (TOP, true),
        "certificate" => (CERTIFICATE, false),
        "plugin" => (PLUGIN, true),
        "auth" => (AUTH, true),
        "config" => (CONFIG, true),
        "create secret" => (CREATE_SECRET, true),
        "create service" | "create svc" => (CREATE_SERVICE, true),
        _ => return None,
    };
    Some(GroupHelp { text, on_stderr, fails: name != "certificate" })
}
