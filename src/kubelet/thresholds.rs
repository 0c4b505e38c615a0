//! Eviction thresholds: signals, what is left when a node counts as short, and for how long that may last.
//! Upstream: kubelet eviction `ParseThresholdConfig`, `DefaultEvictionHard`, eviction api `GetThresholdQuantity`.

use std::collections::BTreeMap;

use crate::engine::SimDuration;
use crate::model::quantity::Quantity;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// `memory.available`
    Memory,
    /// `allocatableMemory.available`, which no file names: what is left of the memory that pods may have
    AllocatableMemory,
    /// `nodefs.available`
    NodeFs,
    /// `nodefs.inodesFree`
    NodeFsInodes,
    /// `imagefs.available`
    ImageFs,
    /// `imagefs.inodesFree`
    ImageFsInodes,
    /// `pid.available`
    Pids,
}

/// A node condition that follows from signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// `MemoryPressure`
    Memory,
    /// `DiskPressure`
    Disk,
    /// `PIDPressure`
    Pids,
}

impl Pressure {
    pub(super) const ALL: [Self; 3] = [Self::Memory, Self::Disk, Self::Pids];
}

const NAMES: [(&str, Signal); 6] = [
    ("memory.available", Signal::Memory),
    ("nodefs.available", Signal::NodeFs),
    ("nodefs.inodesFree", Signal::NodeFsInodes),
    ("imagefs.available", Signal::ImageFs),
    ("imagefs.inodesFree", Signal::ImageFsInodes),
    ("pid.available", Signal::Pids),
];

impl Signal {
    fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(candidate, _)| *candidate == name).map(|(_, signal)| *signal)
    }

    /// The condition it leads to. Upstream: eviction `signalToNodeCondition`.
    pub fn pressure(self) -> Pressure {
        match self {
            Self::Memory | Self::AllocatableMemory => Pressure::Memory,
            Self::Pids => Pressure::Pids,
            _ => Pressure::Disk,
        }
    }

    /// What is reclaimed. Upstream: eviction `signalToResource`.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Memory | Self::AllocatableMemory => "memory",
            Self::NodeFs | Self::ImageFs => "ephemeral-storage",
            Self::NodeFsInodes | Self::ImageFsInodes => "inodes",
            Self::Pids => "pids",
        }
    }
}

/// An amount, or a share of what there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Bytes or a count, as it was written.
    Absolute(Quantity),
    /// 0 to 1; upstream keeps it as a float32, which shows in the amounts it prints.
    Share(f32),
}

impl Amount {
    /// In bytes (or a count) of a capacity.
    pub fn of(self, capacity: u64) -> u64 {
        match self {
            Self::Absolute(amount) => amount.value().max(0) as u64,
            Self::Share(share) => (capacity as f64 * f64::from(share)) as u64,
        }
    }

    /// As messages show it. Upstream: eviction api `GetThresholdQuantity`.
    pub fn quantity(self, capacity: u64) -> Quantity {
        match self {
            Self::Absolute(amount) => amount,
            Self::Share(_) => Quantity::from_bytes(i64::try_from(self.of(capacity)).unwrap_or(i64::MAX)),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if let Some(number) = text.strip_suffix('%') {
            let percent: f32 = number.parse().map_err(|_| format!("failed to parse {text:?}"))?;
            if !(0.0..=100.0).contains(&percent) {
                return Err(format!("eviction percentage threshold must be between 0% and 100%: {text}"));
            }
            return Ok(Self::Share(percent / 100.0));
        }
        let quantity = Quantity::parse_checked(text).map_err(|error| error.to_string())?;
        if quantity.value() < 0 {
            return Err(format!("eviction threshold must be positive: {text}"));
        }
        Ok(Self::Absolute(quantity))
    }

    fn is_zero(self) -> bool {
        self == Self::Absolute(Quantity::ZERO) || self == Self::Share(0.0)
    }
}

/// A threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// What is measured.
    pub signal: Signal,
    /// Below this the node is short of it.
    pub value: Amount,
    /// How long a soft threshold may be crossed; `None` of a hard one.
    pub grace: Option<SimDuration>,
    /// How much beyond the threshold is reclaimed.
    pub reclaim: Option<Amount>,
}

/// Upstream: eviction defaults_linux.go. No soft ones.
const DEFAULT_HARD: [(&str, &str); 5] = [
    ("memory.available", "100Mi"),
    ("nodefs.available", "10%"),
    ("nodefs.inodesFree", "5%"),
    ("imagefs.available", "15%"),
    ("imagefs.inodesFree", "5%"),
];

