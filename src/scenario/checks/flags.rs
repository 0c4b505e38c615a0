//! E0005, E0006, E0010 and W0001: flags of components that do not exist, hold something else, or have no effect.

use serde_json::Value;

use super::{BAD_DURATION, BAD_VALUE, NO_EFFECT, UNKNOWN_FIELD, WRONG_TYPE};
use crate::engine::SimDuration;
use crate::model::flags::{API_SERVER, CONTROLLER_MANAGER, Flag, FlagType};
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::cluster::Flags;
use crate::scenario::schema::scenario::Scenario;
use crate::scenario::suggest;

/// Looks at `kube-controller-manager` and `kube-apiserver`.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let path = FieldPath::of(&["spec", "cluster", "components"]);
    let Some(components) = scenario.spec.cluster.as_ref().and_then(|cluster| cluster.components.as_ref()) else {
        return;
    };
    let tables = [
        ("kube-controller-manager", &components.controller_manager, CONTROLLER_MANAGER),
        ("kube-apiserver", &components.apiserver, API_SERVER),
    ];
    for (component, flags, table) in tables {
        check_flags(component, flags.as_ref(), table, &path.key(component), findings);
    }
}

fn check_flags(
    component: &str,
    flags: Option<&Flags>,
    table: &'static [Flag],
    path: &FieldPath,
    findings: &mut Vec<Finding>,
) {
    for (name, value) in flags.into_iter().flatten() {
        let own = path.key(name);
        let typed = name.trim_start_matches('-');
        let Some(flag) = table.iter().find(|flag| flag.name == typed) else {
            let message = format!("{component} has no flag `{name}`");
            let hint = suggest::hint(typed, table.iter().map(|flag| flag.name));
            findings.push(Finding::value(&UNKNOWN_FIELD, own, message).hint(hint));
            continue;
        };
        if typed != name {
            let message = format!("flags are written without dashes: `{typed}`");
            findings.push(Finding::value(&UNKNOWN_FIELD, own, message));
        } else if let Some(finding) = wrong_value(flag, value, &own) {
            findings.push(finding);
        } else if !flag.has_effect {
            findings.push(Finding::value(&NO_EFFECT, own, format!("the model has nothing that `--{typed}` changes")));
        }
    }
}

fn wrong_value(flag: &Flag, value: &Value, path: &FieldPath) -> Option<Finding> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let expected = match flag.kind {
        FlagType::Duration if text == "0" => return None,
        FlagType::Duration => {
            let reason = SimDuration::parse(&text).err()?;
            return Some(Finding::value(&BAD_DURATION, path.clone(), reason));
        }
        FlagType::Integer if text.parse::<i64>().is_err() => "a whole number",
        FlagType::Number if !text.parse::<f64>().is_ok_and(f64::is_finite) => "a number",
        FlagType::Boolean if text.parse::<bool>().is_err() => "true or false",
        FlagType::Text => return wrong_range(flag, &text, path),
        _ => return None,
    };
    Some(Finding::value(&WRONG_TYPE, path.clone(), format!("expected {expected}, found `{text}`")))
}

fn wrong_range(flag: &Flag, text: &str, path: &FieldPath) -> Option<Finding> {
    let bad = match flag.name {
        "service-cluster-ip-range" => service_range(text).is_none(),
        "service-node-port-range" => port_range(text).is_none(),
        _ => false,
    };
    let expected = if flag.name == "service-node-port-range" { "30000-32767" } else { "10.96.0.0/12" };
    bad.then(|| Finding::value(&BAD_VALUE, path.clone(), format!("`{text}` is not a range such as {expected}")))
}

/// First address and number of addresses of an IPv4 range with 16 to 2^20 addresses.
pub fn service_range(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok().filter(|bits| (12..=28).contains(bits))?;
    let size = 1_u32 << (32 - bits);
    (address.to_bits() & (size - 1) == 0).then_some((address.to_bits(), size))
}

/// First and last port.
pub fn port_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first > 0 && first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(flags: &Value) -> Vec<String> {
        let flags: Flags = serde_json::from_value(flags.clone()).unwrap();
        let mut findings = Vec::new();
        check_flags("kube-controller-manager", Some(&flags), CONTROLLER_MANAGER, &FieldPath::of(&["c"]), &mut findings);
        findings.into_iter().map(|finding| format!("{} {}", finding.code.id, finding.message)).collect()
    }

    #[test]
    fn flags_are_known_typed_and_effective_or_something_is_said() {
        let json = serde_json::json!({"node-monitor-grace-period": "40s", "kube-api-qps": 50});
        assert_eq!(messages(&json), Vec::<String>::new());
        let wrong = serde_json::json!({
            "node-monitor-grace-perod": "40s", "node-monitor-period": "fast", "kube-api-burst": "x", "v": 2,
        });
        let found = messages(&wrong);
        assert_eq!(found.len(), 4);
        assert!(found.contains(&"E0005 kube-controller-manager has no flag `node-monitor-grace-perod`".to_owned()));
        assert!(found.contains(&"W0001 the model has nothing that `--v` changes".to_owned()));
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(service_range("10.0.0.0/24"), Some((0x0a00_0000, 256)));
        assert_eq!(service_range("10.0.0.1/24"), None);
        assert_eq!(port_range("30000-32767"), Some((30000, 32767)));
    }
}
