//! Label selectors and node-selector terms: one requirement list, one matching rule.

use super::Text;
use super::labels::Labels;

/// What a requirement asks of a label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The value is one of the list.
    In,
    /// The key is absent or the value none of the list.
    NotIn,
    /// The key is there.
    Exists,
    /// The key is absent.
    DoesNotExist,
    /// The value, as an integer, is greater (node selectors only).
    Gt,
    /// The value, as an integer, is less (node selectors only).
    Lt,
}

/// One `matchExpressions` entry (`matchLabels` become `In` with one value).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// Label key.
    pub key: Text,
    /// Operator.
    pub operator: Operator,
    /// Values, sorted; one integer for Gt and Lt.
    pub values: Box<[Text]>,
}

impl Requirement {
    /// Does a label set with this value for the key (`None`: absent) satisfy it?
    /// Upstream: apimachinery `labels.Requirement.Matches`.
    pub fn matches_value(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|candidate| candidate == value);
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt | Operator::Lt => {
                let left = value.and_then(|text| text.parse::<i64>().ok());
                let right = self.values.first().and_then(|text| text.parse::<i64>().ok());
                match (left, right) {
                    (Some(left), Some(right)) => {
                        (self.operator == Operator::Gt && left > right)
                            || (self.operator == Operator::Lt && left < right)
                    }
                    _ => false,
                }
            }
        }
    }
}

/// All requirements must hold. An empty selector selects everything; a selector that selects nothing is written as
/// `Option::None` where upstream writes nil.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    /// The requirements, in the manifest's order (matchLabels by key first).
    pub requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// The selector that a map such as a Service's `spec.selector` stands for.
    pub fn from_map<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let requirements = pairs
            .into_iter()
            .map(|(key, value)| Requirement {
                key: key.into(),
                operator: Operator::In,
                values: [Text::from(value)].into(),
            })
            .collect();
        Self { requirements }
    }

    /// Does it select an object with these labels?
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches_value(labels.get(&requirement.key)))
    }

    /// A label that everything it selects has; none if it requires no single one.
    pub fn required_pair(&self) -> Option<(Text, Text)> {
        let required = self.requirements.iter().find(|one| one.operator == Operator::In && one.values.len() == 1)?;
        Some((required.key.clone(), required.values[0].clone()))
    }

    /// Does it select everything?
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}