/// The thresholds of a kubelet whose file says nothing.
pub(super) fn defaults() -> Vec<Threshold> {
    let settings = Settings {
        hard: None,
        soft: &BTreeMap::new(),
        grace: &BTreeMap::new(),
        reclaim: &BTreeMap::new(),
        merge: false,
    };
    from_settings(&settings).expect("the defaults are valid")
}

/// The fields of the file.
pub(super) struct Settings<'a> {
    pub hard: Option<&'a BTreeMap<String, String>>,
    pub soft: &'a BTreeMap<String, String>,
    pub grace: &'a BTreeMap<String, String>,
    pub reclaim: &'a BTreeMap<String, String>,
    /// `mergeDefaultEvictionSettings`: signals that the file does not name keep their default.
    pub merge: bool,
}

/// From the fields of the file: a map of hard ones replaces all defaults.
pub(super) fn from_settings(settings: &Settings<'_>) -> Result<Vec<Threshold>, String> {
    let mut hard: BTreeMap<String, String> = settings.hard.cloned().unwrap_or_default();
    if settings.hard.is_none() || settings.merge {
        for (name, value) in DEFAULT_HARD {
            hard.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    let signal = |name: &str| Signal::parse(name).ok_or_else(|| format!("unknown eviction signal {name}"));
    let mut reclaims = BTreeMap::new();
    for (name, value) in settings.reclaim {
        reclaims.insert(signal(name)?, Amount::parse(value)?);
    }
    for name in settings.grace.keys() {
        signal(name)?;
    }
    let mut thresholds = Vec::new();
    for (name, value) in &hard {
        let (signal, value) = (signal(name)?, Amount::parse(value)?);
        // 0% switches a threshold off.
        if !value.is_zero() {
            let threshold = Threshold { signal, value, grace: None, reclaim: reclaims.get(&signal).copied() };
            thresholds.push(threshold);
            if signal == Signal::Memory {
                // Upstream: eviction `addAllocatableThresholds`.
                thresholds.push(Threshold { signal: Signal::AllocatableMemory, ..threshold });
            }
        }
    }
    for (name, value) in settings.soft {
        let (signal, value) = (signal(name)?, Amount::parse(value)?);
        let Some(grace) = settings.grace.get(name) else {
            return Err(format!("grace period must be specified for the soft eviction threshold {name}"));
        };
        let grace = SimDuration::parse(grace).map_err(|error| format!("evictionSoftGracePeriod.{name}: {error}"))?;
        thresholds.push(Threshold { signal, value, grace: Some(grace), reclaim: reclaims.get(&signal).copied() });
    }
    // Memory is dealt with first. Upstream: eviction `byEvictionPriority`.
    thresholds.sort_by_key(|threshold| (threshold.signal, threshold.grace.is_some()));
    Ok(thresholds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn read(
        hard: Option<&[(&str, &str)]>,
        soft: &[(&str, &str)],
        grace: &[(&str, &str)],
    ) -> Result<Vec<Threshold>, String> {
        let hard = hard.map(map);
        from_settings(&Settings {
            hard: hard.as_ref(),
            soft: &map(soft),
            grace: &map(grace),
            reclaim: &map(&[]),
            merge: false,
        })
    }

    #[test]
    fn a_map_of_hard_thresholds_replaces_all_defaults() {
        assert_eq!(defaults().len(), 6);
        let own = read(Some(&[("memory.available", "500Mi")]), &[], &[]).unwrap();
        let signals: Vec<Signal> = own.iter().map(|threshold| threshold.signal).collect();
        assert_eq!(signals, [Signal::Memory, Signal::AllocatableMemory]);
        assert_eq!(own[0].value.of(0), 500 << 20);
        assert!(read(Some(&[("memory.available", "0%")]), &[], &[]).unwrap().is_empty());
    }

    #[test]
    fn a_soft_threshold_needs_its_grace_period() {
        let soft = [("memory.available", "1Gi")];
        assert!(read(None, &soft, &[]).unwrap_err().contains("grace period must be specified"));
        let all = read(None, &soft, &[("memory.available", "1m30s")]).unwrap();
        let soft: Vec<SimDuration> = all.iter().filter_map(|threshold| threshold.grace).collect();
        assert_eq!(soft, [SimDuration::from_secs(90)]);
    }

    #[test]
    fn shares_are_rounded_as_upstream_rounds_them() {
        assert_eq!(Amount::parse("10%").unwrap().of(100 << 30), 10_737_418_400);
        assert_eq!(Amount::parse("15%").unwrap().of(1000), 150);
        assert!(Amount::parse("101%").is_err() && Amount::parse("x").is_err());
    }
}
