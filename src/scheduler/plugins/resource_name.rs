//! Names of resources, told apart once, when a profile is read: nodes are scored often.

use crate::model::Text;
use crate::model::resources::Resources;

/// The name of a resource. Upstream: v1.ResourceName.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceName {
    /// `cpu`.
    Cpu,
    /// `memory`.
    Memory,
    /// `ephemeral-storage`.
    EphemeralStorage,
    /// Any other: hugepages and extended resources, which upstream calls scalar.
    Scalar(Text),
}

impl From<Text> for ResourceName {
    fn from(name: Text) -> Self {
        match name.as_str() {
            "cpu" => Self::Cpu,
            "memory" => Self::Memory,
            "ephemeral-storage" => Self::EphemeralStorage,
            _ => Self::Scalar(name),
        }
    }
}

impl ResourceName {
    /// How much there is of it.
    #[inline]
    pub fn of(&self, resources: &Resources) -> i64 {
        match self {
            Self::Cpu => resources.cpu_milli,
            Self::Memory => resources.memory,
            Self::EphemeralStorage => resources.ephemeral_storage,
            Self::Scalar(name) => resources.get(name),
        }
    }

    /// Is it hugepages or an extended resource?
    pub const fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_finds_what_its_text_finds() {
        let mut resources = Resources { cpu_milli: 1, memory: 2, ephemeral_storage: 3, ..Resources::default() };
        resources.set("example.com/gpu", 4);
        for text in ["cpu", "memory", "ephemeral-storage", "example.com/gpu", "hugepages-2Mi"] {
            let name = ResourceName::from(Text::from(text));
            assert_eq!(name.of(&resources), resources.get(text), "{text}");
            assert_eq!(name.is_scalar(), text.contains("gpu") || text.contains("huge"), "{text}");
        }
    }
}
