//! Roles and their bindings. Upstream: describe `RoleDescriber`, `RoleBindingDescriber`, pkg/util/rbac `CompactRules`.

use serde_json::Value;

use super::super::printers::{field, plain, text};
use super::Related;
use super::text::{Page, items};

/// One resource, or some URLs, with verbs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    verbs: Vec<String>,
    group: String,
    resource: String,
    name: Option<String>,
    url: Option<String>,
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.join(" "))
}

impl Rule {
    fn names(&self) -> Vec<String> {
        self.name.iter().cloned().collect()
    }

    fn urls(&self) -> Vec<String> {
        self.url.iter().cloned().collect()
    }

    /// What rules are sorted by: Go's text of the structure.
    fn order(&self) -> String {
        let one = |word: &String, is_there: bool| if is_there { format!("[{word}]") } else { "[]".to_owned() };
        let of_resource = self.url.is_none();
        format!(
            "&PolicyRule{{Verbs:{},APIGroups:{},Resources:{},ResourceNames:{},NonResourceURLs:{},}}",
            list(&self.verbs),
            one(&self.group, of_resource),
            one(&self.resource, of_resource),
            list(&self.names()),
            list(&self.urls()),
        )
    }

    /// `deployments.apps/status`. Upstream: describe `CombineResourceGroup`.
    fn full_resource(&self) -> String {
        let (resource, sub) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
        format!("{resource}{group}{sub}")
    }
}

/// Rules taken apart and put together by resource. Upstream: `BreakdownRule`, `CompactRules`.
fn compact(rules: &[Value]) -> Vec<Rule> {
    let words = |value: &Value| -> Vec<String> { items(value).iter().map(plain).collect() };
    let mut compact: Vec<Rule> = Vec::new();
    for rule in rules {
        let verbs = words(&rule["verbs"]);
        let mut names: Vec<Option<String>> = words(&rule["resourceNames"]).into_iter().map(Some).collect();
        if names.is_empty() {
            names.push(None);
        }
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                for name in &names {
                    let (group, resource) = (group.clone(), resource.clone());
                    let part = Rule { verbs: Vec::new(), group, resource, name: name.clone(), url: None };
                    let same = |known: &Rule| Rule { verbs: Vec::new(), ..known.clone() } == part;
                    let place = compact.iter().position(same).unwrap_or_else(|| {
                        compact.push(part.clone());
                        compact.len() - 1
                    });
                    for verb in &verbs {
                        if !compact[place].verbs.contains(verb) {
                            compact[place].verbs.push(verb.clone());
                        }
                    }
                }
            }
        }
        for url in words(&rule["nonResourceURLs"]) {
            for verb in &verbs {
                compact.push(Rule { verbs: vec![verb.clone()], url: Some(url.clone()), ..Rule::default() });
            }
        }
    }
    compact.sort_by_key(Rule::order);
    compact
}

pub(super) fn role(page: &mut Page, view: &Value, _: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.line(0, "PolicyRule:");
    let rows: Vec<Vec<String>> = compact(items(&view["rules"]))
        .iter()
        .map(|rule| vec![rule.full_resource(), list(&rule.urls()), list(&rule.names()), list(&rule.verbs)])
        .collect();
    page.table(1, &["Resources", "Non-Resource URLs", "Resource Names", "Verbs"], &rows);
}

pub(super) fn binding(page: &mut Page, view: &Value, _: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.line(0, "Role:");
    page.field(1, "Kind", text(view, "roleRef.kind"));
    page.field(1, "Name", text(view, "roleRef.name"));
    page.line(0, "Subjects:");
    let rows: Vec<Vec<String>> = items(&view["subjects"])
        .iter()
        .map(|subject| ["kind", "name", "namespace"].iter().map(|key| text(subject, key)).collect())
        .collect();
    page.table(1, &["Kind", "Name", "Namespace"], &rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_put_together_by_resource() {
        let rules = [
            json!({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]}),
            json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}),
            json!({"nonResourceURLs": ["/healthz"], "verbs": ["get"]}),
        ];
        let compact = compact(&rules);
        let shown: Vec<String> = compact
            .iter()
            .map(|rule| {
                format!("{}{} {}", rule.full_resource(), rule.url.clone().unwrap_or_default(), list(&rule.verbs))
            })
            .collect();
        assert_eq!(shown, ["pods [get list]", "/healthz [get]", "pods/log [get]"]);
    }
}
