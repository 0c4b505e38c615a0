//! Names of kinds that are not built in. A kind's number follows from its names, so that it is the same in every run,
//! thread and process; which kinds a server serves is the server's business. The table behind it only grows.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::kind::{Kind, KindInfo};

/// The number from which on kinds are not built in.
const FIRST: u32 = 1 << 16;

static KNOWN: RwLock<BTreeMap<u32, &'static KindInfo>> = RwLock::new(BTreeMap::new());

/// What a kind is called; see `KindInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindNames {
    /// API group.
    pub group: String,
    /// Served versions, the preferred one first; at least one.
    pub versions: Vec<String>,
    /// `Widget`.
    pub name: String,
    /// `widgets`.
    pub plural: String,
    /// `wd`.
    pub short: Vec<String>,
    /// Does it live in a namespace?
    pub namespaced: bool,
}

impl KindNames {
    /// FNV-1a over all names.
    fn number(&self) -> u32 {
        let scope = if self.namespaced { "namespaced" } else { "cluster" };
        let words = [&self.group, &self.name, &self.plural].into_iter().chain(&self.versions).chain(&self.short);
        let bytes = words.flat_map(|word| word.bytes().chain([0])).chain(scope.bytes());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        FIRST + (hash % u64::from(u32::MAX - 2 * FIRST)) as u32
    }

    fn is(&self, info: &KindInfo) -> bool {
        info.group == self.group
            && info.name == self.name
            && info.plural == self.plural
            && info.namespaced == self.namespaced
            && info.versions.iter().eq(self.versions.iter())
            && info.short.iter().eq(self.short.iter())
    }
}

impl Kind {
    /// The kind of these names.
    pub fn custom(names: &KindNames) -> Self {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        let mut number = names.number();
        // Two of two thousand million numbers are hardly ever equal.
        while known.get(&number).is_some_and(|info| !names.is(info)) {
            number = number.checked_add(1).unwrap_or(FIRST);
        }
        known.entry(number).or_insert_with(|| {
            let leak = |text: &String| -> &'static str { Box::leak(text.clone().into_boxed_str()) };
            let leak_all =
                |texts: &[String]| -> &'static [&'static str] { Vec::leak(texts.iter().map(leak).collect()) };
            Box::leak(Box::new(KindInfo {
                group: leak(&names.group),
                versions: leak_all(&names.versions),
                name: leak(&names.name),
                plural: leak(&names.plural),
                short: leak_all(&names.short),
                namespaced: names.namespaced,
            }))
        });
        Self(number)
    }

    /// Is it none of the built-in ones?
    pub const fn is_custom(self) -> bool {
        self.0 >= FIRST
    }
}

/// The names of a kind that is not built in.
pub(super) fn info(kind: Kind) -> &'static KindInfo {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.get(&kind.0).copied().expect("a kind is made by its names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_kind_and_others_another() {
        let names = KindNames {
            group: "example.com".to_owned(),
            versions: vec!["v1".to_owned()],
            name: "Widget".to_owned(),
            plural: "widgets".to_owned(),
            short: vec!["wd".to_owned()],
            namespaced: true,
        };
        let kind = Kind::custom(&names);
        assert_eq!(kind, Kind::custom(&names.clone()));
        assert!(kind.is_custom() && !Kind::POD.is_custom());
        assert_eq!((kind.name(), kind.resource().as_str()), ("Widget", "widgets.example.com"));
        assert_eq!((kind.api_version().as_str(), kind.printed().as_str()), ("example.com/v1", "widget.example.com"));
        assert_ne!(kind, Kind::custom(&KindNames { namespaced: false, ..names }));
    }
}
