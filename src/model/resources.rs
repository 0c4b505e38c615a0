//! Amounts of resources as the scheduler and the kubelet add them up: integers, rounded once.

use smallvec::SmallVec;

use super::Text;
use super::quantity::Quantity;

/// CPU in thousandths, memory and storage in bytes, everything else (hugepages, GPUs) by name, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Other resources in whole units, sorted by name.
    pub others: SmallVec<[(Text, i64); 1]>,
}

impl Resources {
    /// The amount of a resource by its API name; zero where it is not listed.
    pub fn get(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.cpu_milli,
            "memory" => self.memory,
            "ephemeral-storage" => self.ephemeral_storage,
            _ => self.others.iter().find(|(candidate, _)| candidate == name).map_or(0, |(_, amount)| *amount),
        }
    }

    /// Sets a resource by its API name (CPU in thousandths).
    pub fn set(&mut self, name: &str, amount: i64) {
        match name {
            "cpu" => self.cpu_milli = amount,
            "memory" => self.memory = amount,
            "ephemeral-storage" => self.ephemeral_storage = amount,
            _ => match self.others.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)) {
                Ok(place) => self.others[place].1 = amount,
                Err(place) => self.others.insert(place, (name.into(), amount)),
            },
        }
    }

    /// From exact quantities, rounded up.
    pub fn from_list(list: &ResourceList) -> Self {
        let mut resources = Self::default();
        for (name, quantity) in &list.entries {
            resources.set(name, if name == "cpu" { quantity.milli() } else { quantity.value() });
        }
        resources
    }

    /// Adds `other`, saturating.
    pub fn add(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.saturating_add(other.cpu_milli);
        self.memory = self.memory.saturating_add(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.saturating_add(other.ephemeral_storage);
        for (name, amount) in &other.others {
            self.set(name, self.get(name).saturating_add(*amount));
        }
    }

    /// Subtracts `other`, saturating.
    pub fn subtract(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.saturating_sub(other.cpu_milli);
        self.memory = self.memory.saturating_sub(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.saturating_sub(other.ephemeral_storage);
        for (name, amount) in &other.others {
            self.set(name, self.get(name).saturating_sub(*amount));
        }
    }
}

/// A `v1.ResourceList` with exact quantities, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceList {
    /// Name and amount.
    pub entries: Vec<(Text, Quantity)>,
}

impl ResourceList {
    /// The amount of a resource, `None` where it is not listed.
    pub fn get(&self, name: &str) -> Option<Quantity> {
        self.entries.iter().find(|(candidate, _)| candidate == name).map(|(_, quantity)| *quantity)
    }

    /// Sets an amount, keeping the order.
    pub fn set(&mut self, name: &str, quantity: Quantity) {
        match self.entries.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)) {
            Ok(place) => self.entries[place].1 = quantity,
            Err(place) => self.entries.insert(place, (name.into(), quantity)),
        }
    }

    /// Adds each amount of `other`.
    pub fn add(&mut self, other: &Self) {
        for (name, quantity) in &other.entries {
            let sum =
                self.get(name).map_or(*quantity, |own| Quantity { nano: own.nano + quantity.nano, format: own.format });
            self.set(name, sum);
        }
    }

    /// Raises each amount to at least that of `other`.
    pub fn max(&mut self, other: &Self) {
        for (name, quantity) in &other.entries {
            if self.get(name).is_none_or(|own| own.nano < quantity.nano) {
                self.set(name, *quantity);
            }
        }
    }
}
