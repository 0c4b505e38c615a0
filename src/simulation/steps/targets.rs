//! The names that a `forEach` stands for.

use crate::api::selector::ParsedSelector;
use crate::model::kind::Kind;
use crate::scenario::schema::steps::ForEach;

use super::super::Simulation;

impl Simulation {
    /// Names of the nodes or pods that match now, sorted; pods are those of the namespace that `commands` name.
    pub(super) fn for_each_names(&self, for_each: &ForEach, commands: &[String]) -> Result<Vec<String>, String> {
        let (kind, selector) = match (&for_each.nodes, &for_each.pods) {
            (Some(selector), _) => (Kind::NODE, selector),
            (_, Some(selector)) => (Kind::POD, selector),
            _ => return Err("forEach names neither nodes nor pods".to_owned()),
        };
        let selector = ParsedSelector::parse(selector)?.to_selector();
        let namespace = self.cluster.namespace(&namespace_of(commands));
        let mut names: Vec<String> = self
            .cluster
            .list(kind)
            .filter(|object| selector.matches(&self.cluster.labels(*object)))
            .filter(|object| kind == Kind::NODE || Some(self.cluster.identity(*object).0) == namespace)
            .map(|object| self.cluster.identity(object).1.to_owned())
            .collect();
        names.sort_unstable();
        Ok(names)
    }
}

/// The namespace of the first command that names one, else `default`.
fn namespace_of(commands: &[String]) -> String {
    for command in commands {
        let words = shlex::split(command).unwrap_or_default();
        for (index, word) in words.iter().enumerate() {
            let value = match word.as_str() {
                "--" => break,
                "-n" | "--namespace" => words.get(index + 1).cloned(),
                _ => word.strip_prefix("--namespace=").or_else(|| word.strip_prefix("-n=")).map(str::to_owned),
            };
            if let Some(namespace) = value {
                return namespace;
            }
        }
    }
    "default".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_is_that_of_the_commands() {
        let of = |text: &str| namespace_of(&[text.to_owned()]);
        assert_eq!(of("delete pod {} -n shop"), "shop");
        assert_eq!(of("delete pod {} --namespace=shop"), "shop");
        assert_eq!(of("exec {} -- tail -n 5 log"), "default");
    }
}
