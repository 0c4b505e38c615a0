//! What the arguments of a command name: kinds and objects. Upstream: cli-runtime resource `Builder`.

use crate::api::custom::CustomKinds;
use crate::model::kind::Kind;

use super::command_line::CommandLine;
use super::errors::Failure;

/// Kinds of `all`, in the order in which kubectl prints them.
pub(crate) const ALL_CATEGORY: [Kind; 10] = [
    Kind::POD,
    Kind::REPLICATION_CONTROLLER,
    Kind::SERVICE,
    Kind::DAEMON_SET,
    Kind::DEPLOYMENT,
    Kind::REPLICA_SET,
    Kind::STATEFUL_SET,
    Kind::HORIZONTAL_POD_AUTOSCALER,
    Kind::CRON_JOB,
    Kind::JOB,
];

/// A group and version as Go prints them in the full name of a kind: the core's group is empty.
/// Upstream: runtime/schema `GroupVersionKind.String`.
pub(crate) fn group_version(api_version: &str) -> String {
    if api_version.contains('/') { api_version.to_owned() } else { format!("/{api_version}") }
}

/// What was named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Kinds in order; each is asked for as a whole if `objects` is empty.
    pub(crate) kinds: Vec<Kind>,
    /// Objects by kind and name, in order.
    pub(crate) objects: Vec<(Kind, String)>,
    /// Was everything written as `TYPE/NAME`?
    pub(crate) slashes: bool,
    /// Did one word name several kinds, as `all` does?
    pub(crate) category: bool,
}

impl Named {
    /// Nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }
}

/// The same for a server that serves built-in kinds only.
#[cfg(test)]
fn named(arguments: &[String]) -> Result<Named, Failure> {
    named_among(arguments, &CustomKinds::default())
}

/// Reads `TYPE NAME…`, `TYPE/NAME…`, `TYPE1,TYPE2 [NAME…]` for a server that serves `custom` too.
pub(crate) fn named_among(arguments: &[String], custom: &CustomKinds) -> Result<Named, Failure> {
    if arguments.iter().any(|argument| argument.contains('/')) {
        return slash_form(arguments, custom);
    }
    let mut named = Named::default();
    let Some((types, names)) = arguments.split_first() else { return Ok(named) };
    // Upstream: cli-runtime resource `SplitResourceArgument`, and `normalizeMultipleResourcesArgs` of several with names.
    let mut distinct: Vec<&str> = Vec::new();
    for argument in types.split(',') {
        if !distinct.contains(&argument) {
            distinct.push(argument);
        }
    }
    if distinct.len() > 1 && !names.is_empty() && distinct.contains(&"") {
        return Err(Failure::error(SINGLE));
    }
    for argument in distinct {
        // Upstream: cli-runtime resource `Builder.ReplaceAliases`.
        let category: Vec<Kind> = if argument == "all" { ALL_CATEGORY.to_vec() } else { Vec::new() };
        let category: Vec<Kind> = category.into_iter().chain(custom.of_category(argument)).collect();
        if category.is_empty() {
            named.kinds.push(kind_among(argument, custom)?);
        } else {
            named.category |= category.len() > 1;
            named.kinds.extend(category);
        }
    }
    for kind in &named.kinds {
        named.objects.extend(names.iter().map(|name| (*kind, name.clone())));
    }
    Ok(named)
}

/// Upstream: cli-runtime resource `splitResourceTypeName`.
const SINGLE: &str = "arguments in resource/name form must have a single resource and name";

fn slash_form(arguments: &[String], custom: &CustomKinds) -> Result<Named, Failure> {
    let mut named = Named { slashes: true, ..Named::default() };
    // Upstream: cli-runtime resource `hasCombinedTypeArgs`, then `splitResourceTypeName` of each.
    if arguments.iter().any(|argument| !argument.contains('/')) {
        return Err(Failure::error(
            "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
        ));
    }
    for (resource, name) in arguments.iter().filter_map(|argument| argument.split_once('/')) {
        if name.contains('/') {
            return Err(Failure::error("arguments in resource/name form may not have more than one slash"));
        }
        if resource.is_empty() || resource.contains(',') || name.is_empty() {
            return Err(Failure::error(SINGLE));
        }
        let kind = kind_among(resource, custom)?;
        if !named.kinds.contains(&kind) {
            named.kinds.push(kind);
        }
        named.objects.push((kind, name.to_owned()));
    }
    Ok(named)
}

