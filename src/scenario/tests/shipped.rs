//! The scenarios of this repository are valid, described, and say nothing that does nothing without saying so.

use super::*;

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_shipped_scenario_is_a_plan_with_description_steps_and_expectations() {
    let plans = load(&shipped(), &LoadOptions::default()).unwrap_or_else(|found| panic!("{}", found.render(false)));
    assert!(plans.len() >= 8);
    for plan in plans {
        assert!(!plan.description.is_empty(), "{}", plan.name);
        assert_eq!(plan.name, Path::new(&plan.file).file_stem().unwrap().to_string_lossy(), "the name is the file's");
        assert!(!plan.manifests.is_empty() && !plan.steps.is_empty() && !plan.expectations.is_empty(), "{}", plan.name);
        assert!(plan.warnings.is_empty(), "{}: {:?}", plan.name, plan.warnings);
        for warning in &plan.without_effect {
            assert_eq!(warning.path, "spec.expect", "{}: {warning}", plan.name);
        }
    }
}

#[test]
fn every_shipped_scenario_names_the_schema_for_editors() {
    for path in shipped() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema=kubelapse.schema.json\n"), "{}", path.display());
    }
}