/// The arguments before the first change, which name objects, and the changes after them. The error is the first
/// argument after a change that is none. Upstream: kubectl cmd/util `GetResourcesAndPairs` and its like.
pub(crate) fn before_changes(
    arguments: &[String],
    is_change: impl Fn(&str) -> bool,
) -> Result<(Vec<String>, Vec<&str>), &str> {
    let first = arguments.iter().position(|word| is_change(word)).unwrap_or(arguments.len());
    let (words, changes) = arguments.split_at(first);
    let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
    match changes.iter().find(|word| !is_change(word)) {
        Some(misplaced) => Err(misplaced),
        None => Ok((words.to_vec(), changes)),
    }
}

/// Objects and then pairs `KEY=VALUE` or `KEY-`; `what` the pairs are goes into the complaint.
/// Upstream: kubectl cmd/util `GetResourcesAndPairs`.
pub(crate) fn before_pairs<'a>(arguments: &'a [String], what: &str) -> Result<(Vec<String>, Vec<&'a str>), Failure> {
    let is_pair = |word: &str| word.contains('=') && !word.starts_with('=') || word.ends_with('-') && word != "-";
    before_changes(arguments, is_pair).map_err(|misplaced| {
        Failure::error(format!("all resources must be specified before {what} changes: {misplaced}"))
    })
}

/// Does a command ask for Endpoints, which the server warns of?
pub(crate) fn names_endpoints(line: &CommandLine) -> bool {
    let asks = ["get", "describe", "delete", "edit", "label", "annotate", "patch", "wait"];
    let is_endpoints = |word: &str| ["ep", "endpoints", "Endpoints"].contains(&word);
    let kinds = line.arguments.first().map_or("", String::as_str);
    let kinds = kinds.split_once('/').map_or(kinds, |(kind, _)| kind);
    asks.contains(&line.command.path) && kinds.split(',').any(is_endpoints)
}

/// Does a command name Events by the short name that two groups have? Upstream: client-go restmapper
/// `shortcutExpander`.
pub(crate) fn is_ambiguous(line: &CommandLine) -> bool {
    let names_kinds = ["get", "describe", "delete", "edit", "label", "annotate", "patch", "wait"];
    let kinds = line.arguments.first().map_or("", String::as_str);
    let kinds = kinds.split_once('/').map_or(kinds, |(kind, _)| kind);
    names_kinds.contains(&line.command.path) && kinds.split(',').any(|kind| kind == "ev")
}

/// The kind of a resource argument.
pub(crate) fn kind(argument: &str) -> Result<Kind, Failure> {
    kind_among(argument, &CustomKinds::default())
}

fn kind_among(argument: &str, custom: &CustomKinds) -> Result<Kind, Failure> {
    // Only the first part is named. Upstream: cli-runtime resource `Builder.mappingFor`.
    let resource = argument.split('.').next().unwrap_or(argument);
    if ["events.events.k8s.io", "events.v1.events.k8s.io"].contains(&argument) {
        return Ok(Kind::EVENT);
    }
    custom
        .of_argument(argument)
        .ok_or_else(|| Failure::error(format!("the server doesn't have a resource type \"{resource}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn kinds_and_names_come_in_every_form() {
        let named = named(&words("deploy,rs web")).unwrap();
        assert_eq!(named.objects, [(Kind::DEPLOYMENT, "web".to_owned()), (Kind::REPLICA_SET, "web".to_owned())]);
        let slashes = super::named(&words("pod/a svc/b")).unwrap();
        assert_eq!(slashes.kinds, [Kind::POD, Kind::SERVICE]);
        assert!(slashes.slashes);
    }

    #[test]
    fn objects_come_before_changes() {
        let arguments = words("deploy web a=b c-");
        let (objects, changes) = before_pairs(&arguments, "label").unwrap();
        assert_eq!((objects, changes), (words("deploy web"), vec!["a=b", "c-"]));
        let arguments = words("deploy a=b web");
        let misplaced = before_pairs(&arguments, "label").unwrap_err().to_string();
        assert_eq!(misplaced, "error: all resources must be specified before label changes: web");
    }

    #[test]
    fn wrong_forms_are_refused() {
        assert!(named(&words("pod/x svc")).unwrap_err().to_string().contains("there is no need to specify"));
        let several = named(&words("pods,svc/x")).unwrap_err().to_string();
        assert_eq!(several, format!("error: {SINGLE}"));
        assert_eq!(named(&words("pods, svc")).unwrap_err().to_string(), format!("error: {SINGLE}"));
        let empty = named(&words("pods,")).unwrap_err().to_string();
        assert_eq!(empty, "error: the server doesn't have a resource type \"\"");
        assert_eq!(named(&words("pods,pods")).unwrap().kinds, [Kind::POD]);
        assert_eq!(
            named(&words("foo")).unwrap_err().to_string(),
            "error: the server doesn't have a resource type \"foo\""
        );
    }
}
